import assert from "node:assert/strict";
import { test } from "node:test";

import {
  counted,
  decimal,
  duration,
  size,
  stepFrom,
  ticked,
  times,
} from "../../../simres/reporting/html/script/numbers.mjs";

test("times are spelled in the unit a person would choose, to four digits", () => {
  assert.deepEqual([0, 1, 999, 1000, 1234567, 22102407200, 5e12].map(duration), [
    "0 s",
    "1 ps",
    "999 ps",
    "1 ns",
    "1.235 us",
    "22.10 ms",
    "5 s",
  ]);
});

test("a number that rounds up to the next unit takes it", () => {
  assert.equal(duration(999_960), "1.000 us");
  assert.equal(duration(999_940), "999.9 ns");
});

test("sizes are binary where they are whole, and decimal otherwise", () => {
  assert.deepEqual([0, 1, 1000, 1024, 1536, 2 ** 20, 10000 * 1024, 5557844].map(size), [
    "0 B",
    "1 B",
    "1 kB",
    "1 KiB",
    "1.536 kB",
    "1 MiB",
    "10.24 MB",
    "5.558 MB",
  ]);
  assert.equal(decimal(2048), "2.048 kB");
});

test("counts have no unit below a thousand", () => {
  assert.deepEqual([7, 40551040].map(times), ["7", "40.55 M"]);
  assert.deepEqual(
    [counted(1, "layer"), counted(0, "layer"), counted(2, "layer")],
    ["1 layer", "0 layers", "2 layers"],
  );
});

test("the step of a ruler is 1, 2 or 5 times a power of ten, and never less than asked or than one", () => {
  for (let about = 0.01; about < 1e13; about *= 1.37) {
    const step = stepFrom(about);
    assert.ok(step >= about && step >= 1);
    assert.ok(step === 1 || step / 2.5 <= about * (1 + 1e-9));
    assert.match(step.toPrecision(1), /^[125]/);
  }
  for (const about of [1, 2, 5, 10, 200, 5e6]) assert.equal(stepFrom(about), about);
});

test("ticks that differ are written differently, and in one unit", () => {
  for (const [step, most] of [
    [1, 90],
    [5, 4000],
    [2e5, 1.3e6],
    [5e7, 1.2e9],
  ]) {
    const texts = [1, 2, 3, 4].map((n) => ticked(n * step, step, most));
    assert.equal(new Set(texts).size, 4);
    assert.equal(new Set(texts.map((text) => text.split(" ")[1])).size, 1);
  }
  assert.equal(ticked(0, 5, 100), "0");
  assert.equal(ticked(250_000, 50_000, 1e6), "0.25 us");
});
