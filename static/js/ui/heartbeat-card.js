// The heartbeat: one calm line when all is well, what is wrong in plain words when it is not, and the
// figures behind it for whoever opens them.

import { feedState } from "../feed-state.js";
import * as format from "../format.js";
import { Rate, Samples, micros, troubles } from "../heartbeat.js";
import { $, h, text, whenChanged } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 24;
const EVERY_MS = 1_000;
const CALM = { replay: "Replay: nothing is live", ended: "The recording ended", waiting: "Waiting for the first tick", warming: "Warming up" };

const said = whenChanged((joined) => {
  const list = joined ? joined.split("\n").map((line) => line.split("\t")) : [];
  $("heartbeat").dataset.level = list[0]?.[0] ?? "ok";
  $("heartbeat-troubles").hidden = list.length < 2;
  $("heartbeat-troubles").replaceChildren(...list.slice(1).map(([level, words]) => h("li", { "data-level": level }, h("span", { class: "dot" }), words)));
});

const drops = (dropped) => Object.entries(dropped ?? {}).filter(([, count]) => count > 0)
  .map(([reason, count]) => `${format.words(reason).toLowerCase()} ${format.volume(count)}`).join(", ");

export class HeartbeatCard {
  constructor(station) {
    this.station = station;
    this.ticks = new Samples();
    this.paints = new Rate();
    this.sampled = -Infinity;
  }

  render(state, now) {
    this.paints.add(now);
    this.tick(state, now);
  }

  tick(state, now) {
    if (now - this.sampled < EVERY_MS) return;
    this.sampled = now;
    const { connection, roundTrip } = this.station;
    const { frame, frameAt } = state;
    const feed = feedState({ socket: connection, frame, frameAt, now });
    const found = troubles({ connection, feed, frame, roundTrip });
    const rate = frame && connection === "open" && !feed.silent ? frame.feed.tps : 0;
    this.ticks.add(rate);
    said(found.map(({ level, text: words }) => `${level}\t${words}`).join("\n"));
    const calm = frame ? CALM[frame.feed.state] ?? "All is well" : "Nothing heard yet";
    text($("heartbeat-says"), found[0]?.text ?? calm);
    text($("heartbeat-rate"), frame ? `${format.rate(rate)} ticks/s` : "");
    $("heartbeat-line").setAttribute("points", this.ticks.points(WIDTH, HEIGHT));
    if (frame) this.#figures(frame, feed, now);
  }

  #figures({ feed: source, output }, { age }, now) {
    const dropped = Object.values(source.dropped ?? {}).reduce((sum, count) => sum + count, 0);
    const latency = source.latency_us;
    text($("heart-age"), age === null ? format.NONE : `${format.age(age)} ago`);
    text($("heart-ticks"), format.volume(source.ticks));
    text($("heart-latency"), latency ? `${micros(latency.p50)} / ${micros(latency.p99)}` : format.NONE);
    text($("heart-inputs"), format.volume(output.inputs ?? 0));
    text($("heart-rows"), format.volume(output.waiting));
    text($("heart-written"), format.volume(output.written));
    text($("heart-dropped"), dropped === 0 ? "none" : format.volume(dropped));
    text($("heart-reasons"), drops(source.dropped));
    text($("heart-trip"), this.station.roundTrip === null ? format.NONE : `${Math.round(this.station.roundTrip)} ms`);
    text($("heart-paints"), this.paints.perSecond(now).toFixed(0));
    text($("heart-source"), source.source);
  }
}
