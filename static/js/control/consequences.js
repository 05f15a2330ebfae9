// What a command will do, in words and numbers, before it is given. Pure.

import * as format from "../format.js";
import { liftable, processState } from "./available.js";

const HALTS = {
  operator: "the operator's halt", kill: "the kill switch", rejects: "the halt for rejected orders",
  max_drawdown: "the drawdown halt", profit_target: "the profit target", loss_limit: "the loss limit",
  margin: "the margin limit", stale_feed: "the halt for silence of the feed",
  difference: "the halt for a difference with the broker",
};

export const TITLES = {
  halt: "Halt: no more entries?", resume: "Resume trading?", flatten: "Flatten the position?",
  stop: "Stop the session?", start: "Start the session?", kill: "Kill switch",
};
export const CONFIRM = {
  halt: "Halt", resume: "Resume", flatten: "Flatten", stop: "Stop", start: "Start", kill: "Hold to kill",
};

export const haltWords = (halts) => halts.map((halt) => HALTS[halt] ?? format.words(halt).toLowerCase()).join(", ");

// [{text, level}]: level is null, "warn", or "money" for what concerns an open position.
export function consequences(kind, state, now) {
  const process = processState(state, now);
  const facts = { ...state, process, grid: state.config && format.grid(state.config.tick, state.config.decimals) };
  return [...SAYS[kind](facts), ...silence(kind, facts, now), ...realMoney(facts)];
}

const SAYS = {
  halt: (facts) => [
    line("No new entries until you resume."),
    ...(facts.process === "idle" ? [line("No session is running: the next one begins halted.")] : []),
    ...(facts.frame?.position ? [money(`${capital(held(facts))} stays open and keeps its ${bracket(facts)}.`)] : []),
    ...(facts.frame?.waiting ? [line("The entry order that waits may still fill.")] : []),
  ],
  resume: (facts) => {
    const lifted = liftable(facts.frame);
    const stays = (facts.frame?.account?.halts ?? []).filter((halt) => !lifted.includes(halt));
    return [
      line(`Lifts ${haltWords(lifted) || "what a person halted"}.`),
      stays.length > 0
        ? line(`Still halted by ${haltWords(stays)}: no entries before that ends.`, "warn")
        : line("The next accepted signal may enter."),
    ];
  },
  flatten: (facts) => [...closing(facts), line("Trading goes on: the next accepted signal may enter again.")],
  stop: (facts) => [
    line(`Ends the session of ${facts.config.account}${today(facts)}.`),
    ...(facts.config.mode === "live" && facts.frame?.position
      ? [money(`${capital(held(facts))} stays open under its ${bracket(facts)} at the broker.`)]
      : closing(facts, "at the last price")),
    line("This page stays; the session can be started again from it."),
  ],
  start: (facts) => {
    const { config, frame } = facts;
    const ended = frame?.session?.status === "ended" && !config.synthetic;
    return [
      line(`Trades ${config.symbol} on ${config.account}${frame?.account ? `, balance ${format.money(frame.account.balance)}` : ""}, with the newest settings.`),
      line(ended ? "The recording is over: it begins at its beginning, the account's balance stays." : "The session goes on where it was left; what came before warms the engine up."),
      ...(liftable(frame).length > 0 ? [line(`It begins halted by ${haltWords(liftable(frame))}.`, "warn")] : []),
    ];
  },
  kill: (facts) => [
    ...(facts.process === "idle" ? [line("No session is running: the next one begins halted.")] : closing(facts)),
    line("No entries until a person resumes, also after a restart."),
  ],
};

function closing(facts, how = "at market") {
  const { frame, grid } = facts;
  const lines = [];
  if (frame?.position) {
    const price = lastPrice(facts);
    const about = price === null ? "" : `, about ${format.price(price, grid)}`;
    lines.push(money(`Closes ${held(facts)} ${how}${about}; open P&L ${format.money(frame.position.open_pnl, { sign: true })}.`));
    lines.push(line(`Cancels its ${bracket(facts)}.`));
  }
  if (frame?.waiting) lines.push(line(`Cancels the entry that waits (${side(frame.waiting.dir)} ${format.size(frame.waiting.size, facts.config.lot)}).`));
  if (lines.length === 0) lines.push(line(frame ? "Nothing is open: there is nothing to close." : "Closes whatever is open at market."));
  return lines;
}

const line = (text, level = null) => ({ text, level });
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const money = (text) => line(text, "money");
const side = (direction) => format.side(direction).toLowerCase();
const held = ({ frame: { position }, config }) => `${side(position.dir)} ${format.size(position.size, config.lot)} ${position.symbol}`;
const lastPrice = ({ forming, bars }) => forming?.c ?? bars?.at(-1)?.c ?? null;

function bracket({ frame: { position }, grid }) {
  const parts = [["stop", position.stop], ["target", position.target]].filter(([, at]) => at !== null && at !== undefined);
  return parts.map(([name, at]) => `${name} at ${format.price(at, grid)}`).join(" and ") || "bracket";
}

function today({ frame, config }) {
  const day = frame?.session?.day ?? config.session_date;
  return day ? ` of ${day}` : "";
}

function silence(kind, { process, frameAt }, now) {
  if (process !== "silent") return [];
  const since = frameAt === null ? "" : ` (no word for ${format.age(now - frameAt)})`;
  const then = kind === "halt" || kind === "kill"
    ? "It is kept, and executed as soon as one trades this account."
    : "If none takes it within a minute, it expires.";
  return [line(`No trading process answers${since}. ${then}`, "warn")];
}

function realMoney({ config }) {
  if (config?.mode !== "live") return [];
  const { name, account, test } = config.broker ?? { name: "the broker", account: "", test: false };
  if (test) return [line(`Test broker, account ${account}: nobody's money.`)];
  return [line(`Real money: orders go to ${name}${account ? `, account ${account}` : ""}.`, "warn")];
}
