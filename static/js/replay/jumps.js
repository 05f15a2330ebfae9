// The day's trades and signals as a list: each row leads to its moment.

import { markElement } from "../chart/marks.js";
import * as format from "../format.js";
import { family } from "../signals.js";
import { h, profitTone, text, whenChanged } from "../ui/dom.js";
import { visible } from "./timeline.js";

const MOST = 400;
const KINDS = { trade: "Trades", accepted: "Accepted signals", signal: "All signals", halt: "Halts" };

export class Jumps {
  // `onJump(mark)`; `onHide(hidden)` when what is to come shall not be seen.
  constructor({ onJump, onHide }) {
    this.onJump = onJump;
    this.day = null;
    this.t = 0;
    this.list = h("ol", { class: "rows jumps__list" });
    this.kinds = h("select", { id: "jump-kind", onchange: () => this.#render() },
      ...Object.entries(KINDS).map(([kind, name]) => h("option", { value: kind }, name)));
    this.hide = h("input", { type: "checkbox", id: "hide-to-come", onchange: () => {
      onHide(this.hide.checked);
      this.#render();
    } });
    this.count = h("span", { class: "count" });
    this.summary = h("summary", { class: "button", id: "jumps-open" }, "Go to", this.count);
    this.element = h("details", { class: "jumps", ontoggle: () => this.#render() }, this.summary,
    h("div", { class: "jumps__sheet" },
      h("div", { class: "jumps__head" }, h("label", { class: "choice" }, h("span", { class: "visually-hidden" }, "Show"), this.kinds),
        h("label", { class: "check", title: "As it was then: nothing from after the present moment" }, this.hide, "Hide what is to come")),
      this.list));
    document.addEventListener("pointerdown", (event) => {
      if (this.element.open && !this.element.contains(event.target)) this.close();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.element.open) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.close();
      this.summary.focus();
    }, { capture: true });
    this.rows = whenChanged(() => this.#rows());
  }

  load(day) {
    this.day = day;
    const trades = day.marks.filter((mark) => mark.kind === "trade").length;
    text(this.count, trades === 0 ? "" : `${trades} trade${trades === 1 ? "" : "s"}`);
    if (trades === 0) this.kinds.value = "accepted";
    this.#render();
  }

  show(t) {
    this.t = t;
    if (this.element.open) this.#render();
  }

  close() {
    this.element.open = false;
  }

  #render() {
    if (!this.day || !this.element.open) return;
    const past = this.day.marks.filter((mark) => mark.t <= this.t).length;
    this.rows(this.day, this.kinds.value, this.hide.checked ? past : null);
    for (const row of this.list.querySelectorAll("[data-t]")) row.classList.toggle("row--to-come", Number(row.dataset.t) > this.t);
  }

  #rows() {
    const chosen = this.kinds.value;
    const kind = chosen === "accepted" ? "signal" : chosen;
    const marks = visible(this.day.marks, this.t, this.hide.checked)
      .filter((mark) => mark.kind === kind && (chosen !== "accepted" || mark.ok)).slice(-MOST);
    const rows = marks.map((mark) => h("li", {}, h("button", {
      type: "button", class: "row", "data-id": mark.id, "data-t": mark.t,
      onclick: () => this.onJump(mark),
    },
    h("span", { class: "row__time" }, format.time(mark.t)),
    mark.kind === "halt" ? null : h("span", { class: `row__mark ${mark.dir > 0 ? "buy" : "sell"}` }, markElement(family(mark.label).shape, { up: mark.dir > 0, filled: mark.ok || mark.kind === "trade" })),
    h("span", { class: "row__what" }, h("span", { class: "row__title" }, mark.kind === "halt" ? format.sentence(mark.label) : `${format.side(mark.dir)} · ${format.words(mark.label)}`)),
    mark.kind === "trade" ? h("span", { class: "row__figure" }, h("strong", { class: profitTone(format.signOf(mark.net)) ?? "muted" }, format.money(mark.net, { sign: true }))) : null)));
    this.list.replaceChildren(...(rows.length > 0 ? rows : [h("li", { class: "empty" }, this.hide.checked ? "None so far." : `No ${KINDS[chosen].toLowerCase()} on this day.`)]));
  }
}
