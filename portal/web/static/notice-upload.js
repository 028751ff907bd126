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
    // Another file comes behind what is there. The same one comes from its beginning: the server compares what it has.
    const received = Number(form.dataset.received);
    const appended = form.querySelector("input[name=how][value=append]")?.checked;
    const base = appended ? received : 0;
    const refuse = (words) => {
      said.textContent = words;
      bar.hidden = true;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    };
    if (!appended && file.size < received) {
      refuse("選んだファイルは、これまでに受け取った分より短いため、同じファイルではありません。何も足していません。");
      return;
    }
    let at = 0;
    for (let left = tries; at < file.size; ) {
      bar.value = (at * 100) / file.size;
      said.textContent = `${Math.floor(bar.value)}%まで送りました。`;
      try {
        const body = file.slice(at, at + size);
        const answer = await fetch(`${form.dataset.parts}&offset=${base + at}`, { method: "POST", body });
        if (answer.status === 409) {
          refuse(await answer.text());
          return;
        }
        if (!answer.ok) throw new Error(await answer.text());
        at += body.size;
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
