// Passkeys: https://www.w3.org/TR/webauthn-3/ - without this script the page shows no passkey button, and codes suffice.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseCreationOptionsFromJSON) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    ask(form).then(
      (answer) => { form.elements.answer.value = JSON.stringify(answer); form.submit(); },
      () => { form.querySelector("[data-fault]").hidden = false; },
    );
  });
}

async function ask(form) {
  const body = new URLSearchParams({ stamp: form.elements.stamp.value });
  const told = await fetch(form.dataset.options, { method: "POST", body, credentials: "same-origin" });
  if (!told.ok) throw new Error("no options");
  const { publicKey, ticket } = await told.json();
  form.elements.ticket.value = ticket;
  const credential = form.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  return credential.toJSON();
}
