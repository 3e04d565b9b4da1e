import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, next } from "../../../simres/reporting/html/script/nearest.mjs";

const PANEL = { x: [0, 100, 104], y: [0, 50, 50] };

test("the nearest design is meant, and none that is far", () => {
  assert.equal(nearest(PANEL, [], 3, 4), 0);
  assert.equal(nearest(PANEL, [0], 0, 23), 0);
  assert.equal(nearest(PANEL, [0], 0, 24), -1);
});

test("of two that are about as near, the one on the front is meant", () => {
  assert.equal(nearest(PANEL, [], 101, 50), 1);
  assert.equal(nearest(PANEL, [2], 101, 50), 2);
  assert.equal(nearest(PANEL, [2], 100, 50), 1);
});

test("keys walk along the front and around its ends", () => {
  const front = [5, 2, 9];
  assert.deepEqual(
    [5, 2, 9].map((at) => next(front, at, 1)),
    [2, 9, 5],
  );
  assert.deepEqual(
    [5, 2, 9].map((at) => next(front, at, -1)),
    [9, 5, 2],
  );
  assert.deepEqual([next(front, -1, 1), next(front, 7, -1)], [5, 5]);
});
