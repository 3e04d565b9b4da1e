// Designs: which one is meant by a mouse, a finger or a key, and what it is.

import { nearest, next } from "./nearest.mjs";
import { page } from "./page.mjs";

const designs = JSON.parse(document.getElementById("data").textContent);
const plots = document.getElementById("plots");
const tip = document.getElementById("tip");
let shown = -1;

/** What a design is, as lines; all of it is text. */
function fill(at) {
  const [name, ...figures] = designs.designs[at];
  const head = document.createElement("strong");
  head.textContent = name;
  const list = document.createElement("dl");
  for (const [what, text] of figures) {
    const line = document.createElement("div");
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = what;
    value.textContent = text;
    line.append(term, value);
    list.append(line);
  }
  tip.replaceChildren(head, list);
}

/** Shows a design beside a place of the window, and rings it in every panel. */
function show(at, x, y) {
  if (at !== shown) fill(at);
  shown = at;
  tip.hidden = false;
  const around = plots.getBoundingClientRect();
  const left = Math.min(x - around.left + 14, around.width - tip.offsetWidth);
  const below = y - around.top + 14;
  const above = y - around.top - tip.offsetHeight - 14;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${y + 14 + tip.offsetHeight > innerHeight && above > -around.top ? above : below}px`;
  for (const plot of plots.querySelectorAll("svg[data-panel]")) {
    const panel = designs.panels[plot.dataset.panel];
    const ring = plot.querySelector(".ring");
    ring.removeAttribute("hidden");
    ring.setAttribute("cx", panel.x[at]);
    ring.setAttribute("cy", panel.y[at]);
  }
}

function hide() {
  shown = -1;
  tip.hidden = true;
  for (const ring of plots.querySelectorAll(".ring")) ring.setAttribute("hidden", "");
}

/** Where a point of a panel is in the window. */
function placed(plot, at) {
  const panel = designs.panels[plot.dataset.panel];
  const place = new DOMPoint(panel.x[at], panel.y[at]).matrixTransform(plot.getScreenCTM());
  return [place.x, place.y];
}

/** The design that a place of the window means; -1 for none. */
function meant(plot, x, y) {
  const place = new DOMPoint(x, y).matrixTransform(plot.getScreenCTM().inverse());
  return nearest(designs.panels[plot.dataset.panel], designs.front, place.x, place.y);
}

for (const plot of plots.querySelectorAll("svg[data-panel]")) {
  const point = (event) => {
    const at = meant(plot, event.clientX, event.clientY);
    if (at < 0) hide();
    else show(at, event.clientX, event.clientY);
  };
  plot.addEventListener("pointermove", point);
  plot.addEventListener("pointerdown", point);
  plot.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    const at = next(designs.front, shown, step);
    show(at, ...placed(plot, at));
  });
}

for (const cell of plots.querySelectorAll(".cell")) {
  const point = (event) => show(Number(cell.dataset.design), event.clientX, event.clientY);
  cell.addEventListener("pointermove", point);
  cell.addEventListener("pointerdown", point);
  cell.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
}

// Whatever else is touched or scrolled, the tooltip goes.
document.addEventListener("pointerdown", (event) => plots.contains(event.target) || hide());
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
addEventListener("scroll", () => shown >= 0 && !plots.contains(document.activeElement) && hide(), {
  passive: true,
});

document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-show]")?.dataset.show;
  if (!name) return;
  const at = Number(name.split(" ")[1]);
  const plot = plots.querySelector("svg[data-panel]");
  plot.scrollIntoView({ block: "center" });
  show(at, ...placed(plot, at));
});

page(null);
