// What a table is sorted by.

/** What a cell is sorted by: its number, or else its text; nothing is 0, `<0.1` a little, `>99.9` nearly all. */
export function sortedBy(text) {
  if (text === "-") return 0;
  const number = Number.parseFloat(text.replace(/^[<>]/, ""));
  if (Number.isNaN(number) || !/^[<>]?-?[\d.]/.test(text)) return text;
  return text.startsWith("<") ? number / 2 : number;
}

/** The order that a column is sorted in next: numbers from the largest, names from the first, and then in turn. */
export function orderAfter(before, numeric) {
  if (!before) return numeric ? "descending" : "ascending";
  return before === "descending" ? "ascending" : "descending";
}

/** The numbers of rows, by the texts of their cells in one column; equal ones stay in the order they are in. */
export function ordered(texts, order, numeric) {
  const sign = order === "ascending" ? 1 : -1;
  const compare = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b, "en", { numeric: true });
  const keyed = texts.map((text, row) => [numeric ? sortedBy(text.trim()) : text, row]);
  return keyed.sort(([a], [b]) => sign * compare(a, b)).map(([, row]) => row);
}
