// The disclosure journey for k6, by its documentation.
import http from "k6/http";
import encoding from "k6/encoding";

const base = __ENV.BASE;
const signs = __ENV.BENCH_SIGNS === "1";
const certificate = encoding.b64encode("c".repeat(1400));
export const options = { vus: Number(__ENV.VUS), duration: __ENV.SECONDS + "s", discardResponseBodies: false };

let key = null;

async function sign(digestInfo) {
  if (!signs) return encoding.b64encode("s".repeat(256));
  if (key === null) {
    // Made beforehand, as a card's key is.
    key = await crypto.subtle.importKey(
      "pkcs8", encoding.b64decode(__ENV.BENCH_KEY), { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"]);
  }
  const signature = await crypto.subtle.sign({ name: "RSASSA-PKCS1-v1_5" }, key, encoding.b64decode(digestInfo));
  return encoding.b64encode(signature);
}

function ask(method, path, name, body, token) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = "Bearer " + token;
  const answer = http.request(method, base + path, body === null ? null : JSON.stringify(body), { headers, tags: { name } });
  return answer.json();
}

export default async function () {
  const challenge = ask("POST", "/api/sign-in/challenges", "sign_in.challenge", {});
  const signature = await sign(challenge.digest_info);
  const entered = ask("POST", "/api/sign-in", "sign_in",
    { challenge: challenge.challenge, signature, certificate, terminal: "pc" });
  const token = entered.session;
  const asked = ask("POST", "/api/records/requests", "records.request", { start: "2025-11-23", end: "2026-11-23" }, token);
  ask("POST", `/api/records/requests/${asked.request_id}/read`, "records.read", null, token);
  const found = ask("GET", "/api/self-information/candidates", "self_information.search", null, token);
  const selections = found.candidates.slice(0, 2).map((each) => ({ information: each.information.code, organisation: each.organisation.code }));
  const own = ask("POST", "/api/self-information/requests", "self_information.request", { selections }, token);
  for (const view of own.requests) ask("POST", `/api/self-information/requests/${view.request_id}/read`, "self_information.read", null, token);
  ask("POST", "/api/sign-out", "sign_out", null, token);
}
