// Lines and boxes on whole device pixels: the difference between crisp and blurred.

// Left edge and width in device pixels of something `width` wide around `center` (CSS pixels).
export function span(center, width, ratio) {
  const from = Math.round((center - width / 2) * ratio);
  const to = Math.round((center + width / 2) * ratio);
  return [from, Math.max(1, to - from)];
}

// Top edge and height in device pixels between two CSS coordinates, whichever is higher.
export function between(one, other, ratio) {
  const top = Math.round(Math.min(one, other) * ratio);
  return [top, Math.max(1, Math.round(Math.max(one, other) * ratio) - top)];
}

// A linear price axis from two points of it: y(value) in CSS pixels, and pixels a unit.
export function linear(toY, low, high) {
  const bottom = toY(low);
  const top = toY(high);
  if (bottom === null || top === null || high === low) return null;
  const slope = (top - bottom) / (high - low);
  return { y: (value) => bottom + (value - low) * slope, perUnit: Math.abs(slope) };
}
