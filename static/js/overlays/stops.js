// Where an open position's stop was when: a step line. The pipeline tells its moves; what it does not
// know, the page tells as far as it saw.

// `moves`: [[ms, ticks], ...] as the pipeline tells them, as steps; the very same list comes back if
// nothing moved. Null: nothing is known of them.
export function told(steps, moves) {
  if (!moves?.length) return null;
  const [at, stop] = moves.at(-1);
  const last = steps.at(-1);
  if (steps.length === moves.length && last.t === at && last.stop === stop && steps[0].t === moves[0][0]) return steps;
  return moves.map(([t, to]) => ({ t, stop: to }));
}

// `steps`: [{t: ms, stop: ticks}] of one position; the very same list comes back if nothing moved.
export function stepped(steps, stop, at) {
  if (stop === null || stop === undefined || steps.at(-1)?.stop === stop) return steps;
  return [...steps, { t: at, stop }];
}

// The stop of a trade as steps from entry to end: [{from, to, stop}]. What the page did not see is told
// as the first stop for the whole time, and `ended`, where it worked last, if that is another.
export function stopLine(steps, { entered, first, last, end }) {
  const known = steps.length > 0 ? steps : [{ t: entered, stop: first }];
  const line = known
    .filter(({ stop }) => stop !== null && stop !== undefined)
    .map(({ t, stop }, index) => ({
      from: index === 0 ? entered : t, to: known[index + 1]?.t ?? end, stop,
    }));
  const final = line.at(-1)?.stop ?? null;
  return { line, ended: last !== null && last !== undefined && last !== final ? last : null };
}
