import assert from "node:assert/strict";
import { test } from "node:test";

import { Shortcuts } from "../../static/js/shortcuts.js";
import { Sound, tones } from "../../static/js/ui/sound.js";
import { ofConnection, ofFrame, ofNotice } from "../../static/js/ui/toast-rules.js";

const config = { tick: "0.25", decimals: 2, lot: "1" };
const before = (frame = {}) => ({ config, trades: [], frame: { account_name: "a", position: null, ...frame } });
const frame = (more = {}) => ({ account_name: "a", notices: [], trades: [], position: null, ...more });
const position = { id: "p", dir: 1, size: 2, symbol: "MES", ep: "4207.2500", stop: 16813, target: 16853 };
const trade = { id: "p", dir: 1, size: 2, symbol: "MES", xt: 5, xp: "4213.25", net: "57.52", why: "target" };

test("an entry and an exit are told in numbers, each with the fill's sound", () => {
  const [opened] = ofFrame(frame({ position }), before());
  assert.deepEqual([opened.title, opened.text, opened.sound], ["Opened long 2 MES", "at 4207.25, stop 4203.25, target 4213.25", "fill"]);
  const [closed] = ofFrame(frame({ trades: [trade] }), before({ position }));
  assert.deepEqual([closed.title, closed.text, closed.sound], ["Closed long 2 MES", "+57.52 net at 4213.25, target", "fill"]);
});

test("what was there when the page joined is no news", () => {
  assert.deepEqual(ofFrame(frame({ position, trades: [trade] }), { config: null, frame: null, trades: [] }), []);
  assert.deepEqual(ofFrame(frame({ position }), before({ position })), []);
  assert.deepEqual(ofFrame(frame({ trades: [trade] }), { ...before({ position }), trades: [trade] }), []);
});

test("another account's frame is none of ours", () => {
  assert.deepEqual(ofFrame(frame({ account_name: "b", position }), before()), []);
});

test("halts and rejects sound an alert, phases and commands are no toasts", () => {
  const halted = ofNotice({ kind: "halted", text: "Halted (loss_limit): the day's loss reached its limit", level: "warning" });
  assert.deepEqual([halted.level, halted.text, halted.sound], ["warning", "Loss limit: the day's loss reached its limit", "alert"]);
  assert.equal(ofNotice({ kind: "halted", text: "Halted (operator): operator", level: "warning" }).text, "By the operator");
  assert.equal(ofNotice({ kind: "rejected", text: "Order x rejected: y", level: "error" }).level, "error");
  assert.deepEqual(ofNotice({ kind: "feed_lost", text: "Databento is lost: silence", level: "warning" }).sound, "alert");
  assert.equal(ofNotice({ kind: "feed_roll", text: "Rolled from MESZ5 to MESH6", level: "warning" }).title, "Contract rolled");
  assert.equal(ofNotice({ kind: "feed_connected", text: "Connected", level: "info" }), null);
  assert.equal(ofNotice({ kind: "session", text: "Session: open", level: "info" }), null);
  assert.equal(ofNotice({ kind: "command", text: "Halt: halted", level: "info" }), null);
});

test("a lost line stays said until it is back; the first connection is no news", () => {
  assert.equal(ofConnection("open", "closed").lasts, Infinity);
  assert.equal(ofConnection("closed", "open").title, "Connection restored");
  assert.equal(ofConnection(null, "open"), null);
  assert.equal(ofConnection("closed", "closed"), null);
});

function fakeSound(kept) {
  const started = [];
  const node = () => ({ connect: (to) => to, frequency: {}, gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, start: (at) => started.push(at), stop() {} });
  let made = 0;
  const context = { currentTime: 0, state: "running", destination: {}, createOscillator: node, createGain: node };
  const store = new Map(kept ? [["sound", kept]] : []);
  const target = new EventTarget();
  const clock = { at: 0 };
  const sound = new Sound({
    storage: () => ({ getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value) }),
    makeContext: () => { made += 1; return context; }, now: () => clock.at, target,
  });
  return { sound, started, store, target, clock, made: () => made };
}

test("sound is off until it is switched on, and the choice is kept", () => {
  const { sound, store, started } = fakeSound();
  assert.equal(sound.play("alert"), false);
  assert.equal(sound.toggle(), true);
  assert.equal(store.get("sound"), "on");
  assert.equal(started.length, tones("info").length);
});

test("a kept choice sounds only after the page was touched", () => {
  const { sound, target, made } = fakeSound("on");
  assert.equal(sound.play("fill"), false);
  assert.equal(made(), 0);
  target.dispatchEvent(new Event("pointerdown"));
  assert.equal(sound.play("fill"), true);
});

test("a burst of fills is one sound, and an alert is another", () => {
  const { sound, clock } = fakeSound();
  sound.toggle();
  clock.at = 1_000;
  assert.deepEqual([sound.play("fill"), sound.play("fill"), sound.play("alert")], [true, false, true]);
  assert.notDeepEqual(tones("fill"), tones("alert"));
});

const press = (key, more = {}) => ({ key, target: { closest: () => null }, preventDefault() { this.prevented = true; }, ...more });

test("a key acts, but not in fields, dialogs, or with a modifier", () => {
  const seen = [];
  const keys = new Shortcuts().set("f", () => seen.push("f"), { group: "Trading", does: "Flatten" });
  assert.equal(keys.press(press("f")), true);
  assert.equal(keys.press(press("f", { ctrlKey: true })), false);
  assert.equal(keys.press(press("f", { target: { closest: () => ({}) } })), false);
  assert.equal(keys.press(press("q")), false);
  assert.deepEqual(seen, ["f"]);
});

test("the help sheet has every key that is described, by group", () => {
  const keys = new Shortcuts().set("+", () => {}, { group: "Chart", does: "Zoom in" }).set("=", () => {}).set("ArrowLeft", () => {}, { group: "Chart", does: "Earlier" });
  assert.deepEqual(keys.groups(), [["Chart", [{ key: "+", does: "Zoom in" }, { key: "←", does: "Earlier" }]]]);
});
