// What all overlays have in common: a place in the chart, layers below or above the bars, and the way from
// bars and ticks to pixels. An overlay says what it draws in each layer; a hidden one costs nothing.

import { linear } from "./pixels.js";

const NOTHING = Object.freeze([]);

export class Primitive {
  // `layers`: {bottom?: draw(frame), top?: draw(frame)}; "bottom" is behind the cells.
  constructor(look, layers) {
    this.look = look;
    this.visible = true;
    this.bars = NOTHING;
    this.views = Object.entries(layers).map(([order, draw]) => ({
      zOrder: () => order,
      renderer: () => ({ draw: (target) => this.#paint(target, draw) }),
    }));
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  detached() {
    this.chart = this.series = null;
  }

  paneViews() {
    return this.visible ? this.views : NOTHING;
  }

  setVisible(on) {
    this.visible = on;
    this.requestUpdate?.();
  }

  #paint(target, draw) {
    const frame = frameOf(this.chart, this.series, this.look, this.bars);
    if (frame === null) return;
    target.useBitmapCoordinateSpace(({ context, mediaSize, horizontalPixelRatio: across, verticalPixelRatio: down }) => {
      context.save();
      draw.call(this, { ...frame, context, across, down, width: mediaSize.width, height: mediaSize.height, theme: this.look.theme });
      context.restore();
    });
  }
}

// {from, to: bars in sight, spacing, unit, tickHeight, x(bar number), y(ticks)} in CSS pixels; null while
// there is nothing to lay out.
function frameOf(chart, series, { grid }, bars) {
  const scale = chart?.timeScale();
  const range = scale?.getVisibleLogicalRange();
  if (!range || !grid || bars.length === 0) return null;
  const unit = grid.numerator / grid.scale;
  const base = bars.at(-1).c;
  const axis = linear((value) => series.priceToCoordinate(value), base * unit, (base + 100) * unit);
  const start = Math.floor(range.from);
  const left = scale.logicalToCoordinate(start);
  const next = scale.logicalToCoordinate(start + 1);
  if (axis === null || left === null || next === null) return null;
  const spacing = next - left; // the library's own figure comes in a copy of all its options
  return {
    from: Math.max(0, start), to: Math.min(bars.length - 1, Math.ceil(range.to)), spacing, unit,
    tickHeight: axis.perUnit * unit,
    x: (place) => left + (place - start) * spacing,
    y: (ticks) => axis.y(ticks * unit),
    yPrice: axis.y,
  };
}

// A text in its own box, so that it stays readable over anything. Returns the box in CSS pixels.
export function pill({ context, across, down, theme }, text, { x, y, align = "right", colour, size = 10, edge = null, strong = false, fill = theme.background }) {
  context.font = `${strong ? "600 " : ""}${Math.round(size * down)}px ${theme.font}`;
  const wide = context.measureText(text).width / across;
  const [padding, high] = [4, size + 5];
  const left = align === "right" ? x - wide - 2 * padding : align === "center" ? x - wide / 2 - padding : x;
  const box = { x: left, y: y - high / 2, width: wide + 2 * padding, height: high };
  context.globalAlpha = 0.88;
  context.fillStyle = fill;
  context.beginPath();
  context.roundRect(Math.round(box.x * across), Math.round(box.y * down), Math.round(box.width * across), Math.round(box.height * down), 2 * across);
  context.fill();
  context.globalAlpha = 1;
  if (edge) {
    context.strokeStyle = edge;
    context.lineWidth = Math.max(1, Math.round(across));
    context.stroke();
  }
  context.fillStyle = colour;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, Math.round((box.x + padding) * across), Math.round((y + 0.5) * down));
  return box;
}
