// A button that acts only when it is held down, by pointer or key. Letting go or moving away cancels;
// that the page moves the button from under a pointer that rests does not.

const HOLD_MS = 900;
const AWAY_PX = 40;

export function holdable(button, { action, when = () => true, ms = HOLD_MS, timers = globalThis }) {
  let timer = null;
  let from = { x: 0, y: 0 };
  const start = () => {
    if (button.disabled || timer !== null || !when()) return;
    button.dataset.holding = "";
    timer = timers.setTimeout(() => {
      cancel();
      action();
    }, ms);
  };
  const cancel = () => {
    timers.clearTimeout(timer);
    timer = null;
    delete button.dataset.holding;
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY };
    button.setPointerCapture?.(event.pointerId);
    start();
  });
  button.addEventListener("pointermove", (event) => {
    if (timer !== null && Math.hypot(event.clientX - from.x, event.clientY - from.y) > AWAY_PX) cancel();
  });
  for (const name of ["pointerup", "pointercancel", "blur", "contextmenu"]) button.addEventListener(name, cancel);
  button.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || !when()) return;
    event.preventDefault(); // or letting go would click
    if (!event.repeat) start();
  });
  button.addEventListener("keyup", cancel);
}
