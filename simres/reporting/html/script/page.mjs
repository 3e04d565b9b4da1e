// The page around the timeline: light and dark, tables to sort and filter, where one is.

import { counted } from "./numbers.mjs";
import { orderAfter, ordered } from "./tables.mjs";

/** Brings a page to life around `drawn`, what `timeline` returns, or null where there is none. */
export function page(drawn) {
  looks(drawn);
  sorting();
  filtering();
  document.addEventListener("click", (event) => {
    const layer = event.target.closest?.("[data-show]")?.dataset.show;
    if (layer && drawn) drawn.show(layer);
  });
  sections();
  performance.mark("interactive");
  document.documentElement.dataset.ready = "";
}

/** Light and dark. */
function looks(drawn) {
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const theme = document.getElementById("theme");
  function themed() {
    theme.setAttribute("aria-pressed", dark());
    drawn?.resize();
  }
  theme.setAttribute("aria-label", "Dark");
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    themed();
  });
  prefersDark.addEventListener("change", themed);
  window.addEventListener("beforeprint", () => drawn?.resize());
  themed();
}

/** Tables that are sorted by the head of a column. */
function sorting() {
  for (const head of document.querySelectorAll("table.sortable thead th")) {
    head.querySelector("button")?.addEventListener("click", () => {
      const body = head.closest("table").tBodies[0];
      const column = head.cellIndex;
      const numeric = head.classList.contains("n");
      const order = orderAfter(head.getAttribute("aria-sort"), numeric);
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const rows = [...body.rows];
      const texts = rows.map((row) => row.cells[column].textContent);
      body.append(...ordered(texts, order, numeric).map((at) => rows[at]));
    });
  }
}

/** The table of layers, of which only some are shown. */
function filtering() {
  const filter = document.getElementById("filter");
  filter?.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const row of document.querySelector("#layers table").tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += !row.hidden;
    }
    document.getElementById("filtered").textContent = counted(shown, "layer");
  });
}

/** Which section of the page is being read. */
function sections() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting))
        for (const [name, link] of links) {
          if (name === target.id) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const name of links.keys()) seen.observe(document.getElementById(name));
}
