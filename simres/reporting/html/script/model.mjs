// What the page knows of the run: columns of whole numbers, read once from the data element.

/** A column that `packed.py` wrote: zigzag differences, each less than 2 ** 52, in bytes of seven bits, in base64. */
export function unpacked(text) {
  const bytes = atob(text);
  const numbers = [];
  let number = 0;
  let change = 0;
  let weight = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at);
    change += (byte & 127) * weight; // no shifts: picoseconds need more than 32 bits
    if (byte & 128) {
      weight *= 128;
    } else {
      number += change % 2 ? -(change + 1) / 2 : change / 2;
      numbers.push(number);
      change = 0;
      weight = 1;
    }
  }
  return Float64Array.from(numbers);
}

/** The list that a map has by a key, a new one where it has none. */
const listOf = (map, key) => map.get(key) ?? map.set(key, []).get(key);

/** Tasks in time: `s.end[i]` and so on, lane after lane; `lanes[k]` says from where to where and how high. */
export function modelOf(data) {
  const t = {};
  for (const name in data.tasks) t[name] = unpacked(data.tasks[name]);
  const s = {};
  for (const name in data.spans) if (name !== "counts") s[name] = unpacked(data.spans[name]);
  const count = s.task.length;
  s.lane = new Uint8Array(count);
  for (const name of ["ready_at", "granted", "begun", "end"]) s[name] = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    s.ready_at[i] = s.since[i] + s.ready[i];
    s.granted[i] = s.ready_at[i] + s.space[i];
    s.begun[i] = data.stalls.reduce((at, cause) => at + s[cause][i], s.granted[i]);
    s.end[i] = s.begun[i] + s.work[i];
  }
  let first = 0;
  const lanes = data.lanes.map(([name, role], k) => {
    const past = first + data.spans.counts[k];
    s.lane.fill(k, first, past);
    const lane = { name, role, first, past };
    first = past;
    return lane;
  });

  // Where a task of a launch is among the tasks in time.
  const [, from, to] = data.launches.map(unpacked);
  const base = [0];
  for (const [n, start] of from.entries()) base.push(base[n] + to[n] - start);
  const place = new Int32Array(base.at(-1)).fill(-1);
  for (let i = 0; i < count; i++) place[base[s.launch[i]] + s.task[i] - from[s.launch[i]]] = i;
  const inTime = (launch, task) => place[base[launch] + task - from[launch]] ?? -1;

  const needsOf = (task) => {
    const found = [];
    for (let n = task ? t.needing[task - 1] : 0; n < t.needing[task]; n++) found.push(task - t.needs[n]);
    return found;
  };
  // Whether a task waited for a result that it reads, or only for its place in the schedule.
  s.reads = new Uint8Array(count);
  for (let i = 0; i < count; i++)
    s.reads[i] = s.holder[i] && needsOf(s.task[i]).includes(s.task[i - s.holder[i]]);

  let feeding; // made when first asked for
  const fedBy = (task) => {
    if (!feeding) {
      feeding = new Map();
      for (let other = 0; other < t.layer.length; other++)
        for (const need of needsOf(other)) listOf(feeding, need).push(other);
    }
    return feeding.get(task) ?? [];
  };

  const shared = new Map();
  const [row, master, took] = data.shared.map(unpacked);
  for (const [n, i] of row.entries()) listOf(shared, i).push([data.holders[master[n]], took[n]]);

  const [memory, tensor, bytes, start, length, owner] = data.stays.map(unpacked);
  const stays = { memory, tensor, bytes, start, end: start.map((ps, n) => ps + length[n]), owner };

  const [took_ps, span, lane, layer, why, holder] = data.path.map(unpacked);
  const end = Float64Array.from(took_ps);
  for (let n = 1; n < end.length; n++) end[n] += end[n - 1];
  const path = { start: end.map((ps, n) => ps - took_ps[n]), end, span, lane, layer, why, holder };

  return { data, t, s, lanes, inTime, needsOf, fedBy, shared, stays, path, count };
}

/** The word for a cause or for what a stretch of the critical path was spent on. */
export const wordOf = ({ lexicon }, code) => lexicon.causes[code]?.word ?? lexicon.words[code] ?? code;

/** The waits of a task in time before it worked: [cause, from, to] each. */
export function waitsOf(model, i) {
  const { data, s } = model;
  const took = [
    [s.reads[i] ? "data" : "order", s.ready[i]],
    ["space", s.space[i]],
    ...data.stalls.map((cause) => [cause, s[cause][i]]),
  ];
  let at = s.since[i];
  const waits = [];
  for (const [cause, ps] of took) {
    if (ps) waits.push([cause, at, at + ps]);
    at += ps;
  }
  return waits;
}

/** What a task is called: its layer, and for a transfer what is moved which way. */
export function titleOf(model, i) {
  const { data, s, t } = model;
  const task = s.task[i];
  const kind = data.kinds[t.kind[task]];
  const moves = kind === "load" || kind === "store";
  return moves && t.tensor[task] >= 0
    ? `${kind} ${data.tensors[t.tensor[task]]}`
    : data.layers[t.layer[task]];
}
