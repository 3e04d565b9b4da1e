import assert from "node:assert/strict";
import { test } from "node:test";

import { contentOf } from "../../../simres/reporting/html/script/memory.mjs";
import { modelOf } from "../../../simres/reporting/html/script/model.mjs";
import { hit, rowsOf, spanAfter, spanAt, stretchAt } from "../../../simres/reporting/html/script/picking.mjs";
import { View } from "../../../simres/reporting/html/script/view.mjs";
import { run } from "./run.mjs";

/** The model, its rows, and what lies at (x, y) where a pixel is a picosecond of a run of 80 000. */
function shown() {
  const model = modelOf(run(1000));
  const { rows, height } = rowsOf(model);
  const view = new View(80_000);
  view.width = 80_000;
  const contents = [contentOf(model, 0)];
  const at = (kind, number, x, share = 0.5) => {
    const row = rows.find((one) => one.kind === kind && one.at === number);
    return hit(model, rows, contents, view, x, row.y + share * row.height);
  };
  return { model, rows, height, view, contents, at };
}

test("rows follow each other without overlap, below the ruler", () => {
  const { rows, height } = shown();
  assert.deepEqual(
    rows.map((row) => row.kind),
    ["path", "lane", "lane", "memory"],
  );
  let bottom = 0;
  for (const row of rows) {
    assert.ok(row.y > bottom);
    bottom = row.y + row.height;
  }
  assert.ok(bottom <= height);
});

test("without a critical path there is no row for it", () => {
  const data = run();
  data.path = data.path.map(() => "");
  assert.deepEqual(
    rowsOf(modelOf(data)).rows.map((row) => row.kind),
    ["lane", "lane", "memory"],
  );
});

test("a place in a lane is of the task that worked or waited then", () => {
  const { at, model } = shown();
  assert.deepEqual(at("lane", 0, 5_000), { span: 0 });
  assert.deepEqual(at("lane", 0, 12_000), { span: 1 }, "it waits");
  assert.deepEqual(at("lane", 0, 50_000), { span: 2 });
  assert.deepEqual(at("lane", 1, 45_000), { span: 3 });
  assert.equal(at("lane", 1, 75_000), null, "it is idle");
  assert.equal(spanAt(model, model.lanes[1], 71_000), -1);
  assert.equal(spanAt(model, model.lanes[1], 71_000, 1_000), 4, "near enough");
});

test("from lane to lane the task that ends next is meant, or else the last", () => {
  const { model } = shown();
  const ends = (lane, ps) => spanAfter(model, model.lanes[lane], ps);
  assert.deepEqual([ends(0, 0), ends(0, 10_000), ends(0, 29_999), ends(0, 99_000)], [0, 1, 1, 2]);
  assert.deepEqual([ends(1, 0), ends(1, 60_000)], [3, 4]);
  assert.equal(spanAfter(model, { first: 2, past: 2 }, 0), -1);
});

test("a place on the critical path is of the stretch that it is in", () => {
  const { at, model } = shown();
  assert.deepEqual(at("path", 0, 0), { stretch: 0 });
  assert.deepEqual(at("path", 0, 10_000), { stretch: 1 });
  assert.deepEqual(at("path", 0, 79_999), { stretch: 5 });
  assert.equal(at("path", 0, 80_000), null);
  assert.equal(stretchAt(model, 80_000), 6);
});

test("a place in a memory is of the tensor that is drawn there, weights lowest", () => {
  const { at, contents } = shown();
  const { top } = contents[0];
  assert.equal(top, 4096);
  const height = (bytes) => 1 - bytes / top;
  assert.deepEqual(at("memory", 0, 40_000, height(50)), { memory: 0, ps: 40_000, bytes: 2212, tensor: 0 });
  assert.equal(at("memory", 0, 40_000, height(1000)).tensor, 1);
  assert.equal(at("memory", 0, 40_000, height(2200)).tensor, 2);
  assert.deepEqual(at("memory", 0, 40_000, height(3000)), { memory: 0, ps: 40_000, bytes: 2212, tensor: -1 });
});

test("above the rows and below them there is nothing", () => {
  const { model, rows, height, view, contents } = shown();
  assert.equal(hit(model, rows, contents, view, 10, 0), null);
  assert.equal(hit(model, rows, contents, view, 10, height + 1), null);
  assert.deepEqual(
    hit(model, rows, contents, view, 10, rows[1].y - 1),
    { span: 0 },
    "its name is part of a row",
  );
});
