// How the parts share the window: the tape and the side fold away, the side is as wide as one drags it,
// and on a phone one panel at a time stands under the chart. What was chosen is remembered.

import { keep, kept } from "../kept.js";
import { $, style } from "./dom.js";

export const NARROWEST = 248; // pixels of the side
export const WIDEST = 560;
const ROOM_FOR_TAPE = 1280;
const PHONE = "(max-width: 899px)";

export const clampWidth = (width) => Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));

export function layout(keys) {
  const [tape, side] = [folding("tape", innerWidth >= ROOM_FOR_TAPE), folding("side", true)];
  keys.set("t", tape, { group: "Panels", does: "Fold time and sales" });
  keys.set("p", side, { group: "Panels", does: "Fold the side" });
  resizing($("side-grip"), $("workspace"));
  panels([...document.querySelectorAll("#panel-bar [data-shows]")]);
  const health = document.querySelector(".heartbeat__more");
  if (matchMedia(PHONE).matches) health.open = true; // there it is a panel, not a line among others
  const topbar = document.querySelector(".topbar");
  new ResizeObserver(() => style(document.body, "--topbar-height", `${topbar.offsetHeight}px`)).observe(topbar);
}

function folding(name, openAtFirst) {
  const panel = $(`${name}-panel`);
  const button = $(`${name}-fold`);
  const show = (open) => {
    panel.dataset.open = String(open);
    button.setAttribute("aria-expanded", String(open));
    button.title = `${open ? "Fold away" : "Show"}: ${button.dataset.what}`;
  };
  show(kept(`${name}-open`, String(openAtFirst)) === "true");
  const turn = () => {
    const open = panel.dataset.open !== "true";
    show(open);
    keep(`${name}-open`, open);
  };
  button.addEventListener("click", turn);
  return turn;
}

function resizing(grip, workspace) {
  const set = (width) => {
    style(workspace, "--side-width", `${width}px`);
    grip.setAttribute("aria-valuenow", String(width));
  };
  const width = () => Math.round($("side-panel").getBoundingClientRect().width);
  const stored = Number(kept("side-width"));
  if (stored) set(clampWidth(stored));
  grip.setAttribute("aria-valuemin", String(NARROWEST));
  grip.setAttribute("aria-valuemax", String(WIDEST));
  if (!stored) grip.setAttribute("aria-valuenow", String(width()));
  const finish = () => keep("side-width", width());
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    const [from, at] = [width(), event.clientX];
    const move = (to) => set(clampWidth(from + at - to.clientX));
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", move);
      finish();
    }, { once: true });
  });
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: 16, ArrowRight: -16 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    set(clampWidth(width() + step));
    finish();
  });
}

// On a phone: which panel stands under the chart. A wide window shows all of them.
function panels(buttons) {
  const parts = [...document.querySelectorAll("[data-panel]")];
  const show = (name) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.shows === name));
    for (const part of parts) part.dataset.shown = String(part.dataset.panel === name);
  };
  const names = buttons.map((button) => button.dataset.shows);
  const stored = kept("panel");
  show(names.includes(stored) ? stored : names[0]);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      show(button.dataset.shows);
      keep("panel", button.dataset.shows);
    });
  }
}
