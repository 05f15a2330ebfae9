import assert from "node:assert/strict";
import { test } from "node:test";

import { FootprintSeries } from "../../static/js/chart/footprint-series.js";
import { grid } from "../../static/js/format.js";

// Remembers what is drawn, with the colour and font it is drawn in.
class Canvas {
  constructor() {
    this.rects = [];
    this.texts = [];
    this.calls = 0; // that put rectangles on it
  }

  fillRect(x, y, width, height) {
    this.rects.push([this.fillStyle, x, y, width, height]);
    this.calls += 1;
  }

  beginPath() {
    this.path = [];
  }

  moveTo(x, y) {
    this.path.push([x, y]);
  }

  lineTo(x, y) {
    const [[, from]] = this.path.splice(-1);
    this.path.push([this.strokeStyle, x - this.lineWidth / 2, from, this.lineWidth, y - from]);
  }

  stroke() {
    this.rects.push(...this.path);
    this.calls += 1;
  }

  setLineDash() {}

  fillText(text, x, y) {
    this.texts.push([text, this.fillStyle, this.textAlign, x, y, this.font]);
  }

  of(colour) {
    return this.rects.filter(([each]) => each === colour).map(([, ...box]) => box);
  }

  text(words) {
    return this.texts.filter(([each]) => each === words);
  }
}

const steps = (name) => Array.from({ length: 16 }, (_, index) => `${name}${index}`);
const THEME = {
  background: "background", text: "text", font: "Font", buy: "buy", sell: "sell", buyStrong: "buyStrong",
  sellStrong: "sellStrong", onBuy: "onBuy", onSell: "onSell", buyHeat: steps("buyHeat"), sellHeat: steps("sellHeat"),
  volumeHeat: steps("volumeHeat"), buyBar: "buyBar", buyBarDim: "buyBarDim", sellBar: "sellBar",
  sellBarDim: "sellBarDim", neutralBar: "neutralBar", neutralBarDim: "neutralBarDim", cell: "cell",
  cellText: "cellText", cellDim: "cellDim", poc: "poc", area: "area",
};

// Five prices from 100 to 104 ticks, a sell imbalance at 101, buy imbalances from 102 to 104.
const BAR = {
  t: 0, o: 101, h: 104, l: 100, c: 103, v: 225, d: 33, poc: 102, vah: 103, val: 101,
  lv: [[100, 9, 0, 0], [101, 40, 2, 0], [102, 20, 60, 0], [103, 5, 60, 0], [104, 22, 7, 0]], bi: [102, 103, 104], si: [101],
};
const TICK = 20; // pixels
const y = (ticks) => 300 - (ticks - 100) * TICK; // middle of a price

function draw({ bars = [BAR], spacing = 100, wish = "auto", rowWish = null, ratio = 1, tick = TICK, theme = THEME } = {}) {
  const plans = [];
  const look = { theme, grid: grid("0.25", 2), wish, rowWish, rules: { rowTicks: 1, ratio: 3, minVolume: 5 } };
  const series = new FootprintSeries(look, (plan) => plans.push(plan));
  series.update({
    barSpacing: spacing, visibleRange: { from: 0, to: bars.length },
    bars: bars.map((bar, index) => ({ x: 100 + index * spacing, originalData: { bar } })),
  });
  const canvas = new Canvas();
  const target = {
    useBitmapCoordinateSpace: (paint) => paint({
      context: canvas, mediaSize: { width: 400, height: 400 }, horizontalPixelRatio: ratio, verticalPixelRatio: ratio,
    }),
  };
  const again = () => series.renderer().draw(target, (price) => 300 - (price / 0.25 - 100) * tick);
  again();
  return { canvas, plans, look, again };
}

test("a bar's cells are bid and ask beside each other, each row at its price", () => {
  const { canvas, plans } = draw();
  assert.equal(plans[0].drawing, "bidask");
  for (const [price, bid, ask] of BAR.lv) {
    const [[, bidColour, bidAlign, bidX, bidY]] = canvas.text(String(bid));
    const [, askColour, askAlign, askX] = canvas.text(String(ask)).find(([, , , , at]) => at === bidY);
    assert.deepEqual([bidAlign, askAlign], ["right", "left"]);
    assert.ok(bidX < askX);
    assert.ok(Math.abs(bidY - y(price)) <= 5, `${price} at ${bidY}`);
    assert.equal(bidColour, price === 101 ? "onSell" : price >= 101 && price <= 103 ? "cellText" : bidColour);
    assert.equal(askColour === "onBuy", price >= 102);
  }
});

test("imbalances are filled, three in a row have a strip beside them", () => {
  const { canvas } = draw();
  assert.equal(canvas.of("buyStrong").length, 3);
  const [[, top, , height]] = canvas.of("sellStrong");
  assert.ok(top >= y(101) - TICK / 2 && top + height <= y(101) + TICK / 2);
  const strips = canvas.of("buy").filter(([, , , tall]) => tall > 2.5 * TICK && tall <= 3 * TICK);
  assert.equal(strips.length, 1);
  const [[, from, , tall]] = strips;
  assert.ok(Math.abs(from - (y(104) - TICK / 2)) <= 1 && Math.abs(from + tall - (y(102) + TICK / 2)) <= 2);
});

