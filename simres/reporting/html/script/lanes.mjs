// The lanes: what each engine did, drawn span by span where there is room and as shares of a pixel where not.

import { titleOf, waitsOf, wordOf } from "./model.mjs";
import { search } from "./search.mjs";

const WIDE = 2; // pixels from which on a span or a wait is drawn by itself

/** Shares of each pixel: `slots` amounts a column. */
export function sharesOf(columns, slots) {
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
export function drawLane(pen, model, lane, view, box, colours, dim, plain) {
  const { data, s, t } = model;
  const { y, width, height } = box;
  const causes = ["order", "data", "space", ...data.stalls];
  const patternOf = (cause) => colours.pattern[cause] ?? colours.quiet;
  const scale = width / (view.to - view.from);
  pen.fillStyle = colours.track;
  pen.fillRect(0, y, width, height);
  const columns = Math.ceil(width) + 1;
  const behind = colours.kinds.length; // the slot of tasks that step back
  const work = sharesOf(columns, behind + 1);
  const wait = sharesOf(columns, causes.length);
  const labels = [];
  let worked = 0;
  let crowded = false;
  let waiting = 0;
  const waitFor = (cause, ps) => {
    wait.add(cause, waiting, waiting + ps * scale);
    waiting += ps * scale;
  };
  const start = search(lane.first, lane.past, (i) => s.end[i] <= view.from);
  for (let i = start; i < lane.past && s.since[i] < view.to; i++) {
    const left = (s.begun[i] - view.from) * scale;
    const right = (s.end[i] - view.from) * scale;
    worked += Math.max(0, Math.min(s.end[i], view.to) - Math.max(s.begun[i], view.from));
    const kind = t.kind[s.task[i]];
    const back = dim?.(i);
    const waited = (s.begun[i] - s.since[i]) * scale;
    if (waited >= WIDE && !back && !plain)
      for (const [cause, from, to] of waitsOf(model, i)) {
        const x = Math.max(0, (from - view.from) * scale);
        const wide = Math.min(width, (to - view.from) * scale) - x;
        if (wide <= 0) continue;
        pen.fillStyle = patternOf(cause);
        pen.fillRect(x, y + height * 0.3, wide, height * 0.4);
      }
    else if (waited && !back && !plain) {
      crowded = true;
      waiting = left - waited;
      waitFor(s.reads[i], s.ready[i]);
      waitFor(2, s.space[i]);
      for (const [n, cause] of data.stalls.entries()) waitFor(3 + n, s[cause][i]);
    }
    if (right - left >= WIDE) {
      const x = Math.max(0, left);
      const wide = Math.min(width, right) - x;
      if (wide <= 0) continue;
      pen.globalAlpha = back ? 0.15 : 1;
      pen.fillStyle = colours.kinds[kind];
      pen.fillRect(x, y, wide > 4 ? wide - 0.75 : wide, height);
      pen.globalAlpha = 1;
      if (wide > 44 && !back && !plain) labels.push([i, x, wide, kind]);
    } else if (s.work[i] && right > 0 && left < width) {
      crowded = true;
      work.add(back ? behind : kind, left, right);
    }
  }
  if (crowded)
    for (let x = 0; x < columns; x++) {
      let most = 0;
      const first = x * causes.length;
      for (let slot = 1; slot < causes.length; slot++)
        if (wait.shares[first + slot] > wait.shares[first + most]) most = slot;
      if (wait.shares[first + most] > 0.3) {
        pen.fillStyle = patternOf(causes[most]);
        pen.fillRect(x, y + height * 0.3, 1, height * 0.4);
      }
      let foot = y + height;
      for (let slot = 0; slot <= behind; slot++) {
        const part = work.shares[x * (behind + 1) + slot];
        if (!part) continue;
        const high = Math.max(1, Math.round(Math.min(1, part) * height)); // whole pixels are drawn fastest
        foot -= high;
        pen.globalAlpha = slot === behind ? 0.4 : 1;
        pen.fillStyle = slot === behind ? colours.wait : colours.kinds[slot];
        pen.fillRect(x, foot, 1, high);
      }
      pen.globalAlpha = 1;
    }
  for (const [i, x, wide, kind] of labels)
    written(pen, titleOf(model, i), x + 5, y + height / 2, wide - 10, colours.on[colours.kinds[kind]]);
  return worked;
}

/** A text in at most so many characters: its end is kept, which is where names differ. */
export const fitted = (text, most) =>
  text.length > most ? `…${text.slice(1 - most).replace(/^\W+/, "")}` : text;

/** Writes as much of a text as there is room for; nothing where that is too little. */
function written(pen, text, x, y, room, colour) {
  const most = Math.floor(room / 6.1);
  if (most < 4) return;
  pen.fillStyle = colour;
  pen.fillText(fitted(text, most), x, y + 0.5);
}

/** The critical path: its own lane over the others. */
export function drawPath(pen, model, view, box, colours) {
  const { data, path } = model;
  const { y, width, height } = box;
  const scale = width / (view.to - view.from);
  pen.fillStyle = colours.track;
  pen.fillRect(0, y, width, height);
  let drawn = -1;
  for (let n = search(0, path.end.length, (n) => path.end[n] <= view.from); n < path.end.length; n++) {
    if (path.start[n] >= view.to) break;
    const x = Math.max(0, (path.start[n] - view.from) * scale);
    const right = Math.min(width, (path.end[n] - view.from) * scale);
    if (right <= drawn) continue; // this pixel is taken
    const why = data.whys[path.why[n]];
    const work = colours.roles[model.lanes[path.lane[n]]?.role] ?? colours.move;
    pen.fillStyle = why === "working" ? work : (colours.pattern[why] ?? colours.track);
    const wide = Math.max(0.75, right - x);
    pen.fillRect(x, y, wide > 4 ? wide - 0.75 : wide, height);
    drawn = Math.floor(right);
    if (wide > 60 && why === "working")
      written(pen, data.layers[path.layer[n]], x + 5, y + height / 2, wide - 10, colours.on[work]);
    else if (wide > 60) {
      const word = wordOf(data, why);
      pen.fillStyle = colours.paper;
      pen.fillRect(x + 4, y + 2, pen.measureText(word).width + 6, height - 4);
      pen.fillStyle = colours.ink;
      pen.fillText(word, x + 7, y + height / 2 + 0.5);
    }
  }
}
