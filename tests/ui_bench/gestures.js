// What a hand does to the chart, once at every frame, and how long the frames take.

(() => {
  const nextFrame = () => new Promise(requestAnimationFrame);
  const station = () => window.livePage.station.chart;

  function pane() {
    const [canvas] = document.querySelectorAll("#chart canvas");
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return { canvas: document.elementFromPoint(left + width / 2, top + height / 2), x: left + width / 2, y: top + height / 2 };
  }

  const event = (type, x, y, more = {}) => new MouseEvent(type, { bubbles: true, cancelable: true, view: window, clientX: x, clientY: y, button: 0, buttons: 1, ...more });

  // As many frames as fit `milliseconds`; `move(n)` before each. The times between them.
  async function timed(milliseconds, move) {
    for (let warm = 0; warm < 8; warm += 1) {
      move(warm);
      await nextFrame();
    }
    const times = [];
    const until = performance.now() + milliseconds;
    let before = performance.now();
    for (let n = 8; before < until; n += 1) {
      move(n);
      await nextFrame();
      const now = performance.now();
      times.push(now - before);
      before = now;
    }
    return times;
  }

  // Counts how often the chart shows something else than the frame before.
  function watched() {
    let [views, before] = [0, ""];
    const look = () => {
      const { from, to } = station().chart.timeScale().getVisibleLogicalRange();
      const view = `${from.toFixed(2)} ${to.toFixed(2)}`;
      if (view !== before) [views, before] = [views + 1, view];
    };
    return { look, views: () => views };
  }

  // The chart pulled to and fro by the pointer, also up and down once the price scale is free.
  async function pan(milliseconds) {
    const { canvas, x, y } = pane();
    canvas.dispatchEvent(event("mousedown", x, y));
    const view = watched();
    const times = await timed(milliseconds, (n) => {
      const phase = (n % 120) / 120;
      const far = 260 * (phase < 0.5 ? phase * 2 : 2 - phase * 2);
      view.look();
      document.documentElement.dispatchEvent(event("mousemove", x + far, y + far / 6));
    });
    document.documentElement.dispatchEvent(event("mouseup", x, y, { buttons: 0 }));
    return { times, views: view.views() };
  }

  // The wheel out and in again, around the middle.
  async function zoom(milliseconds) {
    const { canvas, x, y } = pane();
    const view = watched();
    const times = await timed(milliseconds, (n) => {
      const deltaY = n % 40 < 20 ? 12 : -12;
      view.look();
      canvas.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, clientX: x, clientY: y, deltaY }));
    });
    return { times, views: view.views() };
  }

  // So many bars in sight, the newest 30 behind the right edge so that there is room to pan.
  async function look(bars) {
    const { chart } = station();
    const last = window.livePage.drawn().length - 1;
    const spare = Math.min(30, bars / 8);
    chart.timeScale().setVisibleLogicalRange({ from: last - spare - bars, to: last - spare });
    for (let frame = 0; frame < 4; frame += 1) await nextFrame();
    return document.getElementById("chart-caption").textContent;
  }

  window.gestures = { pan, zoom, look };
})();
