// The session's volume profile at the right edge, behind the bars, on their price axis; thin lines at its
// POC and value area.

import { SessionProfile, grouped } from "../overlays/session-profile.js";
import { rowTicks } from "../footprint/detail.js";
import { Primitive } from "./primitive.js";

const SHARE = 0.14; // of the pane's width
const MOST = 110;
const LEAST_ROW = 3; // pixels

export class ProfileView extends Primitive {
  constructor(look) {
    super(look, { bottom: (frame) => this.#draw(frame) });
    this.profile = new SessionProfile();
    this.made = null;
    this.rows = { ticks: 0, of: null, list: [] };
  }

  show(bars) {
    if (bars !== this.bars || bars.at(-1) !== this.latest) this.stale = true;
    this.bars = bars;
    this.latest = bars.at(-1);
  }

  // What it holds now; computed when it is first asked for after bars changed.
  now() {
    if (this.stale) {
      this.made = this.profile.update(this.bars);
      this.stale = false;
    }
    return this.made;
  }

  labels({ y }) {
    const profile = this.visible ? this.now() : null;
    if (!profile || profile.poc === null) return [];
    const { theme } = this.look;
    return [["poc", "POC", 1], ["vah", "VAH", 2], ["val", "VAL", 2]].map(([name, text, rank]) =>
      ({ id: `profile:${name}`, y: y(profile[name]), text, rank, colour: theme.text }));
  }

  #draw(frame) {
    const profile = this.now();
    if (!profile || profile.poc === null) return;
    const { context, across, down, width, height, tickHeight, theme, y } = frame;
    const ticks = rowTicks(tickHeight, LEAST_ROW, this.look.rules.rowTicks);
    if (this.rows.of !== profile || this.rows.ticks !== ticks) {
      const list = grouped(profile.rows, ticks);
      this.rows = { of: profile, ticks, list, most: list.reduce((most, [, volume]) => Math.max(most, volume), 1) };
    }
    const room = Math.min(MOST, width * SHARE);
    const rowHeight = tickHeight * ticks;
    context.fillStyle = theme.area;
    for (const [price, volume] of this.rows.list) {
      const bottom = y(price - 0.5);
      if (bottom < 0 || bottom - rowHeight > height) continue;
      const top = Math.round((bottom - rowHeight) * down);
      const high = Math.max(1, Math.round(bottom * down) - top - (rowHeight > 4 ? Math.round(down) : 0));
      const wide = Math.max(1, Math.round((volume / this.rows.most) * room * across));
      const poc = price <= profile.poc && profile.poc < price + ticks;
      const inside = price + ticks > profile.val && price <= profile.vah;
      context.globalAlpha = poc ? 0.6 : inside ? 0.3 : 0.15;
      context.fillRect(Math.round(width * across) - wide, top, wide, high);
    }
    for (const [name, alpha] of [["poc", 0.5], ["vah", 0.3], ["val", 0.3]]) {
      context.globalAlpha = alpha;
      context.strokeStyle = theme.area;
      context.lineWidth = Math.max(1, Math.round(down));
      context.setLineDash(name === "poc" ? [] : [2 * across, 4 * across]);
      const at = Math.round(y(profile[name]) * down) + context.lineWidth / 2;
      context.beginPath();
      context.moveTo(0, at);
      context.lineTo(width * across, at);
      context.stroke();
    }
  }
}
