// The bar that moves the replay: what day and time it is, play, step, speed, and the scrubber.

import * as format from "../format.js";
import { h, text, whenChanged } from "../ui/dom.js";
import { icon } from "./icons.js";
import { SPEEDS, UNITS, speedWords, stateWords, whenWords } from "./words.js";

export class Transport {
  // `on`: {play(), step(unit, back), speed(value), help()}
  constructor(mount, { scrubber, jumps, on }) {
    this.on = on;
    this.unit = "bar";
    this.badge = h("strong", { class: "replay-badge" }, "Replay");
    this.day = h("span", { class: "replay-clock__day" }, format.NONE);
    this.time = h("output", { class: "replay-clock__time", id: "replay-time", "aria-label": "Time of the replay, New York" }, format.NONE);
    this.state = h("span", { class: "replay-clock__state muted", id: "replay-state", role: "status" }, stateWords({ loading: true }));
    this.back = button("step-back", icon("back"), () => on.step(this.unit, true));
    this.playing = button("play", icon("play"), () => on.play());
    this.forward = button("step-forward", icon("forward"), () => on.step(this.unit, false));
    this.playing.classList.add("replay-play");
    this.units = h("select", { id: "step-unit", onchange: () => this.#units(this.units.value) },
      ...Object.entries(UNITS).map(([unit, name]) => h("option", { value: unit }, name)));
    this.speeds = h("select", { id: "replay-speed", onchange: () => on.speed(this.speeds.value === "max" ? "max" : Number(this.speeds.value)) },
      ...SPEEDS.map((speed) => h("option", { value: speed }, speedWords(speed))));
    this.controls = h("fieldset", { class: "replay-controls", disabled: true }, h("legend", { class: "visually-hidden" }, "Player"),
      this.back, this.playing, this.forward,
      h("label", { class: "choice", title: "What one step is" }, h("span", {}, "Step"), this.units),
      h("label", { class: "choice", title: "Times as fast as it was" }, h("span", {}, "Speed"), this.speeds));
    mount.replaceChildren(
      h("div", { class: "replay-clock" }, this.badge, h("span", { class: "replay-clock__when" }, this.day, this.time), this.state),
      this.controls, scrubber.element, jumps.element,
      h("button", { type: "button", class: "button button--quiet button--icon replay-help", "aria-label": "Keyboard shortcuts", title: "Keys ( ? )", onclick: on.help }, "?"),
    );
    this.play = whenChanged((playing, over) => this.#play(playing, over));
    this.#units("bar");
    this.play(false, false);
  }

  load(day) {
    this.date = day.day;
    this.controls.disabled = false;
  }

  // `head`: the `playhead` message
  show(head) {
    this.#when(head.t);
    text(this.state, stateWords(head));
    this.play(head.playing, head.over);
    if (document.activeElement !== this.speeds) this.speeds.value = String(head.speed);
  }

  // While a finger drags, before the server is there.
  ahead(t) {
    this.#when(t);
  }

  #when(t) {
    text(this.day, whenWords(this.date, t));
    text(this.time, format.timeExact(t));
  }

  // Another connection is being made, or none will be.
  disable(words) {
    this.controls.disabled = true;
    text(this.state, words);
  }

  #play(playing, over) {
    const [sign, name] = playing ? ["pause", "Pause"] : over ? ["again", "Play the day again"] : ["play", "Play"];
    this.playing.replaceChildren(icon(sign));
    label(this.playing, name, "Space");
    this.playing.setAttribute("aria-pressed", String(playing));
  }

  #units(unit) {
    this.unit = unit;
    this.units.value = unit;
    const name = UNITS[unit].toLowerCase();
    label(this.back, `Back one ${name}`, KEYS_OF[unit][0]);
    label(this.forward, `Forward one ${name}`, KEYS_OF[unit][1]);
  }
}

const KEYS_OF = { tick: [",", "."], bar: ["←", "→"], signal: ["Shift ←", "Shift →"], trade: ["[", "]"] };

function button(id, sign, onclick) {
  return h("button", { id, type: "button", class: "button button--icon", onclick }, sign);
}

function label(element, name, key) {
  element.setAttribute("aria-label", name);
  element.title = `${name} ( ${key} )`;
}
