// On-chip memory: its occupancy by tensor. One column shows its fullest moment.

import { search } from "./search.mjs";

/** The moments at which a memory's content changes, with what was there at some of them. */
export function contentOf(model, memory) {
  const { data, stays } = model;
  const events = [];
  for (let n = 0; n < stays.start.length; n++)
    if (stays.memory[n] === memory && stays.end[n] > stays.start[n])
      events.push([stays.start[n], n + 1], [stays.end[n], -n - 1]);
  events.sort((a, b) => a[0] - b[0] || a[1] - b[1]); // what goes makes room for what comes
  const moments = [];
  const upto = [];
  const held = [];
  let bytes = 0;
  events.forEach(([at, change], n) => {
    bytes += Math.sign(change) * stays.bytes[Math.abs(change) - 1];
    const last = moments.at(-1) === at ? moments.length - 1 : moments.length;
    moments[last] = at;
    upto[last] = n + 1;
    held[last] = bytes;
  });
  const EVERY = 32;
  const kept = [];
  const now = new Set();
  events.forEach(([, change], n) => {
    if (n % EVERY === 0) kept.push([...now]);
    if (change > 0) now.add(change - 1);
    else now.delete(-change - 1);
  });

  /** What lay there after the first `count` events; goes on from `before`, the set and count of an earlier call. */
  function after(count, before) {
    let { set, at } = before;
    if (!set || at > count || count - at > EVERY) {
      const near = Math.min(kept.length - 1, Math.floor(count / EVERY));
      set = new Set(kept[near]);
      at = near * EVERY;
    }
    for (; at < count; at++) {
      const change = events[at][1];
      if (change > 0) set.add(change - 1);
      else set.delete(-change - 1);
    }
    before.set = set;
    before.at = at;
    return set;
  }
  // Where little of a memory is ever used, what is used fills the height.
  const capacity = data.memories[memory][1];
  const most = held.reduce((high, bytes) => Math.max(high, bytes), 1);
  return { moments, upto, held, after, capacity, top: 3 * most >= capacity ? capacity : most };
}

/** Colours by tensor: the hue says what sort it is, neighbours differ in shade. */
const shade = ({ data }, colours, tensor) => colours.shades[data.roles[data.of[tensor]]][(tensor * 7) % 4];

/** The order in which tensors are stacked: weights lowest, each sort by when it came. */
function stacked({ data, stays }, set) {
  const sorts = [[], [], []];
  for (const n of set) {
    const role = data.roles[data.of[stays.tensor[n]]];
    sorts[role === "weight" ? 0 : role === "input" ? 1 : 2].push(n);
  }
  return sorts.flat();
}

/** Draws the occupancy of a memory by tensor into (0, y, width, height); the tensor `chosen` stands out. */
export function drawMemory(pen, model, content, view, box, colours, chosen) {
  const { y, width, height } = box;
  const { moments, upto, held } = content;
  const { stays } = model;
  pen.fillStyle = colours.track;
  pen.fillRect(0, y, width, height);
  const span = view.to - view.from;
  const at = (ps) => ((ps - view.from) / span) * width;
  let index = search(0, moments.length, (n) => moments[n] <= view.from) - 1;
  const walk = {};
  let x = 0;
  while (x < width) {
    // Where nothing changes for more than a pixel, one piece goes on to the next change.
    const next = index + 1 < moments.length ? at(moments[index + 1]) : width;
    let right = Math.max(x + 1, Math.min(Math.ceil(width), Math.floor(next)));
    let fullest = index;
    if (next < x + 1) {
      const until = view.from + ((x + 1) / width) * span;
      while (index + 1 < moments.length && moments[index + 1] < until) {
        index++;
        if (fullest < 0 || held[index] > held[fullest]) fullest = index;
      }
      right = x + 1;
    }
    if (fullest >= 0 && held[fullest] > 0) {
      let level = y + height; // exact; what is drawn ends at whole pixels
      let foot = level;
      let run = 0;
      let last = -1;
      const flush = () => {
        level -= run;
        const top = Math.round(level);
        if (top < foot) {
          pen.fillStyle = shade(model, colours, last);
          pen.globalAlpha = chosen >= 0 && last !== chosen ? 0.3 : 1;
          pen.fillRect(x, top, right - x, foot - top);
          pen.globalAlpha = 1;
          if (right - x > 3 && foot - top > 3) {
            pen.fillStyle = colours.paper;
            pen.fillRect(x, top, right - x, 0.6);
          }
          foot = top;
        }
        run = 0;
      };
      for (const n of stacked(model, content.after(upto[fullest], walk))) {
        if (stays.tensor[n] !== last) flush();
        last = stays.tensor[n];
        run += (stays.bytes[n] / content.top) * height;
      }
      flush();
    }
    x = right;
    while (index + 1 < moments.length && at(moments[index + 1]) <= x) index++;
  }
}

/** What lay in memory at a moment, the lowest first, and how much it was. */
export function heldAt(model, content, ps) {
  const index = search(0, content.moments.length, (n) => content.moments[n] <= ps) - 1;
  if (index < 0) return { list: [], bytes: 0 };
  return { list: stacked(model, content.after(content.upto[index], {})), bytes: content.held[index] };
}
