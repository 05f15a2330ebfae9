// Seeks one at a time: while one is on its way only the latest of those that follow is kept. A finger
// on the scrubber asks sixty times a second; the server answers as fast as it can.

export const PATIENCE_MS = 3_000; // after that an answer is given up

export class Seeker {
  constructor({ send, timers = globalThis }) {
    Object.assign(this, { send, timers });
    this.waiting = null;
    this.patience = null;
  }

  get busy() {
    return this.patience !== null;
  }

  // `seek`: {t} or {trade}
  want(seek) {
    if (this.busy) {
      this.waiting = seek;
      return;
    }
    this.send({ type: "seek", ...seek });
    this.patience = this.timers.setTimeout(() => this.arrived(), PATIENCE_MS);
  }

  // The server said where it is.
  arrived() {
    if (!this.busy) return;
    this.timers.clearTimeout(this.patience);
    this.patience = null;
    const next = this.waiting;
    this.waiting = null;
    if (next) this.want(next);
  }

  // The connection is gone, and with it what was asked.
  forget() {
    this.timers.clearTimeout(this.patience);
    this.patience = this.waiting = null;
  }
}
