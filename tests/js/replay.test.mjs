import assert from "node:assert/strict";
import { test } from "node:test";

import { Address, asked, query } from "../../static/js/replay/address.js";
import { KEYS, meant, register } from "../../static/js/replay/keys.js";
import { Shortcuts } from "../../static/js/shortcuts.js";
import { Seeker } from "../../static/js/replay/seeker.js";
import { linePoints, nearest, share, timeAt, visible, volumeHeights } from "../../static/js/replay/timeline.js";
import { SPEEDS, dayWords, markWords, speedWords, stateWords, whenWords } from "../../static/js/replay/words.js";

const DAY = { from: 1_000, to: 11_000 };
const signal = (t, ok = true) => ({ t, kind: "signal", id: `s${t}`, label: "BUY_IMBALANCE", dir: 1, ok });
const trade = (t) => ({ t, kind: "trade", id: `t${t}`, label: "BUY_IMBALANCE", dir: -1, ok: true, end: t + 500, net: "12.5" });

class Timers {
  constructor() {
    this.waiting = new Map();
    this.next = 1;
  }

  setTimeout(action) {
    this.waiting.set(this.next, action);
    return this.next++;
  }

  clearTimeout(id) {
    this.waiting.delete(id);
  }

  fire() {
    const due = [...this.waiting.values()];
    this.waiting.clear();
    for (const action of due) action();
  }
}

test("a time and its share of the day lead to each other, within the day", () => {
  assert.equal(share(3_500, DAY), 0.25);
  assert.equal(timeAt(0.25, DAY), 3_500);
  assert.deepEqual([share(0, DAY), share(20_000, DAY)], [0, 1]);
  assert.deepEqual([timeAt(-1, DAY), timeAt(2, DAY)], [1_000, 11_000]);
  assert.equal(share(5, { from: 5, to: 5 }), 0);
});

test("what is to come can be left out", () => {
  const marks = [signal(2_000), trade(4_000), signal(6_000)];
  assert.deepEqual(visible(marks, 4_000, true).map(({ t }) => t), [2_000, 4_000]);
  assert.equal(visible(marks, 4_000, false), marks);
});

test("of marks in one place the trade is meant, then the accepted signal", () => {
  const marks = [signal(4_000, false), signal(4_010), trade(4_040)];
  assert.equal(nearest(marks, 4_000, 100).kind, "trade");
  assert.equal(nearest(marks.slice(0, 2), 4_000, 100).ok, true);
  assert.equal(nearest(marks, 4_000, 9).ok, false);
  assert.equal(nearest(marks, 9_000, 100), null);
});

test("a far trade does not win over a near signal", () => {
  assert.equal(nearest([signal(4_000), trade(4_090)], 4_000, 100).kind, "signal");
});

test("the line fills its box and leaves out what had not traded", () => {
  const points = linePoints([null, 10, 30, 20], 400, 104, 2);
  assert.equal(points[0], null);
  assert.deepEqual(points.slice(1), [{ x: 200, y: 102 }, { x: 300, y: 2 }, { x: 400, y: 52 }]);
  assert.deepEqual(linePoints([null, null], 400, 100), []);
  assert.equal(linePoints([7, 7], 400, 100, 0)[0].y, 100);
  assert.deepEqual(volumeHeights([0, 25, 100], 40), [0, 20, 40]);
});

test("one seek is on its way, and of those that follow the last one goes next", () => {
  const sent = [];
  const seeker = new Seeker({ send: (message) => sent.push(message), timers: new Timers() });
  for (const t of [1, 2, 3]) seeker.want({ t });
  assert.deepEqual(sent, [{ type: "seek", t: 1 }]);
  seeker.arrived();
  assert.deepEqual(sent.at(-1), { type: "seek", t: 3 });
  seeker.arrived();
  assert.equal(sent.length, 2);
  assert.equal(seeker.busy, false);
});

test("a seek that is not answered is given up, and one of a lost connection forgotten", () => {
  const sent = [];
  const timers = new Timers();
  const seeker = new Seeker({ send: (message) => sent.push(message.t), timers });
  seeker.want({ t: 1 });
  seeker.want({ t: 2 });
  timers.fire();
  assert.deepEqual(sent, [1, 2]);
  seeker.want({ t: 3 });
  seeker.forget();
  seeker.arrived();
  seeker.want({ t: 4 });
  assert.deepEqual(sent, [1, 2, 4]);
});

