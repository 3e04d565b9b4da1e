// The timeline: one stretch of time over the critical path, the engines and the memories; keys, mouse and touch.

function timeline(model) {
  const canvas = document.getElementById("lanes");
  const overview = document.getElementById("overview");
  const tip = document.getElementById("tip");
  const details = document.getElementById("details");
  const pen = canvas.getContext("2d");
  const small = overview.getContext("2d");
  const { s, t, lanes, path } = model;
  const whole = data.makespan;
  const NEAR = 4; // what is too small to be seen is shown with so much before and after
  const least = Math.min(whole, 100); // ps across, at the nearest
  const view = { from: 0, to: whole };
  const contents = data.memories.map((_, n) => contentOf(model, n));
  const state = { span: -1, stretch: -1, tensor: -1, moment: 0, lane: 0, matches: null, pointer: null, band: null };
  let colours;
  let width = 0;
  let due = 0;

  // Where things are: rows from top to bottom.
  const RULER = 26;
  const LABEL = 18;
  const LANE = 28;
  const MEMORY = 110;
  const GAP = 7;
  const rows = [];
  let y = RULER;
  const row = (kind, at, height) => (rows.push({ kind, at, y: y + LABEL, height }), (y += LABEL + height + GAP));
  if (path.end.length) row("path", 0, 16);
  lanes.forEach((lane, k) => row("lane", k, LANE));
  data.memories.forEach((memory, n) => row("memory", n, MEMORY));
  const height = y;
  canvas.style.height = `${height}px`;

  const at = (ps) => ((ps - view.from) / (view.to - view.from)) * width;
  const when = (x) => view.from + (x / width) * (view.to - view.from);

  function look(from, to) {
    const span = Math.min(whole, Math.max(least, to - from));
    view.from = Math.min(Math.max(0, from), whole - span);
    view.to = view.from + span;
    redraw();
  }
  function zoom(factor, x = width / 2) {
    const span = (view.to - view.from) * factor;
    const middle = when(x);
    look(middle - (span * x) / width, middle + span * (1 - x / width));
  }
  const pan = (share) => look(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));
  const around = (from, to, share = 0.1) => look(from - share * (to - from) - least, to + share * (to - from) + least);
  const redraw = () => (due ||= requestAnimationFrame(draw));

  function resize() {
    const sharp = window.devicePixelRatio || 1;
    width = canvas.clientWidth;
    for (const [one, pen_, tall] of [[canvas, pen, height], [overview, small, 44]]) {
      one.width = Math.round(width * sharp);
      one.height = Math.round(tall * sharp);
      pen_.setTransform(sharp, 0, 0, sharp, 0, 0);
    }
    colours = palette(pen);
    redraw();
  }

  function draw() {
    due = 0;
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, width, height);
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
    ruler();
    const { matches } = state;
    const dim = matches && ((i) => !matches[t.layer[s.task[i]]]);
    for (const one of rows) {
      const box = { y: one.y, width, height: one.height };
      if (one.kind === "path") {
        drawPath(pen, model, view, box, colours);
        label(one, "critical path");
      } else if (one.kind === "lane") {
        const worked = drawLane(pen, model, lanes[one.at], view, box, colours, dim);
        label(one, lanes[one.at].name, `works ${((100 * worked) / (view.to - view.from)).toFixed(1)} %`);
      } else {
        const { top, capacity } = contents[one.at];
        drawMemory(pen, model, contents[one.at], view, box, colours, state.tensor);
        label(one, data.memories[one.at][0], `by tensor, up to ${top < capacity ? `${size(top)} of ` : ""}${size(capacity)}`);
      }
    }
    marks();
    drawOverview();
    canvas.dataset.from = view.from;
    canvas.dataset.to = view.to;
    document.getElementById("window").textContent = stretch();
  }

  function label(one, name, more = "") {
    const y = one.y - 8;
    pen.fillStyle = one.kind === "lane" && one.at === state.lane && document.activeElement === canvas ? colours.accent : colours.ink;
    pen.fillText(name, 0, y);
    pen.fillStyle = colours.quiet;
    pen.fillText(more, pen.measureText(name).width + 8, y);
  }

  function ruler() {
    const about = ((view.to - view.from) / width) * 110;
    const power = 10 ** Math.floor(Math.log10(about));
    const step = Math.max(1, power * [1, 2, 5, 10].find((n) => power * n >= about));
    pen.strokeStyle = colours.grid;
    pen.lineWidth = 1;
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
      const x = Math.round(at(tick)) + 0.5;
      pen.beginPath();
      pen.moveTo(x, 20);
      pen.lineTo(x, height);
      pen.stroke();
      const text = ticked(tick, step);
      pen.fillStyle = colours.quiet;
      pen.fillText(text, Math.min(x + 3, width - pen.measureText(text).width), 11);
    }
  }

  /** From when to when, to a thousandth of what is seen. */
  function stretch() {
    const fine = 10 ** Math.max(0, Math.floor(Math.log10((view.to - view.from) / 1000)));
    return `${ticked(view.from, fine)} to ${ticked(view.to, fine)}`;
  }

  /** A tick with as many decimals as the step needs. */
  function ticked(ps, step) {
    if (!ps) return "0";
    const [size, unit] = TIMES.find(([size]) => view.to >= size) ?? TIMES.at(-1);
    return `${(ps / size).toFixed(Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9)))} ${unit}`;
  }

  function box(i) {
    const one = rows.find((row) => row.kind === "lane" && row.at === s.lane[i]);
    return { x: at(s.begun[i]), right: at(s.end[i]), y: one.y, height: one.height };
  }

  function outlined(i, colour, thick) {
    const { x, right, y, height } = box(i);
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.strokeRect(Math.max(-4, x), y, Math.max(2, Math.min(width + 8, right) - Math.max(-4, x)), height);
  }

  /** What is selected, with lines to what it waited for, and the pointer. */
  function marks() {
    const i = state.span;
    if (i >= 0) {
      const mine = box(i);
      for (const [back, colour] of [[s.holder[i], colours.ink], [s.made_room[i], colours.space]]) {
        if (!back) continue;
        const other = box(i - back);
        outlined(i - back, colour, 1);
        pen.setLineDash([4, 3]);
        pen.beginPath();
        pen.moveTo(other.right, other.y + other.height / 2);
        pen.lineTo(mine.x, mine.y + mine.height / 2);
        pen.stroke();
        pen.setLineDash([]);
      }
      outlined(i, colours.ink, 2.5);
    }
    if (state.stretch >= 0 && rows[0].kind === "path") {
      const x = at(path.start[state.stretch]);
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2.5;
      pen.strokeRect(x, rows[0].y, Math.max(2, at(path.end[state.stretch]) - x), rows[0].height);
    }
    if (state.band) {
      const [a, b] = state.band;
      pen.fillStyle = colours.accent;
      pen.globalAlpha = 0.18;
      pen.fillRect(Math.min(a, b), 0, Math.abs(b - a), height);
      pen.globalAlpha = 1;
    }
    if (state.pointer !== null) {
      pen.strokeStyle = colours.quiet;
      pen.lineWidth = 1;
      pen.globalAlpha = 0.6;
      pen.beginPath();
      pen.moveTo(state.pointer + 0.5, 20);
      pen.lineTo(state.pointer + 0.5, height);
      pen.stroke();
      pen.globalAlpha = 1;
    }
  }

  // All of the run, drawn once for each width and look.
  let backdrop = null;
  function drawOverview() {
    const key = `${width} ${colours.paper}`;
    if (backdrop?.key !== key) {
      const copy = document.createElement("canvas");
      copy.width = overview.width;
      copy.height = overview.height;
      const pen = copy.getContext("2d");
      pen.scale(copy.width / width, copy.height / 44);
      const tall = 40 / lanes.length;
      lanes.forEach((lane, k) =>
        drawLane(pen, model, lane, { from: 0, to: whole }, { y: 2 + k * tall, width, height: tall - 1 }, colours, null, true),
      );
      backdrop = { key, copy };
    }
    small.clearRect(0, 0, width, 44);
    small.drawImage(backdrop.copy, 0, 0, width, 44);
    const x = (view.from / whole) * width;
    const wide = Math.max(3, ((view.to - view.from) / whole) * width);
    small.fillStyle = colours.paper;
    small.globalAlpha = 0.7;
    small.fillRect(0, 0, x, 44);
    small.fillRect(x + wide, 0, width, 44);
    small.globalAlpha = 1;
    small.strokeStyle = colours.accent;
    small.lineWidth = 2;
    small.strokeRect(x + 1, 1, Math.max(1, wide - 2), 42);
  }

  // What is under the pointer.
  function spanAt(lane, ps, slack) {
    const i = search(lane.first, lane.past, (i) => s.end[i] < ps - slack);
    return i < lane.past && s.since[i] <= ps + slack ? i : -1;
  }
  function hit(x, y) {
    const one = rows.find((row) => y >= row.y - LABEL && y < row.y + row.height + GAP);
    const ps = when(x);
    if (!one) return null;
    if (one.kind === "lane") {
      const i = spanAt(lanes[one.at], ps, (view.to - view.from) / width);
      return i < 0 ? null : { span: i };
    }
    if (one.kind === "path") {
      const n = search(0, path.end.length, (n) => path.end[n] <= ps);
      return n < path.end.length ? { stretch: n } : null;
    }
    const content = contents[one.at];
    const { list, bytes } = heldAt(model, content, ps);
    let level = ((one.y + one.height - y) / one.height) * content.top;
    const found = list.find((n) => (level -= model.stays.bytes[n]) < 0);
    return { memory: one.at, ps, bytes, tensor: found === undefined ? -1 : model.stays.tensor[found] };
  }

  function say(found) {
    if (!found) return null;
    if (found.span >= 0) {
      const i = found.span;
      const waits = waitsOf(model, i).map(([cause, from, to]) => `waits ${duration(to - from)}: ${cause}`);
      return [titleOf(model, i), `${lanes[s.lane[i]].name}, works ${duration(s.work[i])} from ${duration(s.begun[i])}`, ...waits];
    }
    if (found.stretch >= 0) return ["Critical path", aboutStretch(model, found.stretch).replace(/^[^:]*: /, "")];
    const [name, capacity] = data.memories[found.memory];
    const share = `${name} holds ${size(found.bytes)} of ${size(capacity)} at ${duration(found.ps)}`;
    return found.tensor >= 0 ? [data.tensors[found.tensor], data.roles[data.of[found.tensor]], share] : [share];
  }

  function hover(x, y) {
    const lines = say(hit(x, y));
    state.pointer = x;
    tip.hidden = !lines;
    if (lines) {
      tip.replaceChildren(element("strong", {}, lines[0]), ...lines.slice(1).map((line) => element("div", {}, line)));
      const left = Math.max(0, Math.min(x + 14, width - tip.offsetWidth));
      tip.style.left = `${left}px`;
      tip.style.top = `${canvas.offsetTop + y + 18}px`;
    }
    redraw();
  }

  // Selecting.
  function show(parts) {
    details.replaceChildren(...parts);
    redraw();
  }
  function select(i, move = true, moment = s.begun[i]) {
    state.moment = moment;
    Object.assign(state, { span: i, tensor: -1, lane: s.lane[i] });
    show(aboutTask(model, i, select));
    if (move && (s.end[i] < view.from || s.since[i] > view.to || at(s.end[i]) - at(s.since[i]) < 3)) around(s.since[i], s.end[i], NEAR);
  }
  function selectStretch(n) {
    if (!path.end.length) return;
    n = Math.min(path.end.length - 1, Math.max(0, n));
    const i = path.span[n];
    Object.assign(state, { stretch: n, span: i, tensor: -1 });
    show([element("p", { class: "quiet" }, aboutStretch(model, n)), ...(i >= 0 ? aboutTask(model, i, select) : [])]);
    if (path.start[n] < view.from || path.end[n] > view.to || at(path.end[n]) - at(path.start[n]) < 3) around(path.start[n], path.end[n], NEAR);
  }
  /** The stretch after (or before) the one selected, or else after the middle of what is seen. */
  function along(step) {
    const middle = (view.from + view.to) / 2;
    selectStretch(state.stretch >= 0 ? state.stretch + step : search(0, path.end.length, (n) => path.end[n] <= middle));
  }
  function clear() {
    Object.assign(state, { span: -1, stretch: -1, tensor: -1, matches: null });
    document.getElementById("search").value = "";
    document.getElementById("found").textContent = "";
    show([element("p", { class: "quiet" }, "Nothing is selected.")]);
  }
  function pick(x, y) {
    const found = hit(x, y);
    if (!found) return;
    if (found.span >= 0) (state.stretch = -1), select(found.span, false);
    else if (found.stretch >= 0) selectStretch(found.stretch);
    else if (found.tensor >= 0) {
      Object.assign(state, { tensor: found.tensor, span: -1, stretch: -1 });
      show(aboutTensor(model, found.tensor, found.ps, select));
    }
  }
  function beside(step) {
    const lane = lanes[state.lane];
    const i = state.span >= 0 && s.lane[state.span] === state.lane ? state.span + step : spanAt(lane, (view.from + view.to) / 2, Infinity);
    if (i >= lane.first && i < lane.past) select(i);
  }
  function toLane(step) {
    state.lane = Math.min(lanes.length - 1, Math.max(0, state.lane + step));
    const lane = lanes[state.lane];
    // From lane to lane at one moment, so that up and down again comes back.
    const moment = state.span >= 0 ? state.moment : (view.from + view.to) / 2;
    if (lane.past > lane.first) select(search(lane.first, lane.past - 1, (i) => s.end[i] <= moment), true, moment);
  }
  const chosen = () => (state.stretch >= 0 ? around(path.start[state.stretch], path.end[state.stretch]) : state.span >= 0 && around(s.since[state.span], s.end[state.span]));

  // Searching: what is found stands out, and can be zoomed to.
  function find(text, exact = false) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return (state.matches = null), (document.getElementById("found").textContent = ""), redraw();
    const found = data.layers.map((name) => (exact ? name === text : name.toLowerCase().includes(wanted)));
    const many = found.filter(Boolean).length;
    state.matches = found;
    document.getElementById("found").textContent = many === 1 ? "1 layer" : `${many} layers`;
    redraw();
  }
  function toFound() {
    let from = Infinity;
    let to = -Infinity;
    for (let i = 0; state.matches && i < model.count; i++)
      if (state.matches[t.layer[s.task[i]]]) (from = Math.min(from, s.granted[i])), (to = Math.max(to, s.end[i]));
    if (from <= to) around(from, to);
  }

  new ResizeObserver(() => canvas.clientWidth !== width && resize()).observe(canvas);
  resize();
  draw();
  const shown = {
    canvas, overview, tip, state, view, whole, when, look, zoom, pan, redraw, resize, hover, pick, clear, along, beside,
    toLane, chosen, find, toFound,
    width: () => width,
    /** Finds a layer by its exact name and zooms to it. */
    show(layer) {
      document.getElementById("search").value = layer;
      find(layer, true);
      toFound();
      canvas.scrollIntoView({ block: "center", behavior: "instant" });
      canvas.focus({ preventScroll: true });
    },
  };
  controls(shown);
  return shown;
}
