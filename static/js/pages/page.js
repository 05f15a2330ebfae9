// What every page beside the live one does: filters folded on a phone, and words for a part that could
// not be loaded.

import { h } from "../ui/dom.js";

const NARROW = "(max-width: 700px)";

for (const filters of document.querySelectorAll("details.filters")) {
  if (matchMedia(NARROW).matches && !filters.querySelector("summary .count")) filters.open = false;
}

// A form of choices alone needs no button.
for (const form of document.querySelectorAll("form[data-sends-itself]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// What failed stays on the page, with the reason and a way to try again.
function failed(event) {
  const { target, xhr, requestConfig } = event.detail;
  if (!target) return;
  const words = !xhr?.status ? "The server does not answer." : xhr.status === 404 ? "This is not there any more." : `The server could not make this (error ${xhr.status}); its log says why.`;
  target.querySelector(":scope > .message--failed")?.remove();
  target.removeAttribute("aria-busy");
  target.querySelector(":scope > .loading")?.remove();
  target.prepend(h("div", { class: "message message--failed", role: "alert" }, h("p", {}, words), h("button", {
    type: "button", class: "button", onclick: () => window.htmx.ajax("GET", requestConfig.path, { target, source: target }),
  }, "Try again")));
}
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);

// Logged out meanwhile: the answer is the login page, which is no list.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname === "/login/") {
    event.detail.shouldSwap = false;
    location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
});
