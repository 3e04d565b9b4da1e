"""What plugins cost: a component of a package against a built-in one, and `--help` with packages installed.

    python benchmarks/plugins.py [--rounds 20]

ResNet-18 with the scheduler `serial`, whole layers, is simulated in this process on a matrix unit of each
kind, in turns. `simres --help` runs with the installed packages in reach and, in the same turns, with their
metadata hidden.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from simres import api
from simres.planning.evaluate import evaluate
from simres.plugins.registry import default_registry
from simres.program.tenants import ONLY

ARRAY = {"kind": "array", "rows": 32, "columns": 32, "clock": "1 GHz"}
KINDS: dict[str, dict[str, Any]] = {
    "matrix (built in)": {"kind": "matrix", "rate": "2048 GOP/s"},
    "array (simres-systolic)": ARRAY,
    "array, as SCALE-Sim counts": ARRAY | {"counting": "scalesim"},
}
HELP = "import sys; sys.argv[1:] = ['--help']; {}from simres.commands import main; main()"
HIDE = "import importlib.metadata as m; m.entry_points = lambda **_: (); "


def seconds(action: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds that a call takes by a clock."""
    start = clock()
    action()
    return clock() - start


def main() -> None:
    """Prints milliseconds and ratios to the first of each group."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds

    registry = default_registry()
    workload = api.find_workload("resnet18")

    def simulated(entry: dict[str, Any]) -> Callable[[], object]:
        overrides = {"hardware.matrix": entry, "scheduler": "serial"}
        scenario = api.find_scenario("resnet18", chip="tpu-like", overrides=overrides)
        return lambda: evaluate(scenario, {ONLY: workload}, registry)

    def helped(before: str) -> Callable[[], object]:
        command = [sys.executable, "-c", HELP.format(before)]
        return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    groups = (
        {name: simulated(entry) for name, entry in KINDS.items()},
        {"simres --help, packages hidden": helped(HIDE), "simres --help, packages in reach": helped("")},
    )
    # In this process its own time counts, of another one all.
    for actions, clock in zip(groups, (time.process_time, time.perf_counter), strict=True):
        took: dict[str, list[float]] = {name: [] for name in actions}
        for action in actions.values():
            action()
        for _ in range(rounds):
            for name, action in actions.items():
                took[name].append(seconds(action, clock))
        base = statistics.median(next(iter(took.values())))
        for name, times in took.items():
            median = statistics.median(times)
            best = min(times)
            print(
                f"{name:34} median {median * 1e3:6.1f} ms  best {best * 1e3:6.1f} ms  {median / base:.2f} x"
            )


if __name__ == "__main__":
    main()
