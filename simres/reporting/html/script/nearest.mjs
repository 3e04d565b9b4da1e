// Which of many designs is meant.

const NEAR = 24; // how far from a design it is still meant, as the drawings count
const BEHIND = 3; // by how much further those seem that are not on the front

/** The design of a panel nearest to a place of it; -1 where none is near. One of the front goes before others. */
export function nearest(panel, front, x, y) {
  const best = new Set(front);
  let found = -1;
  let least = NEAR;
  for (let at = 0; at < panel.x.length; at++) {
    const far = Math.hypot(panel.x[at] - x, panel.y[at] - y) + (best.has(at) ? 0 : BEHIND);
    if (far < least) [found, least] = [at, far];
  }
  return found;
}

/** The design `step` after one on the front, around its end; the first of it where `shown` is not on it. */
export function next(front, shown, step) {
  const before = front.indexOf(shown);
  return front[before < 0 ? 0 : (before + step + front.length) % front.length];
}
