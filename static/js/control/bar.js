// The control bar: what may be done now, each asking first; and what became of what anybody asked for.

import { $, h, whenChanged } from "../ui/dom.js";
import { ControlError, recent } from "./api.js";
import { controls } from "./available.js";
import { CommandDialog } from "./dialog.js";
import { over, standing, track } from "./tracked.js";

const NAMES = { halt: "Halt", resume: "Resume", flatten: "Flatten", stop: "Stop", start: "Start", kill: "Kill switch" };
const ENDS = {
  stopped: "Stopped. Nothing is traded until the session is started again.",
  ended: "The recording is over. Nothing is traded.",
  failed: "The session failed. Nothing is traded; the notices say why.",
};
const TITLES = {
  halt: "No more entries until you resume ( h )", resume: "Allow entries again ( h )",
  flatten: "Close the position at market ( f )", stop: "End the session; the page stays",
  start: "Begin the session again", kill: "Flatten, cancel, halt until a person resumes ( k )",
};

export class ControlBar {
  // `toast` gets {key, level, title, text}; `extra` are elements that stand before the kill switch.
  constructor(station, root, { toast, extra = [] }) {
    this.station = station;
    this.may = root.dataset.may === "yes";
    this.toast = toast;
    this.commands = new Map();
    this.account = null;
    this.now = () => performance.now();
    this.dialog = new CommandDialog({ state: () => station.state, onAnswer: (said) => this.#answer(said) });
    this.buttons = h("div", { class: "control-bar__group", role: "group", "aria-label": "Trading" });
    this.kill = this.#button("kill", "Kill");
    this.kill.classList.add("button--danger", "control-bar__kill");
    root.append(this.buttons, ...extra, this.kill);
    this.strip = h("div", { class: "idle-strip", role: "status", hidden: true });
    $("banner").after(this.strip);
    this.drawStrip = whenChanged((words) => this.#strip(words));
    this.draw = whenChanged((shown) => this.#draw(JSON.parse(shown)));
    station.onMessage("command", (said) => this.hear(said));
    station.panels.push({ render: () => this.render(), tick: () => this.render() });
    this.render();
  }

  render() {
    const { state } = this.station;
    const { list, process } = controls(state, { now: this.now(), may: this.may });
    this.offered = new Map(list.map((one) => [one.kind, one]));
    this.draw(JSON.stringify(list));
    this.drawStrip(process === "idle" ? ENDS[state.frame.session.status] : "");
    document.body.dataset.process = process;
    if (this.dialog.element.open) this.dialog.render();
    if (state.config && state.config.account !== this.account) {
      this.account = state.config.account;
      this.#catchUp();
    }
  }

  // Opens the dialog; nothing is ever done without it.
  open(kind) {
    const one = this.offered.get(kind);
    if (!one) return;
    if (one.off === null) this.dialog.open(kind);
    else this.toast({ key: `off-${kind}`, level: "info", title: NAMES[kind], text: `${one.off}.` });
  }

  // Whichever of the two there is now.
  openEither(...kinds) {
    const kind = kinds.find((name) => this.offered.has(name));
    if (kind) this.open(kind);
  }

  hear(said) {
    if (this.account !== null && said.account_name !== this.account) return;
    const before = this.commands;
    this.commands = track(before, said);
    if (this.commands === before) return;
    if (this.dialog.hear(said) || this.dialog.shows(said.id)) return;
    if (over(said)) this.#tell(said);
  }

  // The answer to our own request: the socket may have told of the command, even its end, before it.
  #answer(said) {
    this.hear(said);
    this.dialog.hear(this.commands.get(said.id) ?? said);
  }

  // What was asked for before this page was there: known, not told.
  async #catchUp() {
    try {
      const { commands } = await recent(this.account);
      for (const said of commands.reverse()) this.commands = track(this.commands, said);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error; // the socket tells what comes
    }
  }

  #tell(said) {
    const { text, level } = standing(said);
    this.toast({
      key: `command-${said.id}`, level: level === "ok" ? "info" : level, text,
      title: `${NAMES[said.kind] ?? said.kind}${said.by ? ` by ${said.by}` : ""}`,
    });
  }

  #draw(list) {
    const focused = document.activeElement?.dataset?.command ?? null;
    this.buttons.replaceChildren(...list.filter(({ kind }) => kind !== "kill").map(({ kind, label, off }) => {
      const button = this.#button(kind, label);
      mark(button, off, TITLES[kind]);
      return button;
    }));
    mark(this.kill, list.find(({ kind }) => kind === "kill").off, TITLES.kill);
    if (focused) this.buttons.querySelector(`[data-command="${focused}"]`)?.focus();
  }

  #strip(words) {
    this.strip.hidden = words === "";
    if (words === "") return;
    const start = this.may ? h("button", { type: "button", class: "button", onclick: () => this.open("start") }, "Start again") : null;
    this.strip.replaceChildren(...[words, start].filter((part) => part !== null));
  }

  #button(kind, label) {
    return h("button", { type: "button", class: "button", "data-command": kind, onclick: () => this.open(kind) }, label);
  }
}

// Disabled for the eye and for assistive technology, yet it can be reached and says why.
function mark(button, off, title) {
  button.setAttribute("aria-disabled", String(off !== null));
  button.title = off ?? title;
}
