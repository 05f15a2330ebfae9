// The keys and what they do, made from the registry each time it opens.

import { h } from "./dom.js";

const NOTE = "Keys do nothing while you type. None trades by itself: each asks first.";

export class HelpSheet {
  constructor(shortcuts, note = NOTE) {
    this.shortcuts = shortcuts;
    this.body = h("div", { class: "keys" });
    this.element = h("dialog", { class: "sheet sheet--help", "aria-labelledby": "help-title" },
      h("div", { class: "sheet__body" },
        h("h2", { class: "sheet__title", id: "help-title", tabindex: "-1", autofocus: true }, "Keyboard"), this.body,
        h("p", { class: "muted" }, note),
        h("div", { class: "sheet__actions" }, h("button", { type: "button", class: "button", onclick: () => this.element.close() }, "Close"))));
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
    document.body.append(this.element);
  }

  open() {
    if (this.element.open) return;
    this.body.replaceChildren(...this.shortcuts.groups().map(([group, keys]) => h("section", {},
      h("h3", { class: "keys__group" }, group),
      h("dl", { class: "keys__list" }, ...keys.map(({ key, does }) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)))))));
    this.element.showModal();
  }
}
