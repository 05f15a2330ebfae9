// Asks the server to steer, and says in words what went wrong.

export class ControlError extends Error {
  // `fields` names what of the request is wrong, `problems` says it of each setting; `status` 0: the server did not answer.
  constructor(message, { status = 0, fields = [], problems = {} } = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.problems = problems;
  }
}

const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

// What makes a repeated request the same command.
export function newKey(random = crypto) {
  const bytes = random.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function request(path, { body, fetching = fetch } = {}) {
  const options = body === undefined
    ? {}
    : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": token() } };
  let answer;
  try {
    answer = await fetching(path, { ...options, credentials: "same-origin" });
  } catch {
    throw new ControlError("The server does not answer. Try again: it stays the same command.");
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok && said !== null && !said.error) return said;
  throw new ControlError(said?.error ?? words(answer.status), { status: answer.status, fields: said?.fields ?? [], problems: said?.problems ?? {} });
}

function words(status) {
  if (status === 403) return "The server does not take this page's word any more. Reload the page and try again.";
  return `The server failed (${status}). Try again: it stays the same command.`;
}

export const ask = (kind, body) => request(`/control/${kind}/`, { body });
export const look = (id) => request(`/control/commands/${id}/`);
export const recent = (account) => request(`/control/commands/?account=${encodeURIComponent(account)}`);
