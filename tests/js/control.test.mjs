import assert from "node:assert/strict";
import { test } from "node:test";

import { ControlError, newKey, request } from "../../static/js/control/api.js";
import { controls, processState } from "../../static/js/control/available.js";
import { consequences } from "../../static/js/control/consequences.js";
import { standing, track } from "../../static/js/control/tracked.js";

const config = { symbol: "MES", account: "paper-MES", mode: "paper", tick: "0.25", decimals: 2, lot: "1", synthetic: true, session_date: "2024-06-12" };
const position = { id: "p1", symbol: "MES", dir: 1, size: 2, ep: "4207.25", stop: 16813, target: 16853, open_pnl: "5.02" };

function state({ status = "running", frameAt = 0, ...frame } = {}) {
  return {
    config, frameAt, bars: [{ c: 16800 }], forming: { c: 16839 },
    frame: { session: { status, day: "2024-06-12" }, account: { halts: [], balance: "2500" }, position: null, waiting: null, ...frame },
  };
}
const offered = (of, may = true, now = 0) => Object.fromEntries(controls(of, { now, may }).list.map(({ kind, off }) => [kind, off]));
const says = (kind, of, now = 0) => consequences(kind, of, now).map(({ text }) => text);

test("the process is what its frames say, and silent when they stop", () => {
  assert.equal(processState(state(), 4_000), "running");
  assert.equal(processState(state(), 6_000), "silent");
  assert.equal(processState(state({ status: "stopped" }), 0), "idle");
  assert.equal(processState({ config: null, frame: null, frameAt: null }, 0), "none");
});

test("while it trades one may halt, stop and kill, and flatten what is open", () => {
  assert.deepEqual(offered(state()), { halt: null, flatten: "Nothing is open", stop: null, kill: null });
  assert.equal(offered(state({ position })).flatten, null);
  assert.equal(offered(state({ waiting: { dir: 1, size: 1 } })).flatten, null);
});

test("halted by a person it may be resumed, halted by the day's limit it may not", () => {
  assert.ok("resume" in offered(state({ account: { halts: ["kill"] } })));
  assert.ok("halt" in offered(state({ account: { halts: ["loss_limit"] } })));
});

test("stopped it may be started; silent it may be told all the same", () => {
  assert.ok("start" in offered(state({ status: "stopped" })));
  const silent = offered(state(), true, 60_000);
  assert.deepEqual(silent, { halt: null, flatten: null, stop: null, kill: null });
});

test("who may only look finds everything off, with the reason", () => {
  assert.deepEqual(new Set(Object.values(offered(state({ position }), false))), new Set(["You may look but not steer"]));
});

test("a kill states in numbers what it closes and cancels", () => {
  assert.deepEqual(says("kill", state({ position })), [
    "Closes long 2 MES at market, about 4209.75; open P&L +5.02.",
    "Cancels its stop at 4203.25 and target at 4213.25.",
    "No entries until a person resumes, also after a restart.",
  ]);
});

test("an entry that waits is named, and a flat account too", () => {
  assert.ok(says("flatten", state({ waiting: { dir: -1, size: 3 } })).includes("Cancels the entry that waits (short 3)."));
  assert.ok(says("flatten", state()).includes("Nothing is open: there is nothing to close."));
});

test("a halt leaves the position its bracket", () => {
  assert.ok(says("halt", state({ position })).includes("Long 2 MES stays open and keeps its stop at 4203.25 and target at 4213.25."));
});

test("a resume says what it lifts and what stays", () => {
  const lines = says("resume", state({ account: { halts: ["operator", "loss_limit"] } }));
  assert.deepEqual(lines, ["Lifts the operator's halt.", "Still halted by the loss limit: no entries before that ends."]);
});

test("without a trading process it says what becomes of the command", () => {
  assert.match(says("stop", state(), 30_000).at(-1), /No trading process answers \(no word for 30 s\)\. If none takes it within a minute, it expires\./);
  assert.match(says("kill", state(), 30_000).at(-1), /It is kept/);
});

test("real money is said", () => {
  const live = { ...state({ position }), config: { ...config, mode: "live" } };
  assert.ok(says("stop", live).some((text) => text.includes("stays open under its stop at 4203.25")));
  assert.equal(says("flatten", live).at(-1), "Real money: orders go to the broker.");
});

test("a command never goes back to where it was", () => {
  const done = track(new Map(), { id: 1, status: "done" });
  assert.equal(track(done, { id: 1, status: "executing" }), done);
  const taken = track(track(new Map(), { id: 1, status: "pending" }), { id: 1, status: "executing" });
  assert.equal(taken.get(1).status, "executing");
});

test("how a command stands is said in words", () => {
  assert.deepEqual(standing({ status: "refused", result: "nothing is open" }), { text: "Refused: nothing is open.", level: "error" });
  assert.equal(standing({ status: "expired", result: "nobody came" }).text, "Expired: nobody came. Nothing was done.");
  assert.equal(standing({ status: "pending", result: "" }, { silent: true }).level, "warning");
});

test("what the server refuses is said in its words, what it does not answer in ours", async () => {
  globalThis.document = { querySelector: () => null };
  const answer = (status, body) => async () => ({ ok: status < 300, status, json: async () => { if (body === null) throw new SyntaxError(); return body; } });
  const failed = async (fetching) => {
    try {
      await request("/control/halt/", { body: {}, fetching });
    } catch (error) {
      assert.ok(error instanceof ControlError);
      return error;
    }
    throw new Error("was not refused");
  };
  assert.deepEqual(await request("/x/", { fetching: answer(200, { id: 1 }) }), { id: 1 });
  const refused = await failed(answer(400, { error: "reason is 5", fields: ["reason"] }));
  assert.deepEqual([refused.message, refused.fields], ["reason is 5", ["reason"]]);
  assert.match((await failed(answer(403, null))).message, /Reload the page/);
  assert.match((await failed(async () => { throw new TypeError(); })).message, /does not answer/);
});

test("keys of commands differ and fit", () => {
  assert.match(newKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(newKey(), newKey());
});
