// What a signal was found in, in words: the engine's details of each pattern (docs/orderflow.md).

import * as format from "./format.js";

const at = (details, name, grid) => format.price(details[name], grid);
const times = (ratio) => `${Number(ratio).toFixed(1)}×`;

const WORDS = {
  imbalance: (d) => `${format.volume(d.volume)} against ${format.volume(d.against)}, ${times(d.ratio)}${d.count > 1 ? `; ${d.count} in the bar` : ""}`,
  stacked: (d, grid) => `${d.count} rows, ${at(d, "low", grid)} to ${at(d, "high", grid)}`,
  exhaustion: (d) => `${d.levels} rows, from ${format.volume(d.first)} down to ${format.volume(d.last)} at the extreme`,
  absorption: (d) => `${format.volume(d.volume)} in the outermost rows, ${format.percent(d.share)} of it from the side that got nowhere; close at ${format.percent(d.close_position)} of the range`,
  divergence: (d, grid) => `extreme ${at(d, "extreme", grid)}; delta peak ${format.signed(d.peak_last)} after ${format.signed(d.peak_before)}`,
  unfinished: (d, grid) => d.level === undefined
    ? `${format.volume(d.volume)} on the other side at the extreme`
    : `unfinished ${d.side} ${at(d, "level", grid)} traded again`,
};

// "" when there is nothing known to tell. `name` is the family's.
export function details(name, found, grid) {
  const words = WORDS[name];
  return words && found && Object.keys(found).length > 0 ? words(found, grid) : "";
}
