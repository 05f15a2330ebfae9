// Working orders as rows: what each does, and how far the market is from it.

const ORDER = ["entry", "target", "stop", "exit"];
const ROLES = { entry: "Entry", stop: "Stop", target: "Target", exit: "Exit" };

// `last` is the last price in ticks, null if unknown. `away`: ticks from it to the order, signed;
// null at market. Sorted by price from the top down, those at market first.
export function orderRows(orders = [], last = null) {
  return orders
    .map((order) => ({
      id: order.id,
      role: ROLES[order.role] ?? order.role,
      tone: order.role === "stop" ? "loss" : order.role === "target" ? "profit" : null,
      side: order.side,
      left: order.size - order.filled,
      filled: order.filled,
      kind: order.kind,
      price: order.price,
      away: order.price === null || last === null ? null : order.price - last,
      rank: ORDER.indexOf(order.role),
    }))
    .sort((one, other) => (other.price ?? Infinity) - (one.price ?? Infinity) || one.rank - other.rank || (one.id < other.id ? -1 : 1));
}
