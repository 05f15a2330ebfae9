// The band that says that money is real: always there in live mode, and never in a replay.

import { moneyWords } from "../money.js";
import { $, h, whenChanged } from "./dom.js";

const paint = whenChanged((words) => {
  const band = $("money");
  const said = JSON.parse(words);
  band.hidden = said === null;
  if (said === null) {
    delete document.body.dataset.money;
    return;
  }
  const { label, level, parts, test } = said;
  band.dataset.level = level;
  band.dataset.kind = test ? "test" : "real";
  document.body.dataset.money = band.dataset.kind;
  band.replaceChildren(
    h("strong", { class: "money__label" }, label),
    ...parts.map(({ text, level: how, title }) => h("span", { class: "money__part", "data-level": how, title: title || null },
      ...(how === "warn" ? [h("span", { class: "money__sign", "aria-hidden": "true" }, "▲")] : []), text)),
  );
});

export class MoneyBand {
  constructor(station) {
    this.station = station;
  }

  render(state, now) {
    this.tick(state, now);
  }

  tick(state, now) {
    paint(JSON.stringify(moneyWords(this.station.state, this.station.connection, now)));
  }
}
