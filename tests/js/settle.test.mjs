import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { GIVEN_UP_MS, SETTLE_MS, Settle } from "../../static/js/settle.js";

let asked, due, settle;

// One timer at most is set; `fire` lets it run out and says how long it was.
const timers = {
  setTimeout(action, after) {
    due = { action, after };
    return due;
  },
  clearTimeout(one) {
    if (one === due) due = null;
  },
};

function fire() {
  const { action, after } = due;
  due = null;
  action();
  return after;
}

beforeEach(() => {
  asked = 0;
  due = null;
  settle = new Settle({ ask: () => { asked += 1; }, timers });
});

test("it asks once, some time after the first answer", () => {
  settle.opened();
  settle.answered();
  assert.equal(fire(), SETTLE_MS);
  assert.equal(asked, 1);
  settle.answered(); // the answer to that, and to all that follow
  assert.equal(due, null);
});

test("an answer on its way is waited for, and asked for again when it is given up", () => {
  settle.opened();
  assert.equal(fire(), GIVEN_UP_MS);
  assert.equal(fire(), GIVEN_UP_MS);
  assert.equal(asked, 2);
  settle.answered();
  assert.equal(fire(), SETTLE_MS);
  assert.equal(due, null);
});

test("a lost connection asks for nothing, the next one begins anew", () => {
  settle.opened();
  settle.closed();
  assert.equal(due, null);
  settle.answered();
  assert.equal(due, null);
  settle.opened();
  settle.answered();
  settle.closed();
  assert.equal(due, null);
  settle.opened();
  assert.equal(due.after, GIVEN_UP_MS);
});
