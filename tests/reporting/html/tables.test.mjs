import assert from "node:assert/strict";
import { test } from "node:test";

import { orderAfter, ordered, sortedBy } from "../../../simres/reporting/html/script/tables.mjs";

test("cells are sorted by their number: nothing is none, less than a tenth is not quite that", () => {
  assert.deepEqual(["-", "<0.1", "0.1", "12.5", "-3", ">99.9"].map(sortedBy), [0, 0.05, 0.1, 12.5, -3, 99.9]);
  assert.equal(sortedBy("conv1"), "conv1");
});

test("numbers begin with the largest, names with the first, and then in turn", () => {
  assert.deepEqual([orderAfter(null, true), orderAfter(null, false)], ["descending", "ascending"]);
  assert.deepEqual(
    [orderAfter("descending", true), orderAfter("ascending", true)],
    ["ascending", "descending"],
  );
});

test("rows are put in order, and equal ones stay as they are", () => {
  const cells = ["2", "-", "<0.1", "10", "2"];
  assert.deepEqual(ordered(cells, "descending", true), [3, 0, 4, 2, 1]);
  assert.deepEqual(ordered(cells, "ascending", true), [1, 2, 0, 4, 3]);
});

test("the numbers in names count as numbers", () => {
  assert.deepEqual(ordered(["conv10", "conv2", "bn"], "ascending", false), [2, 1, 0]);
});
