// Short messages in a corner: at most four, grouped by key, gone after a while unless they are errors.
//
// They do not go while they are pointed at or focused. What they say stays in the list of notices.

import { h, text } from "./dom.js";

export const MOST = 4;
const LASTS_MS = { info: 6_000, warning: 12_000, error: Infinity };

export class Toasts {
  constructor(root, { timers = globalThis } = {}) {
    this.root = root;
    this.timers = timers;
    this.shown = new Map(); // by key, oldest first
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      const key = event.target.closest("[data-key]")?.dataset.key;
      if (key) this.dismiss(key);
    });
  }

  // {key, level: "info" | "warning" | "error", title, text, lasts?: ms}
  push({ key, level = "info", title, text: says = "", lasts = LASTS_MS[level] }) {
    const known = this.shown.get(key);
    if (known) {
      known.count += 1;
      this.shown.delete(key);
      this.shown.set(key, known);
      known.element.dataset.level = level;
      text(known.title, title);
      text(known.text, says);
      text(known.counter, `×${known.count}`);
      known.counter.hidden = false;
      this.#lasts(known, lasts);
      return;
    }
    const one = { key, count: 1, hovered: false };
    one.title = h("strong", { class: "toast__title" }, title);
    one.counter = h("span", { class: "toast__count", hidden: true });
    one.text = h("span", { class: "toast__text" }, says);
    one.element = h("div", {
      class: "toast", "data-level": level, "data-key": key, role: level === "error" ? "alert" : null,
      onpointerenter: () => this.#hold(one, true), onpointerleave: () => this.#hold(one, false),
      onfocusin: () => this.#hold(one, true), onfocusout: () => this.#hold(one, false),
    },
    h("span", { class: "toast__body" }, one.title, " ", one.counter, one.text),
    h("button", { type: "button", class: "button button--quiet button--icon toast__close", "aria-label": `Dismiss: ${title}`, onclick: () => this.dismiss(key) }, "×"));
    this.shown.set(key, one);
    this.root.append(one.element);
    this.#makeRoom();
    this.#lasts(one, lasts);
  }

  dismiss(key) {
    const one = this.shown.get(key);
    if (!one) return;
    this.timers.clearTimeout(one.timer);
    this.shown.delete(key);
    one.element.remove();
  }

  // The oldest goes, an error only if all are errors.
  #makeRoom() {
    while (this.shown.size > MOST) {
      const all = [...this.shown.values()].slice(0, -1);
      this.dismiss((all.find(({ element }) => element.dataset.level !== "error") ?? all[0]).key);
    }
  }

  #lasts(one, lasts) {
    one.lasts = lasts;
    this.timers.clearTimeout(one.timer);
    if (Number.isFinite(lasts) && !one.hovered) one.timer = this.timers.setTimeout(() => this.dismiss(one.key), lasts);
  }

  #hold(one, hovered) {
    one.hovered = hovered;
    this.#lasts(one, one.lasts);
  }
}
