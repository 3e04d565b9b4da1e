// Colours and patterns: which, the lexicon says; how they look, the page's style.

/** Black or white, whichever is read more easily on a colour (relative luminance, WCAG 2). */
export function readable(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** The colours and patterns of the page as it looks now: `lexicon` says which (`simres/reporting/lexicon.py`). */
export function palette(context, data) {
  const { lexicon } = data;
  const probe = document.body.appendChild(document.createElement("i"));
  const found = { pattern: {} };
  for (const name of lexicon.colours) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  const named = (table) =>
    Object.fromEntries(Object.entries(table).map(([name, colour]) => [name, found[colour]]));
  found.kinds = data.kinds.map((kind) => found[lexicon.kinds[kind]]);
  found.roles = named(lexicon.roles);
  found.on = Object.fromEntries(
    [...found.kinds, ...Object.values(found.roles)].map((colour) => [colour, readable(colour)]),
  );
  found.shades = Object.fromEntries(
    Object.entries(named(lexicon.tensors)).map(([role, colour]) => [role, shadesOf(colour)]),
  );
  /** Shades of a colour on the track's: opaque, which is drawn fastest. */
  function shadesOf(full) {
    const [on, under] = [full, found.track].map((colour) => colour.match(/[\d.]+/g).map(Number));
    return [0.4, 0.6, 0.8, 1].map(
      (part) => `rgb(${on.map((value, n) => Math.round(part * value + (1 - part) * under[n]))})`,
    );
  }
  for (const [cause, { colour, boxes, strokes, thick }] of Object.entries(lexicon.causes)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const pen = tile.getContext("2d");
    pen.fillStyle = found.track;
    pen.fillRect(0, 0, 6, 6);
    pen.fillStyle = pen.strokeStyle = found[colour];
    pen.lineWidth = thick;
    pen.beginPath();
    for (const [x, y, toX, toY] of strokes) {
      pen.moveTo(x, y);
      pen.lineTo(toX, toY);
    }
    pen.stroke();
    for (const box of boxes) pen.fillRect(...box);
    found.pattern[cause] = context.createPattern(tile, "repeat");
  }
  return found;
}
