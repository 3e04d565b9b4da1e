"""Time and memory against size: `python benchmarks/growth.py [--only NAME] [--most SECONDS]`.

Each size runs in a process of its own, so that its peak of memory is its own; times are of the processor, as
the machine may have other work. The exponent compares a size with the one before it: 1 is proportional, 0
does not grow. A series ends where a size takes longer than `--most`. Refusals are timed to the exit of the
command.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Series:
    """What grows, in which sizes, and what is done with one of them; `run` returns what it counted."""

    what: str
    sizes: Sequence[int]
    run: Callable[[int], str]


def _simulated(scenario: str, overrides: Mapping[str, object], chip: str | None = None) -> str:
    import simres

    result = simres.simulate(scenario, chip=chip, overrides=overrides, record="aggregate")
    return f"{sum(engine.tasks for engine in result.record.engines.values())} tasks"


def batch(images: int) -> str:
    """ResNet-50 in a batch."""
    return _simulated("torchvision:resnet50", {"passes": [f"batch_{images}"]}, "tpu-like")


def requests(count: int) -> str:
    """A stream of requests."""
    return _simulated("stream", {"load.images": count, "load.rate": "8250/s"})


def background(slowness: int) -> str:
    """A camera on the bus of a chip that is so many times slower: events must not grow with its bytes."""
    return _beside(slowness, "100 MB/s")


def greedy(slowness: int) -> str:
    """The same beside a master that asks for all but a thousandth of the bus, in bursts that are behind."""
    return _beside(slowness, "999 MB/s")


def _beside(slowness: int, bandwidth: str) -> str:
    camera = {"kind": "background", "bus": "ddr", "bandwidth": bandwidth}
    rate = f"{10**12 // slowness} FLOP/s"
    slow = {"scheduler": "serial", "hardware.matrix.rate": rate, "hardware.camera": camera}
    return _simulated("resnet20", slow)


def points(count: int) -> str:
    """The points of a sweep's space, laid out and counted; none is simulated."""
    from simres import api
    from simres.exploration.space import space_of
    from simres.plugins.registry import default_registry

    space = space_of({"hardware.ddr.bandwidth": f"1..{count} MB/s linear {count}"})
    registry = default_registry()
    template = api.find_template("paper")
    for number in range(0, space.size, max(1, space.size // 100)):
        template.scenario(registry, space.settings(number))
    return f"{space.size} points"


def sequence(length: int) -> str:
    """One layer of attention over so long a sequence: scores and their softmax grow with its square."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attention.json"
        path.write_text(json.dumps(_attention(length, 512)), encoding="utf-8")
        return _simulated(str(path), {}, "tpu-like")


def layers(count: int) -> str:
    """A chain of so many convolutions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.json"
        path.write_text(json.dumps(_chain(count)), encoding="utf-8")
        return _simulated(str(path), {}, "edge-npu")


def _tensor(name: str, role: str, *shape: int) -> dict[str, object]:
    return {"name": name, "role": role, "shape": list(shape), "dtype": "fp16"}


def _attention(length: int, width: int) -> dict[str, object]:
    loops = {"groups": 1, "n": length, "m": length, "c": width}
    back = {"groups": 1, "n": length, "m": width, "c": length}
    macs = length * length * width
    ops = [
        {"name": "scores", "kind": "matmul", "inputs": ["q", "k"], "outputs": ["s"], "loops": loops},
        {"name": "softmax", "kind": "softmax", "inputs": ["s"], "outputs": ["p"], "attributes": {"dim": 2}},
        {"name": "values", "kind": "matmul", "inputs": ["p", "v"], "outputs": ["y"], "loops": back},
    ]
    matrix, host = {"unit": "matrix", "macs": macs}, {"unit": "host", "vector_ops": 5 * length * length}
    tensors = [
        _tensor("q", "input", 1, length, width),
        _tensor("k", "input", 1, width, length),
        _tensor("v", "input", 1, length, width),
        _tensor("s", "activation", 1, length, length),
        _tensor("p", "activation", 1, length, length),
        _tensor("y", "activation", 1, length, width),
    ]
    whole = {"schema_version": 1, "form": "graph", "name": "attention", "tensors": tensors, "outputs": ["y"]}
    return whole | {"ops": [{**op, **(host if op["kind"] == "softmax" else matrix)} for op in ops]}


def _chain(count: int) -> dict[str, object]:
    tensors, ops, read = [_tensor("x", "input", 1, 16, 32, 32)], [], "x"
    loops = {"n": 1, "m": 16, "c": 16, "p": 32, "q": 32, "r": 3, "s": 3}
    window = {"kernel": [3, 3], "padding": [1, 1, 1, 1]}
    for number in range(count):
        made, weight = f"y{number}", f"w{number}"
        tensors += [_tensor(weight, "weight", 16, 16, 3, 3), _tensor(made, "activation", 1, 16, 32, 32)]
        op = {"name": f"conv{number}", "kind": "conv", "unit": "matrix", "inputs": [read, weight]}
        ops.append(
            {**op, "outputs": [made], "macs": math.prod(loops.values()), "loops": loops, "window": window}
        )
        read = made
    whole = {"schema_version": 1, "form": "graph", "name": "chain", "tensors": tensors, "outputs": [read]}
    return whole | {"ops": ops}


ALL: Mapping[str, Series] = {
    "batch": Series("images of ResNet-50 in a batch", (1, 4, 16, 64, 256), batch),
    "requests": Series("requests of a stream", (1_000, 10_000, 100_000, 1_000_000), requests),
    "background": Series("times as slow, beside a camera", (1, 1_000, 10**6, 10**9), background),
    "greedy": Series("times as slow, beside a greedy master", (1, 1_000, 10**6, 10**9), greedy),
    "points": Series("points of a sweep, laid out", (100, 1_000, 10_000, 100_000), points),
    "sequence": Series("tokens of one layer of attention", (256, 1_024, 4_096, 8_192), sequence),
    "layers": Series("convolutions in a row", (10, 40, 160, 640), layers),
}
SMALL = ("--set", "hardware.sram.capacity=4 KiB")
REFUSED = (
    ("--cluster local:999999", ["sweep", "paper", "--vary", "seed=1,2", "--cluster", "local:999999"]),
    ("a memory of 7 B", ["simulate", "resnet20", "--set", "hardware.sram.capacity=7 B"]),
    ("MobileNetV2 in 4 KiB", ["simulate", "mobilenet_v2", "--chip", "paper", *SMALL]),
    ("1,000,001 requests", ["simulate", "stream", "--set", "load.images=1000001"]),
    (
        "100,001 values of a knob",
        ["sweep", "paper", "--vary", "hardware.ddr.bandwidth=1..100001 MB/s linear 100001"],
    ),
)


def main() -> None:
    """Prints a table for each series."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=[*ALL, "refused"], action="append")
    parser.add_argument(
        "--most", type=float, default=120.0, help="seconds of one size (default: %(default)s)"
    )
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        _one(asked.one[0], int(asked.one[1]))
        return
    for name in asked.only or ALL:
        if name in ALL:
            _series(name, asked.most)
    if not asked.only or "refused" in asked.only:
        print("\n| refused | exit code | s of a processor |\n|---|---:|---:|")
        for what, arguments in REFUSED:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ended = subprocess.run([sys.executable, str(ROOT / "cli.py"), *arguments], capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"| {what} | {ended.returncode} | {took:.2f} |", flush=True)


def _one(name: str, size: int) -> None:
    started = time.process_time()
    counted = ALL[name].run(size)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "counted": counted}))


def _series(name: str, most: float) -> None:
    series = ALL[name]
    print(f"\n| {series.what} | s | exponent | MiB | exponent | |\n|---:|---:|---:|---:|---:|---|")
    before: tuple[int, float, float] | None = None
    for size in series.sizes:
        try:
            ended = subprocess.run(
                [sys.executable, __file__, "--one", name, str(size)],
                capture_output=True,
                text=True,
                timeout=20 * most,
                check=True,
            )
        except subprocess.SubprocessError as error:
            print(f"| {size:,} | | | | | {type(error).__name__} |", flush=True)
            return
        found = json.loads(ended.stdout.splitlines()[-1])
        seconds, peak = found["seconds"], found["peak"]
        powers = ["", ""]
        if before is not None:
            grown = math.log(size / before[0])
            powers = [
                f"{math.log(now / then) / grown:.2f}"
                for now, then in zip((seconds, peak), before[1:], strict=True)
            ]
        print(
            f"| {size:,} | {seconds:.2f} | {powers[0]} | {peak:.0f} | {powers[1]} | {found['counted']} |",
            flush=True,
        )
        if seconds > most:
            return
        before = size, seconds, peak


if __name__ == "__main__":
    main()
