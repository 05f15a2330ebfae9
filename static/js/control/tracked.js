// How commands stand, by what the socket and the server said of them. Pure.

const RANK = { pending: 0, executing: 1, unknown: 2, expired: 3, refused: 3, done: 3 };
const MOST = 50;

export const over = (command) => (RANK[command?.status] ?? 0) > 1;

// A later word counts, but nothing takes a command back from where it already was.
export function track(commands, said) {
  const known = commands.get(said.id);
  if (known && RANK[known.status] >= RANK[said.status]) return commands;
  const next = new Map(commands);
  next.delete(said.id);
  next.set(said.id, said);
  for (const id of next.keys()) {
    if (next.size <= MOST) break;
    next.delete(id);
  }
  return next;
}

const WORDS = {
  pending: "Asked. Waiting for the trading process…", executing: "Taken. Being executed…",
  done: "Done", refused: "Refused", expired: "Expired", unknown: "Outcome unknown",
};

// {text, level} of a command: level is "info", "ok", "warning" or "error".
export function standing(command, { silent = false } = {}) {
  const { status, result } = command;
  const text = result ? `${WORDS[status]}: ${result}.` : WORDS[status];
  if (status === "done") return { text, level: "ok" };
  if (status === "refused" || status === "unknown") return { text, level: "error" };
  if (status === "expired") return { text: `${text} Nothing was done.`, level: "error" };
  if (status === "pending" && silent) {
    return { text: "Asked, but no trading process answers. Waiting…", level: "warning" };
  }
  return { text, level: "info" };
}
