// The page around the timeline: light and dark, tables to sort and filter, where one is.

const drawn = data ? timeline(modelOf(data)) : null;

const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
const theme = document.getElementById("theme");
function themed() {
  theme.setAttribute("aria-pressed", dark());
  drawn?.resize();
}
theme.setAttribute("aria-label", "Dark");
theme.addEventListener("click", () => ((root.dataset.theme = dark() ? "light" : "dark"), themed()));
prefersDark.addEventListener("change", themed);
window.addEventListener("beforeprint", () => drawn?.resize());
themed();

/** What a cell is sorted by: its number, or else its text; nothing is 0, `<0.1` a little, `>99.9` nearly all. */
function sortedBy(cell) {
  const text = cell.textContent.trim();
  if (text === "-") return 0;
  const number = Number.parseFloat(text.replace(/^[<>]/, ""));
  return Number.isNaN(number) || !/^[<>]?-?[\d.]/.test(text) ? text : text.startsWith("<") ? number / 2 : number;
}

for (const head of document.querySelectorAll("table.sortable thead th")) {
  head.querySelector("button")?.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0];
    const column = head.cellIndex;
    const numeric = head.classList.contains("n");
    const before = head.getAttribute("aria-sort");
    const order = before ? (before === "descending" ? "ascending" : "descending") : numeric ? "descending" : "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keyed = [...body.rows].map((row) => [numeric ? sortedBy(row.cells[column]) : row.cells[column].textContent, row]);
    const compare = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b, "en", { numeric: true });
    keyed.sort(([a], [b]) => sign * compare(a, b));
    body.append(...keyed.map(([, row]) => row));
  });
}

const filter = document.getElementById("filter");
filter?.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const row of document.querySelector("#layers table").tBodies[0].rows) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    shown += !row.hidden;
  }
  document.getElementById("filtered").textContent = shown === 1 ? "1 layer" : `${shown} layers`;
});

document.addEventListener("click", (event) => {
  const layer = event.target.closest?.("[data-show]")?.dataset.show;
  if (layer && drawn) drawn.show(layer);
});

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries)
    if (isIntersecting) for (const [name, link] of links) name === target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
}, { rootMargin: "-20% 0px -70% 0px" });
for (const name of links.keys()) seen.observe(document.getElementById(name));

performance.mark("interactive");
root.dataset.ready = "";
