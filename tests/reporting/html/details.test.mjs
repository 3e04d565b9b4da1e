import assert from "node:assert/strict";
import { test } from "node:test";

import { aboutPlace, aboutStretch } from "../../../simres/reporting/html/script/details.mjs";
import { modelOf } from "../../../simres/reporting/html/script/model.mjs";
import { run } from "./run.mjs";

test("of a task its name, its work and its waits are said", () => {
  const model = modelOf(run(1000));
  assert.deepEqual(aboutPlace(model, { span: 1 }), [
    "load x",
    "ddr, busy 3 ns from 27 ns",
    "stalls 15 ns: memory latency",
    "stalls 2 ns: bus",
  ]);
});

test("of a stretch of the critical path it is said why it took so long", () => {
  const model = modelOf(run(1000));
  assert.equal(aboutStretch(model, 3), "Critical path, stretch 4 of 6: matrix buffer full for fc, 5 ns");
  assert.deepEqual(aboutPlace(model, { stretch: 3 }), ["Critical path", "matrix buffer full for fc, 5 ns"]);
});

test("of a memory it is said how full it was, and of what there lies a tensor", () => {
  const model = modelOf(run(1000));
  const found = { memory: 0, ps: 40_000, bytes: 2212 };
  assert.deepEqual(aboutPlace(model, { ...found, tensor: 1 }), [
    "x",
    "input",
    "sram holds 2.212 kB of 4 KiB at 40 ns",
  ]);
  assert.deepEqual(aboutPlace(model, { ...found, tensor: -1 }), ["sram holds 2.212 kB of 4 KiB at 40 ns"]);
  assert.equal(aboutPlace(model, null), null);
});
