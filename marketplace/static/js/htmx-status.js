// A fragment that could not be fetched must not fail in silence: the page says so where screen readers hear it.
"use strict";

function announceFailure() {
  const template = document.getElementById("request-failed");
  const messages = document.getElementById("messages");
  if (!template || !messages) return;
  messages.replaceChildren(template.content.cloneNode(true));
  messages.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:sendError", announceFailure);
document.addEventListener("htmx:responseError", announceFailure);
document.addEventListener("htmx:timeout", announceFailure);
