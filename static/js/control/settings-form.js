// The fields of the settings sheet: made from what the server sent, read back, and marked where wrong.

import * as format from "../format.js";
import { h } from "../ui/dom.js";
import { timeframes } from "./settings-values.js";

const REGIMES = ["TRENDING_UP", "TRENDING_DOWN", "RANGING", "VOLATILE"];
const SHORT = { TRENDING_UP: "Up", TRENDING_DOWN: "Down", RANGING: "Range", VOLATILE: "Volatile" };

export class SettingsForm {
  constructor(values, { currency, disabled }) {
    this.fields = new Map(); // by the server's name: the element that has the value
    this.boxes = new Map(); // "PATTERN REGIME": its checkbox
    this.values = values;
    this.disabled = disabled;
    this.element = h("div", { class: "settings" },
      section("Session", null,
        this.#select("numbers.bars.seconds", "Timeframe", timeframes(values.numbers["bars.seconds"]), values.numbers["bars.seconds"]),
        this.#number("numbers.risk.profit_target", `Profit target, ${currency} a day`, values.numbers["risk.profit_target"], "Reached: no entries until the next trading day."),
        this.#number("numbers.risk.loss_limit", `Loss limit, ${currency} a day`, values.numbers["risk.loss_limit"], "Reached: flat, no entries until the next trading day. The tier's counts if it is tighter.")),
      section("Size by regime", "Times the size that the tier and the signals give; rounded down, at least 1.",
        ...REGIMES.map((regime) => this.#number(`multipliers.${regime}`, format.words(regime), values.multipliers[regime]))),
      section("Size and loss by tier", "The balance chooses the tier.", ...values.tiers.map((tier) => this.#tier(tier, currency))),
      section("Patterns", "In which regimes each may trade.", this.#matrix(values.patterns)));
  }

  // In the server's shape; `difference` finds what was changed.
  read() {
    const value = (name) => this.fields.get(name).value.trim();
    const part = (name) => Object.fromEntries(Object.keys(this.values[name]).map((key) => [key, value(`${name}.${key}`)]));
    return {
      numbers: part("numbers"),
      multipliers: part("multipliers"),
      patterns: Object.fromEntries(Object.entries(this.values.patterns).map(([pattern]) => [pattern, REGIMES.filter((regime) => this.boxes.get(`${pattern} ${regime}`).checked)])),
      tiers: Object.fromEntries(this.values.tiers.map(({ name }) => [name, { max_size: value(`tiers.${name}.max_size`), loss_limit: value(`tiers.${name}.loss_limit`) }])),
    };
  }

  // Shows each problem at its field; those that have none here are returned.
  mark(problems) {
    for (const element of this.fields.values()) {
      element.removeAttribute("aria-invalid");
      element.parentElement.querySelector(".field__problem").textContent = "";
    }
    const left = [];
    let first = null;
    for (const [name, says] of Object.entries(problems)) {
      const element = this.fields.get(name);
      if (!element) {
        left.push(`${name} ${says}`.trim());
        continue;
      }
      element.setAttribute("aria-invalid", "true");
      element.parentElement.querySelector(".field__problem").textContent = says[0].toUpperCase() + says.slice(1);
      first ??= element;
    }
    first?.focus({ preventScroll: true });
    first?.parentElement.scrollIntoView({ block: "center" });
    return left;
  }

  #field(name, label, input, hint) {
    const id = `setting-${this.fields.size}`;
    input.id = id;
    input.dataset.setting = name;
    input.disabled = this.disabled;
    input.setAttribute("aria-describedby", `${id}-says`);
    this.fields.set(name, input);
    return h("div", { class: "field" }, h("label", { for: id }, label), input, hint ? h("span", { class: "field__hint" }, hint) : null, h("span", { class: "field__problem", id: `${id}-says` }));
  }

  #number(name, label, value, hint = null) {
    return this.#field(name, label, h("input", { inputmode: "decimal", autocomplete: "off", maxlength: "20", value }), hint);
  }

  #select(name, label, options, value) {
    const select = h("select", {}, ...options.map((option) => h("option", { value: option.value, selected: option.value === value }, option.label)));
    return this.#field(name, label, select, "Length of a bar.");
  }

  #tier(tier, currency) {
    return h("fieldset", { class: "settings__tier" },
      h("legend", {}, tier.name, h("span", { class: "muted" }, ` ${tier.symbol}, from ${format.money(tier.from, { places: 0 })} ${currency}`)),
      this.#number(`tiers.${tier.name}.max_size`, `Largest size (smallest ${tier.min_size})`, tier.max_size),
      this.#number(`tiers.${tier.name}.loss_limit`, `Day's loss, ${currency}`, tier.loss_limit));
  }

  #matrix(patterns) {
    const head = h("tr", {}, h("th", { scope: "col" }, "Pattern"), ...REGIMES.map((regime) => h("th", { scope: "col", title: format.words(regime) }, SHORT[regime])));
    const rows = Object.entries(patterns).map(([pattern, regimes]) => h("tr", {},
      h("th", { scope: "row" }, format.words(pattern)),
      ...REGIMES.map((regime) => h("td", {}, h("label", { class: "settings__box" }, this.#box(pattern, regime, regimes.includes(regime)))))));
    return h("table", { class: "settings__matrix" }, h("thead", {}, head), h("tbody", {}, ...rows));
  }

  #box(pattern, regime, checked) {
    const box = h("input", { type: "checkbox", checked, disabled: this.disabled, "aria-label": `${format.words(pattern)} in ${format.words(regime).toLowerCase()}` });
    this.boxes.set(`${pattern} ${regime}`, box);
    return box;
  }
}

const section = (title, about, ...fields) => h("section", { class: "settings__section" },
  h("h3", { class: "settings__title" }, title), about ? h("p", { class: "field__hint" }, about) : null, h("div", { class: "settings__fields" }, ...fields));
