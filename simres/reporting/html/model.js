// What the page knows of the run: columns of whole numbers, read once from the data element.

const data = JSON.parse(document.getElementById("data").textContent);

/** A column that `packed.py` wrote: zigzag differences in bytes of seven bits, in base64. */
function unpacked(text) {
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

/** Tasks in time: `s.end[i]` and so on, lane after lane; `lanes[k]` says from where to where and how high. */
function modelOf(data) {
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
    s.begun[i] = s.granted[i] + s.engine[i] + s.latency[i] + s.bus[i];
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
  from.forEach((start, n) => base.push(base[n] + to[n] - start));
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
  for (let i = 0; i < count; i++) s.reads[i] = s.holder[i] && needsOf(s.task[i]).includes(s.task[i - s.holder[i]]);

  let feeding; // made when first asked for
  const fedBy = (task) => {
    if (!feeding) {
      feeding = new Map();
      for (let other = 0; other < t.layer.length; other++)
        for (const need of needsOf(other)) (feeding.get(need) ?? feeding.set(need, []).get(need)).push(other);
    }
    return feeding.get(task) ?? [];
  };

  const shared = new Map();
  const [row, who, took] = data.shared.map(unpacked);
  row.forEach((i, n) => (shared.get(i) ?? shared.set(i, []).get(i)).push([data.holders[who[n]], took[n]]));

  const [memory, tensor, bytes, start, length, owner] = data.stays.map(unpacked);
  const stays = { memory, tensor, bytes, start, end: start.map((ps, n) => ps + length[n]), owner };

  const [took_ps, span, lane, layer, why, holder] = data.path.map(unpacked);
  const path = { start: new Float64Array(took_ps.length), end: new Float64Array(took_ps.length), span, lane, layer, why, holder };
  took_ps.reduce((at, ps, n) => ((path.start[n] = at), (path.end[n] = at + ps)), 0);

  return { t, s, lanes, inTime, needsOf, fedBy, shared, stays, path, count };
}

/** The first number from `low` up to `high` for which `fails` no longer holds. */
function search(low, high, fails) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const TIMES = [[1e12, "s"], [1e9, "ms"], [1e6, "us"], [1e3, "ns"], [1, "ps"]];
const SIZES = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]];
const BINARY = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];
const COUNTS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];

/** A number in the unit a person would choose, to four digits. */
function spelled(value, ladder) {
  const rounded = Number(Math.abs(value).toPrecision(4));
  const [size, unit] = ladder.find(([size]) => rounded >= size) ?? ladder.at(-1);
  const scaled = value / size;
  const whole = String(Math.trunc(Math.abs(rounded / size))).length;
  const exact = Number.isInteger(value) && rounded === Math.abs(value);
  return `${exact ? String(scaled) : scaled.toFixed(Math.max(0, 4 - whole))} ${unit}`.trim();
}
const duration = (ps) => (ps ? spelled(Math.round(ps), TIMES) : "0 s");
const size = (bytes) => {
  const whole = BINARY.find(([unit]) => bytes && bytes % unit === 0 && bytes / unit < 1e4);
  return whole ? `${bytes / whole[0]} ${whole[1]}` : spelled(bytes, SIZES);
};
const times = (count) => spelled(count, COUNTS);
