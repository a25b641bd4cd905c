// A double click sends a form once. The server is safe without this; it only spares people a puzzling second answer.
// A retry is never blocked: coming back to the page, or ten seconds without an answer, frees the form.
"use strict";

const RELEASE_AFTER_MS = 10_000;

function release(form) {
  clearTimeout(Number(form.dataset.releaseTimer));
  delete form.dataset.releaseTimer;
  for (const button of form.querySelectorAll('[aria-disabled="true"]')) button.removeAttribute("aria-disabled");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-submit-once]") || event.defaultPrevented) return;
  if (form.dataset.releaseTimer) {
    event.preventDefault();
    return;
  }
  form.dataset.releaseTimer = String(setTimeout(() => release(form), RELEASE_AFTER_MS));
  // Not `disabled`: a disabled button would not send its name and value.
  event.submitter?.setAttribute("aria-disabled", "true");
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-release-timer]")) release(form);
});
