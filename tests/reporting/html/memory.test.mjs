import assert from "node:assert/strict";
import { test } from "node:test";

import { contentOf, heldAt } from "../../../simres/reporting/html/script/memory.mjs";
import { modelOf } from "../../../simres/reporting/html/script/model.mjs";
import { packed, run } from "./run.mjs";

/** A memory with so many stays, number n of n + 1 bytes from 3 n for (7 n mod 40) + 1 picoseconds. */
function crowded(count) {
  const data = run();
  const numbers = [...Array(count).keys()];
  data.stays = [
    packed(numbers.map(() => 0)),
    packed(numbers.map((n) => n % 3)),
    packed(numbers.map((n) => n + 1)),
    packed(numbers.map((n) => 3 * n)),
    packed(numbers.map((n) => ((7 * n) % 40) + 1)),
    packed(numbers.map(() => -1)),
  ];
  return modelOf(data);
}

test("what lay in memory at any moment is what had come and not yet gone", () => {
  const model = crowded(200);
  const { stays } = model;
  const content = contentOf(model, 0);
  for (let ps = 0; ps < 700; ps += 1) {
    const there = [...stays.start.keys()].filter((n) => stays.start[n] <= ps && ps < stays.end[n]);
    const { list, bytes } = heldAt(model, content, ps);
    assert.deepEqual(
      [...list].sort((a, b) => a - b),
      there,
    );
    assert.equal(
      bytes,
      there.reduce((sum, n) => sum + stays.bytes[n], 0),
    );
  }
});

test("walking forward, backward and in leaps gives the same", () => {
  const model = crowded(120);
  const content = contentOf(model, 0);
  const walk = {};
  for (const count of [1, 2, 3, 40, 41, 200, 199, 5, 240, 0])
    assert.deepEqual(new Set(content.after(count, walk)), new Set(content.after(count, {})));
});

test("weights lie lowest, inputs over them, and then the rest", () => {
  const model = modelOf(run());
  const { list } = heldAt(model, contentOf(model, 0), 40);
  assert.deepEqual(list, [0, 1, 2]);
  const roles = list.map((n) => model.data.roles[model.data.of[model.stays.tensor[n]]]);
  assert.deepEqual(roles, ["weight", "input", "activation"]);
});

test("where little of a memory is used the height is what is used at most", () => {
  const data = run();
  data.memories = [["sram", 1_000_000]];
  assert.equal(contentOf(modelOf(data), 0).top, 2212);
  assert.equal(contentOf(modelOf(run()), 0).top, 4096);
});

test("before anything came nothing was there", () => {
  const model = crowded(3);
  assert.deepEqual(heldAt(model, contentOf(model, 0), -1), { list: [], bytes: 0 });
});
