import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { runInNewContext } from "node:vm";

import { CatchUp, MOST, RETRY_MS } from "../../static/js/catch-up.js";
import { LiveSocket, REFUSED, backOff, liveUrl, takeEarly } from "../../static/js/live-socket.js";

class Timers {
  constructor() {
    this.now = 0;
    this.next = 1;
    this.due = new Map();
  }

  setTimeout(call, after) {
    this.due.set(this.next, { call, at: this.now + after });
    return this.next++;
  }

  clearTimeout(id) {
    this.due.delete(id);
  }

  pass(milliseconds) {
    const until = this.now + milliseconds;
    for (;;) {
      const [id, first] = [...this.due].filter(([, { at }]) => at <= until).sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
      if (!first) break;
      this.due.delete(id);
      this.now = first.at;
      first.call();
    }
    this.now = until;
  }
}

let timers, opened, states, received, socket;

beforeEach(() => {
  timers = new Timers();
  opened = [];
  states = [];
  received = [];
  socket = new LiveSocket({
    url: "ws://here/",
    have: () => 42,
    onMessage: (message) => received.push(message),
    onState: (state) => states.push(state),
    timers,
    random: () => 0.5,
    open: () => {
      const fake = { readyState: 0, sent: [], send: (text) => fake.sent.push(JSON.parse(text)), close: () => {} };
      opened.push(fake);
      return fake;
    },
  });
});

function accept(fake = opened.at(-1)) {
  fake.readyState = 1;
  fake.onopen();
  return fake;
}

test("on opening it asks for what is missing", () => {
  socket.start();
  assert.deepEqual(accept().sent, [{ type: "sync", have: 42 }]);
  assert.deepEqual(states, ["connecting", "open"]);
});

test("a lost socket is replaced after a growing, bounded, jittered wait", () => {
  assert.equal(backOff(0, () => 0), 250);
  assert.equal(backOff(0, () => 1), 500);
  assert.equal(backOff(30, () => 1), 15_000);
  socket.start();
  accept().onclose({ code: 1006 });
  assert.equal(states.at(-1), "closed");
  timers.pass(374);
  assert.equal(opened.length, 1);
  timers.pass(1);
  assert.equal(opened.length, 2);
  opened.at(-1).onclose({ code: 1006 });
  timers.pass(750);
  assert.equal(opened.length, 3);
});

test("a tab that becomes visible does not wait for the back-off", () => {
  socket.start();
  for (let round = 0; round < 6; round += 1) {
    opened.at(-1).onclose({ code: 1006 });
    timers.pass(round < 5 ? 15_000 : 0);
  }
  const before = opened.length;
  socket.wake();
  assert.equal(opened.length, before + 1);
  timers.pass(15_000);
  assert.equal(opened.length, before + 1, "the waiting retry was cancelled");
});

test("not logged in is final: no more attempts", () => {
  socket.start();
  accept().onclose({ code: REFUSED });
  assert.equal(states.at(-1), "refused");
  timers.pass(60_000);
  socket.wake();
  assert.equal(opened.length, 1);
});

test("a silent server is asked and, without an answer, replaced", () => {
  socket.start();
  const fake = accept();
  timers.pass(12_000);
  assert.deepEqual(fake.sent.at(-1), { type: "ping" });
  fake.onmessage({ data: '{"type":"pong"}' });
  assert.deepEqual(received, []);
  timers.pass(12_000);
  timers.pass(5_000);
  assert.equal(states.at(-1), "closed");
  timers.pass(500);
  assert.equal(opened.length, 2);
});

test("what a replaced socket still says is not heard", () => {
  socket.start();
  const old = accept();
  old.onclose({ code: 1006 });
  timers.pass(500);
  accept();
  old.onmessage({ data: '{"type":"frame"}' });
  old.onclose({ code: 1006 });
  assert.deepEqual(received, []);
  assert.equal(states.at(-1), "open");
});

test("what is not JSON is dropped", () => {
  socket.start();
  accept().onmessage({ data: "<html>" });
  assert.deepEqual(received, []);
});

test("a lack is asked for at once, then every half second, a bounded number of times", () => {
  const asked = [];
  const catchUp = new CatchUp({ ask: (from) => asked.push(from), timers });
  catchUp.consider({ have: 5 }, 6);
  assert.deepEqual(asked, [5]);
  for (let round = 0; round < 3; round += 1) catchUp.consider({ have: 5 }, 6);
  assert.deepEqual(asked, [5]);
  timers.pass(RETRY_MS);
  assert.deepEqual(asked, [5, 5]);
  timers.pass(RETRY_MS * 100);
  assert.equal(asked.length, MOST);
});

