// Suggestions while typing: a combobox with a listbox (ARIA 1.2). `data-suggest` on an input is the address that answers
// with {"groups": [{"label", "options": [{"label", "url"}]}]}; `data-suggest-label` names the list. Without script the input is a plain search box.
"use strict";

const PAUSE = 150; // milliseconds without a key before we ask

function combobox(input) {
  const list = document.createElement("div");
  list.id = `${input.id}-suggestions`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.suggestLabel);
  input.parentElement.append(list);

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-haspopup", "listbox");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let timer = 0;
  let asked = null; // the request under way
  let active = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function mark(index) {
    active = index;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    const option = options()[index];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function show(groups) {
    list.replaceChildren();
    let count = 0;
    for (const group of groups) {
      if (!group.options.length) continue;
      const heading = document.createElement("div");
      heading.id = `${list.id}-group-${count}`;
      heading.className = "suggestions__group";
      heading.textContent = group.label;
      const box = document.createElement("div");
      box.setAttribute("role", "group");
      box.setAttribute("aria-labelledby", heading.id);
      box.append(heading);
      for (const { label, url } of group.options) {
        const option = document.createElement("div");
        option.id = `${list.id}-${count++}`;
        option.className = "suggestions__option";
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.url = url;
        option.textContent = label;
        box.append(option);
      }
      list.append(box);
    }
    list.hidden = count === 0;
    input.setAttribute("aria-expanded", String(count > 0));
    mark(-1);
  }

  async function ask() {
    const typed = input.value.trim();
    if (!typed) return close();
    asked?.abort();
    asked = new AbortController();
    try {
      const address = new URL(input.dataset.suggest, location.href);
      address.searchParams.set("q", typed);
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) return close();
      const { groups } = await answer.json();
      if (document.activeElement === input && input.value.trim() === typed) show(groups);
    } catch (error) {
      if (error.name !== "AbortError") close(); // suggestions are a convenience: searching works without them
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // the arrows and Enter belong to the kana conversion
    const last = options().length - 1;
    if (event.key === "ArrowDown") list.hidden ? ask() : mark(active < last ? active + 1 : -1);
    else if (event.key === "ArrowUp" && !list.hidden) mark(active < 0 ? last : active - 1);
    else if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "Enter" && active >= 0) location.assign(options()[active].dataset.url);
    else {
      if (event.key === "Enter") close(); // without a choice it searches for what was typed
      return;
    }
    event.preventDefault();
  });

  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the input keeps the focus until the click
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });
}

for (const input of document.querySelectorAll("input[data-suggest]")) combobox(input);
