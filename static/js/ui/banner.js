// The line across the page that says what is wrong with what it shows. Calm means none.

import * as format from "../format.js";
import { $ } from "./dom.js";

export function bannerWords({ connection, feed, frame, problem, warning }) {
  if (connection === "refused") return "You are logged out. What is shown does not change any more.";
  if (connection === "closed") return "Connection lost. Trying again; what is shown may be old.";
  if (problem) return problem;
  if (warning) return warning.text;
  if (feed.level === "danger" && frame) {
    const halted = frame.account?.halts?.includes("stale_feed") ? "; entries are halted" : "";
    return `No tick for ${format.age(feed.age)}. Prices and open P&L are old${halted}.`;
  }
  const output = frame?.output;
  if (output?.failing) return `The database takes no rows; ${format.volume(output.waiting)} are waiting. Trading goes on.`;
  return null;
}

export function renderBanner(situation) {
  const banner = $("banner");
  const words = bannerWords(situation);
  banner.hidden = words === null;
  banner.dataset.level = words !== null && words === situation.warning?.text ? situation.warning.level : "danger";
  if (words === null || banner.dataset.words === words) return;
  banner.dataset.words = words;
  banner.replaceChildren(words);
  if (situation.connection === "refused") {
    const link = document.createElement("a");
    link.href = "/login/";
    link.textContent = "Log in again";
    banner.append(" ", link);
  }
}
