"""The bridge's two scripts: one stands where the real client's extension would, one belongs to the consent's page."""

from cards.bridge.messages import APP_VERSION, EXTENSION_VERSION
from cards.bridge.messages import CANCELLED as CANCELLED_CODE

EXTENSION = f"""// 本物の拡張機能の代わり（模擬システム）。
"use strict";
(() => {{
  const bridge = new URL(document.currentScript.src).origin;
  const add = () => {{
    for (const [id, value] of [["extension-is-installed", "{EXTENSION_VERSION}"], ["app-is-installed", "{APP_VERSION}"]]) {{
      if (document.getElementById(id)) continue;
      const input = document.createElement("input");
      input.type = "hidden";
      input.id = id;
      input.value = value;
      document.body.appendChild(input);
    }}
  }};
  if (document.body) add(); else document.addEventListener("DOMContentLoaded", add);

  const tell = (answer) => document.dispatchEvent(
    new CustomEvent("recvMsg", {{ bubbles: true, detail: JSON.stringify(answer) }}));

  const ask = async (text) => {{
    const options = {{ credentials: "omit", cache: "no-store" }};
    const begun = await fetch(`${{bridge}}/requests`, {{
      ...options, method: "POST", headers: {{ "content-type": "application/json" }}, body: text }});
    if (!begun.ok) throw new Error(`${{begun.status}} ${{await begun.text()}}`);
    const {{ answer, consent, at }} = await begun.json();
    if (answer) return answer;
    window.open(`${{bridge}}${{consent}}`, "_blank", "popup,width=560,height=760");
    for (;;) {{
      const said = await fetch(`${{bridge}}${{at}}`, options);
      if (said.status === 200) return await said.json();
      if (said.status !== 202) throw new Error(`${{said.status}} ${{await said.text()}}`);
    }}
  }};

  document.addEventListener("launchApp", async (event) => {{
    try {{
      tell(await ask(event.detail));
    }} catch (error) {{
      console.error("mynasim:", error.message);
      let message = {{}};
      try {{ message = JSON.parse(event.detail); }} catch {{ /* it stays empty */ }}
      tell({{ ...message, result: "1", errcode: "{CANCELLED_CODE}" }});
    }}
  }});
}})();
"""

CONSENT = """// 同意の画面を閉じたら、やめたことにする。
"use strict";
(() => {
  if (document.currentScript.hasAttribute("data-done")) { window.close(); return; }
  const form = document.getElementById("consent");
  let sent = false;
  form.addEventListener("submit", () => { sent = true; });
  window.addEventListener("pagehide", () => {
    if (sent) return;
    const gone = new URLSearchParams({ seal: form.elements.seal.value, answer: "cancel" });
    navigator.sendBeacon(form.getAttribute("action"), gone);
  });
})();
"""
