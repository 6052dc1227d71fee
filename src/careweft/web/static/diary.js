// The sample browser application: a SMART client without a secret, in plain JavaScript.
// https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html - PKCE takes the place of the secret.
"use strict";

const app = document.getElementById("diary");
const { client, iss, redirect, scope } = app.dataset;
const kept = sessionStorage;

const show = (name, on = true) => app.querySelectorAll(`[data-show="${name}"]`).forEach((one) => { one.hidden = !on; });
const put = (name, text) => { app.querySelector(`[data-text="${name}"]`).textContent = text; };
const url64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = (size) => url64(crypto.getRandomValues(new Uint8Array(size)));

async function configuration() {
  return (await fetch(`${iss}/.well-known/smart-configuration`)).json();
}

async function connect() {
  const { authorization_endpoint: authorize } = await configuration();
  const state = random(24), verifier = random(48);
  kept.setItem("begun", JSON.stringify({ state, verifier }));
  const challenge = url64(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  location.assign(`${authorize}?${new URLSearchParams({
    response_type: "code", client_id: client, redirect_uri: redirect, scope, state, aud: iss,
    code_challenge: challenge, code_challenge_method: "S256",
  })}`);
}

async function token(form) {
  const { token_endpoint: endpoint } = await configuration();
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams({ client_id: client, ...form }) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status} ${told.error}`);
  kept.setItem("told", JSON.stringify({ ...JSON.parse(kept.getItem("told") || "{}"), ...told }));
}

async function finish(came) {
  const begun = JSON.parse(kept.getItem("begun") || "{}");
  kept.removeItem("begun");
  history.replaceState(null, "", "/samples/diary");
  if (came.get("error")) throw new Error(came.get("error"));
  if (!begun.state || came.get("state") !== begun.state) throw new Error("this is not the answer to our request");
  if (came.get("iss") !== (await configuration()).issuer) throw new Error("this came from another server");
  await token({ grant_type: "authorization_code", code: came.get("code"), redirect_uri: redirect, code_verifier: begun.verifier });
}

async function read(path) {
  const { access_token: bearer } = JSON.parse(kept.getItem("told"));
  const answer = await fetch(`${iss}/${path}`, { headers: { authorization: `Bearer ${bearer}`, accept: "application/fhir+json" } });
  if (answer.status === 401) { kept.removeItem("told"); throw new Error("401: the permission has ended"); }
  return answer.ok ? answer.json() : {};
}

async function draw() {
  const told = JSON.parse(kept.getItem("told") || "null");
  show("begin", !told);
  if (!told) { show("connected", false); return; }
  const patient = await read(`Patient/${told.patient}`);
  const name = (patient.name || [{}])[0];
  put("person", [...(name.given || []), name.family || ""].join(" "));
  const bundle = await read(`Observation?patient=${told.patient}&_sort=-date&_count=5`);
  app.querySelector('[data-rows="findings"]').replaceChildren(...(bundle.entry || []).map(({ resource }) => {
    const row = document.createElement("tr");
    for (const text of [resource.code.text || resource.code.coding[0].display, value(resource)]) {
      row.appendChild(document.createElement("td")).textContent = text;
    }
    return row;
  }));
  const granted = new Set(told.scope.split(" "));
  put("withheld", scope.split(" ").filter((one) => !granted.has(one)).join(" ") || "–");
  const secrets = new Set(["access_token", "refresh_token", "id_token"]);
  put("response", JSON.stringify(told, (key, one) => (secrets.has(key) ? "…" : one), 2));
  show("connected");
}

function value({ valueQuantity: quantity, valueCodeableConcept: concept }) {
  return quantity ? `${quantity.value} ${quantity.unit || ""}` : concept ? concept.text || "" : "";
}

async function forget() {
  const { refresh_token: refresh, access_token: access } = JSON.parse(kept.getItem("told"));
  const { revocation_endpoint: endpoint } = await configuration();
  await fetch(endpoint, { method: "POST", body: new URLSearchParams({ client_id: client, token: refresh || access }) });
  kept.removeItem("told");
}

async function refresh() {
  await token({ grant_type: "refresh_token", refresh_token: JSON.parse(kept.getItem("told")).refresh_token });
  show("refreshed");
}

async function attempt(work) {
  show("trouble", false);
  try { await work(); await draw(); } catch (wrong) { put("trouble", wrong.message); show("trouble"); show("begin", !kept.getItem("told")); }
}

const came = new URLSearchParams(location.search);
for (const [name, work] of Object.entries({ connect, refresh, forget })) {
  app.querySelector(`[data-do="${name}"]`).addEventListener("click", () => attempt(work));
}
attempt(() => (came.has("code") || came.has("error") ? finish(came) : Promise.resolve()));
