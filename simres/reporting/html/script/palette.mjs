// Colours and patterns, taken from the page's style.

export const KINDS = ["load", "store", "matrix", "host", "move"];
const WAITS = { data: "wait", order: "wait", bus: "bus", space: "space", latency: "quiet", engine: "quiet" };

// The pattern of each cause of waiting on a tile of 6 by 6: lines from (x, y) to (x, y), and boxes.
const LINES = {
  data: [
    [-1, 7, 7, -1],
    [-1, 1, 1, -1],
    [5, 7, 7, 5],
  ],
  bus: [
    [-1, -1, 7, 7],
    [-1, 5, 1, 7],
    [5, -1, 7, 1],
  ],
};
const BOXES = {
  order: [[2, 2, 2, 2]],
  space: [
    [0, 0, 6, 2],
    [0, 3, 6, 1],
  ],
  latency: [
    [0, 0, 2, 6],
    [3, 0, 1, 6],
  ],
  engine: [
    [0, 0, 3, 3],
    [3, 3, 3, 3],
  ],
};

/** Black or white, whichever is read more easily on a colour (relative luminance, WCAG 2). */
export function readable(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** The colours and patterns of the page as it looks now. */
export function palette(context) {
  const probe = document.body.appendChild(document.createElement("i"));
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = { pattern: {} };
  const names = "ink quiet paper line grid track accent wash wait bus space load store matrix host move";
  for (const name of names.split(" ")) found[name] = colour(name);
  probe.remove();
  found.on = Object.fromEntries(KINDS.map((kind) => [kind, readable(found[kind])]));
  found.shades = {
    weight: shadesOf(found.load),
    input: shadesOf(found.host),
    activation: shadesOf(found.matrix),
  };
  /** Shades of a colour on the track's: opaque, which is drawn fastest. */
  function shadesOf(full) {
    const [on, under] = [full, found.track].map((colour) => colour.match(/[\d.]+/g).map(Number));
    return [0.4, 0.6, 0.8, 1].map(
      (part) => `rgb(${on.map((value, n) => Math.round(part * value + (1 - part) * under[n]))})`,
    );
  }
  for (const [cause, name] of Object.entries(WAITS)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const pen = tile.getContext("2d");
    pen.fillStyle = found.track;
    pen.fillRect(0, 0, 6, 6);
    pen.fillStyle = pen.strokeStyle = found[name];
    pen.lineWidth = cause === "bus" ? 2.5 : 1.2;
    pen.beginPath();
    for (const [x, y, toX, toY] of LINES[cause] ?? []) {
      pen.moveTo(x, y);
      pen.lineTo(toX, toY);
    }
    pen.stroke();
    for (const box of BOXES[cause] ?? []) pen.fillRect(...box);
    found.pattern[cause] = context.createPattern(tile, "repeat");
  }
  return found;
}
