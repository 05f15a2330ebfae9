// Asks for bars that the page lacks: at once, then every half second, a bounded number of times for the
// same lack. A server that cannot supply a bar must not be asked for ever.

export const RETRY_MS = 500;
export const MOST = 8;

export class CatchUp {
  constructor({ ask, timers = globalThis }) {
    Object.assign(this, { ask, timers });
    this.lack = null;
    this.key = null;
    this.tries = 0;
    this.cooling = null;
  }

  // `lack` is `missing(state)`; `until` names what is lacked, so that a new lack counts anew.
  consider(lack, until) {
    const key = lack && `${lack.have} ${until}`;
    if (key !== this.key) this.tries = 0;
    this.key = key;
    this.lack = lack;
    if (this.cooling === null) this.#ask();
  }

  #ask() {
    if (this.lack === null || this.tries >= MOST) return;
    this.tries += 1;
    this.ask(this.lack.have);
    this.cooling = this.timers.setTimeout(() => {
      this.cooling = null;
      this.#ask();
    }, RETRY_MS);
  }
}
