// What the panes of columns have in common: one column a bar from zero. A pane says what it spans
// (`priceValueBuilder`) and draws its columns (`draw`).

export class Columns {
  constructor(look) {
    this.look = look;
    this.data = null;
  }

  defaultOptions() {
    return {};
  }

  isWhitespace(item) {
    return item.bar === undefined;
  }

  update(data) {
    this.data = data;
  }

  renderer() {
    return { draw: (target, toY) => this.#draw(target, toY) };
  }

  #draw(target, toY) {
    const { bars, barSpacing, visibleRange } = this.data ?? {};
    if (!bars?.length || !visibleRange) return;
    const zero = toY(0);
    if (zero === null) return;
    const width = barSpacing < 3 ? 1 : Math.min(34, barSpacing * 0.6);
    const items = bars.slice(Math.max(0, visibleRange.from), visibleRange.to);
    target.useBitmapCoordinateSpace((space) => this.draw(space, items, { toY, zero, width, barSpacing }));
  }
}
