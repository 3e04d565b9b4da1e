"""Graphs that no tracer makes: whatever the rules of workloads let through, on absurd chips.

`simres.testing.graphs` draws what a trace could be. Here operators have any number of inputs, of any rank and
size, with attributes missing, wrong or out of range; only what the rules ask for is mostly kept, so that
schedulers see what they do not expect.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from random import Random
from typing import Any

from simres import api
from simres.testing import seeded_graph
from simres.units import SIZE
from simres.workload.graph import to_document
from simres.workload.kinds import KINDS
from simres.workload.operators import BITS
from simres.workload.views import VIEWS
from tests.hostile.judging import BUILT_IN, Attempt, put
from tests.hostile.results import look

SIZES = (1, 1, 1, 2, 2, 3, 4, 5, 7, 8, 13, 16, 16, 31, 64, 200, 1000)
ABSURD = (0, 4096, 65_537, 1 << 20, 1 << 31, 10**12)
VIEW_KINDS = (
    *VIEWS,
    "reshape",
    "expand",
    "split",
    "unsqueeze",
    "squeeze",
    "diagonal",
    "as_strided",
    "unfold",
)
AXES = ("dim", "axes", "dims", "dim0", "dim1")
ATTRIBUTES = (
    *AXES,
    *("normalized_shape", "group", "pad", "padding", "size", "transposed", "start", "end", "step", "index"),
    *("sparse_grad", "padding_idx", "keepdim", "stride", "storage_offset", "output_size", "offset"),
)
PASSES = ("fold_batch_norm", "fold_bias", "fuse_epilogues", "quantise_int8", "quantise_fp16", "batch_3")


class Growing:
    """A document of a workload, operator by operator."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.absurd = rng.random() < 0.15
        self.dtype = rng.choice((*BITS, *["fp32"] * 8))
        self.tensors: dict[str, dict[str, Any]] = {}
        self.ops: list[dict[str, Any]] = []
        self.made: list[str] = []

    def size(self) -> int:
        if self.rng.random() < (0.2 if self.absurd else 0.01):
            return self.rng.choice(ABSURD)
        return self.rng.choice(SIZES)

    def shape(self, rank: int | None = None) -> list[int]:
        rank = self.rng.choice((0, 1, 2, 2, 3, 4, 4, 4, 4, 5, 6)) if rank is None else rank
        return [self.size() for _ in range(rank)]

    def tensor(self, role: str, shape: list[int], view_of: str | None = None) -> str:
        name = f"{role[0]}{len(self.tensors)}"
        dtype = self.dtype if self.rng.random() < 0.9 else self.rng.choice(tuple(BITS))
        self.tensors[name] = {"name": name, "role": role, "shape": shape, "dtype": dtype}
        if view_of is not None:
            self.tensors[name]["view_of"] = view_of
        return name

    def data(self) -> str:
        """Something to read: mostly what was made last."""
        if self.made and self.rng.random() < 0.85:
            return self.made[-1] if self.rng.random() < 0.6 else self.rng.choice(self.made)
        return self.tensor(self.rng.choice(("input", "input", "weight")), self.shape())

    def like(self, shape: list[int]) -> str:
        """A second operand: of the same shape, of one axis, or of any."""
        same = [name for name, tensor in self.tensors.items() if tensor["shape"] == shape]
        same = [name for name in same if self.tensors[name]["role"] != "activation" or name in self.made]
        if same and self.rng.random() < 0.5:
            return self.rng.choice(same)
        vector = [self.rng.choice(shape)] if shape else []
        chosen = self.rng.choice((shape, shape, vector, [1] * len(shape), shape[1:], self.shape()))
        return self.tensor(self.rng.choice(("weight", "weight", "input")), list(chosen))

    def attributes(self, rank: int) -> dict[str, Any]:
        """Some attributes, of which few fit."""
        rng = self.rng
        found: dict[str, Any] = {}
        for name in rng.sample(ATTRIBUTES, rng.choice((0, 0, 1, 1, 2, 4))):
            near = rng.randint(-rank, max(0, rank - 1))
            found[name] = rng.choice(
                (
                    near,
                    near,
                    [near],
                    [near, rng.randint(-2, 7)],
                    [],
                    True,
                    0,
                    -7,
                    2**40,
                    0.5,
                    "",
                    self.shape(),
                )
            )
        return found

    def window(self, axes: int) -> dict[str, Any]:
        axes = max(2, axes) if self.rng.random() < 0.9 else self.rng.randint(2, 4)

        def some(least: int, most: int, count: int = axes) -> list[int]:
            return [self.rng.randint(least, most) for _ in range(count)]

        most = 2**40 if self.rng.random() < 0.05 else 5
        return {
            "kernel": some(1, most),
            "stride": some(1, min(most, 9)),
            "padding": some(0, 3, 2 * axes),
            "dilation": some(1, 3),
        }

    def grow(self) -> None:
        rng = self.rng
        way = rng.random()
        if way < 0.3:
            self.matrix()
        elif way < 0.4:
            self.view()
        else:
            self.other()

    def add(self, kind: str, unit: str, inputs: list[str], outputs: list[str], **more: Any) -> None:
        op = {"name": f"op{len(self.ops)}", "kind": kind, "unit": unit, "inputs": inputs, "outputs": outputs}
        self.ops.append(op | more)
        self.made += outputs

    def view(self) -> None:
        base = self.data()
        shape = list(self.tensors[base]["shape"])
        way = self.rng.random()
        if way < 0.3:
            self.rng.shuffle(shape)
        elif way < 0.5:
            shape = [prod(shape)]
        elif way < 0.7:
            shape = [self.rng.randint(1, max(1, size)) for size in shape]
        elif way < 0.8:
            shape = [1, *shape]
        elif way < 0.9:
            shape = self.shape()
        kind = self.rng.choice(VIEW_KINDS)
        self.add(
            kind,
            "view",
            [base],
            [self.tensor("activation", shape, base)],
            attributes=self.attributes(len(shape)),
        )

    def other(self) -> None:
        """An operator of the host, or a movement: any number of inputs."""
        rng = self.rng
        known = [kind for kind in KINDS.values() if kind.unit in ("host", "move")]
        kind = rng.choice(known)
        name = "strange.kind" if rng.random() < 0.03 else kind.name
        first = self.data()
        shape = self.tensors[first]["shape"]
        inputs = [first, *(self.like(shape) for _ in range(rng.choice((0, 0, 1, 1, 2, 3))))]
        if rng.random() < 0.02:
            inputs = []
        made = list(shape)
        way = rng.random()
        if way < 0.25 and made:
            made[rng.randrange(len(made))] = self.size()
        elif way < 0.35 and made:
            del made[rng.randrange(len(made))]
        elif way < 0.45:
            made = self.shape()
        outputs = [self.tensor("activation", list(made)) for _ in range(1 if rng.random() < 0.9 else 2)]
        more: dict[str, Any] = {"attributes": self.attributes(len(made))}
        if rng.random() < 0.4:
            axis = len(shape) - 1
            right = {
                "dim": rng.randint(0, max(0, axis)),
                "group": rng.choice((1, 2, 4)),
                "normalized_shape": [1] * rng.randint(0, 7),
            }
            more["attributes"] |= right
        if kind.pooling and rng.random() < 0.8:
            more["window"] = self.window(max(1, len(made) - 2))
        unit = "unmodelled" if rng.random() < 0.03 else str(kind.unit)
        if unit == "host":
            more["vector_ops"] = rng.choice((0, 1, prod(made), prod(made), 5 * prod(made), 10**15))
        if rng.random() < 0.1 and inputs:
            more["reads"] = [self.reach(self.tensors[name]["shape"], made) for name in inputs]
            name = "stated.kind"
        self.add(name, unit, inputs, outputs, **more)

    def reach(self, shape: list[int], made: list[int]) -> list[Any]:
        rng = self.rng
        found: list[Any] = []
        for _ in shape:
            if not made or rng.random() < 0.3:
                found.append(rng.choice((None, {})))
            elif rng.random() < 0.2:
                found.append({"axes": [rng.randrange(len(made))]})
            else:
                rule: dict[str, Any] = {"axis": rng.randrange(len(made))}
                for name in rng.sample(("times", "over", "first", "last", "each"), rng.randint(0, 3)):
                    rule[name] = rng.choice((1, 1, 2, 3, 7, 100))
                rule["outside"] = rng.choice(("skip", "clamp", "mirror"))
                found.append(rule)
        return found

    def matrix(self) -> None:
        """A product whose loops agree with its tensors, of any rank and form."""
        rng = self.rng
        kind = rng.choice(("conv", "conv", "linear", "matmul", "strange.product"))
        data = self.data()
        shape = list(self.tensors[data]["shape"])
        more: dict[str, Any] = {"attributes": self.attributes(len(shape)) if rng.random() < 0.2 else {}}
        role = rng.choice(("weight", "weight", "weight", "input"))
        if kind == "conv":
            axes = rng.randint(1, 3) if len(shape) < 3 else len(shape) - rng.choice((1, 2, 2, 2))
            while len(shape) <= axes:
                data = self.tensor("input", self.shape(axes + rng.choice((1, 2, 2))))
                shape = list(self.tensors[data]["shape"])
            transposed = rng.random() < 0.3
            channels = shape[-axes - 1]
            groups = rng.choice([n for n in (1, 1, 2, 3, 4, channels) if n and channels % n == 0] or [1])
            each = self.size()
            taps = [rng.choice((1, 1, 2, 3, 5)) for _ in range(axes)]
            c = channels // groups
            pixels = [max(1, size + rng.choice((0, 0, 0, -1, 2))) for size in shape[-axes:]]
            if rng.random() < 0.3:
                pixels = [self.size() for _ in range(axes)]
            made = [*shape[: -axes - 1], groups * each, *pixels]
            slid = shape[-axes:] if transposed else pixels
            weight = [channels, each, *taps] if transposed else [groups * each, c, *taps]
            n = prod(shape[: -axes - 1])
            loops = {"groups": groups, "n": n, "m": each, "c": c}
            loops |= {"p": prod(slid[:-1]), "q": slid[-1], "r": prod(taps[:-1]), "s": taps[-1]}
            window = self.window(axes)
            if rng.random() < 0.8:
                window["kernel"] = [*[1] * (2 - axes), *taps]
            if rng.random() < 0.9:
                more["window"] = window
            if transposed:
                more["attributes"]["transposed"] = rng.choice((True, True, 1))
        elif kind == "linear":
            c = shape[-1] if shape and rng.random() < 0.7 else prod(shape[1:])
            m = self.size()
            n = prod(shape) // c if c else 0
            weight = [m, c] if rng.random() < 0.7 else [c, m]
            made = [*shape[:-1], m] if rng.random() < 0.6 else [n, m]
            loops = {"groups": 1, "n": n, "m": m, "c": c}
        else:
            n, c = (shape[-2], shape[-1]) if len(shape) > 1 else (1, prod(shape))
            m = self.size()
            groups = prod(shape[:-2])
            weight = [*shape[:-2], c, m] if rng.random() < 0.7 else [groups, c, m]
            made = [*shape[:-2], n, m] if rng.random() < 0.7 else [groups, n, m]
            loops = {"groups": groups, "n": n, "m": m, "c": c}
        inputs = [data, self.tensor(role, weight)]
        if rng.random() < 0.05:
            inputs = inputs[:1]
        inputs += [self.like(made) for _ in range(rng.choice((0, 0, 0, 0, 1, 2)))]
        if rng.random() < 0.95:
            more["loops"] = loops
        more["macs"] = prod(loops.values())
        unit = "matrix" if rng.random() < 0.97 else "host"
        self.add(kind, unit, inputs, [self.tensor("activation", made)], **more)
        if rng.random() < 0.3:
            extra = [
                self.tensor("weight", [rng.choice(made)] if made else []) for _ in range(rng.randint(0, 4))
            ]
            kind = rng.choice(("batch_norm", "bias", "relu", "add"))
            out = [self.tensor("activation", list(made))]
            self.add(kind, "host", [self.made[-1], *extra], out, vector_ops=prod(made))


