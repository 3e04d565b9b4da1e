// What is said of something selected. Only text nodes are made: nothing of the data becomes markup.

import { titleOf, waitsOf, wordOf } from "./model.mjs";
import { counted, decimal, duration, size, times } from "./numbers.mjs";

/** An element with attributes (functions become listeners) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value);
  made.append(...children.flat());
  return made;
}

const MOST = 12; // entries of a list that are shown

function listed(title, entries) {
  if (!entries.length) return [];
  const rest = entries.length - MOST;
  const items = entries.slice(0, MOST).map((entry) => element("li", {}, entry));
  if (rest > 0) items.push(element("li", { class: "quiet" }, `and ${rest} more`));
  return [element("h4", {}, title), element("ul", {}, items)];
}

/** A button that selects a task in time. */
const link = (model, i, select) =>
  element("button", { type: "button", class: "link", click: () => select(i) }, titleOf(model, i));

export function aboutTask(model, i, select) {
  const { data, s, t, stays, path } = model;
  const task = s.task[i];
  const launch = s.launch[i];
  const kind = data.kinds[t.kind[task]];
  const moves = kind === "load" || kind === "store" || kind === "move";
  const amount = t.amount[task];
  const unit = kind === "matrix" ? " MACs" : " operations";
  const work = amount ? (moves ? size(amount) : times(amount) + unit) : "no work";
  const speed = (amount * 1e12) / s.work[i];
  const rate =
    !amount || !s.work[i]
      ? ""
      : moves
        ? `, ${decimal(speed)}/s`
        : `, ${times(speed)}${kind === "matrix" ? "MAC" : "OP"}/s`;
  const waits = waitsOf(model, i).map(([cause, from, to]) => {
    const back = cause === "space" ? s.made_room[i] : cause === "data" || cause === "order" ? s.holder[i] : 0;
    const masters = (cause === "bus" && model.shared.get(i)) || [];
    const named = masters.map(([name, ps]) => `${name || data.lexicon.itself} ${duration(ps)}`).join(", ");
    return [
      element("i", { class: `c-${cause}` }),
      `${duration(to - from)} ${data.lexicon.causes[cause]?.link ?? wordOf(data, cause)}`,
      back
        ? link(model, i - back, select)
        : named
          ? ` (${named})`
          : cause === "space" || cause === "data"
            ? "others"
            : "",
    ];
  });
  const held = [];
  stays.owner.forEach((owner, n) => {
    if (owner === i)
      held.push(
        `${data.tensors[stays.tensor[n]]}: ${size(stays.bytes[n])} for ${duration(stays.end[n] - stays.start[n])}`,
      );
  });
  const tasks = (numbers) =>
    numbers
      .map((number) => model.inTime(launch, number))
      .filter((at) => at >= 0)
      .map((at) => [link(model, at, select), ` at ${duration(s.begun[at])}`]);
  const on = path.span.indexOf(i) >= 0;
  return [
    element("h3", {}, titleOf(model, i)),
    element("p", {}, `${kind} on ${model.lanes[s.lane[i]].name} for ${data.layers[t.layer[task]]}`),
    element("p", {}, `${duration(s.begun[i])} to ${duration(s.end[i])}: ${duration(s.work[i])}`),
    element("p", {}, work + rate),
    element(
      "p",
      { class: "quiet" },
      `task ${task}` +
        (data.launches.length && launch ? `, launch ${launch}` : "") +
        (on ? ", on the critical path" : ""),
    ),
    ...listed("Stalled", waits),
    ...listed("Holds from its start", held),
    ...listed("Needs", tasks(model.needsOf(task))),
    ...listed("Needed by", tasks(model.fedBy(task))),
  ];
}

export function aboutTensor(model, tensor, ps, select) {
  const { data, stays } = model;
  const pieces = [];
  stays.tensor.forEach((other, n) => {
    if (other === tensor) pieces.push(n);
  });
  const now = pieces.filter((n) => stays.start[n] <= ps && ps < stays.end[n]);
  const bytes = now.reduce((sum, n) => sum + stays.bytes[n], 0);
  return [
    element("h3", {}, data.tensors[tensor]),
    element("p", {}, `${data.roles[data.of[tensor]]}, ${size(bytes)} on chip at ${duration(ps)}`),
    ...listed(
      `On chip ${counted(pieces.length, "time")}`,
      pieces.map((n) => [
        `${size(stays.bytes[n])}, ${duration(stays.start[n])} to ${duration(stays.end[n])} `,
        stays.owner[n] >= 0 ? link(model, stays.owner[n], select) : "from the start",
      ]),
    ),
  ];
}

export function aboutStretch(model, n) {
  const { data, path } = model;
  const why = data.whys[path.why[n]];
  const holder = path.holder[n] >= 0 ? `, held by ${data.holders[path.holder[n]]}` : "";
  const layer = path.layer[n] >= 0 ? ` for ${data.layers[path.layer[n]]}` : "";
  const engine = model.lanes[path.lane[n]]?.name ?? "";
  return `Critical path, stretch ${n + 1} of ${path.end.length}: ${engine} ${wordOf(data, why)}${layer}${holder}, ${duration(path.end[n] - path.start[n])}`;
}

/** What is said of a place that `hit` found: a title and further lines; null for none. */
export function aboutPlace(model, found) {
  const { data, lanes, s } = model;
  if (!found) return null;
  if (found.span >= 0) {
    const i = found.span;
    const stalls = waitsOf(model, i).map(
      ([cause, from, to]) => `stalls ${duration(to - from)}: ${wordOf(data, cause)}`,
    );
    const busy = `${lanes[s.lane[i]].name}, busy ${duration(s.work[i])} from ${duration(s.begun[i])}`;
    return [titleOf(model, i), busy, ...stalls];
  }
  if (found.stretch >= 0)
    return ["Critical path", aboutStretch(model, found.stretch).replace(/^[^:]*: /, "")];
  const [name, capacity] = data.memories[found.memory];
  const share = `${name} holds ${size(found.bytes)} of ${size(capacity)} at ${duration(found.ps)}`;
  if (found.tensor < 0) return [share];
  return [data.tensors[found.tensor], data.roles[data.of[found.tensor]], share];
}
