// How strongly a cell is coloured: by the square root of its share of the largest, in steps, so that
// small cells remain visible beside a huge one and colours can be prepared.

export const STEPS = 16;

// The value that counts as full: the largest, unless it stands far out of the upper few.
export function full(values) {
  if (values.length === 0) return 1;
  const sorted = Float64Array.from(values).sort();
  const largest = sorted[sorted.length - 1];
  const upper = sorted[Math.floor((sorted.length - 1) * 0.98)];
  return Math.max(1, Math.min(largest, upper * 1.5));
}

// 0 (nothing) .. STEPS - 1 (full)
export function step(value, most) {
  if (value <= 0) return 0;
  return Math.min(STEPS - 1, Math.max(1, Math.round(Math.sqrt(value / most) * (STEPS - 1))));
}

// "#52a8ff" at STEPS opacities from `low` to `high`; the first is transparent.
export function ramp(hex, low, high) {
  const [red, green, blue] = channels(hex);
  return Array.from({ length: STEPS }, (_, index) => {
    const alpha = index === 0 ? 0 : low + ((high - low) * index) / (STEPS - 1);
    return `rgba(${red}, ${green}, ${blue}, ${alpha.toFixed(3)})`;
  });
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
