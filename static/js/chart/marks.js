// The shapes of signal markers, one source for the chart's canvas and the lists. Paths lie in a square
// from -1 to 1 and point up; for the other direction they are turned over.

export const PATHS = Object.freeze({
  square: "M-.8-.8H.8V.8H-.8Z",
  circle: "M-.9 0A.9.9 0 1 0 .9 0A.9.9 0 1 0-.9 0Z",
  triangle: "M0-1L1 .85H-1Z",
  diamond: "M0-1.1L1.1 0L0 1.1L-1.1 0Z",
  stack: "M-1-1H1V-.3H-1ZM-1 .3H1V1H-1Z",
  flag: "M-.6 1.1V-1.1L.9-.45L-.6 .2",
});

const FLIPPED = new Set(["triangle", "flag"]);
const REACH = 1.1; // how far paths go
const MOST_KEPT = 200;
const paths = new Map();
const pictures = new Map();

// Around (x, y), whole device pixels; about `size` across. Filled: accepted; hollow: rejected. A mark is drawn
// once and then copied, which takes a third of the time.
export function drawMark(context, shape, x, y, size, style) {
  const { up, filled, colour, background, line } = style;
  const across = Math.round(2 * size) / 2;
  const key = `${shape} ${across} ${up} ${filled} ${colour} ${background} ${line}`;
  let picture = pictures.get(key);
  if (!picture) {
    if (pictures.size >= MOST_KEPT) pictures.clear();
    pictures.set(key, (picture = pictureOf(shape, across, style)));
  }
  context.drawImage(picture, x - picture.width / 2, y - picture.height / 2);
}

function pictureOf(shape, size, { up, filled, colour, background, line }) {
  if (!paths.has(shape)) paths.set(shape, new Path2D(PATHS[shape]));
  const half = size / 2;
  const picture = document.createElement("canvas");
  const room = Math.ceil(half * REACH + line);
  picture.width = picture.height = 2 * room;
  const context = picture.getContext("2d");
  context.translate(room, room);
  context.scale(half, up || !FLIPPED.has(shape) ? half : -half);
  context.lineWidth = line / half;
  context.lineJoin = "round";
  context.strokeStyle = colour;
  context.fillStyle = filled ? colour : background;
  context.fill(paths.get(shape));
  context.stroke(paths.get(shape));
  return picture;
}

const SVG = "http://www.w3.org/2000/svg";

// The same as an element; it takes the text's colour.
export function markElement(shape, { up, filled }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-1.4 -1.4 2.8 2.8");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[shape]);
  if (!up && FLIPPED.has(shape)) path.setAttribute("transform", "scale(1 -1)");
  path.setAttribute("fill", filled ? "currentColor" : "none");
  path.setAttribute("stroke", "currentColor");
  path.setAttribute("stroke-width", "0.3");
  path.setAttribute("stroke-linejoin", "round");
  svg.append(path);
  return svg;
}
