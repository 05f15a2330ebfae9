// A sheet that opens under its button, above everything, and closes with Esc or a click elsewhere.

import { h } from "./dom.js";

const EDGE = 8; // pixels to the window's edge

// `fill()` is called each time it opens and answers the sheet's children.
export function popover({ button, name, label, fill, onToggle = () => {} }) {
  const sheet = h("div", { id: name, class: "menu-sheet", popover: "auto", role: "dialog", "aria-label": label });
  button.setAttribute("popovertarget", name);
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  document.body.append(sheet);
  const place = () => {
    const under = button.getBoundingClientRect();
    const left = Math.min(under.left, innerWidth - sheet.offsetWidth - EDGE);
    sheet.style.setProperty("left", `${Math.max(EDGE, left)}px`);
    sheet.style.setProperty("top", `${under.bottom + 4}px`);
    sheet.style.setProperty("max-height", `${innerHeight - under.bottom - 4 - EDGE}px`);
  };
  const set = (children) => {
    sheet.replaceChildren(...children);
    if (sheet.matches(":popover-open")) place();
  };
  sheet.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") set(fill());
  });
  sheet.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      place();
      (sheet.querySelector("[aria-pressed=true], [aria-current]") ?? sheet.querySelector("button, a, input"))?.focus();
    }
    onToggle(open);
  });
  addEventListener("resize", () => {
    if (sheet.matches(":popover-open")) place();
  });
  return { sheet, open: () => sheet.showPopover(), close: () => sheet.hidePopover(), set, isOpen: () => sheet.matches(":popover-open") };
}
