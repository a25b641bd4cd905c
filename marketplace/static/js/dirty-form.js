// Asks before a form with unsaved changes is left, where the form says so with data-warn-unsaved.
"use strict";

const changedForms = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-warn-unsaved]")) changedForms.add(form);
});
document.addEventListener("submit", (event) => changedForms.delete(event.target));
window.addEventListener("beforeunload", (event) => {
  if (changedForms.size) event.preventDefault();
});