def free_graph(rng: Random) -> dict[str, Any]:
    """A document of a workload; the rules may refuse it."""
    growing = Growing(rng)
    for _ in range(rng.choice((1, 2, 2, 3, 3, 5, 8))):
        growing.grow()
    read = {name for op in growing.ops for name in op["inputs"]}
    last = [name for name in growing.made if name not in read] or growing.made[-1:]
    document = {"schema_version": 1, "form": "graph", "name": "free", "tensors": [*growing.tensors.values()]}
    return document | {"ops": growing.ops, "outputs": last, "batched": rng.random() < 0.8}


def of_a_trace(rng: Random) -> dict[str, Any]:
    """What a trace could be, its attributes lost here and there."""
    document = json.loads(json.dumps(to_document(seeded_graph(rng.randrange(10**9), rng.choice((2, 4, 8))))))
    for op in document["ops"]:
        if rng.random() < 0.2 and "attributes" in op:
            op["attributes"].pop(rng.choice(list(op["attributes"])))
        elif rng.random() < 0.05:
            op.pop(rng.choice(("window", "loops", "attributes")), None)
    return document


def _choose(rng: Random, *options: str) -> str:
    return rng.choice(options)


def hardware(rng: Random) -> dict[str, Any]:
    """A chip: sound kinds, absurd figures."""
    rates = ("1 OP/s", "10 FLOP/s", "3 kFLOP/s", "1 GFLOP/s", "1 TFLOP/s", "1 TFLOP/s", "900 PFLOP/s")
    spans = ("0 s", "0 s", "1 ps", "10 ns", "3 ms", "1 h")
    bus: dict[str, Any] = {
        "kind": "ddr",
        "bandwidth": _choose(rng, "1 B/s", "1 kB/s", "1 GB/s", "1 GB/s", "19.2 GB/s", "100 TB/s"),
    }
    if rng.random() < 0.4:
        bus |= {
            "burst": _choose(rng, "1 B", "64 B", "4 KiB", "1 GiB"),
            "latency": _choose(rng, *spans),
            "burst_overhead": _choose(rng, *spans),
            "channels": rng.choice((1, 2, 7, 64)),
            "arbitration": _choose(rng, "fifo", "round_robin", "priority"),
            "turnaround": _choose(rng, *spans),
        }
    if rng.random() < 0.2:
        bus |= {"outstanding": rng.choice((1, 2, 1024)), "compression": "run_length"}
    if rng.random() < 0.1:
        bus |= {"refresh_interval": "7.8 us", "refresh_time": _choose(rng, "350 ns", "7.7 us", "1 ps")}
    capacity = _choose(rng, "1 B", "100 B", "700 B", "4 KiB", "64 KiB", "1 MiB", "1 MiB", "1 GiB", "900 TB")
    memory = {"kind": "sram", "capacity": capacity, "alignment": _choose(rng, "1 B", "1 B", "64 B", "4 KiB")}
    found: dict[str, Any] = {"ddr": bus, "sram": memory}
    matrix = {"kind": "matrix", "rate": _choose(rng, *rates), "launch": _choose(rng, *spans)}
    host = {"kind": "host", "rate": _choose(rng, *rates), "launch": _choose(rng, *spans)}
    way = rng.random()
    if way < 0.08:
        found["cpu"] = {"kind": "processor", "matrix_rate": _choose(rng, *rates), "vector_rate": "1 GOP/s"}
    else:
        found |= {"matrix": matrix, "host": host}
    if rng.random() < 0.2:
        found |= {"matrix2": dict(matrix), "host2": dict(host)}
    if rng.random() < 0.1:
        found["camera"] = {
            "kind": "background",
            "bus": "ddr",
            "bandwidth": _choose(rng, "1 B/s", "400 MB/s", "0.999 GB/s"),
        }
    return found


