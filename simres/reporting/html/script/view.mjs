// The stretch of time that is seen: how it is zoomed and moved, and where in it a moment is.

const LEAST = 100; // picoseconds across, at the nearest

/** A window on a run of `whole` picoseconds; `from` and `to` are what is seen of it. */
export class View {
  constructor(whole) {
    this.whole = whole;
    this.least = Math.min(whole, LEAST);
    this.from = 0;
    this.to = whole;
    this.width = 0; // pixels
  }

  /** Picoseconds across. */
  get span() {
    return this.to - this.from;
  }

  /** The pixel of a moment. */
  at(ps) {
    return ((ps - this.from) / this.span) * this.width;
  }

  /** The moment of a pixel. */
  when(x) {
    return this.from + (x / this.width) * this.span;
  }

  /** Shows a stretch, or as much of it as there is; nothing less than the least. */
  look(from, to) {
    const span = Math.min(this.whole, Math.max(this.least, to - from));
    this.from = Math.min(Math.max(0, from), this.whole - span);
    this.to = this.from + span;
  }

  /** Shows `factor` times as much; what is at pixel `x` stays there. */
  zoom(factor, x = this.width / 2) {
    const span = this.span * factor;
    const fixed = this.when(x);
    this.look(fixed - (span * x) / this.width, fixed + span * (1 - x / this.width));
  }

  /** Moves by a share of what is seen. */
  pan(share) {
    this.look(this.from + share * this.span, this.to + share * this.span);
  }

  /** Shows a stretch with a share of it before and after. */
  around(from, to, share = 0.1) {
    this.look(from - share * (to - from) - this.least, to + share * (to - from) + this.least);
  }

  /** Shows what is around a moment, as much as now. */
  center(ps) {
    this.look(ps - this.span / 2, ps + this.span / 2);
  }
}
