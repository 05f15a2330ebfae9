// Labels at the right edge that do not overlap: the more important one stays where it is, one that would
// touch it is counted into it.

// `labels`: [{y, text, rank}], lower rank first in importance. Returns the ones to draw, ascending in y,
// with `more`: how many are behind each. Those outside 0..height are left out.
export function declutter(labels, height, lineHeight) {
  const inside = labels.filter(({ y }) => y >= 0 && y <= height);
  const ranked = inside.map((label, order) => ({ ...label, order, more: 0, behind: [] }));
  ranked.sort((one, other) => one.rank - other.rank || one.order - other.order);
  const kept = [];
  for (const label of ranked) {
    const near = kept.find((other) => Math.abs(other.y - label.y) < lineHeight);
    if (near) {
      near.more += 1;
      near.behind.push(label);
    } else kept.push(label);
  }
  return kept.sort((one, other) => one.y - other.y);
}
