// Searching: by halves in a sorted column, and by name among the layers.

/** The first number from `low` up to `high` for which `fails` no longer holds. */
export function search(low, high, fails) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which names match: those that contain `text` in either case, or with `exact` are it; null for no text. */
export function matching(names, text, exact = false) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  return names.map((name) => (exact ? name === text : name.toLowerCase().includes(wanted)));
}

/** From when to when the tasks of the layers that match ran, or null where none did. */
export function extentOf(model, matches) {
  const { s, t } = model;
  let from = Infinity;
  let to = -Infinity;
  for (let i = 0; matches && i < model.count; i++) {
    if (!matches[t.layer[s.task[i]]]) continue;
    from = Math.min(from, s.granted[i]);
    to = Math.max(to, s.end[i]);
  }
  return from <= to ? { from, to } : null;
}
