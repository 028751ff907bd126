// Sends a recipients' file of any size in parts, from where the last one was cut off; without it the form works too.
"use strict";

(() => {
  const form = document.querySelector("form[data-parts]");
  if (!form) return;
  const bar = document.getElementById("upload");
  const said = document.getElementById("said");
  const size = Number(form.dataset.partBytes);
  const tries = 5;

  form.addEventListener("submit", async (event) => {
    const file = form.querySelector("input[type=file]").files[0];
    if (!file) return;
    event.preventDefault();
    // Another listener must not take this for a form that is on its way.
    event.stopImmediatePropagation();
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
    bar.hidden = false;
    // A file that was cut off goes on where it was; another one comes behind what is there.
    const received = Number(form.dataset.received);
    const appended = form.querySelector("input[name=how][value=append]")?.checked;
    const base = appended ? received : 0;
    let at = appended ? 0 : Math.min(received, file.size);
    for (let left = tries; at < file.size; ) {
      bar.value = (at * 100) / file.size;
      said.textContent = `${Math.floor(bar.value)}%まで送りました。`;
      try {
        const body = file.slice(at, at + size);
        const answer = await fetch(`${form.dataset.parts}&offset=${base + at}`, { method: "POST", body });
        if (!answer.ok) throw new Error(await answer.text());
        at = Number((await answer.text()).split(" ")[0]) - base;
        left = tries;
      } catch (error) {
        left -= 1;
        if (!left) {
          said.textContent = "途中で切れました。同じファイルを選んで、もういちど送ってください。";
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    // The page says how far it came and what is wrong with it.
    window.location.reload();
  }, { capture: true });
})();
