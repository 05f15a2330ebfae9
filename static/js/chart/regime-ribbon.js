// The regime of each bar as a ribbon along the top: colour, pattern and letter or name; the stronger, the
// more confident. Pointing at it tells why.

import { indexOf } from "../overlays/place.js";
import { REGIMES, regimeRuns, stretches } from "../overlays/regimes.js";
import { Primitive } from "./primitive.js";

export const RIBBON = 15; // pixels high
const MARKS = 4; // of them the pattern, at the bottom

export class RegimeRibbon extends Primitive {
  constructor(look) {
    super(look, { top: (frame) => this.#draw(frame) });
  }

  get height() {
    return this.visible ? RIBBON : 0;
  }

  hitTest(x, y) {
    if (!this.visible || y > RIBBON || this.bars.length === 0) return null;
    const at = Math.round(this.chart.timeScale().coordinateToLogical(x) ?? -1);
    const bar = this.bars[at];
    return bar?.regime ? { externalId: `regime:${bar.t}`, zOrder: "top", cursorStyle: "help", hitTestPriority: 3, itemType: "marker", distance: 0 } : null;
  }

  #draw(frame) {
    const { context, across, down, width, x, spacing, theme } = frame;
    context.fillStyle = theme.background;
    context.fillRect(0, 0, Math.round(width * across), Math.round((RIBBON + 1) * down));
    for (const run of regimeRuns(this.bars, frame.from, frame.to)) {
      const { letter, label, pattern } = REGIMES[run.name] ?? REGIMES.NO_TRADE;
      const colour = theme.regimes[run.name] ?? theme.text;
      context.fillStyle = colour;
      for (const { from, to, alpha } of stretches(this.bars, run)) {
        const left = Math.round((x(from) - spacing / 2) * across);
        const wide = Math.max(1, Math.round((x(to) + spacing / 2) * across) - left);
        context.globalAlpha = alpha * 0.45;
        context.fillRect(left, 0, wide, Math.round((RIBBON - MARKS) * down));
        context.globalAlpha = alpha;
        marks(frame, pattern, left, wide);
      }
      context.globalAlpha = 1;
      const [left, right] = [Math.max(0, x(run.from) - spacing / 2), Math.min(width, x(run.to) + spacing / 2)];
      name(frame, right - left > 92 ? label : letter, left, right);
      context.fillStyle = theme.background;
      context.fillRect(Math.round((x(run.to) + spacing / 2) * across), 0, Math.max(1, Math.round(across)), Math.round(RIBBON * down));
    }
  }
}

// Below the name: rising, falling, one or two level lines, dots.
function marks({ context, across, down }, pattern, left, wide) {
  const top = Math.round((RIBBON - MARKS) * down);
  const high = Math.round(MARKS * down);
  const unit = Math.max(1, Math.round(across));
  if (pattern === "level") context.fillRect(left, top + Math.round(high / 3), wide, Math.max(1, Math.round(high / 2)));
  else if (pattern === "cross") {
    // Steps on a grid of the whole ribbon, so that neighbouring bars join.
    for (let at = Math.ceil(left / (4 * unit)) * 4 * unit; at < left + wide; at += 4 * unit) context.fillRect(at, top, 2 * unit, high);
  } else if (pattern === "up") context.fillRect(left, top, wide, high);
  else if (pattern === "down") {
    context.fillRect(left, top, wide, unit);
    context.fillRect(left, top + high - unit, wide, unit);
  }
}

function name({ context, across, down, theme }, text, left, right) {
  context.font = `600 ${Math.round(9 * down)}px ${theme.font}`;
  const wide = context.measureText(text).width / across;
  if (wide + 3 > right - left) return;
  context.fillStyle = theme.bright;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const at = right - left > 92 ? left + 5 : (left + right - wide) / 2;
  context.fillText(text, Math.round(at * across), Math.round(((RIBBON - MARKS) / 2 + 0.5) * down));
}

export const regimeBar = (bars, at) => bars[indexOf(bars, at)] ?? null;
