// The navigation's button on a phone, closing the account menu by Escape or a click elsewhere, and staying where one is.
"use strict";

for (const toggle of document.querySelectorAll("[data-toggle]")) {
  toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-expanded", String(toggle.getAttribute("aria-expanded") !== "true"));
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  for (const toggle of document.querySelectorAll('[data-toggle][aria-expanded="true"]')) {
    toggle.setAttribute("aria-expanded", "false");
    toggle.focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Live results change the address after the page was written.
document.addEventListener("submit", (event) => {
  const here = event.target.querySelector("[data-here]");
  if (here) here.value = location.pathname + location.search;
});
