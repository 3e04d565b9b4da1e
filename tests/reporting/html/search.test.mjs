import assert from "node:assert/strict";
import { test } from "node:test";

import { modelOf } from "../../../simres/reporting/html/script/model.mjs";
import { extentOf, matching, search } from "../../../simres/reporting/html/script/search.mjs";
import { run } from "./run.mjs";

test("halving finds what counting finds", () => {
  const sorted = [0, 0, 1, 3, 3, 3, 8];
  for (let low = 0; low <= sorted.length; low++)
    for (let high = low; high <= sorted.length; high++)
      for (let wanted = -1; wanted < 10; wanted++) {
        const counted = sorted.slice(low, high).filter((number) => number < wanted).length;
        assert.equal(
          search(low, high, (n) => sorted[n] < wanted),
          low + counted,
        );
      }
});

test("a search is for a part of a name in either case, or for exactly one", () => {
  const names = ["layers.1.conv1", "layers.10.conv1", "FC"];
  assert.deepEqual(matching(names, " Layers.1"), [true, true, false]);
  assert.deepEqual(matching(names, "fc"), [false, false, true]);
  assert.deepEqual(matching(names, "layers.1.conv1", true), [true, false, false]);
  assert.deepEqual(matching(["conv1.weight", "conv1"], "conv1", true), [false, true]);
  assert.deepEqual(matching(names, "nothing of that"), [false, false, false]);
  assert.equal(matching(names, "  "), null);
});

test("what was found reaches from its first grant to its last end", () => {
  const model = modelOf(run());
  assert.deepEqual(extentOf(model, [true, true]), { from: 0, to: 80 });
  assert.deepEqual(extentOf(model, [false, true]), { from: 65, to: 80 });
  assert.equal(extentOf(model, [false, false]), null);
  assert.equal(extentOf(model, null), null);
});
