"""How long it takes to schedule and simulate a network: `overlapped`, with `serial` as the other candidate.

    python benchmarks/scheduling.py [--rounds 5] [NETWORK | FILE.json ...]

Timed is what `simres simulate` does between reading the files and printing: tile sizes tried, both
Programs simulated, the better one proven and run with a full Record, on the paper's chip with 1 MiB, batch
norm folded and epilogues fused. Processor time, best of the rounds, without imports; each round has a
network that nothing is known of yet. With 16 B bursts and with 4 KiB ones the same network must take the same
time: nothing is done by the burst. The last table says where the time goes.

Networks that are not shipped are traced first, which needs torch; without, they are left out.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count

from simres.api import find_scenario, find_workload
from simres.errors import SimresError
from simres.passes.application import apply
from simres.planning.evaluate import evaluate
from simres.plugins.registry import Registry
from simres.program.tenants import ONLY
from simres.result import Result
from simres.workload import Workload

NUMBERS = count()
"""Of parameters, of which no time depends: networks that differ in nothing else share nothing."""

LIMITS_MS = {
    "resnet20": 50.0,
    "resnet18": 600.0,
    "mobilenet_v2": 1500.0,
    "torchvision-resnet50": 1500.0,
    "torchvision:resnet152": 4000.0,
}
PASSES = ("fold_batch_norm", "fold_bias", "fuse_epilogues")
STAGES = {
    "search: plans over stage boundaries": ("stage_search.py", "run"),
    "tiles: how each operator is cut": ("tiling.py", "__init__"),
    "residency: what stays on chip": ("residency.py", "__init__"),
    "order: the chip played forward": ("list_schedule.py", "run"),
    "order: one after the other": ("tiled.py", "in_a_row"),
    "Program: buffers and tasks written": ("tiled.py", "_in_order"),
    "proofs before the run": ("proof.py", "prove"),
    "flatten: Programs made ready to run": ("plan.py", "flatten"),
    "replay: the event loop": ("replay.py", "replay_together"),
}
BURSTS = ("16 B", "4 KiB")


def timed(prepared: Callable[[], Callable[[], object]], rounds: int) -> float:
    """Milliseconds of processor time that what is `prepared` for each round takes, best of the rounds."""
    best = float("inf")
    for _ in range(rounds):
        work = prepared()
        gc.collect()
        gc.disable()
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
        gc.enable()
    return 1e3 * best


def evaluation(network: Workload, registry: Registry, burst: str = "64 B") -> Callable[[], Result]:
    """What to time: from a workload, read and rewritten just now, to its Result."""
    overrides = {"hardware.sram.capacity": "1 MiB", "hardware.ddr.burst": burst}
    scenario = find_scenario("resnet20", chip="paper", overrides=overrides, registry=registry)
    unknown = replace(network, parameters=next(NUMBERS))  # networks are known by their digest
    unknown.digest  # noqa: B018 - cached: a matter of reading the file
    return lambda: evaluate(scenario, {ONLY: unknown}, registry)


def profile(work: Callable[[], object]) -> None:
    """Prints the share of each stage."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    found = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    total = sum(entry[2] for entry in found.values())
    print("\n  where the time goes (under a profiler, which makes small functions look dear)")
    for stage, (file, function) in STAGES.items():
        seconds = sum(
            entry[3]
            for (path, _, name), entry in found.items()
            if name == function and path.endswith(file) and "simres" in path
        )
        print(f"    {stage:<38} {100 * seconds / total:5.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(LIMITS_MS))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    registry = Registry(external=False)
    for name in asked.networks:
        try:
            network = find_workload(name)
        except SimresError as error:
            print(f"{name}: left out, {error}")
            continue
        assert isinstance(network, Workload)
        for dtype, passes in (("fp32", PASSES), ("int8", (*PASSES[:2], "quantise_int8", PASSES[2]))):
            rewritten = apply(passes, network, registry)
            prepared = partial(evaluation, rewritten, registry)
            result = prepared()()
            ms = timed(prepared, asked.rounds)
            tried = sum(candidate.tasks for candidate in result.candidates)
            limit = f", limit {LIMITS_MS[name]:.0f}" if name in LIMITS_MS else ""
            print(
                f"\n{name} {dtype}: {ms:.1f} ms{limit}; {len(result.program.tasks)} tasks, {tried} in "
                f"all candidates simulated; makespan {result.makespan_ps / 1e6:.1f} us"
            )
            fine, coarse = (timed(partial(prepared, burst), asked.rounds) for burst in BURSTS)
            print(f"  bursts of {BURSTS[0]} against {BURSTS[1]}: {fine / coarse:.2f} x (limit 1.2)")
            profile(prepared())


if __name__ == "__main__":
    main()
