// The replay of a stored day: its socket, shown by the workstation, moved by the transport bar.

import { BarsWatch } from "../bars-watch.js";
import { LiveSocket } from "../live-socket.js";
import { Address, asked, query } from "../replay/address.js";
import { Jumps } from "../replay/jumps.js";
import { register } from "../replay/keys.js";
import { Notes } from "../replay/notes.js";
import { Scrubber } from "../replay/scrubber.js";
import { Seeker } from "../replay/seeker.js";
import { Transport } from "../replay/transport.js";
import { SPEEDS } from "../replay/words.js";
import { $ } from "../ui/dom.js";
import { HelpSheet } from "../ui/help-sheet.js";
import { Workstation } from "../workstation.js";

const PRESENT_MS = 60_000; // how often a page that is looked at says so

const path = location.pathname.replace(/\/?$/, "/");
const first = asked(location.search);
let head = null; // the last `playhead`
let day = null; // the `replay` message

const station = new Workstation({ ask: () => {}, noSession: "Nothing to replay." });
const send = (message) => socket.send(message);
const seeker = new Seeker({ send });
const bars = new BarsWatch({ station, send });
const address = new Address({ write: (text) => history.replaceState(null, "", `${location.pathname}${text}`) });
const help = new HelpSheet(station.keys, "Keys do nothing while you type. Nothing here trades: it is a replay.");
const notes = new Notes($("replay-bar"), { stage: document.querySelector(".chart-stage"), retry: () => location.reload() });
const scrubber = new Scrubber({
  onSeek: (t) => {
    transport.ahead(t);
    seeker.want({ t });
  },
});
const jumps = new Jumps({
  onJump: (mark) => {
    seeker.want(mark.kind === "trade" ? { trade: mark.id } : { t: mark.t });
    if (matchMedia("(max-width: 899px)").matches) jumps.close();
  },
  onHide: (hide) => scrubber.hideWhatIsToCome(hide),
});
const transport = new Transport($("replay-bar"), { scrubber, jumps, on: {
  play,
  step: (unit, back) => send({ type: "step", unit, back }),
  speed: (value) => send({ type: "speed", value }),
  help: () => help.open(),
} });
notes.attach();

// Where to begin: what the address asks for, and after a lost connection where it was.
function wanted() {
  if (head === null) return query({ ...first, speed: first.speed ?? 1 });
  return query({ t: head.t, speed: head.speed, play: head.playing });
}

const scheme = location.protocol === "https:" ? "wss" : "ws";
const socket = new LiveSocket({
  url: "",
  have: () => null,
  open: () => new WebSocket(`${scheme}://${location.host}/ws${path}${wanted()}`),
  onMessage: receive,
  onState: (now) => {
    station.setConnection(now);
    if (now === "open") {
      bars.connected();
      return;
    }
    seeker.forget();
    scrubber.disable();
    transport.disable(now === "closed" ? "Connection lost" : now === "refused" ? "Logged out" : "Connecting…");
  },
});

function receive(message) {
  switch (message.type) {
    case "loading":
      transport.disable("Loading the ticks…");
      return;
    case "replay":
      day = message;
      for (const part of [scrubber, jumps, transport, notes]) part.load(day);
      return;
    case "playhead":
      head = message;
      for (const part of [scrubber, jumps]) part.show(head.t);
      transport.show(head);
      seeker.arrived();
      if (!scrubber.dragging) showAddress();
      return;
    case "refused":
      socket.stop();
      scrubber.disable();
      transport.disable("Not available");
      notes.refuse(message.message);
      return;
    case "error":
      if (message.about) station.receive(message);
      else notes.say(message.message);
      return;
    case "snapshot":
      bars.forget();
      station.reset();
      station.receive(message);
      station.chart.toLive(false);
      return;
    default:
      station.receive(message);
  }
}

function showAddress() {
  const place = head.t === day.start && head.speed === 1 ? {} : { t: head.t, speed: head.speed };
  address.show(query({ ...place, bars: bars.key() }));
}

function play() {
  if (head?.over) seeker.want({ t: day.start });
  send({ type: head?.playing ? "pause" : "play" });
}

function act(wish) {
  if (day === null) return;
  if (wish.do === "play") play();
  else if (wish.do === "start") seeker.want({ t: day.start });
  else if (wish.do === "end") seeker.want({ t: day.to });
  else if (wish.do === "step") send({ type: "step", unit: wish.unit, back: wish.back });
  else if (wish.do === "speed") send({ type: "speed", value: wish.value });
}

register(station.keys, { situation: () => ({ speeds: SPEEDS, speed: head?.speed ?? 1 }), act });
station.keys
  .set("d", () => $("theme")?.click(), { group: "Page", does: "Dark or light" })
  .set("?", () => help.open(), { group: "Page", does: "This sheet" });

// A row of the side lists leads to its moment, as the list of the whole day does.
station.lists.onSelect = (at, signal, trade) => {
  const one = signal ? station.state.signals.find(({ id }) => id === signal) : null;
  if (one) seeker.want({ t: one.t });
  else if (trade) seeker.want({ trade });
};
$("back-to-live").replaceChildren("To the present ⇥");

// On a phone the panel that was looked at last may be one that a replay has not.
if (document.querySelector('[data-shows="heartbeat"][aria-pressed="true"]')) document.querySelector('[data-shows="day"]').click();

setInterval(() => {
  if (!document.hidden) send({ type: "ping" });
}, PRESENT_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) socket.wake();
});
addEventListener("online", () => socket.wake());
addEventListener("pageshow", (event) => {
  if (event.persisted) socket.wake();
});
// For whoever looks from the browser's console, and for the browser tests.
window.livePage = Object.freeze({ state: () => station.state, drawn: () => station.drawn(), station });
window.replayPage = Object.freeze({ head: () => head, day: () => day });

socket.start();
