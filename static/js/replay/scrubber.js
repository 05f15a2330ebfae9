// The day as a line to drag along: price and volume faintly, signals and trades as marks, and a slider on
// top of them that keyboards and screen readers know how to use.

import * as format from "../format.js";
import { h, style, text } from "../ui/dom.js";
import { linePoints, nearest, share, timeAt, visible, volumeHeights } from "./timeline.js";
import { markWords } from "./words.js";

const STEP_MS = 1_000; // of the slider
const NEAR_PX = 5;

export class Scrubber {
  // `onSeek(t)` while dragging and after.
  constructor({ onSeek }) {
    this.day = null;
    this.t = 0;
    this.hide = false;
    this.dragging = false;
    this.canvas = h("canvas", { class: "scrubber__line", "aria-hidden": "true" });
    this.bubble = h("div", { class: "scrubber__bubble", "aria-hidden": "true", hidden: true });
    this.slider = h("input", {
      type: "range", class: "scrubber__slider", id: "scrubber", "aria-label": "Time of the day", disabled: true,
      min: 0, max: 1, value: 0, step: STEP_MS,
      oninput: () => {
        this.dragging = true;
        this.#place(this.#snapped(Number(this.slider.value)));
        onSeek(this.t);
      },
      onchange: () => { this.dragging = false; },
      onpointerup: () => this.slider.blur(), // so that the arrows step by bars again
      onpointermove: (event) => this.#point(event),
      onpointerleave: () => { this.bubble.hidden = true; },
    });
    this.head = h("span", { class: "scrubber__head", "aria-hidden": "true" });
    this.element = h("div", { class: "scrubber" }, this.canvas, this.head, this.slider, this.bubble);
    new ResizeObserver(() => this.draw()).observe(this.element);
    document.addEventListener("themechange", () => this.draw());
  }

  // `day`: the `replay` message
  load(day) {
    this.day = day;
    Object.assign(this.slider, { min: day.from, max: day.to, disabled: false });
    this.#place(day.start);
    this.draw();
  }

  show(t) {
    if (this.dragging) return;
    this.#place(t);
    if (this.hide) this.draw();
  }

  hideWhatIsToCome(hide) {
    this.hide = hide;
    this.draw();
  }

  disable() {
    this.slider.disabled = true;
  }

  #place(t) {
    this.t = t;
    if (Number(this.slider.value) !== t) this.slider.value = String(t);
    this.slider.setAttribute("aria-valuetext", `${format.timeExact(t)} New York`);
    style(this.head, "left", `${share(t, this.day) * 100}%`);
  }

  // A mark under the finger is meant.
  #snapped(t) {
    const mark = this.#near(t);
    return mark ? mark.t : t;
  }

  #near(t) {
    const width = this.element.clientWidth || 1;
    const reach = (NEAR_PX / width) * (this.day.to - this.day.from);
    const marks = visible(this.day.marks, this.t, this.hide).filter((mark) => mark.kind !== "signal" || mark.ok);
    return nearest(marks, t, reach);
  }

  #point(event) {
    if (!this.day || event.pointerType === "touch") return;
    const box = this.element.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    const t = timeAt(part, this.day);
    const mark = this.#near(t);
    text(this.bubble, mark ? `${format.timeExact(mark.t)}  ${markWords(mark)}` : format.timeExact(t));
    this.bubble.hidden = false;
    const half = this.bubble.offsetWidth / 2;
    style(this.bubble, "left", `${Math.min(box.width - half, Math.max(half, part * box.width))}px`);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.day || width === 0) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colour = colours(this.canvas);
    if (this.hide) {
      pen.beginPath();
      pen.rect(0, 0, share(this.t, this.day) * width, height);
      pen.clip();
    }
    this.#volumes(pen, width, height, colour);
    this.#price(pen, width, height, colour);
    this.#marks(pen, width, height, colour);
  }

  #volumes(pen, width, height, colour) {
    const { volume } = this.day.line;
    const step = width / volume.length;
    pen.fillStyle = colour.volume;
    volumeHeights(volume, height * 0.55).forEach((tall, index) => {
      pen.fillRect(index * step, height - tall, Math.max(1, step - 0.5), tall);
    });
  }

  #price(pen, width, height, colour) {
    pen.strokeStyle = colour.price;
    pen.lineWidth = 1.25;
    pen.beginPath();
    let begun = false;
    for (const point of linePoints(this.day.line.price, width, height, 7)) {
      if (point === null) continue;
      if (begun) pen.lineTo(point.x, point.y);
      else pen.moveTo(point.x, point.y);
      begun = true;
    }
    pen.stroke();
  }

  #marks(pen, width, height, colour) {
    const x = (t) => share(t, this.day) * width;
    for (const mark of this.day.marks) {
      if (mark.kind === "signal" && mark.ok) {
        pen.fillStyle = mark.dir > 0 ? colour.buy : colour.sell;
        pen.fillRect(x(mark.t) - 0.5, 0, 1.5, 4);
      } else if (mark.kind === "halt") {
        pen.fillStyle = colour.warn;
        pen.fillRect(x(mark.t) - 0.5, 0, 1.5, height);
      }
    }
    for (const mark of this.day.marks) {
      if (mark.kind !== "trade") continue;
      const from = x(mark.t);
      pen.fillStyle = mark.end === null ? colour.price : mark.ok ? colour.profit : colour.loss;
      pen.fillRect(from, height - 4, Math.max(3, x(mark.end ?? this.day.to) - from), 4);
      pen.fillRect(from - 0.75, height - 12, 1.5, 12);
    }
  }
}

function colours(element) {
  const values = getComputedStyle(element);
  const value = (name) => values.getPropertyValue(name).trim();
  return {
    volume: value("--surface-3"), price: value("--text-3"), buy: value("--buy"), sell: value("--sell"),
    profit: value("--profit"), loss: value("--loss"), warn: value("--warn"),
  };
}
