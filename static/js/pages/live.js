// The live page: the pipeline's socket, shown by the workstation.

import { BarsWatch } from "../bars-watch.js";
import { mountSteering } from "../control/steering.js";
import { LiveSocket, liveUrl, takeEarly } from "../live-socket.js";
import { SessionWatch } from "../session-watch.js";
import { Workstation } from "../workstation.js";

const MEASURE_MS = 5_000;

const station = new Workstation({ ask: (have) => socket.sync(have) });

const steering = mountSteering(station);

const socket = new LiveSocket({
  url: liveUrl(location),
  have: () => station.have(),
  onMessage: (message) => station.receive(message),
  onState: (now) => {
    if (now === "open") bars.connected();
    station.setConnection(now);
  },
  onRoundTrip: (milliseconds) => {
    station.roundTrip = milliseconds;
  },
});
const send = (message) => socket.send(message);
const bars = new BarsWatch({ station, send });
new SessionWatch({ station, send });

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) socket.wake();
});
addEventListener("online", () => socket.wake());
addEventListener("pageshow", (event) => {
  if (event.persisted) socket.wake();
});
// For whoever looks from the browser's console, and for the browser tests.
window.livePage = Object.freeze({ state: () => station.state, drawn: () => station.drawn(), station, steering });

setInterval(() => socket.measure(), MEASURE_MS);
socket.start(takeEarly(window, socket.url));
