// The page's address says where the replay is, so that a reload or a link leads there again.

export const EVERY_MS = 1_000;

// What an address asks for: strings, as the server takes them.
export function asked(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(["t", "trade", "speed"].map((name) => [name, query.get(name)]).filter(([, value]) => value));
}

// "?t=1718200000000&speed=10"; speed 1 goes without saying.
export function query({ t = null, trade = null, speed = 1, play = false, bars = null }) {
  const words = new URLSearchParams();
  if (trade) words.set("trade", trade);
  else if (t !== null) words.set("t", String(t));
  if (String(speed) !== "1") words.set("speed", String(speed));
  if (play) words.set("play", "1");
  if (bars) words.set("bars", bars);
  const text = words.toString();
  return text && `?${text}`;
}

// Writes the address at most once in EVERY_MS, and the last one for certain.
export class Address {
  constructor({ write, timers = globalThis }) {
    Object.assign(this, { write, timers });
    this.cooling = null;
    this.next = null;
  }

  show(text) {
    if (this.cooling !== null) {
      this.next = text;
      return;
    }
    this.write(text);
    this.cooling = this.timers.setTimeout(() => {
      this.cooling = null;
      const { next } = this;
      this.next = null;
      if (next !== null) this.show(next);
    }, EVERY_MS);
  }
}