def _bytes(document: dict[str, Any]) -> int:
    """What the tensors of a workload take, views apart."""
    stored = [tensor for tensor in document["tensors"] if "view_of" not in tensor]
    return sum(prod(tensor["shape"]) * BITS[tensor.get("dtype", "fp32")] // 8 for tensor in stored)


def _give_room(rng: Random, memory: dict[str, str], nbytes: int) -> None:
    """Makes a memory larger that would take tens of thousands of tiles, unless it is far too small.

    Such a draw says no more than one of hundreds of tiles, and takes as long as a thousand of them.
    """
    capacity = SIZE.parse(memory["capacity"])
    if 500 * capacity < nbytes < 10**6 * capacity:
        memory["capacity"] = f"{nbytes // rng.choice((3, 30, 300))} B"


def planned(rng: Random, folder: Path) -> Attempt:
    """One or two such graphs on a chip, under any scheduler, passes and load."""
    tenants = 2 if rng.random() < 0.1 else 1
    names, documents = [], []
    for number in range(tenants):
        document = free_graph(rng) if rng.random() < 0.75 else of_a_trace(rng)
        documents.append(document)
        names.append(str(put(folder, f"w{number}.json", json.dumps(document).encode())))
    if rng.random() < 0.9:
        scenario: dict[str, Any] = {"hardware": hardware(rng)}
        if rng.random() < 0.98:
            _give_room(rng, scenario["hardware"]["sram"], max(map(_bytes, documents)))
    else:
        scenario = {"chip": rng.choice(("paper", "edge-npu", "tpu-like", "mcu"))}
    scenario |= {
        "schema_version": 1,
        "scheduler": rng.choice(("serial", "overlapped", "overlapped", "overlapped")),
        "passes": rng.sample(PASSES, rng.choice((0, 0, 1, 2, 4))),
    }
    if tenants == 1:
        scenario["workload"] = names[0]
    else:
        scenario["tenants"] = {
            f"t{number}": {"workload": name, "priority": number, "start": _choose(rng, "0 s", "1 us", "1 h")}
            for number, name in enumerate(names)
        }
    way = rng.random()
    if way < 0.15:
        arrivals = rng.choice(("poisson", "periodic"))
        rate = _choose(rng, "0.001/s", "3/s", "400/s", "1000000/s")
        scenario["load"] = {"arrivals": arrivals, "rate": rate, "images": rng.choice((1, 5, 20)), "warmup": 0}
        if rng.random() < 0.4:
            scenario["load"]["batch"] = {"most": rng.choice((2, 4)), "timeout": "2 ms"}
    elif way < 0.3:
        scenario["images"] = rng.choice((2, 3, 10))
    path = put(folder, "scenario.yaml", json.dumps(scenario).encode())

    def read() -> None:
        look(api.simulate(str(path), registry=BUILT_IN), rng)

    places = (*names, str(path), "workload", "chip", "component", "memory", "fit", "`", "run")
    return Attempt(read, places)
