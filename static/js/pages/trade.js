// The chart of one trade: its bars, signals, entry, exit, stop and target. Fetched beside the page, drawn
// by the live page's chart.

import { LiveChart } from "../chart/live-chart.js";
import { DEFAULT } from "../footprint/choice.js";
import { fromPrice, grid, toAxis } from "../format.js";
import { pricesOf, tradeRange, wholeRange } from "../trade-view.js";
import { $, text } from "../ui/dom.js";

const element = $("chart");
const nothing = () => {};
const chart = new LiveChart(element, { choice: DEFAULT, onPlan: nothing, onPoint: nothing, onEdge: nothing });
let data = null;
let view = "trade";

// Entry, stop and target stay in sight, also where no bar came near them.
chart.footprint.attachPrimitive({ paneViews: () => [], autoscaleInfo: () => (data?.position ? { priceRange: inSight() } : null) });

function inSight() {
  const of = grid(data.config.tick, data.config.decimals);
  const prices = pricesOf(data.position, (ticks) => toAxis(ticks, of), fromPrice);
  return { minValue: Math.min(...prices), maxValue: Math.max(...prices) };
}

function draw() {
  const closed = data.trades.length > 0;
  chart.configure(data.config);
  chart.show({ bars: data.bars, signals: data.signals, trades: data.trades, position: closed ? null : data.position });
  if (closed) chart.position.show(data.position);
  if (data.bars.length === 0) return;
  if (data.position) chart.goTo(data.position.et, data.signal, data.position.id);
  look();
}

function look() {
  const scale = chart.chart.timeScale();
  const whole = view === "all" || data.position === null;
  const xt = data.trades[0]?.xt ?? null;
  scale.setVisibleLogicalRange(whole ? wholeRange(data.bars) : tradeRange(data.bars, { et: data.position.et, xt }, scale.width()));
}

function say(words) {
  text($("chart-state"), words ?? "");
  $("chart-state").hidden = words === null;
}

async function load() {
  try {
    const answer = await fetch(element.dataset.source, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    data = await answer.json();
  } catch {
    say("The bars could not be loaded. Reload the page to try again.");
    return;
  }
  say(data.bars.length === 0 ? "The bars of this day are not stored." : null);
  draw();
}

document.querySelector(".chartview .segmented").addEventListener("click", (event) => {
  const button = event.target.closest("[data-view]");
  if (!button || !data) return;
  for (const each of button.parentElement.children) each.setAttribute("aria-pressed", String(each === button));
  view = button.dataset.view;
  look();
});
document.addEventListener("themechange", () => {
  chart.retheme();
  if (data) draw();
});
// For the browser tests.
window.tradePage = Object.freeze({ data: () => data, range: () => chart.chart.timeScale().getVisibleLogicalRange() });

load();
