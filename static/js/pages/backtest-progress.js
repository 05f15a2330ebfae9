// A run that goes on: the socket's messages between the server's own pictures, which come every few
// seconds, sooner without a socket. At the end the page is loaded anew, with the report.

import { isOver, Progress, widths, words } from "../backtests/progress.js";
import { LiveSocket } from "../live-socket.js";
import { $, text } from "../ui/dom.js";

const OFTEN_MS = 3_000; // without a socket
const SELDOM_MS = 10_000; // with one
const EVERY_MS = 1_000;

const place = $("progress");
const run = Number(place.dataset.run);
let progress = null;
let link = "connecting";
let asked = Date.now();
let leaving = false;

function told() {
  const found = place.querySelector("#progress-now");
  return found && JSON.parse(found.textContent);
}

function hear(message) {
  if (!message || message.id !== run || leaving) return;
  const at = Date.now();
  if (progress === null) progress = new Progress(message, at);
  else progress.hear(message, at);
  if (isOver(progress.now)) {
    leaving = true;
    location.reload();
  } else show();
}

function show() {
  if (progress === null || leaving) return;
  for (const [name, value] of Object.entries(words(progress, link, Date.now()))) {
    const element = place.querySelector(`[data-say="${name}"]`);
    if (element) text(element, value);
  }
  for (const [name, width] of Object.entries(widths(progress.now))) {
    place.querySelector(`[data-width="${name}"]`)?.setAttribute("width", width);
  }
  place.querySelector("[data-bar]")?.setAttribute("aria-valuenow", progress.now.done);
}

function poll() {
  asked = Date.now();
  document.body.dispatchEvent(new Event("poll"));
}

const scheme = location.protocol === "https:" ? "wss" : "ws";
const socket = new LiveSocket({
  url: `${scheme}://${location.host}/ws/backtests/`,
  have: () => run,
  onMessage: (message) => {
    if (message.type === "backtest") hear(message);
  },
  onState: (now) => {
    link = now;
    show();
  },
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target === place) hear(told());
});
setInterval(() => {
  show();
  if (!document.hidden && Date.now() - asked >= (link === "open" ? SELDOM_MS : OFTEN_MS)) poll();
}, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  socket.wake();
  poll();
});
addEventListener("online", () => socket.wake());
addEventListener("pageshow", (event) => {
  if (event.persisted) socket.wake();
});
// For the browser tests.
window.backtestPage = Object.freeze({ progress: () => progress, link: () => link, cut: () => socket.stop() });

hear(told());
socket.start();
