// Asks before a command is given, states what it will do, and stays until its result was seen.
//
// Rules: what it says changes with the market while it is open. The focus begins on Cancel, so that a
// key pressed too often does nothing; Esc cancels. The kill switch must be held, or typed. What went
// well closes by itself; what went wrong stays until it is closed.

import { h, whenChanged } from "../ui/dom.js";
import { ControlError, ask, look, newKey } from "./api.js";
import { holdable } from "./hold.js";
import { CONFIRM, TITLES, consequences } from "./consequences.js";
import { processState } from "./available.js";
import { over, standing } from "./tracked.js";

const LOOK_MS = 2_000; // in case that the socket does not tell
const SEEN_MS = 1_800;
const WORD = "KILL";

export class CommandDialog {
  // `state()` is the page's; `onAnswer` gets what the server said.
  constructor({ state, onAnswer, now = () => performance.now() }) {
    Object.assign(this, { state, onAnswer, now });
    this.command = null;
    this.title = h("h2", { class: "sheet__title", id: "command-title" });
    this.lines = h("ul", { class: "consequences" });
    this.reason = h("input", { id: "command-reason", maxlength: "200", autocomplete: "off" });
    this.reasonField = h("div", { class: "field" }, h("label", { for: "command-reason" }, "Reason (optional, kept in the audit trail)"), this.reason);
    this.word = h("input", { id: "command-word", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
    this.wordField = h("div", { class: "field" }, h("label", { for: "command-word" }, `Or type ${WORD} and press Enter`), this.word);
    this.account = h("input", { id: "command-account", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "64" });
    this.accountLabel = h("label", { for: "command-account" });
    this.accountField = h("div", { class: "field" }, this.accountLabel, this.account);
    this.progress = h("p", { class: "progress", role: "status" });
    this.cancel = h("button", { type: "button", class: "button", onclick: () => this.element.close() }, "Cancel");
    this.confirm = h("button", { type: "button", class: "button" });
    this.element = h("dialog", { class: "sheet sheet--command", "aria-labelledby": "command-title" },
      h("form", { method: "dialog", class: "sheet__body" }, this.title, this.lines, this.reasonField, this.wordField, this.accountField, this.progress,
        h("div", { class: "sheet__actions" }, this.cancel, this.confirm)));
    this.paint = whenChanged((texts, levels) => {
      this.lines.replaceChildren(...texts.split("\n").map((text, at) => h("li", { "data-level": levels.split(",")[at] || null }, text)));
    });
    this.#listen();
    document.body.append(this.element);
  }

  open(kind) {
    if (this.element.open) return;
    this.kind = kind;
    this.key = newKey();
    this.command = null;
    this.element.dataset.kind = kind;
    this.title.textContent = TITLES[kind];
    this.confirm.textContent = CONFIRM[kind];
    this.confirm.className = `button ${kind === "resume" || kind === "start" ? "button--primary" : "button--danger"}`;
    this.reason.value = this.word.value = this.account.value = "";
    const broker = this.state().config?.broker;
    this.confirmed = kind === "start" && broker ? broker : null; // what a start there has to name
    this.accountLabel.textContent = this.confirmed ? `Type ${broker.account}, the account at ${broker.name}, to trade it` : "";
    this.#stage("asking");
    this.render();
    this.element.showModal();
    this.cancel.focus();
  }

  // While it asks, what it says follows the market.
  render() {
    if (this.stage !== "asking" && this.stage !== "failed") return;
    const lines = consequences(this.kind, this.state(), this.now());
    this.paint(lines.map(({ text }) => text).join("\n"), lines.map(({ level }) => level ?? "").join());
  }

  // A word on a command; ours if its number is.
  hear(command) {
    if (!this.command || command.id !== this.command.id || this.stage === "over") return false;
    this.command = command;
    const silent = processState(this.state(), this.now()) === "silent";
    const { text, level } = standing(command, { silent });
    this.#say(text, level);
    if (over(command)) this.#finish(level === "ok");
    return true;
  }

  shows(id) {
    return this.element.open && this.command?.id === id;
  }

  #listen() {
    this.confirm.addEventListener("click", (event) => {
      event.preventDefault();
      if (this.kind !== "kill" || this.#typed()) this.#send();
    });
    holdable(this.confirm, { when: () => this.kind === "kill", action: () => this.#send() });
    this.word.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (this.#typed()) this.#send();
      else this.#say(`Type ${WORD}, or hold the button down.`, "warning");
    });
    // Enter in the reason must not send: what is deliberate is a button.
    this.element.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("close", () => {
      clearTimeout(this.seen);
      clearInterval(this.looking);
    });
  }

  #typed() {
    return this.word.value.trim().toUpperCase() === WORD;
  }

  async #send() {
    if (this.stage !== "asking" && this.stage !== "failed") return;
    this.#stage("sending");
    this.#say("Asking…", "info");
    const account = this.state().config?.account ?? "";
    try {
      const confirm = this.confirmed ? { confirm: this.account.value } : {};
      const said = await ask(this.kind, { account, key: this.key, reason: this.reason.value, ...confirm });
      this.command = said;
      this.#stage("waiting");
      this.onAnswer(said);
      clearInterval(this.looking);
      if (this.stage === "waiting") this.looking = setInterval(() => this.#look(), LOOK_MS);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#stage("failed");
      this.#say(error.message, "error");
    }
  }

  async #look() {
    try {
      this.onAnswer(await look(this.command.id));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#say(`${error.message} Whether it is done is not known here.`, "warning");
    }
  }

  #finish(well) {
    clearInterval(this.looking);
    this.#stage("over");
    this.cancel.focus();
    if (well) this.seen = setTimeout(() => this.element.close(), SEEN_MS);
  }

  #stage(stage) {
    this.stage = stage;
    this.element.dataset.stage = stage;
    const asking = stage === "asking" || stage === "failed";
    this.reasonField.hidden = !asking;
    this.accountField.hidden = !asking || !this.confirmed;
    this.wordField.hidden = !asking || this.kind !== "kill";
    this.confirm.hidden = stage === "over";
    this.confirm.disabled = !asking;
    this.cancel.textContent = asking ? "Cancel" : "Close";
    if (stage === "asking") this.#say("", "info");
  }

  #say(text, level) {
    this.progress.hidden = text === "";
    this.progress.dataset.level = level;
    if (this.progress.textContent !== text) this.progress.textContent = text;
  }
}
