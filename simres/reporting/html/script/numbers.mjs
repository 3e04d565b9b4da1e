// Numbers as a person reads them: in the unit one would choose, to four digits.

const TIMES = [
  [1e12, "s"],
  [1e9, "ms"],
  [1e6, "us"],
  [1e3, "ns"],
  [1, "ps"],
];
const SIZES = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
  [1, "B"],
];
const BINARY = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];
const COUNTS = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
];

/** A number in the largest unit of a ladder that it reaches once it is rounded. */
function spelled(value, ladder) {
  const rounded = Number(Math.abs(value).toPrecision(4));
  const [size, unit] = ladder.find(([size]) => rounded >= size) ?? ladder.at(-1);
  const scaled = value / size;
  const whole = String(Math.trunc(Math.abs(rounded / size))).length;
  const exact = Number.isInteger(value) && rounded === Math.abs(value);
  return `${exact ? String(scaled) : scaled.toFixed(Math.max(0, 4 - whole))} ${unit}`.trim();
}

/** A time in picoseconds. */
export const duration = (ps) => (ps ? spelled(Math.round(ps), TIMES) : "0 s");

/** Bytes, in a binary unit where they are whole in it. */
export function size(bytes) {
  const whole = BINARY.find(([unit]) => bytes && bytes % unit === 0 && bytes / unit < 1e4);
  return whole ? `${bytes / whole[0]} ${whole[1]}` : decimal(bytes);
}

/** Bytes, or bytes a second, in a decimal unit. */
export const decimal = (bytes) => spelled(bytes, SIZES);

/** A count of operations. */
export const times = (count) => spelled(count, COUNTS);

/** How many there are of a thing, whose plural ends in s. */
export const counted = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

/** A moment in the unit that suits `most`, with as many decimals as steps of `step` need; all in picoseconds. */
export function ticked(ps, step, most) {
  if (!ps) return "0";
  const [size, unit] = TIMES.find(([size]) => most >= size) ?? TIMES.at(-1);
  return `${(ps / size).toFixed(Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9)))} ${unit}`;
}

/** The least of 1, 2, 5, 10, 20, ... that is `about` or more. */
export function stepFrom(about) {
  const power = 10 ** Math.floor(Math.log10(about));
  return Math.max(1, power * [1, 2, 5, 10].find((n) => power * n >= about));
}
