// The position, how far the market has gone in it, and the orders that work.

import * as format from "../format.js";
import { orderRows } from "../working-orders.js";
import { $, h, profitTone, text, tone, whenChanged } from "./dom.js";

const KINDS = { market: "market", stop: "stop", limit: "limit" };
const ticks = (count) => (count === null || count === undefined ? format.NONE : `${format.volume(count)} ticks`);
const pair = (name, value, title = null, toned = null) =>
  h("div", { title }, h("dt", {}, name), h("dd", { class: toned }, value));

const body = whenChanged((side, what, where, since, against, favour) => {
  if (side === null) {
    $("position").replaceChildren(h("p", { class: "muted" }, what));
    return;
  }
  $("position").replaceChildren(
    h("p", { class: "position__side" }, h("strong", { class: side }, what), ` ${where} `, h("span", { class: "muted" }, since)),
    h("dl", { class: "figures" },
      pair("Best", favour, "Maximum favourable excursion: the most it was ahead"),
      pair("Worst", against, "Maximum adverse excursion: the most it was behind")),
  );
});

// Rows are kept where only a figure changes: a price that moves ten times a second must not flicker.
const lines = new Map();
function line(order, grid, lot) {
  let row = lines.get(order.id);
  if (!row) {
    const cell = (name) => h("td", { class: `orders__${name}` });
    const cells = { side: cell("side"), size: cell("size"), price: cell("price"), away: cell("away") };
    const role = h("th", { scope: "row", class: order.tone }, order.role);
    row = { element: h("tr", { "data-role": order.role }, role, ...Object.values(cells)), cells };
    lines.set(order.id, row);
  }
  const { cells } = row;
  text(cells.side, `${order.side > 0 ? "Buy" : "Sell"} ${KINDS[order.kind] ?? order.kind}`);
  cells.side.classList.toggle("buy", order.side > 0);
  cells.side.classList.toggle("sell", order.side < 0);
  text(cells.size, format.size(order.left, lot));
  cells.size.title = order.filled > 0 ? `${format.size(order.filled, lot)} filled` : "";
  text(cells.price, order.price === null ? "market" : format.price(order.price, grid));
  text(cells.away, order.away === null ? format.NONE : format.signed(order.away));
  return row.element;
}

let order = "";
function orders(rows, grid, lot) {
  $("orders").hidden = rows.length === 0;
  const elements = rows.map((each) => line(each, grid, lot));
  const now = rows.map(({ id }) => id).join();
  if (now === order) return;
  order = now;
  const left = new Set(rows.map(({ id }) => id));
  for (const id of lines.keys()) if (!left.has(id)) lines.delete(id);
  $("orders-rows").replaceChildren(...elements);
}

export function renderPosition({ config, frame, forming, bars }) {
  const position = config && frame?.position;
  text($("position-pnl"), position ? format.money(position.open_pnl, { sign: true }) : "");
  tone($("position-pnl"), position ? profitTone(format.signOf(position.open_pnl)) : null);
  const grid = config && format.grid(config.tick, config.decimals);
  const last = forming?.c ?? bars?.at(-1)?.c ?? null;
  orders(config ? orderRows(frame?.orders, last) : [], grid, config?.lot ?? "1");
  if (!position) {
    body(null, frame?.waiting ? waits(frame.waiting, config) : "Flat");
    return;
  }
  body(position.dir > 0 ? "buy" : "sell", `${format.side(position.dir)} ${format.size(position.size, config.lot)}`,
    `${position.symbol} at ${format.priceText(position.ep, grid)}`, `since ${format.time(position.et)}`,
    ticks(position.mae), ticks(position.mfe));
}

function waits(waiting, config) {
  return `${format.side(waiting.dir)} ${format.size(waiting.size, config?.lot ?? "1")}: the entry order waits for its fill`;
}
