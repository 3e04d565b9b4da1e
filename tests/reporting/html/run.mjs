// A run of five tasks on two engines, as `timeline_data.py` writes it: what the tests of the scripts look at.
//
//   bus     load w, 0 to 10                 load x, 10 to 30 (20 of them latency)   store y, 70 to 80
//   matrix  waits for w and x until 30, conv, 30 to 60                 fc, waits for space 60 to 65, 65 to 70

/** Whole numbers as `packed.py` packs them. */
export function packed(numbers) {
  const bytes = [];
  let before = 0n;
  for (const number of numbers.map(BigInt)) {
    let change = number - before;
    before = number;
    change = change >= 0n ? change << 1n : (-change << 1n) - 1n;
    for (; change > 127n; change >>= 7n) bytes.push(Number(change & 127n) | 128);
    bytes.push(Number(change));
  }
  return btoa(String.fromCharCode(...bytes));
}

const columns = (table) =>
  Object.fromEntries(Object.entries(table).map(([name, numbers]) => [name, packed(numbers)]));

/** The data of that run, in a unit of so many picoseconds. */
export function run(unit = 1) {
  const ps = (numbers) => numbers.map((number) => number * unit);
  return {
    makespan: 80 * unit,
    lanes: [
      ["ddr", "bus"],
      ["matrix", "matrix"],
    ],
    kinds: ["load", "store", "matrix", "host", "move"],
    causes: ["data", "order", "bus", "space", "latency", "engine"],
    stalls: ["engine", "latency", "bus"],
    whys: ["working", "data", "space"],
    roles: ["input", "weight", "activation"],
    lexicon: {
      kinds: { load: "load", store: "store", matrix: "matrix", host: "host", move: "move" },
      causes: { space: { word: "buffer full" }, latency: { word: "memory latency" } },
      words: { working: "busy" },
    },
    layers: ["conv", "fc"],
    tensors: ["w", "x", "y"],
    of: [1, 0, 2],
    holders: ["", "camera"],
    tasks: columns({
      layer: [0, 0, 0, 1, 1],
      kind: [0, 0, 2, 2, 1],
      tensor: [0, 1, 2, 2, 2],
      amount: [100, 2048, 5000, 7, 64],
      needing: [0, 0, 2, 3, 4],
      needs: [2, 1, 1, 1],
    }),
    launches: [packed([0]), packed([0]), packed([5])],
    spans: {
      counts: [3, 2],
      ...columns({
        launch: [0, 0, 0, 0, 0],
        task: [0, 1, 4, 2, 3],
        since: ps([0, 10, 30, 0, 60]),
        ready: ps([0, 0, 40, 30, 0]),
        space: ps([0, 0, 0, 0, 5]),
        engine: [0, 0, 0, 0, 0],
        latency: ps([0, 15, 0, 0, 0]),
        bus: ps([0, 2, 0, 0, 0]),
        work: ps([10, 3, 10, 30, 5]),
        holder: [0, 0, -2, 2, 0],
        made_room: [0, 0, 0, 0, 1],
      }),
    },
    shared: [packed([1, 1]), packed([0, 1]), packed(ps([1, 1]))],
    memories: [["sram", 4096]],
    stays: [
      packed([0, 0, 0]),
      packed([0, 1, 2]),
      packed([100, 2048, 64]),
      packed(ps([0, 10, 30])),
      packed(ps([60, 50, 50])),
      packed([0, 1, 3]),
    ],
    path: [
      packed(ps([10, 20, 30, 5, 5, 10])),
      packed([0, 1, 3, 4, 4, 2]),
      packed([0, 0, 1, 1, 1, 0]),
      packed([0, 0, 0, 1, 1, 1]),
      packed([0, 0, 0, 2, 0, 0]),
      packed([-1, -1, -1, -1, -1, -1]),
    ],
  };
}
