import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BRIGHT_STEP } from "../../static/js/chart/draw-bars.js";
import { themeFrom } from "../../static/js/chart/theme.js";
import { channels } from "../../static/js/footprint/heat.js";

const LEAST = 4.5; // to 1, what small text needs

const css = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf8");
const variables = (block) => Object.fromEntries([...block.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]));
const dark = variables(css.slice(0, css.indexOf('[data-theme="light"]')));
const light = { ...dark, ...variables(css.slice(css.indexOf('[data-theme="light"]'))) };

function luminance(hex) {
  const [red, green, blue] = channels(hex).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

for (const [name, values] of [["dark", dark], ["light", light]]) {
  const theme = themeFrom((variable) => values[variable]);
  const readable = (text, ground, what) =>
    assert.ok(contrast(text, ground) >= LEAST, `${what}: ${text} on ${ground} is ${contrast(text, ground).toFixed(2)}`);

  test(`numbers can be read on every strength of cell, ${name}`, () => {
    for (const side of ["buyHeat", "sellHeat", "volumeHeat"]) {
      theme[side].forEach((ground, at) => {
        readable(theme.cellText, ground, `${side} ${at}`);
        if (at < BRIGHT_STEP) readable(theme.cellDim, ground, `${side} ${at}, dim`);
      });
    }
  });

  test(`numbers of imbalances and figures below bars can be read, ${name}`, () => {
    readable(theme.onBuy, theme.buyStrong, "buy imbalance");
    readable(theme.onSell, theme.sellStrong, "sell imbalance");
    for (const figure of [theme.buy, theme.sell, theme.text]) readable(figure, theme.background, "figure");
  });

  test(`numbers of a profile can be read on its rows, ${name}`, () => {
    for (const ground of [theme.neutralBar, theme.neutralBarDim, theme.background]) readable(theme.cellText, ground, "profile");
  });
}
