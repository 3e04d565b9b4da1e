import assert from "node:assert/strict";
import { test } from "node:test";

import { drawLane, fitted, sharesOf } from "../../../simres/reporting/html/script/lanes.mjs";
import { modelOf } from "../../../simres/reporting/html/script/model.mjs";
import { readable } from "../../../simres/reporting/html/script/palette.mjs";
import { run } from "./run.mjs";

const COLOURS = {
  track: "track",
  wait: "back",
  kinds: ["load", "store", "matrix", "host", "move"],
  pattern: Object.fromEntries(
    ["data", "order", "bus", "space", "latency", "engine"].map((name) => [name, `~${name}`]),
  ),
  on: {},
};

/** What is drawn of a lane in a box of so many pixels: [colour, x, width, height] of each piece. */
function drawn(unit, lane, view, width) {
  const pieces = [];
  const texts = [];
  const pen = {
    fillRect: (x, _y, wide, high) => pieces.push([pen.fillStyle, x, wide, high]),
    fillText: (text) => texts.push(text),
  };
  const model = modelOf(run(unit));
  const worked = drawLane(pen, model, model.lanes[lane], view, { y: 0, width, height: 20 }, COLOURS, null);
  return { pieces, texts, worked };
}

test("a share of a pixel goes to each pixel that it covers, and adds up", () => {
  const { shares, add } = sharesOf(5, 2);
  add(0, 0.25, 3.5);
  add(1, -4, 0.5);
  add(1, 4.5, 99);
  assert.deepEqual([...shares], [0.75, 0.5, 1, 0, 1, 0, 0.5, 0, 0, 0.5]);
});

test("where there is room every task and every wait is drawn by itself, to scale", () => {
  const { pieces, worked } = drawn(1, 0, { from: 0, to: 80 }, 800);
  assert.equal(worked, 23);
  assert.deepEqual(
    pieces.map(([colour, x]) => [colour, x]),
    [
      ["track", 0],
      ["load", 0],
      ["~latency", 100],
      ["~bus", 250],
      ["load", 270],
      ["~data", 300],
      ["store", 700],
    ],
  );
  for (const [, x, wide] of pieces) assert.ok(x + wide <= 800);
});

test("only what is seen is drawn, and counts as worked", () => {
  const { pieces, worked } = drawn(1, 1, { from: 50, to: 68 }, 900);
  assert.equal(worked, 10 + 3);
  assert.deepEqual(
    pieces.map(([colour, x, wide]) => [colour, x, Math.round(wide)]),
    [
      ["track", 0, 900],
      ["matrix", 0, 499],
      ["~space", 500, 250],
      ["matrix", 750, 149],
    ],
  );
});

test("what is too short for a pixel is drawn in the pixels that it is in", () => {
  const { pieces, worked } = drawn(1, 0, { from: 0, to: 80 }, 8);
  assert.equal(worked, 23);
  const loads = pieces.filter(([colour]) => colour === "load" || colour === "store");
  const places = loads.map(([, x, wide, high]) => [x, wide, high]);
  assert.deepEqual(
    places,
    [
      [0, 1, 20],
      [2, 1, 6],
      [7, 1, 20],
    ],
    "as high as its share",
  );
  const waits = pieces.filter(([colour, , wide]) => colour.startsWith("~") && wide === 1);
  assert.deepEqual(
    waits.map(([colour, x]) => [colour, x]),
    [
      ["~latency", 1],
      ["~latency", 2],
    ],
  );
});

test("a task with room for it has its name in it", () => {
  assert.deepEqual(drawn(1, 1, { from: 0, to: 80 }, 700).texts, ["conv"]);
  assert.deepEqual(drawn(1, 1, { from: 0, to: 80 }, 80).texts, []);
});

test("of a name that does not fit the end is kept", () => {
  assert.equal(fitted("layers.1.conv1", 14), "layers.1.conv1");
  assert.equal(fitted("layers.1.conv1", 8), "…1.conv1");
  assert.equal(fitted("layers.1.conv1", 7), "…conv1", "no dot to begin with");
  for (let most = 4; most < 20; most++) assert.ok(fitted("layers.1.conv1", most).length <= most);
});

test("text is black on light colours and white on dark ones", () => {
  assert.equal(readable("rgb(255, 255, 255)"), "#000");
  assert.equal(readable("rgb(0, 0, 0)"), "#fff");
  const contrast = (light, dark) => (light + 0.05) / (dark + 0.05);
  for (let grey = 0; grey < 256; grey++) {
    const share = grey / 255;
    const luminance = share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    const chosen =
      readable(`rgb(${grey}, ${grey}, ${grey})`) === "#000" ? contrast(luminance, 0) : contrast(1, luminance);
    assert.ok(chosen >= 4.5, `${chosen} on ${grey}`); // WCAG 2, AA
  }
});
