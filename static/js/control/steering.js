// What the live page has beyond looking: the control bar, toasts, sound, keys and their help sheet.

import { $, h } from "../ui/dom.js";
import { HelpSheet } from "../ui/help-sheet.js";
import { Sound } from "../ui/sound.js";
import { ofConnection, ofFrame } from "../ui/toast-rules.js";
import { Toasts } from "../ui/toasts.js";
import { ControlBar } from "./bar.js";
import { SettingsSheet } from "./settings-sheet.js";

export function mountSteering(station) {
  const toasts = new Toasts($("toasts"));
  const sound = new Sound();
  const tell = (toast) => {
    toasts.push(toast);
    if (toast.sound) sound.play(toast.sound);
  };
  announce(station, tell, toasts);

  const help = new HelpSheet(station.keys);
  const settings = new SettingsSheet({
    state: () => station.state, may: $("control-bar").dataset.mayConfigure === "yes",
    onSaved: ({ saved }) => tell({ key: "settings", level: "info", title: "Settings saved", text: `${saved}, from the next start.` }),
  });
  const settingsButton = h("button", {
    type: "button", class: "button control-bar__settings", title: "Timeframe, limits, size, patterns ( c )", onclick: () => settings.open(),
  }, "Settings");
  const soundButton = soundToggle(sound);
  const helpButton = h("button", {
    type: "button", class: "button button--quiet button--icon control-bar__help", "aria-label": "Keyboard shortcuts", title: "Keys ( ? )", onclick: () => help.open(),
  }, "?");
  const bar = new ControlBar(station, $("control-bar"), { toast: tell, extra: [settingsButton, soundButton, helpButton] });

  keys(station, { bar, help, settings, soundButton });
  return { bar, help, settings, toasts, sound };
}

function announce(station, tell, toasts) {
  let connection = null;
  station.onMessage("frame", (frame, before) => ofFrame(frame, before).forEach(tell));
  const watch = () => {
    const toast = ofConnection(connection, station.connection);
    if (station.connection !== "connecting") connection = station.connection;
    if (!toast) return;
    toasts.dismiss(toast.key);
    tell(toast);
  };
  station.panels.push({ render: watch, tick: watch });
}

function soundToggle(sound) {
  const button = h("button", { type: "button", class: "button button--quiet button--icon control-bar__sound", "aria-label": "Sound" }, "♪");
  const draw = () => {
    button.setAttribute("aria-pressed", String(sound.on));
    button.title = sound.on ? "Sound is on: fills and alerts ( s )" : "Sound is off ( s )";
  };
  button.addEventListener("click", () => {
    sound.toggle();
    draw();
  });
  draw();
  return button;
}

function keys({ keys: shortcuts }, { bar, help, settings, soundButton }) {
  const tab = (name) => () => $(`tab-${name}`).click();
  const trading = (kinds, does) => [() => bar.openEither(...kinds), { group: "Trading (each asks first)", does }];
  shortcuts
    .set("h", ...trading(["halt", "resume"], "Halt, or resume"))
    .set("f", ...trading(["flatten"], "Flatten the position"))
    .set("k", ...trading(["kill"], "Kill switch"))
    .set("x", ...trading(["stop", "start"], "Stop, or start, the session"))
    .set("1", tab("signals"), { group: "Lists", does: "Signals" })
    .set("2", tab("trades"), { group: "Lists", does: "Trades" })
    .set("3", tab("notices"), { group: "Lists", does: "Notices" })
    .set("c", () => settings.open(), { group: "Page", does: "Settings" })
    .set("s", () => soundButton.click(), { group: "Page", does: "Sound on or off" })
    .set("d", () => $("theme")?.click(), { group: "Page", does: "Dark or light" })
    .set("?", () => help.open(), { group: "Page", does: "This sheet" });
}
