import assert from "node:assert/strict";
import { test } from "node:test";

import { View } from "../../../simres/reporting/html/script/view.mjs";

const WHOLE = 1_000_000;

/** A view of all of a run, 500 pixels wide. */
function view(whole = WHOLE) {
  const made = new View(whole);
  made.width = 500;
  return made;
}

const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-6 * WHOLE, `${found} for ${wanted}`);

/** The same numbers between 0 and 1 on every machine (a linear congruential generator, Numerical Recipes). */
function* shares(seed = 1) {
  for (let state = seed; ; ) {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    yield state / 2 ** 32;
  }
}

test("pixels and moments are two names of one place", () => {
  const shown = view();
  shown.look(200_000, 450_000);
  assert.deepEqual([shown.at(200_000), shown.at(450_000)], [0, 500]);
  for (const x of [0, 17, 250, 499]) near(shown.at(shown.when(x)), x);
});

test("what is under the pointer stays there when zoomed", () => {
  for (const x of [100, 250, 400]) {
    const shown = view();
    const before = shown.when(x);
    shown.zoom(0.5, x);
    near(shown.when(x), before);
    near(shown.span, WHOLE / 2);
  }
});

test("zooming in and out again comes back, in the middle by default", () => {
  const shown = view();
  shown.look(300_000, 600_000);
  shown.zoom(1 / 1.6);
  near((shown.from + shown.to) / 2, 450_000);
  shown.zoom(1.6);
  near(shown.from, 300_000);
  near(shown.to, 600_000);
});

test("moving goes by a share of what is seen, and stops at both ends", () => {
  const shown = view();
  shown.look(400_000, 500_000);
  shown.pan(0.15);
  near(shown.from, 415_000);
  shown.pan(-100);
  assert.deepEqual([shown.from, shown.to], [0, 100_000]);
  shown.pan(100);
  assert.deepEqual([shown.from, shown.to], [900_000, WHOLE]);
});

test("a stretch is shown with some of what is around it", () => {
  const shown = view();
  shown.around(400_000, 500_000);
  assert.deepEqual([shown.from, shown.to], [400_000 - 10_000 - 100, 500_000 + 10_000 + 100]);
  shown.around(0, 10, 4);
  assert.equal(shown.from, 0);
  near(shown.span, 10 + 2 * 40 + 2 * 100);
});

test("a moment that is centred is in the middle, as far as the run goes", () => {
  const shown = view();
  shown.look(0, 200_000);
  shown.center(500_000);
  near(shown.when(250), 500_000);
  near(shown.span, 200_000);
  shown.center(0);
  assert.deepEqual([shown.from, shown.to], [0, 200_000]);
});

test("whatever is done, what is seen is a part of the run, and 100 ps or all of a shorter run", () => {
  for (const whole of [1, 60, 100, WHOLE]) {
    const shown = view(whole);
    const some = shares();
    const next = () => some.next().value;
    for (let n = 0; n < 500; n++) {
      const act = Math.floor(5 * next());
      if (act === 0) shown.zoom(0.2 + 2 * next(), 500 * next());
      if (act === 1) shown.pan(4 * next() - 2);
      if (act === 2) shown.look(whole * (2 * next() - 0.5), whole * (2 * next() - 0.5));
      if (act === 3) shown.around(whole * next(), whole * next());
      if (act === 4) shown.center(whole * next());
      assert.ok(0 <= shown.from && shown.to <= whole + 1e-6 * whole);
      assert.ok(shown.span >= Math.min(whole, 100) * (1 - 1e-6));
    }
  }
});
