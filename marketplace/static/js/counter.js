// Says how many characters are left, counted as the server counts: by code point, a line break as one.
"use strict";

function updateCounter(counter) {
  const control = document.getElementById(counter.dataset.counterFor);
  if (!control) return;
  const left = Number(counter.dataset.limit) - [...control.value].length;
  const template = left < 0 ? counter.dataset.over : counter.dataset.left;
  counter.textContent = template.replace("%s", Math.abs(left));
  counter.classList.toggle("is-over", left < 0);
}

function updateCounters(root) {
  for (const counter of root.querySelectorAll("[data-counter-for]")) updateCounter(counter);
}

updateCounters(document);
document.addEventListener("htmx:load", (event) => updateCounters(event.target));
document.addEventListener("input", (event) => {
  for (const counter of document.querySelectorAll("[data-counter-for]")) {
    if (counter.dataset.counterFor === event.target.id) updateCounter(counter);
  }
});
