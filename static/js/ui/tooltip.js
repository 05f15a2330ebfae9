// What a mark on the chart says when it is pointed at. The chart tells what is under the pointer:
// point.over = {kind, what}.

import { $, hide } from "./dom.js";
import { TOLD } from "./tooltip-words.js";

let shown = null;

export function renderTooltip(state, point, stage) {
  const box = $("tooltip");
  const over = point?.over && state.config ? point.over : null;
  if (!over || !TOLD[over.kind]) {
    hide(box, true);
    shown = null;
    return;
  }
  if (shown !== over.what) {
    shown = over.what;
    box.replaceChildren(...TOLD[over.kind](over.what, state.config));
  }
  hide(box, false);
  const { clientWidth, clientHeight } = stage;
  const left = point.x + 16 + box.offsetWidth > clientWidth ? point.x - 16 - box.offsetWidth : point.x + 16;
  const top = Math.min(Math.max(4, point.y + 12), clientHeight - box.offsetHeight - 4);
  box.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(top)}px)`;
}