test("the POC's row is outlined and the value area bracketed", () => {
  const { canvas } = draw();
  const box = canvas.of("poc");
  assert.equal(box.length, 4);
  const top = Math.min(...box.map(([, at]) => at));
  const bottom = Math.max(...box.map(([, at, , tall]) => at + tall));
  assert.ok(Math.abs(top - (y(102) - TICK / 2)) <= 2 && Math.abs(bottom - (y(102) + TICK / 2)) <= 2);
  const [, , upright] = canvas.of("area");
  assert.deepEqual([upright[1], upright[1] + upright[3]], [y(103) - TICK / 2, y(101) + TICK / 2]);
});

test("delta and volume of the bar stand below it where they fit", () => {
  const { canvas, look } = draw();
  const [[, colour, , , at]] = canvas.text("+33");
  assert.equal(colour, "buy");
  assert.ok(at > y(100) + TICK / 2);
  assert.equal(canvas.text("225").length, 1);
  assert.ok(look.drawnBelow > 0);
  assert.equal(draw({ spacing: 14 }).look.drawnBelow, 0);
});

test("delta cells have the difference, volume cells the sum", () => {
  const delta = draw({ wish: "delta" }).canvas;
  assert.deepEqual([...delta.texts].slice(0, 5).map(([text]) => text).sort(), ["40", "55", "−15", "−38", "−9"].sort());
  const volume = draw({ wish: "volume" }).canvas;
  for (const text of ["9", "42", "80", "65", "29"]) assert.equal(volume.text(text).length, 1);
});

test("a profile's rows are as long as their volume, its two sides add up", () => {
  const { canvas } = draw({ wish: "split", spacing: 60 });
  const at = (price) => [...canvas.of("sellBar"), ...canvas.of("sellStrong"), ...canvas.of("buyBar"), ...canvas.of("buyStrong"),
    ...canvas.of("sellBarDim"), ...canvas.of("buyBarDim")]
    .filter(([, top, , tall]) => top >= y(price) - TICK / 2 && top + tall <= y(price) + TICK / 2)
    .reduce((sum, [, , wide]) => sum + wide, 0);
  assert.ok(Math.abs(at(101) / at(102) - 42 / 80) < 0.05);
  assert.ok(Math.abs(at(100) / at(102) - 9 / 80) < 0.05);
});

test("everything lies on whole device pixels, at any ratio", () => {
  for (const ratio of [1, 1.25, 1.5, 2, 3]) {
    for (const spacing of [3, 17.3, 41.7, 96.1]) {
      for (const tick of [2.3, 7.9, 20.4]) {
        const { canvas } = draw({ ratio, spacing, tick, bars: [BAR, { ...BAR, t: 1, l: 99 }] });
        for (const [, ...box] of canvas.rects) assert.ok(box.every(Number.isInteger) && box[2] > 0 && box[3] > 0, `${box}`);
        for (const [, , , x, baseline, font] of canvas.texts) {
          assert.ok(Number.isInteger(x) && Number.isInteger(baseline));
          assert.match(font, /^(600 )?\d+px Font$/);
        }
      }
    }
  }
});

test("rows of neighbouring bars meet on one lattice", () => {
  const { canvas } = draw({ tick: 7.3, wish: "volume", rowWish: 1, bars: [BAR, { ...BAR, t: 1, l: 100, h: 108 }] });
  const tops = new Map();
  for (const [colour, x, top] of canvas.rects) {
    if (!colour.startsWith("volumeHeat")) continue;
    tops.set(x, [...(tops.get(x) ?? []), top].sort((one, other) => one - other));
  }
  const [one, other] = tops.values();
  assert.deepEqual(one, other);
});

test("the same bar is drawn the same, and the page is told only what changes", () => {
  const first = draw();
  const { rects, texts } = first.canvas;
  const before = [[...rects], [...texts]];
  rects.length = texts.length = 0;
  first.again();
  assert.deepEqual([rects, texts], before);
  assert.equal(first.plans.length, 1);
});

test("another theme draws in its colours", () => {
  const night = Object.fromEntries(Object.entries(THEME).map(([name, value]) =>
    [name, Array.isArray(value) ? value.map((each) => `night-${each}`) : `night-${value}`]));
  const { canvas } = draw({ theme: night });
  assert.ok(canvas.rects.every(([colour]) => colour.startsWith("night-")));
});

test("far out there are candles and nothing else", () => {
  const { canvas, plans } = draw({ spacing: 4, bars: [BAR, { ...BAR, t: 1, o: 103, c: 101 }, { ...BAR, t: 2, o: 102, c: 102 }] });
  assert.equal(plans[0].drawing, "candles");
  assert.deepEqual([...new Set(canvas.rects.map(([colour]) => colour))].sort(), ["buy", "sell", "text"]);
  assert.equal(canvas.texts.length, 0);
});

test("rows out of sight are not drawn", () => {
  const { canvas } = draw({ tick: 300, wish: "volume" });
  const cells = canvas.rects.filter(([colour]) => colour.startsWith("volumeHeat"));
  assert.deepEqual(cells.map(([, , top]) => top), [150, -150]);
  assert.deepEqual(canvas.texts.slice(0, 2).map(([text]) => text).sort(), ["42", "9"]);
});

test("candles from afar are one path a colour, however many there are", () => {
  const bars = Array.from({ length: 400 }, (_, at) => ({ ...BAR, o: 101 + (at % 3), c: 102 }));
  const { canvas, plans } = draw({ bars, spacing: 1.6 });
  assert.equal(plans[0].drawing, "candles");
  assert.equal(canvas.rects.length, 400);
  assert.equal(canvas.calls, 3);
  for (const colour of ["buy", "sell", "text"]) assert.ok(canvas.of(colour).every(([, , width]) => width === 1));
});
