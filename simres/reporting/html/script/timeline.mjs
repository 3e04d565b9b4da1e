// The timeline: one stretch of time over the critical path, the engines and the memories; keys, mouse and touch.

import { controls } from "./controls.mjs";
import { aboutPlace, aboutStretch, aboutTask, aboutTensor, element } from "./details.mjs";
import { drawLane, drawPath } from "./lanes.mjs";
import { contentOf, drawMemory } from "./memory.mjs";
import { counted, size, stepFrom, ticked } from "./numbers.mjs";
import { palette } from "./palette.mjs";
import { hit, rowsOf, spanAfter, spanAt, stretchAt } from "./picking.mjs";
import { extentOf, matching } from "./search.mjs";
import { View } from "./view.mjs";

/** Draws `model` and listens; returns how to draw it again in another width or look, and to show a layer. */
export function timeline(model) {
  const canvas = document.getElementById("lanes");
  const overview = document.getElementById("overview");
  const tip = document.getElementById("tip");
  const details = document.getElementById("details");
  const pen = canvas.getContext("2d");
  const small = overview.getContext("2d");
  const { data, s, t, lanes, path } = model;
  const whole = data.makespan;
  const NEAR = 4; // what is too small to be seen is shown with so much before and after
  const view = new View(whole);
  const { rows, height } = rowsOf(model);
  const contents = data.memories.map((_, n) => contentOf(model, n));
  const state = {
    span: -1,
    stretch: -1,
    tensor: -1,
    moment: 0,
    lane: 0,
    matches: null,
    pointer: null,
    band: null,
  };
  let colours;
  let due = 0;
  canvas.style.height = `${height}px`;

  const redraw = () => (due ||= requestAnimationFrame(draw));
  const moving =
    (name) =>
    (...places) => {
      view[name](...places);
      redraw();
    };
  const [look, zoom, pan, around, center] = ["look", "zoom", "pan", "around", "center"].map(moving);

  function resize() {
    const sharp = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    view.width = width;
    for (const [one, pen_, tall] of [
      [canvas, pen, height],
      [overview, small, 44],
    ]) {
      one.width = Math.round(width * sharp);
      one.height = Math.round(tall * sharp);
      pen_.setTransform(sharp, 0, 0, sharp, 0, 0);
    }
    colours = palette(pen, data);
    redraw();
  }

  function draw() {
    due = 0;
    const { width } = view;
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
        label(one, lanes[one.at].name, `busy ${((100 * worked) / view.span).toFixed(1)} %`);
      } else {
        const { top, capacity } = contents[one.at];
        drawMemory(pen, model, contents[one.at], view, box, colours, state.tensor);
        label(
          one,
          data.memories[one.at][0],
          `by tensor, up to ${top < capacity ? `${size(top)} of ` : ""}${size(capacity)}`,
        );
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
    pen.fillStyle =
      one.kind === "lane" && one.at === state.lane && document.activeElement === canvas
        ? colours.accent
        : colours.ink;
    pen.fillText(name, 0, y);
    pen.fillStyle = colours.quiet;
    pen.fillText(more, pen.measureText(name).width + 8, y);
  }

  function ruler() {
    const { width } = view;
    const step = stepFrom((view.span / width) * 110);
    pen.strokeStyle = colours.grid;
    pen.lineWidth = 1;
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
      const x = Math.round(view.at(tick)) + 0.5;
      pen.beginPath();
      pen.moveTo(x, 20);
      pen.lineTo(x, height);
      pen.stroke();
      const text = ticked(tick, step, view.to);
      pen.fillStyle = colours.quiet;
      pen.fillText(text, Math.min(x + 3, width - pen.measureText(text).width), 11);
    }
  }

  /** From when to when, to a thousandth of what is seen. */
  function stretch() {
    const fine = 10 ** Math.max(0, Math.floor(Math.log10(view.span / 1000)));
    return `${ticked(view.from, fine, view.to)} to ${ticked(view.to, fine, view.to)}`;
  }

  function box(i) {
    const one = rows.find((row) => row.kind === "lane" && row.at === s.lane[i]);
    return { x: view.at(s.begun[i]), right: view.at(s.end[i]), y: one.y, height: one.height };
  }

  function outlined(i, colour, thick) {
    const { x, right, y, height } = box(i);
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.strokeRect(
      Math.max(-4, x),
      y,
      Math.max(2, Math.min(view.width + 8, right) - Math.max(-4, x)),
      height,
    );
  }

  /** What is selected, with lines to what it waited for, and the pointer. */
  function marks() {
    const i = state.span;
    if (i >= 0) {
      const mine = box(i);
      for (const [back, colour] of [
        [s.holder[i], colours.ink],
        [s.made_room[i], colours.space],
      ]) {
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
      const x = view.at(path.start[state.stretch]);
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2.5;
      pen.strokeRect(x, rows[0].y, Math.max(2, view.at(path.end[state.stretch]) - x), rows[0].height);
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
    const { width } = view;
    const key = `${width} ${colours.paper}`;
    if (backdrop?.key !== key) {
      const copy = document.createElement("canvas");
      copy.width = overview.width;
      copy.height = overview.height;
      const pen = copy.getContext("2d");
      pen.scale(copy.width / width, copy.height / 44);
      const tall = 40 / lanes.length;
      for (const [k, lane] of lanes.entries()) {
        const box = { y: 2 + k * tall, width, height: tall - 1 };
        drawLane(pen, model, lane, { from: 0, to: whole }, box, colours, null, true);
      }
      backdrop = { key, copy };
    }
    small.clearRect(0, 0, width, 44);
    small.drawImage(backdrop.copy, 0, 0, width, 44);
    const x = (view.from / whole) * width;
    const wide = Math.max(3, (view.span / whole) * width);
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
  const hitAt = (x, y) => hit(model, rows, contents, view, x, y);

  function hover(x, y) {
    const lines = aboutPlace(model, hitAt(x, y));
    state.pointer = x;
    tip.hidden = !lines;
    if (lines) {
      tip.replaceChildren(
        element("strong", {}, lines[0]),
        ...lines.slice(1).map((line) => element("div", {}, line)),
      );
      const left = Math.max(0, Math.min(x + 14, view.width - tip.offsetWidth));
      tip.style.left = `${left}px`;
      tip.style.top = `${canvas.offsetTop + y + 18}px`;
    }
    redraw();
  }

  // Selecting.
  const short = (from, to) => view.at(to) - view.at(from) < 3;
  const unseen = (from, to) => to < view.from || from > view.to || short(from, to);
  function show(parts) {
    details.replaceChildren(...parts);
    redraw();
  }
  function select(i, move = true, moment = s.begun[i]) {
    state.moment = moment;
    Object.assign(state, { span: i, tensor: -1, lane: s.lane[i] });
    show(aboutTask(model, i, select));
    if (move && unseen(s.since[i], s.end[i])) around(s.since[i], s.end[i], NEAR);
  }
  function selectStretch(n) {
    if (!path.end.length) return;
    n = Math.min(path.end.length - 1, Math.max(0, n));
    const i = path.span[n];
    Object.assign(state, { stretch: n, span: i, tensor: -1 });
    show([
      element("p", { class: "quiet" }, aboutStretch(model, n)),
      ...(i >= 0 ? aboutTask(model, i, select) : []),
    ]);
    const [from, to] = [path.start[n], path.end[n]];
    if (from < view.from || to > view.to || short(from, to)) around(from, to, NEAR);
  }
  /** The stretch after (or before) the one selected, or else after the middle of what is seen. */
  function along(step) {
    const middle = (view.from + view.to) / 2;
    selectStretch(state.stretch >= 0 ? state.stretch + step : stretchAt(model, middle));
  }
  function clear() {
    Object.assign(state, { span: -1, stretch: -1, tensor: -1, matches: null });
    document.getElementById("search").value = "";
    document.getElementById("found").textContent = "";
    show([element("p", { class: "quiet" }, "Nothing is selected.")]);
  }
  function pick(x, y) {
    const found = hitAt(x, y);
    if (!found) return;
    if (found.span >= 0) {
      state.stretch = -1;
      select(found.span, false);
    } else if (found.stretch >= 0) selectStretch(found.stretch);
    else if (found.tensor >= 0) {
      Object.assign(state, { tensor: found.tensor, span: -1, stretch: -1 });
      show(aboutTensor(model, found.tensor, found.ps, select));
    }
  }
  function beside(step) {
    const lane = lanes[state.lane];
    const i =
      state.span >= 0 && s.lane[state.span] === state.lane
        ? state.span + step
        : spanAt(model, lane, (view.from + view.to) / 2, Infinity);
    if (i >= lane.first && i < lane.past) select(i);
  }
  function toLane(step) {
    state.lane = Math.min(lanes.length - 1, Math.max(0, state.lane + step));
    // From lane to lane at one moment, so that up and down again comes back.
    const moment = state.span >= 0 ? state.moment : (view.from + view.to) / 2;
    const i = spanAfter(model, lanes[state.lane], moment);
    if (i >= 0) select(i, true, moment);
  }
  function chosen() {
    if (state.stretch >= 0) around(path.start[state.stretch], path.end[state.stretch]);
    else if (state.span >= 0) around(s.since[state.span], s.end[state.span]);
  }

  // Searching: what is found stands out, and can be zoomed to.
  function find(text, exact = false) {
    state.matches = matching(data.layers, text, exact);
    const found = state.matches && counted(state.matches.filter(Boolean).length, "layer");
    document.getElementById("found").textContent = found ?? "";
    redraw();
  }
  function toFound() {
    const extent = extentOf(model, state.matches);
    if (extent) around(extent.from, extent.to);
  }

  new ResizeObserver(() => canvas.clientWidth !== view.width && resize()).observe(canvas);
  resize();
  draw();
  controls({
    canvas,
    overview,
    tip,
    state,
    view,
    redraw,
    layers: data.layers,
    ...{ look, zoom, pan, center, hover, pick, clear, along, beside, toLane, chosen, find, toFound },
  });
  return {
    resize,
    /** Finds a layer by its exact name and zooms to it. */
    show(layer) {
      document.getElementById("search").value = layer;
      find(layer, true);
      toFound();
      canvas.scrollIntoView({ block: "center", behavior: "instant" });
      canvas.focus({ preventScroll: true });
    },
  };
}
