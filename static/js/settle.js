// Asks once more some time after the first answer on a connection: by then the database has what happened
// while the page connected. While that answer is on its way nothing is asked for, however slow the server
// is; only an answer that is given up is asked for again.

export const SETTLE_MS = 2_500;
export const GIVEN_UP_MS = 10_000;

export class Settle {
  constructor({ ask, timers = globalThis }) {
    Object.assign(this, { ask, timers });
    this.waiting = false;
    this.due = null;
  }

  // The connection is there, and its first question asked.
  opened() {
    this.closed();
    this.waiting = true;
    this.#giveUpLater();
  }

  answered() {
    if (!this.waiting) return;
    this.waiting = false;
    this.#after(SETTLE_MS, this.ask);
  }

  closed() {
    this.waiting = false;
    this.timers.clearTimeout(this.due);
    this.due = null;
  }

  #giveUpLater() {
    this.#after(GIVEN_UP_MS, () => {
      this.ask();
      this.#giveUpLater();
    });
  }

  #after(milliseconds, action) {
    this.timers.clearTimeout(this.due);
    this.due = this.timers.setTimeout(action, milliseconds);
  }
}
