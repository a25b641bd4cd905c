// Focus goes to the error summary, on load and after htmx has put one in. Without script, `autofocus` does the first.
"use strict";

function focusErrorSummary(root) {
  const summary = root.querySelector("[data-error-summary]");
  if (summary) summary.focus();
}

focusErrorSummary(document);
document.addEventListener("htmx:afterSettle", (event) => focusErrorSummary(event.target));

// A link of the summary leads to the control itself, with its label in view rather than cut off by the window's edge.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-error-summary] a");
  const control = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!control) return;
  event.preventDefault();
  (control.closest(".field") ?? control).scrollIntoView({ block: "start" });
  control.focus({ preventScroll: true });
});
