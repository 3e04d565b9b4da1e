import assert from "node:assert/strict";
import { test } from "node:test";

import { modelOf, titleOf, unpacked, waitsOf } from "../../../simres/reporting/html/script/model.mjs";
import { packed, run } from "./run.mjs";

test("columns of any whole numbers come out as they went in", () => {
  for (const numbers of [[], [0], [0, -1, 1, -64, 63, 64, 8191, -8192], [2 ** 52 - 1, 0, -(2 ** 51), 5]])
    assert.deepEqual([...unpacked(packed(numbers))], numbers);
});

test("tasks in time lie lane after lane, with all their moments", () => {
  const { s, lanes, count } = modelOf(run());
  assert.equal(count, 5);
  assert.deepEqual(
    lanes.map(({ name, first, past }) => [name, first, past]),
    [
      ["ddr", 0, 3],
      ["matrix", 3, 5],
    ],
  );
  assert.deepEqual([...s.lane], [0, 0, 0, 1, 1]);
  assert.deepEqual([...s.begun], [0, 27, 70, 30, 65]);
  assert.deepEqual([...s.end], [10, 30, 80, 60, 70]);
});

test("the waits of a task fill the time from its turn to its work, each with its cause", () => {
  const model = modelOf(run());
  assert.deepEqual(waitsOf(model, 0), []);
  assert.deepEqual(waitsOf(model, 1), [
    ["latency", 10, 25],
    ["bus", 25, 27],
  ]);
  assert.deepEqual(waitsOf(model, 2), [["data", 30, 70]]);
  assert.deepEqual(waitsOf(model, 3), [["data", 0, 30]]);
  assert.deepEqual(waitsOf(model, 4), [["space", 60, 65]]);
  for (let i = 0; i < model.count; i++) {
    const waited = waitsOf(model, i).reduce((sum, [, from, to]) => sum + to - from, 0);
    assert.equal(waited, model.s.begun[i] - model.s.since[i]);
  }
});

test("a wait for a task whose result is not read is one for the schedule", () => {
  const data = run();
  data.tasks.needing = packed([0, 0, 0, 0, 0]);
  data.tasks.needs = packed([]);
  assert.deepEqual(waitsOf(modelOf(data), 3), [["order", 0, 30]]);
});

test("what a task needs and who needs it are two sides of one thing", () => {
  const { needsOf, fedBy } = modelOf(run());
  assert.deepEqual([0, 1, 2, 3, 4].map(needsOf), [[], [], [0, 1], [2], [3]]);
  assert.deepEqual([0, 1, 2, 3, 4].map(fedBy), [[2], [2], [3], [4], []]);
});

test("a task of a launch is found among those in time", () => {
  const { inTime, s } = modelOf(run());
  for (let task = 0; task < 5; task++) assert.equal(s.task[inTime(0, task)], task);
  assert.equal(inTime(0, 5), -1);
});

test("with two launches of one Program each has its own tasks in time", () => {
  const data = run();
  data.launches = [packed([0, 5]), packed([0, 0]), packed([1, 1])];
  data.spans = { counts: [2, 0], ...data.spans };
  data.spans.counts = [2, 0];
  for (const name of ["task", "since", "ready", "space", "engine", "latency", "bus", "holder", "made_room"])
    data.spans[name] = packed([0, 0]);
  data.spans.launch = packed([0, 1]);
  data.spans.work = packed([3, 4]);
  const { inTime, s } = modelOf(data);
  assert.deepEqual([s.end[inTime(0, 0)], s.end[inTime(1, 0)]], [3, 4]);
});

test("the critical path goes from the start to the end without a gap", () => {
  const { path, data } = modelOf(run(1e9));
  assert.equal(path.start[0], 0);
  assert.equal(path.end.at(-1), data.makespan);
  for (let n = 1; n < path.end.length; n++) assert.equal(path.start[n], path.end[n - 1]);
});

test("who had a shared bus is kept by task", () => {
  assert.deepEqual(
    [...modelOf(run()).shared],
    [
      [
        1,
        [
          ["", 1],
          ["camera", 1],
        ],
      ],
    ],
  );
});

test("transfers are called by what they move, the others by their layer", () => {
  const model = modelOf(run());
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => titleOf(model, i)),
    ["load w", "load x", "store y", "conv", "fc"],
  );
});

test("a cause that the page has no name for has its place among the waits and in when work begins", () => {
  const data = run();
  data.stalls = [...data.stalls, "port"];
  data.spans.port = packed([0, 1, 0, 0, 0]);
  const model = modelOf(data);
  const plain = modelOf(run());
  assert.equal(model.s.begun[1], plain.s.begun[1] + 1);
  assert.deepEqual(waitsOf(model, 1).at(-1), ["port", plain.s.begun[1], plain.s.begun[1] + 1]);
});
