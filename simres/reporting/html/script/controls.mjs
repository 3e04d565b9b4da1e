// What moves the timeline: keys, wheel, mouse, fingers, buttons and the search.

import { element } from "./details.mjs";

/** Listens for everything, on behalf of what `timeline` returns. */
export function controls(shown) {
  const { canvas, overview, tip, state, view, layers, look, zoom, pan, center, redraw } = shown;
  const { clear, along, beside, toLane, chosen, hover, pick, find, toFound } = shown;
  const all = () => look(0, view.whole);

  const KEYS = {
    "+": () => zoom(1 / 1.6),
    "=": () => zoom(1 / 1.6),
    "-": () => zoom(1.6),
    _: () => zoom(1.6),
    0: all,
    Home: all,
    ArrowLeft: () => pan(-0.15),
    ArrowRight: () => pan(0.15),
    ArrowUp: () => toLane(-1),
    ArrowDown: () => toLane(1),
    ",": () => beside(-1),
    ".": () => beside(1),
    "[": () => along(-1),
    "]": () => along(1),
    Enter: chosen,
    Escape: clear,
    "/": () => document.getElementById("search").focus(),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      const across = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (across || event.shiftKey) pan((across ? event.deltaX : event.deltaY) / 1000);
      else if (event.ctrlKey || event.metaKey || document.activeElement === canvas)
        zoom(Math.exp(Math.max(-240, Math.min(240, event.deltaY)) / 400), event.offsetX);
      else return; // the page scrolls
      event.preventDefault();
    },
    { passive: false },
  );

  // Pointers: one drags, two pinch, one that stays selects.
  const down = new Map();
  let moved = 0;
  const place = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    moved = down.size > 1 ? Infinity : 0;
    if (event.shiftKey) state.band = [place(event).x, place(event).x];
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = down.get(event.pointerId);
    if (!before) return hover(now.x, now.y);
    moved += Math.abs(now.x - before.x);
    if (state.band) {
      state.band[1] = now.x;
      redraw();
    } else if (down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)[1];
      const [then, since] = [Math.abs(before.x - other.x), Math.abs(now.x - other.x)];
      if (then > 8 && since > 8) zoom(then / since, (now.x + other.x) / 2);
    } else if (moved > 3) {
      pan((before.x - now.x) / view.width);
      tip.hidden = true;
    }
    down.set(event.pointerId, now);
  });
  const up = (event) => {
    const before = down.get(event.pointerId);
    down.delete(event.pointerId);
    if (state.band) {
      const [a, b] = state.band.map((x) => view.when(x)).sort((one, other) => one - other);
      state.band = null;
      if (moved > 3) look(a, b);
    } else if (before && moved <= 3 && event.type === "pointerup") pick(before.x, before.y);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  const leave = () => {
    tip.hidden = true;
    state.pointer = null;
    redraw();
  };
  canvas.addEventListener("pointerleave", leave);
  document.addEventListener("pointerdown", (event) => event.target === canvas || tip.hidden || leave());
  addEventListener("scroll", () => tip.hidden || leave(), { passive: true });
  canvas.addEventListener("dblclick", (event) => zoom(0.4, event.offsetX));
  canvas.addEventListener("focus", redraw);
  canvas.addEventListener("blur", redraw);

  const jump = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    center((event.offsetX / view.width) * view.whole);
  };
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    jump(event);
  });
  overview.addEventListener("pointermove", jump);

  const on = (id, act) => document.getElementById(id).addEventListener("click", act);
  on("zoom-in", () => zoom(1 / 1.6));
  on("zoom-out", () => zoom(1.6));
  on("zoom-all", all);
  on("path-back", () => along(-1));
  on("path-on", () => along(1));
  const searching = document.getElementById("search");
  searching.addEventListener("input", () => find(searching.value));
  searching.addEventListener("keydown", (event) => {
    if (event.key === "Enter") toFound();
    if (event.key === "Escape") {
      clear();
      canvas.focus();
    }
  });
  const names = layers.slice(0, 2000);
  document.getElementById("layer-names").append(...names.map((name) => element("option", { value: name })));
}
