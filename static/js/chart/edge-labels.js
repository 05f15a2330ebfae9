// Names of lines and levels at the right edge: above everything, never over one another.

import { declutter } from "../overlays/labels.js";
import { Primitive, pill } from "./primitive.js";

const LINE = 17; // pixels that a label takes
const INSET = 3;

export class EdgeLabels extends Primitive {
  // `sources` have labels(frame) -> [{id, y, text, rank, colour}]; without a text the place is taken by
  // something else. `top()` is what is taken at the top.
  constructor(look, sources, top) {
    super(look, { top: (frame) => this.#draw(frame) });
    this.sources = sources;
    this.top = top;
    this.boxes = [];
  }

  hitTest(x, y) {
    const box = this.visible && this.boxes.find((each) => each.id && x >= each.x && x <= each.x + each.width && Math.abs(each.y + each.height / 2 - y) <= LINE / 2);
    return box ? { externalId: box.id, zOrder: "top", cursorStyle: "help", hitTestPriority: 1, itemType: "marker", distance: 0 } : null;
  }

  #draw(frame) {
    const all = this.sources.flatMap((source) => source.labels(frame));
    const top = this.top();
    const room = all.map((label) => ({ ...label, y: label.y - top - LINE / 2 }));
    const shown = declutter(room, frame.height - top - LINE, LINE).filter(({ text }) => text !== null);
    this.boxes = shown.map((label) => {
      const text = label.more > 0 ? `${label.text} +${label.more}` : label.text;
      const y = label.y + top + LINE / 2;
      return { id: label.id, ...pill(frame, text, { x: frame.width - INSET, y, colour: label.colour }) };
    });
  }
}
