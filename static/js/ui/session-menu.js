// The sessions that there are: a button beside the symbol, and a sheet with links to each.

import * as format from "../format.js";
import { accountAddress, sorted, stateWords } from "../sessions.js";
import { $, h, profitTone } from "./dom.js";
import { popover } from "./popover.js";

const REFRESH_MS = 2_000;

export class SessionMenu {
  // `ask()` asks the server for the list; `account()` is the one that is shown.
  constructor({ ask, account }) {
    Object.assign(this, { ask, account });
    this.known = null;
    this.timer = null;
    const mount = $("session-menu");
    const { session, replay } = mount.dataset; // addresses with a 0 where the session's number goes
    this.address = (pattern, id) => pattern?.replace("/0/", `/${id}/`);
    Object.assign(this, { sessionAt: session, replayAt: replay });
    const button = h("button", { type: "button", id: "sessions", class: "button button--quiet button--icon menu-button", "aria-label": "Choose account and symbol", title: "Account and symbol" }, h("span", { "aria-hidden": "true" }, "▾"));
    mount.replaceChildren(button);
    this.popover = popover({
      button, name: "sessions-sheet", label: "Account and symbol", fill: () => this.#sheet(),
      onToggle: (open) => this.#toggled(open),
    });
  }

  open() {
    this.popover.open();
  }

  show(known) {
    const same = JSON.stringify(known) === JSON.stringify(this.known);
    this.known = known;
    if (same || !this.popover.isOpen()) return;
    const focused = document.activeElement?.getAttribute?.("href") ?? null;
    this.popover.set(this.#sheet());
    if (focused) this.popover.sheet.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  #toggled(open) {
    clearInterval(this.timer);
    if (!open) return;
    this.ask();
    this.timer = setInterval(() => this.ask(), REFRESH_MS);
  }

  #sheet() {
    if (this.known === null) return [h("p", { class: "menu-sheet__lead" }, "Loading the sessions…")];
    const { running, over } = sorted(this.known.sessions);
    return [
      h("h2", { class: "menu-sheet__title" }, "Running now"),
      running.length > 0 ? h("ul", { class: "sessions" }, ...running.map((session) => this.#running(session)))
        : h("p", { class: "menu-sheet__lead" }, "No session runs."),
      ...(over.length > 0 ? [h("h2", { class: "menu-sheet__title" }, "Over"), h("ul", { class: "sessions" }, ...over.map((session) => this.#over(session)))] : []),
    ];
  }

  #running(session) {
    const current = session.account === this.account();
    return h("li", {}, h("a", { class: "sessions__link", href: accountAddress(session.account, location.search), "aria-current": current ? "true" : null }, ...what(session),
      h("span", { class: "sessions__state", "data-level": "ok" }, h("span", { class: "dot" }), stateWords(session)), net(session)));
  }

  #over(session) {
    const label = `${session.symbol}, ${session.account}, ${session.day}`;
    return h("li", { class: "sessions__over" },
      h("a", { class: "sessions__link", href: this.address(this.sessionAt, session.id) }, ...what(session), h("span", { class: "sessions__state" }, `${session.day}, ${stateWords(session)}`), net(session)),
      h("a", { class: "button button--quiet", href: this.address(this.replayAt, session.id), "aria-label": `Replay ${label}` }, "Replay"));
  }
}

const what = (session) => [
  h("strong", { class: "sessions__symbol" }, session.symbol),
  h("span", { class: "sessions__account" }, session.account),
  h("span", { class: `badge badge--${session.mode === "live" ? "live" : "paper"}` }, session.mode),
];

const net = (session) =>
  h("span", { class: `sessions__net ${profitTone(format.signOf(session.net)) ?? "muted"}`, title: `${session.trades} trades` }, format.money(session.net, { sign: true }));
