// The replay's keys, in the page's registry: there arrows, Home and End move through the day.

const GROUP = "Replay";
const PRESSED = "button, summary";

export const KEYS = [
  [" ", "Play or pause", { do: "play" }],
  ["ArrowLeft", "Back one bar; with Shift one signal", { do: "step", back: true }],
  ["ArrowRight", "Forward one bar; with Shift one signal", { do: "step", back: false }],
  [",", "Back one tick", { do: "step", unit: "tick", back: true }],
  [".", "Forward one tick", { do: "step", unit: "tick", back: false }],
  ["[", "Back one trade", { do: "step", unit: "trade", back: true }],
  ["]", "Forward one trade", { do: "step", unit: "trade", back: false }],
  ["ArrowUp", "Faster", { do: "speed", by: 1 }],
  ["ArrowDown", "Slower", { do: "speed", by: -1 }],
  ["Home", "To the start of the day", { do: "start" }],
  ["End", "To the end of the day", { do: "end" }],
];

// What a wish means now, or null: pure. `speeds` are the speeds there are, `speed` the present one.
export function meant(wish, shift, { speeds, speed }) {
  if (wish.do === "step" && !wish.unit) return { ...wish, unit: shift ? "signal" : "bar" };
  if (wish.do !== "speed") return wish;
  const at = speeds.indexOf(speed) + wish.by;
  return at >= 0 && at < speeds.length ? { do: "speed", value: speeds[at] } : null;
}

// `situation()` gives what `meant` wants to know; `act(wish)` does it.
export function register(shortcuts, { situation, act }) {
  for (const [key, does, wish] of KEYS) {
    shortcuts.set(key, (event) => {
      const button = key === " " ? event.target.closest?.(PRESSED) : null;
      if (button) {
        button.click(); // Space is the button's that has the focus
        return;
      }
      const asked = meant(wish, event.shiftKey, situation());
      if (asked !== null) act(asked);
    }, { group: GROUP, does });
  }
}
