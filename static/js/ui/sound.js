// Short tones, made here: one for fills, one for alerts, one for the rest. Off until it is switched on.
//
// Browsers let a page sound only after somebody touched it: the context is made at the switch, or, when
// the choice was kept from an earlier visit, at the first touch.

const KEPT = "sound";
const QUIET_MS = 400; // so that a burst of fills is one tone
const TONES = {
  fill: [{ hertz: 660, at: 0, lasts: 0.09 }, { hertz: 880, at: 0.1, lasts: 0.12 }],
  alert: [{ hertz: 440, at: 0, lasts: 0.16 }, { hertz: 440, at: 0.22, lasts: 0.16 }, { hertz: 330, at: 0.44, lasts: 0.28 }],
  info: [{ hertz: 740, at: 0, lasts: 0.07 }],
};

export const tones = (kind) => TONES[kind] ?? TONES.info;

export class Sound {
  constructor({ storage = () => localStorage, makeContext = () => new AudioContext(), now = () => performance.now(), target = document } = {}) {
    Object.assign(this, { storage, makeContext, now });
    this.context = null;
    this.last = new Map();
    this.on = this.#kept() === "on";
    if (this.on) {
      for (const name of ["pointerdown", "keydown"]) target.addEventListener(name, () => this.#wake(), { once: true });
    }
  }

  toggle() {
    this.on = !this.on;
    try {
      this.storage().setItem(KEPT, this.on ? "on" : "off");
    } catch {
      // Storage is forbidden: the choice lasts as long as the page.
    }
    if (this.on) {
      this.#wake();
      this.play("info");
    }
    return this.on;
  }

  // Whether it sounded.
  play(kind) {
    if (!this.on || this.context === null) return false;
    const now = this.now();
    if (now - (this.last.get(kind) ?? -Infinity) < QUIET_MS) return false;
    this.last.set(kind, now);
    const { context } = this;
    for (const { hertz, at, lasts } of tones(kind)) {
      const [from, until] = [context.currentTime + at, context.currentTime + at + lasts];
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = hertz;
      // Rising and falling softly, or it clicks.
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(0.12, from + 0.01);
      volume.gain.linearRampToValueAtTime(0, until);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(until);
    }
    return true;
  }

  #wake() {
    this.context ??= this.makeContext();
    if (this.context.state === "suspended") this.context.resume();
  }

  #kept() {
    try {
      return this.storage().getItem(KEPT);
    } catch {
      return null;
    }
  }
}
