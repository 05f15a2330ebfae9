// How strongly a cell is coloured: by the square root of its share of the largest, in steps, so that
// small cells remain visible beside a huge one and colours can be prepared.

export const STEPS = 16;

// The value that counts as full: the largest, unless it stands far out of the upper few, which are
// those above `share` of all.
export function full(values, share = 0.9) {
  if (values.length === 0) return 1;
  const sorted = Float64Array.from(values).sort();
  const largest = sorted[sorted.length - 1];
  const upper = sorted[Math.floor((sorted.length - 1) * share)];
  return Math.max(1, Math.min(largest, upper * 1.5));
}

// 0 (nothing) .. STEPS - 1 (full)
export function step(value, most) {
  if (value <= 0) return 0;
  return Math.min(STEPS - 1, Math.max(1, Math.round(Math.sqrt(value / most) * (STEPS - 1))));
}

// "#52a8ff" over "#141a22" at STEPS strengths from `low` to `high`, opaque; the first is the ground.
export function ramp(hex, ground, low, high) {
  return Array.from({ length: STEPS }, (_, index) =>
    blend(hex, ground, index === 0 ? 0 : low + ((high - low) * index) / (STEPS - 1)));
}

// One colour laid over another, as an opaque one.
export function blend(hex, ground, alpha) {
  const under = channels(ground);
  const mixed = channels(hex).map((part, index) => Math.round(part * alpha + under[index] * (1 - alpha)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export function channels(hex) {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex.trim());
  if (!match) throw new RangeError(`${hex} is not a colour like #52a8ff`);
  return match.slice(1).map((part) => parseInt(part, 16));
}

export function fade(hex, alpha) {
  const [red, green, blue] = channels(hex);
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}
