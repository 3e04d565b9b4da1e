// The lanes: what each engine did, drawn span by span where there is room and as shares of a pixel where not.

const KINDS = ["load", "store", "matrix", "host", "move"];
const WAITS = { data: "wait", order: "wait", bus: "bus", space: "space", latency: "quiet", engine: "quiet" };

/** Black or white, whichever is read more easily on a colour (relative luminance, WCAG 2). */
function readable(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** The colours and patterns of the page as it looks now. */
function palette(context) {
  const probe = document.body.appendChild(document.createElement("i"));
  const colour = (name) => ((probe.style.color = `var(--${name})`), getComputedStyle(probe).color);
  const found = { pattern: {} };
  const names = "ink quiet paper line grid track accent wash wait bus space load store matrix host move";
  for (const name of names.split(" ")) found[name] = colour(name);
  probe.remove();
  found.on = Object.fromEntries(KINDS.map((kind) => [kind, readable(found[kind])]));
  found.shades = { weight: shadesOf(found.load), input: shadesOf(found.host), activation: shadesOf(found.matrix) };
  /** Shades of a colour on the track's: opaque, which is drawn fastest. */
  function shadesOf(full) {
    const [on, under] = [full, found.track].map((colour) => colour.match(/[\d.]+/g).map(Number));
    return [0.4, 0.6, 0.8, 1].map((part) => `rgb(${on.map((value, n) => Math.round(part * value + (1 - part) * under[n]))})`);
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
    if (cause === "data") pen.moveTo(-1, 7), pen.lineTo(7, -1), pen.moveTo(-1, 1), pen.lineTo(1, -1), pen.moveTo(5, 7), pen.lineTo(7, 5);
    if (cause === "bus") pen.moveTo(-1, -1), pen.lineTo(7, 7), pen.moveTo(-1, 5), pen.lineTo(1, 7), pen.moveTo(5, -1), pen.lineTo(7, 1);
    pen.stroke();
    if (cause === "order") pen.fillRect(2, 2, 2, 2);
    if (cause === "space") pen.fillRect(0, 0, 6, 2), pen.fillRect(0, 3, 6, 1);
    if (cause === "latency") pen.fillRect(0, 0, 2, 6), pen.fillRect(3, 0, 1, 6);
    if (cause === "engine") pen.fillRect(0, 0, 3, 3), pen.fillRect(3, 3, 3, 3);
    found.pattern[cause] = context.createPattern(tile, "repeat");
  }
  return found;
}

/** The waits of a task in time before it worked: [cause, from, to] each. */
function waitsOf(model, i) {
  const { s } = model;
  const turn = s.granted[i] + s.engine[i];
  const ends = [s.ready_at[i], s.granted[i], turn, turn + s.latency[i], s.begun[i]];
  const causes = [s.reads[i] ? "data" : "order", "space", "engine", "latency", "bus"];
  return ends
    .map((end, n) => [causes[n], n ? ends[n - 1] : s.since[i], end])
    .filter(([, from, to]) => to > from);
}

/** What a task is called: its layer, and for a transfer what is moved which way. */
function titleOf(model, i) {
  const { s, t } = model;
  const task = s.task[i];
  const kind = data.kinds[t.kind[task]];
  const moves = kind === "load" || kind === "store";
  return moves && t.tensor[task] >= 0 ? `${kind} ${data.tensors[t.tensor[task]]}` : data.layers[t.layer[task]];
}

const WIDE = 2; // pixels from which on a span or a wait is drawn by itself
const CAUSES = ["order", "data", "space", "engine", "latency", "bus"];

/** Shares of each pixel: `slots` amounts a column. */
function sharesOf(columns, slots) {
  const shares = new Float64Array(columns * slots);
  const add = (slot, left, right) => {
    for (let x = Math.max(0, Math.floor(left)); x < right && x < columns; x++)
      shares[x * slots + slot] += Math.min(right, x + 1) - Math.max(left, x);
  };
  return { shares, add };
}

/**
 * Draws a lane into (0, y, width, height); `dim(i)` says which spans step back. Returns how long it worked.
 * Work that is too short for a pixel of its own is drawn as high as its share of the pixel.
 */
function drawLane(pen, model, lane, view, box, colours, dim, plain) {
  const { s, t } = model;
  const { y, width, height } = box;
  const scale = width / (view.to - view.from);
  pen.fillStyle = colours.track;
  pen.fillRect(0, y, width, height);
  const columns = Math.ceil(width) + 1;
  const work = sharesOf(columns, 6); // five kinds, and those that step back
  const wait = sharesOf(columns, CAUSES.length);
  const labels = [];
  let worked = 0;
  let crowded = false;
  const start = search(lane.first, lane.past, (i) => s.end[i] <= view.from);
  for (let i = start; i < lane.past && s.since[i] < view.to; i++) {
    const left = (s.begun[i] - view.from) * scale;
    const right = (s.end[i] - view.from) * scale;
    worked += Math.max(0, Math.min(s.end[i], view.to) - Math.max(s.begun[i], view.from));
    const kind = t.kind[s.task[i]];
    const back = dim && dim(i);
    const waited = (s.begun[i] - s.since[i]) * scale;
    if (waited >= WIDE && !back && !plain)
      for (const [cause, from, to] of waitsOf(model, i)) {
        const x = Math.max(0, (from - view.from) * scale);
        const wide = Math.min(width, (to - view.from) * scale) - x;
        if (wide <= 0) continue;
        pen.fillStyle = colours.pattern[cause];
        pen.fillRect(x, y + height * 0.3, wide, height * 0.4);
      }
    else if (waited && !back && !plain) {
      crowded = true;
      let from = left - waited;
      wait.add(s.reads[i], from, (from += s.ready[i] * scale));
      wait.add(2, from, (from += s.space[i] * scale));
      wait.add(3, from, (from += s.engine[i] * scale));
      wait.add(4, from, (from += s.latency[i] * scale));
      wait.add(5, from, left);
    }
    if (right - left >= WIDE) {
      const x = Math.max(0, left);
      const wide = Math.min(width, right) - x;
      if (wide <= 0) continue;
      pen.globalAlpha = back ? 0.15 : 1;
      pen.fillStyle = colours[KINDS[kind]];
      pen.fillRect(x, y, wide > 4 ? wide - 0.75 : wide, height);
      pen.globalAlpha = 1;
      if (wide > 44 && !back && !plain) labels.push([i, x, wide, kind]);
    } else if (s.work[i] && right > 0 && left < width) {
      crowded = true;
      work.add(back ? 5 : kind, left, right);
    }
  }
  if (crowded)
    for (let x = 0; x < columns; x++) {
      let most = 0;
      for (let slot = 1; slot < 6; slot++) if (wait.shares[x * 6 + slot] > wait.shares[x * 6 + most]) most = slot;
      if (wait.shares[x * 6 + most] > 0.3) {
        pen.fillStyle = colours.pattern[CAUSES[most]];
        pen.fillRect(x, y + height * 0.3, 1, height * 0.4);
      }
      let foot = y + height;
      for (let slot = 0; slot < 6; slot++) {
        const part = work.shares[x * 6 + slot];
        if (!part) continue;
        const high = Math.max(1, Math.round(Math.min(1, part) * height)); // whole pixels are drawn fastest
        foot -= high;
        pen.globalAlpha = slot === 5 ? 0.4 : 1;
        pen.fillStyle = slot === 5 ? colours.wait : colours[KINDS[slot]];
        pen.fillRect(x, foot, 1, high);
      }
      pen.globalAlpha = 1;
    }
  for (const [i, x, wide, kind] of labels) written(pen, titleOf(model, i), x + 5, y + height / 2, wide - 10, colours.on[KINDS[kind]]);
  return worked;
}

/** A text that fits, its end kept, where names differ. */
function written(pen, text, x, y, room, colour) {
  const most = Math.floor(room / 6.1);
  if (most < 4) return;
  pen.fillStyle = colour;
  pen.fillText(text.length > most ? `…${text.slice(1 - most).replace(/^\W+/, "")}` : text, x, y + 0.5);
}

/** The critical path: its own lane over the others. */
function drawPath(pen, model, view, box, colours) {
  const { path } = model;
  const { y, width, height } = box;
  const scale = width / (view.to - view.from);
  pen.fillStyle = colours.track;
  pen.fillRect(0, y, width, height);
  const roles = { bus: "load", matrix: "matrix", host: "host", memory: "move" };
  let drawn = -1;
  for (let n = search(0, path.end.length, (n) => path.end[n] <= view.from); n < path.end.length; n++) {
    if (path.start[n] >= view.to) break;
    const x = Math.max(0, (path.start[n] - view.from) * scale);
    const right = Math.min(width, (path.end[n] - view.from) * scale);
    if (right <= drawn) continue; // this pixel is taken
    const why = data.whys[path.why[n]];
    const role = model.lanes[path.lane[n]]?.role;
    pen.fillStyle = why === "working" ? colours[roles[role] ?? "move"] : colours.pattern[why] ?? colours.track;
    const wide = Math.max(0.75, right - x);
    pen.fillRect(x, y, wide > 4 ? wide - 0.75 : wide, height);
    drawn = Math.floor(right);
    if (wide > 60 && why === "working") written(pen, data.layers[path.layer[n]], x + 5, y + height / 2, wide - 10, colours.on[roles[role] ?? "move"]);
    else if (wide > 60) {
      pen.fillStyle = colours.paper;
      pen.fillRect(x + 4, y + 2, pen.measureText(why).width + 6, height - 4);
      pen.fillStyle = colours.ink;
      pen.fillText(why, x + 7, y + height / 2 + 0.5);
    }
  }
}