test("an address says where the replay is and leads there again", () => {
  assert.equal(query({ t: 17, speed: 10 }), "?t=17&speed=10");
  assert.equal(query({ t: 17, speed: 1 }), "?t=17");
  assert.equal(query({ t: 17, speed: "max", play: true }), "?t=17&speed=max&play=1");
  assert.equal(query({ trade: "paper-1", t: 17 }), "?trade=paper-1");
  assert.equal(query({ t: 17, bars: "time-60" }), "?t=17&bars=time-60");
  assert.equal(query({ bars: null }), "");
  assert.equal(query({}), "");
  assert.deepEqual(asked("?t=17&speed=10&other=1"), { t: "17", speed: "10" });
  assert.deepEqual(asked("?trade=paper-1&speed="), { trade: "paper-1" });
});

test("the address is written at most once in a while, the last one for certain", () => {
  const timers = new Timers();
  const written = [];
  const address = new Address({ write: (text) => written.push(text), timers });
  for (const text of ["?t=1", "?t=2", "?t=3"]) address.show(text);
  assert.deepEqual(written, ["?t=1"]);
  timers.fire();
  assert.deepEqual(written, ["?t=1", "?t=3"]);
  timers.fire();
  address.show("?t=4");
  assert.deepEqual(written, ["?t=1", "?t=3", "?t=4"]);
});

test("keys step by tick, bar, signal and trade, and change the speed", () => {
  const at = { speeds: SPEEDS, speed: 300 };
  const asked = (key, shift = false) => meant(KEYS.find(([name]) => name === key)[2], shift, at);
  assert.deepEqual(asked("ArrowLeft"), { do: "step", unit: "bar", back: true });
  assert.deepEqual(asked("ArrowRight", true), { do: "step", unit: "signal", back: false });
  assert.deepEqual(asked(".", true), { do: "step", unit: "tick", back: false });
  assert.deepEqual(asked("]"), { do: "step", unit: "trade", back: false });
  assert.deepEqual(asked("ArrowUp"), { do: "speed", value: "max" });
  assert.deepEqual(asked("ArrowDown"), { do: "speed", value: 120 });
  assert.equal(meant({ do: "speed", by: 1 }, false, { speeds: SPEEDS, speed: "max" }), null);
});

test("Space is the button's that has the focus, else it plays", () => {
  const shortcuts = new Shortcuts();
  const done = [];
  register(shortcuts, { situation: () => ({ speeds: SPEEDS, speed: 1 }), act: (wish) => done.push(wish.do) });
  const button = { click: () => done.push("click") };
  const press = (closest) => shortcuts.press({ key: " ", target: { closest }, preventDefault() {} });
  press((selector) => (selector.includes("button") ? button : null));
  press(() => null);
  assert.deepEqual(done, ["click", "play"]);
  assert.equal(shortcuts.groups()[0][1].length, KEYS.length);
});

test("marks and states are told in words", () => {
  assert.equal(markWords(trade(1)), "Short trade: Buy imbalance, +12.50");
  assert.equal(markWords({ ...trade(1), end: null, net: null }), "Short trade: Buy imbalance, open at the end");
  assert.equal(markWords(signal(1, false)), "Long signal: Buy imbalance, rejected");
  assert.equal(stateWords({ playing: true, over: false }), "Playing");
  assert.equal(stateWords({ playing: false, over: true }), "End of the day");
  assert.equal(dayWords("2024-06-12"), "Wed, 12 Jun 2024");
  assert.equal(whenWords("2024-06-12", Date.UTC(2024, 5, 12, 14)), "Wed, 12 Jun 2024");
  assert.equal(whenWords("2024-06-12", Date.UTC(2024, 5, 12, 1)), "Tue, 11 Jun 2024, for Wed, 12 Jun 2024");
  assert.deepEqual([speedWords(30), speedWords("max")], ["30×", "Max"]);
});
