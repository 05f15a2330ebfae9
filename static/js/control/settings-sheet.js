// The settings: edited, compared with what was, saved as the next version, never applied by stealth.
//
// Stages: loading, editing, reviewing (the difference, before it is saved), saved, failed. Closing with
// changes that were not saved asks once.

import { h } from "../ui/dom.js";
import { ControlError, request } from "./api.js";
import { SettingsForm } from "./settings-form.js";
import { described, difference } from "./settings-values.js";

const PATH = "/control/settings/";

export class SettingsSheet {
  constructor({ state, may, onSaved }) {
    Object.assign(this, { state, may, onSaved });
    this.title = h("h2", { class: "sheet__title", id: "settings-title" }, "Settings");
    this.about = h("p", { class: "muted settings__about" });
    this.content = h("div", { class: "settings__content" });
    this.progress = h("p", { class: "progress", role: "status", hidden: true });
    this.back = h("button", { type: "button", class: "button", onclick: () => this.#back() }, "Close");
    this.go = h("button", { type: "button", class: "button button--primary", onclick: () => this.#go() });
    this.element = h("dialog", { class: "sheet sheet--settings", "aria-labelledby": "settings-title" },
      h("div", { class: "sheet__head" }, this.title, this.about),
      this.content,
      h("div", { class: "sheet__foot" }, this.progress, h("div", { class: "sheet__actions" }, this.back, this.go)));
    this.element.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#back();
    });
    this.note = h("input", { id: "settings-note", maxlength: "200", autocomplete: "off" });
    document.body.append(this.element);
  }

  async open() {
    if (this.element.open) return;
    this.element.showModal();
    await this.#load();
  }

  async #load() {
    this.#stage("loading");
    this.content.replaceChildren(h("p", { class: "empty" }, "Loading the settings…"));
    this.about.textContent = "";
    try {
      const account = this.state().config?.account ?? "";
      this.#show(await request(`${PATH}?account=${encodeURIComponent(account)}`));
      this.#stage("editing");
    } catch (error) {
      this.#failed(error);
      this.content.replaceChildren();
    }
  }

  #show(sheet) {
    this.sheet = sheet;
    this.title.textContent = `Settings of ${sheet.account}`;
    this.about.textContent = `${sheet.effect} Shown: ${sheet.label}.`;
    this.form = new SettingsForm(sheet.values, { currency: this.state().config?.currency ?? "", disabled: !this.may });
    this.content.replaceChildren(...[pending(sheet), this.form.element].filter(Boolean));
    this.content.scrollTop = 0;
  }

  get #changed() {
    return this.form && this.stage === "editing" ? difference(this.sheet.values, this.form.read()) : {};
  }

  #back() {
    if (this.stage === "reviewing") {
      this.content.replaceChildren(...[pending(this.sheet), this.form.element].filter(Boolean));
      this.#stage("editing");
      return;
    }
    if (this.stage === "editing" && Object.keys(this.#changed).length > 0 && !this.warned) {
      this.warned = true;
      this.back.textContent = "Discard changes";
      this.#say("There are changes that are not saved.", "warning");
      return;
    }
    this.element.close();
  }

  async #go() {
    if (this.stage === "failed") await this.#load();
    else if (this.stage === "editing") await this.#review();
    else if (this.stage === "reviewing") await this.#save();
  }

  async #review() {
    const values = this.#changed;
    if (Object.keys(values).length === 0) {
      this.#say("Nothing was changed.", "info");
      return;
    }
    await this.#post({ values }, (answer) => {
      this.values = values;
      this.note.value = "";
      this.content.replaceChildren(
        h("p", {}, `This becomes the next version of ${this.sheet.account}. ${this.sheet.effect}`),
        table(answer.changes, ["Setting", "Now", "New"]),
        h("div", { class: "field" }, h("label", { for: "settings-note" }, "Why (optional, kept with the version)"), this.note));
      this.#stage("reviewing");
    });
  }

  async #save() {
    await this.#post({ values: this.values, note: this.note.value, save: true }, (answer) => {
      this.#show(answer.sheet);
      this.#stage("saved");
      this.#say(`Saved as ${answer.saved}. ${answer.sheet.effect}`, "ok");
      this.onSaved?.(answer);
    });
  }

  async #post(more, then) {
    this.go.disabled = true;
    this.#say("Checking…", "info");
    try {
      const answer = await request(PATH, { body: { account: this.sheet.account, base: this.sheet.base, ...more } });
      this.#say("", "info");
      this.form.mark({});
      then(answer);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      if (this.stage === "reviewing") this.#back();
      const left = this.form.mark(error.problems ?? {});
      this.#say([error.message, ...left].join(" "), "error");
    } finally {
      this.go.disabled = false;
    }
  }

  #failed(error) {
    if (!(error instanceof ControlError)) throw error;
    this.#stage("failed");
    this.#say(error.message, "error");
  }

  #stage(stage) {
    this.stage = stage;
    this.warned = false;
    this.element.dataset.stage = stage;
    this.go.hidden = stage === "loading" || stage === "saved" || (stage === "editing" && !this.may);
    this.go.textContent = { editing: "Review changes", reviewing: "Save", failed: "Try again" }[stage] ?? "";
    this.back.textContent = stage === "reviewing" ? "Back" : "Close";
    this.#say(stage === "editing" && !this.may ? "You may look but not change settings." : "", "info");
  }

  #say(text, level) {
    this.progress.hidden = text === "";
    this.progress.dataset.level = level;
    this.progress.textContent = text;
  }
}

// What was saved and waits for the next start.
function pending({ pending: changes, running, running_label: label }) {
  if (changes.length === 0) return null;
  return h("details", { class: "settings__pending" },
    h("summary", {}, `${changes.length === 1 ? "One setting waits" : `${changes.length} settings wait`} for the next start`),
    h("p", { class: "field__hint" }, `${running ? "The session runs" : "The last session ran"} with ${label}.`),
    table(changes, ["Setting", running ? "Runs with" : "Ran with", "Next start"]));
}

function table(changes, heads) {
  return h("table", { class: "settings__changes" },
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...changes.map(described).map(({ name, before, after }) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, before), h("td", {}, after)))));
}
