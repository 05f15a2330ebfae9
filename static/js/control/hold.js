// A button that acts only when it is held down, by pointer or key. Letting go or leaving cancels.

const HOLD_MS = 900;

export function holdable(button, { action, when = () => true, ms = HOLD_MS, timers = globalThis }) {
  let timer = null;
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
    if (event.button === 0) start();
  });
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur", "contextmenu"]) button.addEventListener(name, cancel);
  button.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || !when()) return;
    event.preventDefault(); // or letting go would click
    if (!event.repeat) start();
  });
  button.addEventListener("keyup", cancel);
}
