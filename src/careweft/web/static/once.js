// A form is sent once: the second press of a double click would throw away the answer to the first.
"use strict";

const SECONDS = 3;
const sent = new WeakMap();

for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (Date.now() - (sent.get(form) ?? 0) < SECONDS * 1000) event.preventDefault();
    else sent.set(form, Date.now());
  });
}
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) sent.delete(form);
});
