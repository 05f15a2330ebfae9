// The player's signs, drawn: not every font has them.

const SHAPES = {
  play: "M4 2.5 L13 8 L4 13.5 Z",
  pause: "M3.5 2.5 H6.5 V13.5 H3.5 Z M9.5 2.5 H12.5 V13.5 H9.5 Z",
  back: "M12.5 2.5 V13.5 L5.5 8 Z M3 2.5 H4.75 V13.5 H3 Z",
  forward: "M3.5 2.5 V13.5 L10.5 8 Z M11.25 2.5 H13 V13.5 H11.25 Z",
  again: "M8 2.5 A5.5 5.5 0 1 0 13.5 8 H11.5 A3.5 3.5 0 1 1 8 4.5 V7 L12 3.5 L8 0 Z",
};
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["width", "14"], ["height", "14"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}
