// What has to be said about a replay: that it is not what happened, that a question made no sense, that
// there is nothing to play.

import * as format from "../format.js";
import { h, text } from "../ui/dom.js";

const SHOWN_MS = 8_000;

export class Notes {
  // `bar`: what the notes stand under; `stage`: what a refusal covers; `retry()` tries again.
  constructor(bar, { stage, retry }) {
    Object.assign(this, { bar, stage, retry });
    this.differs = h("p", { class: "replay-note replay-note--warn", id: "replay-differs", role: "alert", hidden: true });
    this.running = h("p", { class: "replay-note", id: "replay-running", hidden: true });
    this.answer = h("p", { class: "replay-note replay-note--warn", id: "replay-answer", role: "alert", hidden: true });
    this.timer = null;
  }

  attach() {
    this.bar.after(this.differs, this.running, this.answer);
  }

  load(day) {
    show(this.differs, day.differs);
    show(this.running, day.running ? `The session is still running: this is what it had done by ${format.timeExact(day.to)}. Load the page again for more.` : "");
  }

  // A message of the server's, for a while.
  say(words) {
    show(this.answer, words);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => show(this.answer, ""), SHOWN_MS);
  }

  refuse(words) {
    this.stage.append(h("div", { class: "replay-refused", role: "alert" },
      h("div", { class: "blank" },
        h("h2", {}, "This day cannot be replayed now"),
        h("p", {}, words),
        h("p", { class: "replay-refused__ways" },
          h("button", { type: "button", class: "button", onclick: this.retry }, "Try again"),
          h("a", { class: "button button--quiet", href: "/replay/" }, "All sessions")))));
  }
}

function show(element, words) {
  text(element, words);
  element.hidden = !words;
}
