// Comfort on top of pages that work without it: no page needs this file.
"use strict";

(() => {
  // A second press while the first one is on its way must not send the form twice.
  // The button is not disabled: its name and value belong to what is sent.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent === "true") {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "true";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
    say("送信しています。そのままお待ちください。");
  });

  // Coming back with the browser's "back" may show the page as it was left: let it be sent again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    // At a shared terminal nobody sees what somebody else left.
    if (document.querySelector(".shared-terminal")) location.reload();
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
    say("");
  });

  // Goes to the fields when there is something to correct.
  document.querySelector("[data-focus]")?.focus();

  // A page that only passes something on goes on by itself, but not when the reader came back to it.
  const arrived = performance.getEntriesByType("navigation")[0]?.type;
  const passing = document.querySelector("form[data-auto-submit]");
  if (passing && arrived !== "back_forward") passing.requestSubmit();

  for (const region of document.querySelectorAll("[data-refresh-seconds]")) if (region.id) watch(region);

  // Fetches the page again and puts the new region in the place of the old one, until the new one no longer asks
  // for it. The reader can stop it (WCAG 2.2.2). The header tells the server that nobody pressed anything:
  // it is no sign of presence.
  function watch(first) {
    const id = first.id;
    const seconds = Math.max(2, Number(first.dataset.refreshSeconds) || 10);
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "button small";
    stop.textContent = "自動の確認を止める";
    first.after(stop);
    let timer = 0;
    let source = null;
    let over = false;
    // Told by the server when there is something to see; a page that is not told asks every few seconds.
    if (first.dataset.events && window.EventSource) listen(first.dataset.events);
    else later();
    stop.addEventListener("click", () => {
      end();
      say("自動の確認を止めました。");
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && source) again();
    });

    function listen(address) {
      source = new EventSource(address);
      source.addEventListener("state", again);
      source.addEventListener("error", () => {
        // A stream that broke comes back by itself; one that was refused does not.
        if (source && source.readyState === EventSource.CLOSED) {
          source = null;
          later();
        }
      });
    }

    function later() {
      window.clearTimeout(timer);
      if (!over) timer = window.setTimeout(again, seconds * 1000);
    }

    function end() {
      over = true;
      window.clearTimeout(timer);
      source?.close();
      source = null;
      stop.remove();
    }

    async function again() {
      if (over) return;
      let told = source !== null;
      if (!document.hidden) {
        try {
          const answer = await fetch(location.href, { headers: { "x-page-refresh": "1" }, redirect: "error" });
          if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
            end();
            return;
          }
          if (!answer.ok) told = false;
          const text = answer.ok ? await answer.text() : "";
          if (over) return;
          const found = new DOMParser().parseFromString(text, "text/html").getElementById(id);
          if (found) {
            const old = document.getElementById(id);
            // Not under the reader's finger: a region with the focus in it is changed the next time.
            if (old.contains(document.activeElement)) throw new Error("in use");
            if (found.outerHTML !== old.outerHTML) {
              old.replaceWith(found);
              say(found.dataset.say || "表示を新しくしました。");
            }
            if (!found.dataset.refreshSeconds) {
              end();
              return;
            }
          }
        } catch {
          told = false;
          // A lost connection, a redirect to the sign-in page, a region in use: what stands on the screen stays, the next try decides.
        }
      }
      // What could not be shown now is tried again, also by a page that is told.
      if (!told) later();
    }
  }

  function say(words) {
    const place = document.getElementById("said");
    if (place) place.textContent = words;
  }
})();
