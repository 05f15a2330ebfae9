// Large trades and sweeps that the page was told of, the latest; nothing of them is stored elsewhere.

export const MOST_KEPT = 600; // of each
export const MOST_DRAWN = 30; // of each, in sight: the largest

export const NO_TAPE = Object.freeze({ large: Object.freeze([]), sweeps: Object.freeze([]) });

let number = 0;

export function taken(tape, { large = [], sweeps = [] }) {
  const named = (kind) => (item) => ({ ...item, id: `${kind}${(number += 1)}` });
  return {
    large: large.length ? [...tape.large, ...large.map(named("l"))].slice(-MOST_KEPT) : tape.large,
    sweeps: sweeps.length ? [...tape.sweeps, ...sweeps.map(named("s"))].slice(-MOST_KEPT) : tape.sweeps,
  };
}

// The largest of those between two moments, in order of time.
export function largest(items, from, to, size, most = MOST_DRAWN) {
  const shown = items.filter((item) => item.t >= from && item.t <= to);
  if (shown.length <= most) return shown;
  const kept = new Set([...shown].sort((one, other) => size(other) - size(one)).slice(0, most));
  return shown.filter((item) => kept.has(item));
}

// A bubble's radius: its area grows with the size against the threshold that made it large.
export function radius(size, threshold, least = 4, most = 16) {
  return Math.min(most, least * Math.sqrt(Math.max(1, size / Math.max(1, threshold))));
}
