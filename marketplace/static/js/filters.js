// The search page. On a narrow screen the filters start closed, and a new result leaves open what a person opened.
"use strict";

const panel = document.querySelector("[data-collapse-when-narrow]");
const narrow = window.matchMedia("(width < 62rem)");

function fitPanel() {
  if (panel) panel.open = !narrow.matches;
}

fitPanel();
narrow.addEventListener("change", fitPanel);

// The size that the page took from the reader's agency goes into the address, so that whoever is sent it sees the same.
const address = document.getElementById("search")?.dataset.address;
if (address) history.replaceState(history.state, "", address);

let opened = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "results") opened = new Map([...document.querySelectorAll(".facet")].map((facet) => [facet.id, facet.open]));
});

document.addEventListener("htmx:afterSettle", () => {
  if (!opened) return;
  for (const facet of document.querySelectorAll(".facet")) facet.open = opened.get(facet.id) ?? facet.open;
  opened = null;
});

// A button with an address of its own leads there: htmx would put that whole page among the results.
document.addEventListener(
  "submit",
  (event) => {
    if (event.submitter?.hasAttribute("formaction")) event.stopPropagation();
  },
  true,
);

// Words are searched for when they are sent; their change alone, with the same key, would ask twice.
document.getElementById("q")?.addEventListener("change", (event) => event.stopPropagation());
