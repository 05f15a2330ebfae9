// The live page's socket: stays connected, says how it is, and asks for what is missing.
//
// Rules: back-off doubles from 0.5 s to 15 s with jitter and starts over once messages come; a tab that
// becomes visible or a network that comes back tries at once; a server that says nothing is asked, and
// dropped if it does not answer. Everything the outside may differ in is handed in, for tests.

export const REFUSED = 4401; // close code: not logged in
const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const QUIET_MS = 12_000;
const ANSWER_MS = 5_000;

// Where the live page's socket is; early-socket.js has the same.
export function liveUrl({ protocol, host, search }) {
  const account = new URLSearchParams(search).get("account");
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/live/${account ? `?${new URLSearchParams({ account })}` : ""}`;
}

// The socket that was opened before this code was here, once, if it is still of use.
export function takeEarly(page, url) {
  const early = page.earlySocket;
  page.earlySocket = null;
  return early && early.url === url && early.socket.readyState <= 1 ? early : null;
}

export function backOff(attempt, random = Math.random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(ceiling / 2 + random() * (ceiling / 2));
}

export class LiveSocket {
  // `have()` says what the page has; `onState` gets "connecting" | "open" | "closed" | "refused".
  constructor({ url, have, onMessage, onState, onRoundTrip = () => {}, open = (to) => new WebSocket(to),
    timers = globalThis, random = Math.random, clock = () => performance.now() }) {
    Object.assign(this, { url, have, onMessage, onState, onRoundTrip, openSocket: open, timers, random, clock });
    this.asked = null; // when the server was asked for a sign of life
    this.attempt = 0;
    this.socket = null;
    this.retry = null;
    this.quiet = null;
    this.state = null;
  }

  // `early`: {socket, asked, waiting}: one that is open or opening; whether it has asked for the day; what came.
  start(early = null) {
    if (this.socket || this.state === "refused") return;
    this.#clear();
    this.#tell(this.attempt === 0 ? "connecting" : this.state);
    const socket = early?.socket ?? this.openSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.#tell("open");
      if (!early?.asked) this.sync(this.have());
      this.#listen();
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.attempt = 0;
      this.#listen();
      const message = parse(event.data);
      if (message?.type === "pong") this.#answered();
      else if (message) this.onMessage(message);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.#lost(event.code);
    };
    if (early?.socket.readyState === 1) socket.onopen();
    for (const event of early?.waiting.splice(0) ?? []) socket.onmessage(event);
  }

  // How long the way to the server and back takes now: `onRoundTrip` gets the milliseconds.
  measure() {
    if (this.state !== "open" || this.asked !== null) return;
    this.asked = this.clock();
    this.#send({ type: "ping" });
  }

  // Now, rather than when the back-off is over: the tab is looked at again, the network is back.
  wake() {
    if (this.socket === null) this.start();
    else if (this.state === "open") this.#ask();
  }

  sync(have) {
    this.#send({ type: "sync", have });
  }

  // A message that is not about catching up; without a connection it is not sent.
  send(message) {
    this.#send(message);
  }

  stop() {
    const socket = this.socket;
    this.socket = null;
    this.#clear();
    socket?.close(1000);
  }

  #send(message) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  #answered() {
    if (this.asked !== null) this.onRoundTrip(this.clock() - this.asked);
    this.asked = null;
  }

  #listen() {
    this.timers.clearTimeout(this.quiet);
    this.quiet = this.timers.setTimeout(() => this.#ask(), QUIET_MS);
  }

  #ask() {
    this.timers.clearTimeout(this.quiet);
    this.#send({ type: "ping" });
    this.quiet = this.timers.setTimeout(() => {
      this.socket?.close(4000);
      this.#lost(4000); // a dead connection may take minutes to close by itself
    }, ANSWER_MS);
  }

  #lost(code) {
    this.socket = null;
    this.#clear();
    if (code === REFUSED) {
      this.#tell("refused");
      return;
    }
    this.#tell("closed");
    this.retry = this.timers.setTimeout(() => this.start(), backOff(this.attempt, this.random));
    this.attempt += 1;
  }

  #clear() {
    this.timers.clearTimeout(this.retry);
    this.timers.clearTimeout(this.quiet);
    this.retry = this.quiet = this.asked = null;
  }

  #tell(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
