// Which row, task, stretch or tensor a place of the timeline is of.

import { heldAt } from "./memory.mjs";
import { search } from "./search.mjs";

const RULER = 26;
const LABEL = 18;
const GAP = 7;
const HEIGHTS = { path: 16, lane: 28, memory: 110 };

/** Rows from top to bottom: the critical path, a lane an engine, a row a memory; and how high all are. */
export function rowsOf(model) {
  const rows = [];
  let y = RULER;
  const row = (kind, at) => {
    rows.push({ kind, at, y: y + LABEL, height: HEIGHTS[kind] });
    y += LABEL + HEIGHTS[kind] + GAP;
  };
  if (model.path.end.length) row("path", 0);
  for (const k of model.lanes.keys()) row("lane", k);
  for (const n of model.data.memories.keys()) row("memory", n);
  return { rows, height: y };
}

/** The task that a lane was at, or waited with, at a moment, give or take `slack`; -1 for none. */
export function spanAt(model, lane, ps, slack = 0) {
  const { s } = model;
  const i = search(lane.first, lane.past, (i) => s.end[i] < ps - slack);
  return i < lane.past && s.since[i] <= ps + slack ? i : -1;
}

/** The task of a lane that ends next after a moment, or else its last; -1 where it has none. */
export function spanAfter(model, lane, ps) {
  return lane.past > lane.first ? search(lane.first, lane.past - 1, (i) => model.s.end[i] <= ps) : -1;
}

/** The stretch of the critical path at a moment; as many as there are where that is after its end. */
export const stretchAt = (model, ps) => search(0, model.path.end.length, (n) => model.path.end[n] <= ps);

/** What is at (x, y): {span}, {stretch}, {memory, ps, bytes, tensor} (-1 where it is free), or null. */
export function hit(model, rows, contents, view, x, y) {
  const row = rows.find((row) => y >= row.y - LABEL && y < row.y + row.height + GAP);
  if (!row) return null;
  const ps = view.when(x);
  if (row.kind === "lane") {
    const i = spanAt(model, model.lanes[row.at], ps, view.span / view.width);
    return i < 0 ? null : { span: i };
  }
  if (row.kind === "path") {
    const n = stretchAt(model, ps);
    return n < model.path.end.length ? { stretch: n } : null;
  }
  const { stays } = model;
  const { list, bytes } = heldAt(model, contents[row.at], ps);
  let level = ((row.y + row.height - y) / row.height) * contents[row.at].top;
  const found = list.find((n) => {
    level -= stays.bytes[n];
    return level < 0;
  });
  return { memory: row.at, ps, bytes, tensor: found === undefined ? -1 : stays.tensor[found] };
}
