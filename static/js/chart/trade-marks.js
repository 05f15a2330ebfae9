// The marks of a trade: an arrow with its tip at the entry's price, which no signal has, and at the exit a
// shape that says why.

const ARROW = [[0, 0], [-1, 1.1], [-0.4, 1.1], [-0.4, 2.4], [0.4, 2.4], [0.4, 1.1], [1, 1.1]];

// Target: a disc. Stop: a cross. A stop that had moved: a cross in a ring. Everything else: a square.
export const EXIT_MARKS = Object.freeze({
  target: "disc", stop: "cross", break_even: "ring", trailing_stop: "ring",
});

export function drawArrow(context, x, y, size, direction, colour, edge) {
  const way = direction > 0 ? 1 : -1;
  context.beginPath();
  ARROW.forEach(([dx, dy], index) => {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x + dx * size, y + way * dy * size);
  });
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = edge;
  context.lineWidth = Math.max(2, size / 2.5);
  context.stroke();
  context.fill();
}

export function drawExit(context, why, x, y, size, { colour, background, line }) {
  const shape = EXIT_MARKS[why] ?? "square";
  context.beginPath();
  if (shape === "square") context.rect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
  else context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = shape === "disc" || shape === "square" ? colour : background;
  context.globalAlpha = shape === "cross" ? 0.75 : 1;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = shape === "disc" || shape === "square" ? background : colour;
  context.lineWidth = line;
  if (shape !== "cross") context.stroke();
  if (shape === "disc" || shape === "square") return;
  const reach = shape === "ring" ? size * 0.5 : size * 0.85;
  context.beginPath();
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x + reach, y - reach);
  context.lineTo(x - reach, y + reach);
  context.strokeStyle = colour;
  context.stroke();
}
