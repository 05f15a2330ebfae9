// Which sessions there are, for the menu; and why no frame comes, when none does.

import { silenceWords } from "./sessions.js";
import { SessionMenu } from "./ui/session-menu.js";

const SILENT_MS = 4_000;
const POLL_MS = 2_000;

export class SessionWatch {
  // `send(message)` to the server; `station` is the workstation.
  constructor({ station, send }) {
    Object.assign(this, { station, send });
    this.polledAt = 0;
    this.since = performance.now(); // when we began to wait for a frame
    this.menu = new SessionMenu({ ask: () => send({ type: "sessions" }), account: () => station.state.config?.account });
    station.keys.set("a", () => this.menu.open(), { group: "Page", does: "Account and symbol" });
    station.onMessage("sessions", (message) => this.#heard(message));
    station.panels.push({ render: (state, now) => this.#look(state, now), tick: (state, now) => this.#look(state, now) });
  }

  // Frames tell that all is well; without one for a while, ask what is wrong.
  #look(state, now) {
    const { station } = this;
    if (state.frameAt !== null) this.since = state.frameAt;
    const silent = station.connection === "open" && state.synced && now - this.since > SILENT_MS;
    if (!silent) {
      if (station.warning !== null) station.warn(null);
      return;
    }
    if (now - this.polledAt < POLL_MS) return;
    this.polledAt = now;
    this.send({ type: "sessions" });
    if (station.warning?.poll) station.ask(station.have());
  }

  #heard(message) {
    this.menu.show(message);
    const { state } = this.station;
    if (performance.now() - this.since > SILENT_MS && state.config) this.station.warn(silenceWords(message, state.config.account, state.frameAt !== null));
  }
}