test("what is no longer lacking is not asked for; a new lack is, but not faster", () => {
  const asked = [];
  const catchUp = new CatchUp({ ask: (from) => asked.push(from), timers });
  catchUp.consider({ have: 5 }, 6);
  catchUp.consider(null, 6);
  timers.pass(RETRY_MS * 4);
  assert.deepEqual(asked, [5]);
  catchUp.consider({ have: 6 }, 7);
  catchUp.consider({ have: 7 }, 8);
  assert.deepEqual(asked, [5, 6]);
  timers.pass(RETRY_MS);
  assert.deepEqual(asked, [5, 6, 7]);
});

test("the way to the server and back is measured, one question at a time", () => {
  const trips = [];
  socket.onRoundTrip = (milliseconds) => trips.push(milliseconds);
  socket.clock = () => timers.now;
  socket.measure(); // not open yet: nothing to ask
  socket.start();
  accept();
  socket.measure();
  timers.pass(35);
  socket.measure();
  assert.equal(opened.at(-1).sent.filter(({ type }) => type === "ping").length, 1);
  opened.at(-1).onmessage({ data: '{"type":"pong"}' });
  opened.at(-1).onmessage({ data: '{"type":"pong"}' });
  assert.deepEqual(trips, [35]);
});

// A socket that was opened before the modules came

function early(readyState, { asked = readyState === 1, waiting = [] } = {}) {
  const fake = { readyState, sent: [], send: (text) => fake.sent.push(JSON.parse(text)), close: () => {} };
  return { url: socket.url, socket: fake, asked, waiting };
}
const told = (message) => ({ data: JSON.stringify(message) });

test("a socket that has asked is taken over with what came, and does not ask again", () => {
  const one = early(1, { waiting: [told({ type: "snapshot" }), told({ type: "frame" })] });
  socket.start(one);
  assert.deepEqual(opened, []);
  assert.deepEqual(states, ["connecting", "open"]);
  assert.deepEqual(received.map(({ type }) => type), ["snapshot", "frame"]);
  one.socket.onmessage(told({ type: "frame" }));
  assert.equal(received.length, 3);
  assert.deepEqual(one.socket.sent, []);
});

test("one that is still opening asks once it is open", () => {
  const one = early(0);
  socket.start(one);
  assert.deepEqual(states, ["connecting"]);
  accept(one.socket);
  assert.deepEqual(one.socket.sent, [{ type: "sync", have: 42 }]);
});

test("when the one taken over is lost, the next asks for what is missing", () => {
  const one = early(1);
  socket.start(one);
  one.socket.onclose({ code: 1006 });
  timers.pass(1_000);
  accept();
  assert.deepEqual(opened[0].sent, [{ type: "sync", have: 42 }]);
});

test("only an early socket of the same address that is not closed is taken, and only once", () => {
  const page = { earlySocket: early(1) };
  assert.ok(takeEarly(page, socket.url));
  assert.equal(takeEarly(page, socket.url), null);
  assert.equal(takeEarly({ earlySocket: early(3) }, socket.url), null);
  assert.equal(takeEarly({ earlySocket: early(1) }, "ws://elsewhere/"), null);
  assert.equal(takeEarly({}, socket.url), null);
});

// The page's script that opens it, as a browser would run it.
function boot(address, { livePage } = {}) {
  const made = [];
  class WebSocket {
    constructor(url) {
      made.push(Object.assign(this, { url, sent: [], closed: false }));
    }

    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close() {
      this.closed = true;
    }
  }
  const location = new URL(address);
  const window = { livePage };
  runInNewContext(readFileSync(new URL("../../static/js/early-socket.js", import.meta.url), "utf8"), { window, location, WebSocket, URLSearchParams });
  return { window, made, location };
}

test("the early socket goes where the page's own would, asks for the whole day and keeps what comes", () => {
  for (const address of ["http://127.0.0.1:8000/", "https://desk.example/?account=paper-MES&cells=delta"]) {
    const { window: page, made: [one], location } = boot(address);
    assert.equal(one.url, liveUrl(location));
    one.onopen();
    one.onmessage("first");
    assert.deepEqual(one.sent, [{ type: "sync", have: null }]);
    assert.equal(page.earlySocket.asked, true);
    assert.deepEqual([...page.earlySocket.waiting], ["first"]);
  }
});

test("it does not come after the page's own, and gives up when nobody takes it", () => {
  assert.deepEqual(boot("http://here/", { livePage: {} }).made, []);
  const { made: [one] } = boot("http://here/");
  for (let count = 0; count <= 500; count += 1) one.onmessage(count);
  assert.equal(one.closed, true);
});
