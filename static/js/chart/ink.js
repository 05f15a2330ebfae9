// What is drawn is gathered by colour and put on the canvas in layers: setting a colour or a font once
// for thousands of rectangles and texts is what makes them fast. Buffers are kept from frame to frame.

// Opaque rectangles of one colour. Those one pixel wide, of which there are most when one looks from afar,
// are drawn as one path of lines: the same pixels in less than half the time.
export class Ink {
  constructor(colour) {
    this.colour = colour;
    this.at = [];
    this.count = 0;
    this.lines = []; // x, top, bottom
    this.lined = 0;
  }

  // Device pixels, whole.
  rect(x, y, width, height) {
    if (width === 1) {
      const { lines } = this;
      lines[this.lined] = x + 0.5;
      lines[this.lined + 1] = y;
      lines[this.lined + 2] = y + height;
      this.lined += 3;
      return;
    }
    const { at } = this;
    at[this.count] = x;
    at[this.count + 1] = y;
    at[this.count + 2] = width;
    at[this.count + 3] = height;
    this.count += 4;
  }

  lay(context) {
    if (this.count > 0) this.#layBoxes(context);
    if (this.lined > 0) this.#layLines(context);
  }

  #layBoxes(context) {
    const { at, count } = this;
    context.fillStyle = this.colour;
    for (let index = 0; index < count; index += 4) context.fillRect(at[index], at[index + 1], at[index + 2], at[index + 3]);
    this.count = 0;
  }

  #layLines(context) {
    const { lines, lined } = this;
    context.strokeStyle = this.colour;
    context.lineWidth = 1;
    context.setLineDash(SOLID);
    context.beginPath();
    for (let index = 0; index < lined; index += 3) {
      context.moveTo(lines[index], lines[index + 1]);
      context.lineTo(lines[index], lines[index + 2]);
    }
    context.stroke();
    this.lined = 0;
  }
}

class Pen {
  constructor(colour, align, weight) {
    this.colour = colour;
    this.align = align;
    this.weight = weight;
    this.texts = [];
    this.at = [];
    this.count = 0;
  }

  write(text, x, baseline) {
    this.texts[this.count] = text;
    this.at[2 * this.count] = x;
    this.at[2 * this.count + 1] = baseline;
    this.count += 1;
  }

  lay(context, size, font) {
    if (this.count === 0) return;
    context.font = `${this.weight}${size}px ${font}`;
    context.textAlign = this.align;
    context.fillStyle = this.colour;
    for (let index = 0; index < this.count; index += 1) {
      context.fillText(this.texts[index], this.at[2 * index], this.at[2 * index + 1]);
    }
    this.count = 0;
  }
}

const SOLID = Object.freeze([]);
const BOLD = "600 ";

// All inks and pens of a theme. Later ones lie over earlier ones.
export class Palette {
  constructor(theme) {
    const ink = (colour) => new Ink(colour);
    const pen = (colour, align, weight = "") => new Pen(colour, align, weight);
    this.theme = theme;
    // rows
    this.cell = ink(theme.cell);
    this.buyHeat = theme.buyHeat.map(ink);
    this.sellHeat = theme.sellHeat.map(ink);
    this.volumeHeat = theme.volumeHeat.map(ink);
    this.buyBar = [ink(theme.buyBarDim), ink(theme.buyBar)];
    this.sellBar = [ink(theme.sellBarDim), ink(theme.sellBar)];
    this.neutralBar = [ink(theme.neutralBarDim), ink(theme.neutralBar)];
    this.buyStrong = ink(theme.buyStrong);
    this.sellStrong = ink(theme.sellStrong);
    // on them and beside them
    this.seam = ink(theme.background);
    this.buy = ink(theme.buy);
    this.sell = ink(theme.sell);
    this.unchanged = ink(theme.text);
    this.area = ink(theme.area);
    this.poc = ink(theme.poc);
    // numbers: [outside of the value area, within]
    const plain = (align) => [pen(theme.cellDim, align), pen(theme.cellText, align)];
    this.left = plain("left");
    this.right = plain("right");
    this.center = plain("center");
    this.onBuy = { left: pen(theme.onBuy, "left", BOLD) };
    this.onSell = { right: pen(theme.onSell, "right", BOLD) };
    // figures of the bar
    this.buyFigure = pen(theme.buy, "center", BOLD);
    this.sellFigure = pen(theme.sell, "center", BOLD);
    this.figure = pen(theme.text, "center");

    this.inks = [
      this.cell, ...this.buyHeat, ...this.sellHeat, ...this.volumeHeat, ...this.buyBar, ...this.sellBar,
      ...this.neutralBar, this.buyStrong, this.sellStrong, this.seam, this.buy, this.sell, this.unchanged,
      this.area, this.poc,
    ];
    this.numbers = [...this.left, ...this.right, ...this.center, this.onBuy.left, this.onSell.right];
    this.figures = [this.buyFigure, this.sellFigure, this.figure];
  }

  // Puts everything on the canvas. Sizes of text in device pixels.
  lay(context, numberSize, figureSize) {
    for (const ink of this.inks) ink.lay(context);
    context.textBaseline = "alphabetic";
    for (const pen of this.numbers) pen.lay(context, numberSize, this.theme.font);
    for (const pen of this.figures) pen.lay(context, figureSize, this.theme.font);
  }
}
