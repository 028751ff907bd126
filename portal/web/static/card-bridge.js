// Signing in over the card bridge on the person's own machine, beside the card reader's page, which needs no script.
"use strict";

(() => {
  // The bridge's own script ran before this one and left its marks, if the bridge is there.
  if (!document.getElementById("extension-is-installed") || !document.getElementById("app-is-installed")) return;
  const start = document.getElementById("card-bridge-start");
  const answer = document.getElementById("card-bridge-answer");
  const button = start.querySelector("button");
  const notices = ["refused", "not-begun", "waiting"].map((name) => document.getElementById(`card-bridge-${name}`));
  document.getElementById("card-bridge").hidden = false;

  let challenge = "";
  let busy = false;

  function show(name) {
    for (const notice of notices) notice.hidden = notice.id !== `card-bridge-${name}`;
    document.getElementById(`card-bridge-${name}`)?.focus();
  }

  function again(name) {
    challenge = "";
    busy = false;
    button.removeAttribute("aria-disabled");
    show(name);
  }

  start.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    // Not by leaving this page: browsers let a page open the bridge's window only soon after a press on that page.
    try {
      const begun = await fetch(start.action, {
        method: "POST", body: new URLSearchParams(new FormData(start)), redirect: "manual" });
      if (begun.type === "opaqueredirect") {
        // Signed in already, in another window: the same address leads on from here.
        location.assign(start.action);
        return;
      }
      if (!begun.ok) throw new Error(String(begun.status));
      const given = await begun.json();
      challenge = given.challenge;
      show("waiting");
      const wish = { mode: "01", service_id: "01", digest: given.digest };
      document.dispatchEvent(new CustomEvent("launchApp", { bubbles: true, detail: JSON.stringify(wish) }));
    } catch {
      again("not-begun");
    }
  });

  document.addEventListener("recvMsg", (event) => {
    if (!challenge) return;
    let said = {};
    try { said = JSON.parse(event.detail); } catch { /* it stays empty: not an answer that helps */ }
    if (said.result !== "0" || typeof said.signature !== "string" || typeof said.certificate !== "string") {
      again("refused");
      return;
    }
    answer.elements.challenge.value = challenge;
    answer.elements.signature.value = forAddresses(said.signature);
    answer.elements.certificate.value = forAddresses(said.certificate);
    challenge = "";
    answer.requestSubmit();
  });

  // Coming back with the browser's "back" may show the page as it was left.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) again("");
  });

  // Base64 in the letters that the portal takes, whole fours of them.
  function forAddresses(text) {
    const bare = text.replace(/\+/g, "-").replace(/[/]/g, "_").replace(/=+$/, "");
    return bare.padEnd(Math.ceil(bare.length / 4) * 4, "=");
  }
})();
