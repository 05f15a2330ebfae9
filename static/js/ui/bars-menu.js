// The choice of timeframe and bar type: a button that says what is shown, and a sheet to choose from.

import { KINDS, TIMES, barsName, barsWords, defaultPresets, presetsFrom, problemOf, sameBars } from "../bar-kinds.js";
import { loading } from "../bar-view.js";
import { $, h, text, whenChanged } from "./dom.js";
import { popover } from "./popover.js";

export class BarsMenu {
  // `onChoose(bars)`: {kind, length}.
  constructor({ onChoose }) {
    this.onChoose = onChoose;
    this.own = null; // the session's
    this.now = null; // what is wanted
    this.lot = "1";
    this.presets = null;
    this.label = h("span", {}, "–");
    this.button = h("button", { type: "button", id: "bars", class: "button menu-button", "aria-label": "Timeframe and bar type", disabled: true }, this.label, h("span", { class: "menu-button__mark", "aria-hidden": "true" }, "▾"));
    this.note = h("span", { id: "bars-note", class: "bars-note", role: "status" });
    $("bars-menu").replaceChildren(this.button, this.note);
    this.waiting = h("div", { id: "bars-loading", class: "bars-loading", role: "status", hidden: true });
    document.querySelector(".chart-stage").append(this.waiting);
    this.popover = popover({ button: this.button, name: "bars-sheet", label: "Timeframe and bar type", fill: () => this.#sheet() });
    this.show = whenChanged((config, view) => this.#show(config, view));
  }

  open() {
    if (!this.button.disabled) this.popover.open();
  }

  // Lengths to offer, once there are bars to judge by.
  learn(bars) {
    if (this.presets === null && !this.popover.isOpen()) this.presets = presetsFrom(bars);
  }

  #show(config, view) {
    if (!config) return;
    this.own = config.bars;
    this.lot = config.lot;
    this.now = view.wanted ?? config.bars;
    this.button.disabled = false;
    const name = barsName(this.now, this.lot);
    text(this.label, name);
    this.button.setAttribute("aria-label", `Timeframe and bar type: ${name}`);
    this.button.title = view.wanted ? `Signals and trades come from ${barsWords(this.own, this.lot)}` : "These bars are traded";
    const foreign = view.wanted !== null && view.problem === null;
    text(this.note, view.problem ?? (foreign ? `Traded: ${barsName(this.own, this.lot)}` : ""));
    this.note.title = view.problem ?? (foreign ? "Signals in the bars shown are not traded" : "");
    this.note.classList.toggle("bars-note--problem", view.problem !== null);
    this.waiting.hidden = !loading(view);
    text(this.waiting, loading(view) ? `Loading ${barsWords(view.wanted, this.lot)}…` : "");
  }

  #choose(bars) {
    this.popover.close();
    this.button.focus();
    this.onChoose(bars);
  }

  #sheet() {
    const presets = { time: TIMES, ...(this.presets ?? defaultPresets()) };
    return [
      h("p", { class: "menu-sheet__lead" }, h("span", { class: "traded-mark", "aria-hidden": "true" }), `${barsWords(this.own, this.lot)} are traded. Others are only looked at.`),
      ...Object.entries(KINDS).map(([kind, { label }]) => this.#row(kind, label, presets[kind])),
      this.#custom(),
    ];
  }

  #row(kind, label, lengths) {
    const also = [this.own, this.now].filter((bars) => bars.kind === kind).map(({ length }) => length);
    const all = [...new Set([...lengths, ...also])].sort((one, other) => one - other);
    const id = `bars-of-${kind}`;
    return h("div", { class: "menu-sheet__row", role: "group", "aria-labelledby": id },
      h("span", { id, class: "menu-sheet__label" }, label),
      h("div", { class: "menu-sheet__choices" }, ...all.map((length) => this.#choice({ kind, length }))));
  }

  #choice(bars) {
    const traded = sameBars(bars, this.own);
    const name = barsName(bars, this.lot);
    return h("button", {
      type: "button", class: "button menu-sheet__choice", "data-bars": `${bars.kind}-${bars.length}`,
      "aria-pressed": String(sameBars(bars, this.now)), "aria-label": traded ? `${name}, traded` : name,
      title: traded ? "The bars that are traded" : null, onclick: () => this.#choose(bars),
    }, bars.kind === "time" ? name : name.replace(` ${bars.kind}`, ""), traded ? h("span", { class: "traded-mark", "aria-hidden": "true" }) : null);
  }

  #custom() {
    const kind = h("select", { id: "bars-kind" }, ...Object.entries(KINDS).map(([value, { label }]) => h("option", { value }, label)));
    const length = h("input", { id: "bars-length", type: "number", inputmode: "numeric", required: true, "aria-describedby": "bars-hint" });
    const hint = h("p", { id: "bars-hint", class: "menu-sheet__hint", role: "status" });
    const tell = () => {
      const bars = { kind: kind.value, length: Number(length.value) };
      const problem = problemOf(bars);
      const given = length.value !== "";
      text(hint, problem ?? `${barsWords(bars, this.lot)}`);
      hint.classList.toggle("menu-sheet__hint--problem", given && problem !== null);
      length.setAttribute("aria-invalid", String(given && problem !== null));
      return given && problem === null ? bars : null;
    };
    kind.value = this.now.kind;
    kind.addEventListener("change", tell);
    length.addEventListener("input", tell);
    const form = h("form", { class: "menu-sheet__custom", novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      const bars = tell();
      if (bars) this.#choose(bars);
      else length.focus();
    } }, h("label", { class: "choice" }, "Other", kind), h("label", { class: "choice" }, "Length", length), h("button", { type: "submit", class: "button" }, "Show"), hint);
    tell();
    return form;
  }
}
