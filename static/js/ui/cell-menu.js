// The chart's choice of what bars show and how many ticks are a row, and its caption that says what is
// shown: both kept and read by footprint/choice.js.

import { keep, recall } from "../footprint/choice.js";
import { WISHES, rowChoices } from "../footprint/detail.js";
import { NAMES, captionWords, rowWords } from "../footprint/words.js";
import { $, h, text } from "./dom.js";

export class CellMenu {
  // `onChange({wish, rowWish})`
  constructor(onChange) {
    this.choice = recall();
    this.grid = null;
    this.lot = "1";
    this.plan = null;
    const change = (part) => {
      this.choice = { ...this.choice, ...part };
      keep(this.choice);
      onChange(this.choice);
    };
    this.cells = h("select", { id: "cells", onchange: () => change({ wish: this.cells.value }) },
      ...WISHES.map((wish) => h("option", { value: wish }, NAMES[wish])));
    this.rows = h("select", { id: "rows", onchange: () => change({ rowWish: Number(this.rows.value) || null }) });
    $("cells-menu").replaceChildren(
      h("label", { class: "choice", title: "What bars show" }, "Bars", this.cells),
      h("label", { class: "choice", title: "Price grouping: how many ticks are a row" }, "Rows", this.rows),
    );
    this.cells.value = this.choice.wish;
    this.#list(1);
  }

  // The rows to choose from are multiples of the engine's own.
  configure(grid, base, lot) {
    Object.assign(this, { grid, lot });
    this.#list(base);
    if (this.plan) this.show(this.plan);
  }

  // What is drawn now.
  show(plan) {
    this.plan = plan;
    if (!this.grid) return;
    const words = captionWords(plan, this.grid, this.lot);
    text($("chart-caption"), words);
    $("chart-caption").title = words; // where it is cut off
  }

  #list(base) {
    const { rowWish } = this.choice;
    const known = rowChoices(base);
    const all = rowWish === null || known.includes(rowWish) ? known : [...known, rowWish].sort((one, other) => one - other);
    this.rows.replaceChildren(
      h("option", { value: "" }, "Auto"),
      ...(this.grid ? all : []).map((ticks) => h("option", { value: ticks }, rowWords(ticks, this.grid))),
    );
    this.rows.value = rowWish === null || !this.grid ? "" : String(rowWish);
  }
}
