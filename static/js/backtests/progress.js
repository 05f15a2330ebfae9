// How a run gets on, from what its messages said and when they came. Pure.

export const WINDOW_MS = 30_000; // what "now" means for speed and time left
export const SILENT_MS = 20_000; // without anything new for so long, that is said

const RUNNING = ["waiting", "running"];

export const isOver = ({ status }) => !RUNNING.includes(status);

// Work that is behind a run: days whose ticks were gone through, and days that the account went through.
const work = ({ done, analysed }) => done + analysed;

// `at`: when the page heard of it, ms. What a message does not say stays.
export class Progress {
  constructor(now, at) {
    this.now = now;
    this.changedAt = at;
    this.samples = [{ at, work: work(now), ticks: now.ticks }];
  }

  hear(message, at) {
    const next = { ...this.now, ...message };
    const moved = work(next) !== work(this.now) || next.ticks !== this.now.ticks || next.status !== this.now.status;
    this.now = next;
    if (!moved) return;
    this.changedAt = at;
    this.samples.push({ at, work: work(next), ticks: next.ticks });
    while (this.samples.length > 2 && this.samples[1].at <= at - WINDOW_MS) this.samples.shift();
  }

  // Ticks a second; null while that cannot be said.
  speed(at) {
    const gone = this.#since(at);
    return gone === null ? null : ((this.now.ticks - gone.ticks) * 1000) / gone.ms;
  }

  // Seconds to the end at the present pace; null while that cannot be said, as when nothing moves.
  left(at) {
    if (this.silent(at) !== null) return null;
    const gone = this.#since(at);
    const made = gone === null ? 0 : work(this.now) - gone.work;
    if (made <= 0) return null;
    return ((2 * this.now.days - work(this.now)) * gone.ms) / made / 1000;
  }

  elapsed(at) {
    return this.now.started === null || this.now.started === undefined ? null : Math.max(0, (at - this.now.started) / 1000);
  }

  // Seconds without anything new, once they are worth a word.
  silent(at) {
    return at - this.changedAt >= SILENT_MS ? Math.floor((at - this.changedAt) / 1000) : null;
  }

  #since(at) {
    const [first] = this.samples;
    return this.samples.length < 2 || at <= first.at ? null : { ms: at - first.at, work: first.work, ticks: first.ticks };
  }
}

export function duration(seconds) {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const count = (value) => value.toLocaleString("en-US");

export function rate(speed) {
  if (!speed) return "–";
  if (speed >= 1e6) return `${(speed / 1e6).toFixed(1)} million ticks/s`;
  return `${count(Math.round(speed))} ticks/s`;
}

// What is wrong, or worth saying, in a sentence; "" if all is well. `link`: the socket's state.
export function news(progress, link, at) {
  const { now } = progress;
  const silent = progress.silent(at);
  if (link === "refused") return "You are logged out. Log in again to see how it goes on.";
  if (now.stopping && !isOver(now)) return "It stops after the days that are being worked on.";
  if (now.status === "waiting") return silent === null ? "It waits for a worker to begin." : `It has waited for ${duration(silent)}: is a worker running? With Redis, start one with: celery -A tradebot worker`;
  if (silent !== null && work(now) === 0) return `Nothing is done yet, after ${duration(silent)}. The first run on a machine compiles the engine, which takes a minute or two.`;
  if (silent !== null) return `Nothing new for ${duration(silent)}. A day may take long, or its worker is gone; then another takes its place, or stop the run and start it again: what is analysed is kept.`;
  if (link === "closed") return "The live connection is lost; this page asks every few seconds instead.";
  return "";
}

// All words of the page, by the names in its template.
export function words(progress, link, at) {
  const { now } = progress;
  return {
    done: `${count(now.done)} of ${count(now.days)} days`,
    stage: `${count(now.analysed)} analysed${now.kept ? `, ${count(now.kept)} of them kept from before` : ""}`,
    ticks: count(now.ticks),
    speed: rate(progress.speed(at)),
    left: duration(progress.left(at)),
    elapsed: duration(progress.elapsed(at)),
    news: news(progress, link, at),
  };
}

export const widths = ({ done, analysed, days }) => {
  const share = (part) => `${days ? Math.min(100, (100 * part) / days).toFixed(1) : 0}%`;
  return { done: share(done), analysed: share(analysed) };
};
