// The shapes of signal markers, drawn around (x, y) in device pixels. Filled: accepted; hollow: rejected.

export function drawMark(context, shape, x, y, size, { up, filled, colour, background, line }) {
  const half = size / 2;
  context.beginPath();
  if (shape === "square") context.rect(x - half * 0.8, y - half * 0.8, size * 0.8, size * 0.8);
  else if (shape === "circle") context.arc(x, y, half * 0.9, 0, Math.PI * 2);
  else if (shape === "triangle") polygon(context, x, y, half, up ? TRIANGLE_UP : TRIANGLE_DOWN);
  else if (shape === "diamond") polygon(context, x, y, half * 1.1, DIAMOND);
  else if (shape === "stack") for (const at of [-1, 0, 1]) {
    context.rect(x - half, y + at * size * 0.37 - size * 0.12, size, size * 0.24);
  }
  else polygon(context, x, y, half, up ? FLAG_UP : FLAG_DOWN);
  context.lineWidth = line;
  context.strokeStyle = colour;
  context.fillStyle = filled ? colour : background;
  context.fill();
  context.stroke();
}

const TRIANGLE_UP = [[0, -1], [1, 0.85], [-1, 0.85]];
const TRIANGLE_DOWN = [[0, 1], [1, -0.85], [-1, -0.85]];
const DIAMOND = [[0, -1], [1, 0], [0, 1], [-1, 0]];
const FLAG_UP = [[-0.7, 1], [-0.7, -1], [0.9, -0.45], [-0.35, 0.1], [-0.35, 1]];
const FLAG_DOWN = [[-0.7, -1], [-0.7, 1], [0.9, 0.45], [-0.35, -0.1], [-0.35, -1]];

function polygon(context, x, y, scale, points) {
  points.forEach(([dx, dy], index) => {
    if (index === 0) context.moveTo(x + dx * scale, y + dy * scale);
    else context.lineTo(x + dx * scale, y + dy * scale);
  });
  context.closePath();
}
