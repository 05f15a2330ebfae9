// Which controls there are and what stands against each. Pure.

export const SILENT_MS = 5_000;
const IDLE = ["stopped", "ended", "failed"];
const LIFTABLE = ["operator", "kill", "rejects", "max_drawdown", "difference"];

// "none": nothing was ever traded; "silent": no process tells us anything; "idle" | "running".
export function processState({ config, frame, frameAt }, now) {
  if (!config) return "none";
  if (!frame || frameAt === null || now - frameAt > SILENT_MS) return "silent";
  return IDLE.includes(frame.session?.status) ? "idle" : "running";
}

export const liftable = (frame) => (frame?.account?.halts ?? []).filter((halt) => LIFTABLE.includes(halt));

// The commands that the bar offers, in its order: [{kind, label, off}]; `off` says why not, or is null.
export function controls(state, { now, may }) {
  const process = processState(state, now);
  const { frame } = state;
  const idle = process === "idle" || (process === "silent" && (!frame || IDLE.includes(frame.session?.status)));
  const general = !may ? "You may look but not steer" : process === "none" ? "Nothing has been traded yet" : null;
  const nothingOpen = process === "idle" || (process === "running" && !frame.position && !frame.waiting);
  const list = [
    liftable(frame).length > 0 ? { kind: "resume", label: "Resume" } : { kind: "halt", label: "Halt" },
    { kind: "flatten", label: "Flatten", off: nothingOpen ? "Nothing is open" : null },
    idle ? { kind: "start", label: "Start" } : { kind: "stop", label: "Stop" },
    { kind: "kill", label: "Kill" },
  ];
  return { process, list: list.map((one) => ({ ...one, off: general ?? one.off ?? null })) };
}
