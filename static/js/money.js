// Whose money is at stake, and how the line to its broker is. Pure.

import { SILENT_MS } from "./control/available.js";
import * as format from "./format.js";

const OLD_MS = 150_000; // two looks that did not come

// null where no order goes to a broker. `level`: "ok", or "warn" when something is to be looked at;
// `parts` [{text, level, title?}] follow on `label`.
export function moneyWords({ config, frame, frameAt }, connection, now) {
  if (!config?.broker || config.replay) return null;
  const { name, account, test } = config.broker;
  const parts = [part(name), part(`account ${account}`), part(config.account)];
  const silent = connection !== "open" || !frame || frameAt === null || now - frameAt > SILENT_MS;
  if (silent) parts.push(part("line not known here", "warn"));
  else if (frame.broker) parts.push(...line(frame.broker, frame.now + now - frameAt));
  else parts.push(part("nothing is traded", null));
  const level = parts.some((one) => one.level === "warn") ? "warn" : "ok";
  return { test, level, label: test ? "Test broker" : "Real money", parts: test ? parts.slice(1) : parts };
}

function line({ up, since, reconciled, differences, unknown, text }, now) {
  const parts = [up ? part("line up", null, text) : part(`line down for ${format.age(now - since)}`, "warn", text)];
  if (reconciled === null) parts.push(part("not reconciled yet", "warn", text));
  else {
    const age = now - reconciled;
    parts.push(part(`reconciled ${format.age(age)} ago`, age > OLD_MS ? "warn" : null));
  }
  if (differences > 0) parts.push(part(count(differences, "difference"), "warn", text));
  if (unknown > 0) parts.push(part(`${count(unknown, "order")} unknown`, "warn"));
  return parts;
}

const part = (text, level = null, title = "") => ({ text, level, title });
const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
