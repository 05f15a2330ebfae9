// Draws the plots of a report: in the file on disk, where it stands inline, and on the page. So it
// imports nothing. A plot is drawn when it comes near, again when the theme changes, and on paper in
// its colours and width. What `trading/report/drawing.py` says of a plot is what is read here.

const NEAR = "800px";
const NARROW = 480;
const CONFIG = { displayModeBar: false, showTips: false, responsive: false, doubleClick: "reset" };
const root = document.documentElement;
const data = document.getElementById("report-plots");
const plots = data ? JSON.parse(data.textContent) : {};
const places = [...document.querySelectorAll("[data-plot]")].filter((place) => place.dataset.plot in plots);
const drawn = new Map(); // place -> the width that it was drawn for
const coarse = matchMedia("(pointer: coarse)");

function tokens() {
  const style = getComputedStyle(root);
  const known = new Map();
  return (name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(`--${name}`).trim());
    return known.get(name);
  };
}

// `$profit`, or `$profit/25`, as rgba()
function colour(token, value) {
  const [name, strength] = token.slice(1).split("/");
  const hex = value(name);
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${strength ? strength / 100 : 1})`;
}

function coloured(node, value, isColour = false) {
  if (typeof node === "string") return isColour && node.startsWith("$") ? colour(node, value) : node;
  if (Array.isArray(node)) {
    return isColour || typeof node[0] === "object" ? node.map((each) => coloured(each, value, isColour)) : node;
  }
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, each]) => [key, coloured(each, value, key.endsWith("color"))]),
  );
}

function draw(place) {
  const width = place.clientWidth;
  if (!width) return;
  const first = !drawn.has(place);
  drawn.set(place, width);
  const { data: traces, layout } = coloured(plots[place.dataset.plot], tokens());
  layout.width = width;
  if (width < NARROW) {
    for (const axis of [layout.xaxis, layout.xaxis2]) {
      if (axis?.type === "date") Object.assign(axis, { nticks: 4, tickangle: 0 });
    }
  }
  // A finger scrolls the page; a mouse may drag out what it wants to see closer.
  layout.dragmode = coarse.matches ? false : (layout.dragmode ?? false);
  if (first) place.replaceChildren();
  Plotly.react(place, traces, layout, CONFIG);
}

function redraw() {
  for (const place of drawn.keys()) draw(place);
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      if (!drawn.has(target)) draw(target);
    }
  },
  { rootMargin: NEAR },
);
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (drawn.has(target) && drawn.get(target) !== target.clientWidth) requestAnimationFrame(() => draw(target));
  }
});

for (const place of places) {
  near.observe(place);
  sizes.observe(place);
}
new MutationObserver(redraw).observe(root, { attributeFilter: ["data-theme"] });

// Paper is light and narrow, and shows all.
let screenTheme;
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("[data-open-on-paper]:not([open])")];
  screenTheme = root.dataset.theme;
  root.dataset.theme = "light";
  root.classList.add("is-on-paper");
  for (const part of folded) part.open = true;
  for (const place of places) draw(place);
});
addEventListener("afterprint", () => {
  root.classList.remove("is-on-paper");
  if (screenTheme) root.dataset.theme = screenTheme;
  else delete root.dataset.theme;
  for (const part of folded) part.open = false;
  redraw();
});
