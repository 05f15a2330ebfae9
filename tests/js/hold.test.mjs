import assert from "node:assert/strict";
import test from "node:test";

import { holdable } from "../../static/js/control/hold.js";

function held() {
  const button = new EventTarget();
  Object.assign(button, { dataset: {}, disabled: false });
  const timers = { due: null, setTimeout: (call) => ((timers.due = call), 1), clearTimeout: () => { timers.due = null; } };
  let acted = 0;
  holdable(button, { action: () => (acted += 1), timers });
  const tell = (name, more = {}) => button.dispatchEvent(Object.assign(new Event(name), { button: 0, clientX: 10, clientY: 10, ...more }));
  return { tell, wait: () => timers.due?.(), acted: () => acted };
}

test("a button that is held down acts", () => {
  const { tell, wait, acted } = held();
  tell("pointerdown");
  wait();
  assert.equal(acted(), 1);
});

test("letting go, and moving away, cancel", () => {
  for (const away of [["pointerup"], ["pointermove", { clientX: 200 }]]) {
    const { tell, wait, acted } = held();
    tell("pointerdown");
    tell(...away);
    wait();
    assert.equal(acted(), 0);
  }
});

test("a page that moves the button from under a resting pointer does not cancel", () => {
  const { tell, wait, acted } = held();
  tell("pointerdown");
  tell("pointerleave");
  tell("pointermove", { clientX: 12 });
  wait();
  assert.equal(acted(), 1);
});
