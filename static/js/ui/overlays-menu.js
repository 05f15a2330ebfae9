// The menu of what the chart shows besides the bars: a list of boxes to tick, each with its sign and what
// it means. Works with Tab and Space; Escape or a click elsewhere closes it.

import { OVERLAYS } from "../overlays/options.js";
import { h } from "./dom.js";

const GAP = 4; // pixels between the button and the sheet

export function overlaysMenu(mount, choices) {
  const boxes = new Map();
  const option = ({ name, label, means, sign }) => {
    const box = h("input", { type: "checkbox", "data-overlay": name, "aria-describedby": `overlay-${name}`, onchange: (event) => choices.set(name, event.target.checked) });
    box.checked = choices.on(name);
    boxes.set(name, box);
    return h("li", {}, h("label", { class: "overlay" }, box,
      h("span", { class: `overlay__sign overlay__sign--${sign}`, "aria-hidden": "true" }),
      h("span", { class: "overlay__label" }, label),
      h("span", { class: "overlay__means", id: `overlay-${name}` }, means)));
  };
  const groups = [...new Set(OVERLAYS.map(({ group }) => group))];
  const sheet = h("div", { class: "overlays", id: "overlays-sheet", popover: "auto", role: "group", "aria-label": "What the chart shows" },
    ...groups.map((group) => h("fieldset", { class: "overlays__group" }, h("legend", {}, group),
      h("ul", {}, ...OVERLAYS.filter((each) => each.group === group).map(option)))));
  const button = h("button", { type: "button", class: "button button--quiet", "aria-expanded": "false", "aria-controls": "overlays-sheet", title: "What the chart shows besides the bars ( L )", popovertarget: "overlays-sheet" }, "Overlays");
  mount.append(button, sheet);
  sheet.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const below = button.getBoundingClientRect();
    const left = Math.min(below.left, innerWidth - sheet.offsetWidth - 2 * GAP);
    sheet.style.setProperty("left", `${Math.max(GAP, left)}px`);
    sheet.style.setProperty("top", `${below.bottom + GAP}px`);
    boxes.values().next().value.focus();
  });
  choices.onChange((name, on) => {
    boxes.get(name).checked = on;
  });
  return { toggle: () => sheet.togglePopover() };
}
