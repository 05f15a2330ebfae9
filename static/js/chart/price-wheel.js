// The wheel over the price axis, or anywhere with Alt held, stretches prices instead of time: the price
// under the pointer stays where it is. Twice on the axis, or "0", gives the scale back to the chart.

const SPEED = 0.0016; // of the range, a pixel of wheel
const LINE = 16; // pixels, where a wheel counts in lines

export function priceWheel(element, chart, series) {
  element.addEventListener("wheel", (event) => {
    const { left, top } = element.getBoundingClientRect();
    const pane = chart.paneSize(0);
    const [x, y] = [event.clientX - left, event.clientY - top];
    const over = y < pane.height && (x > pane.width || event.altKey);
    if (!over || event.deltaY === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const scale = series.priceScale();
    const range = scale.getVisibleRange();
    const at = series.coordinateToPrice(y);
    if (range === null || at === null) return;
    scale.setVisibleRange(stretched(range, at, event.deltaY * (event.deltaMode === 0 ? 1 : LINE)));
  }, { capture: true, passive: false });
}

// The range made larger (down) or smaller (up) around a price.
export function stretched({ from, to }, at, pixels) {
  const factor = Math.exp(Math.max(-1, Math.min(1, pixels * SPEED)));
  return { from: at + (from - at) * factor, to: at + (to - at) * factor };
}
