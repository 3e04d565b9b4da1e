"""How long the whole process takes, against importing the libraries it stands on.

    python benchmarks/startup.py [--rounds 20] [--against CHECKOUT]

`python -c "import simpy, typer, rich, pydantic, pluggy, yaml"` and the commands run in turns, so that a
busy machine slows both; ratios are of medians and of the best. With `--against`, the commands of another
checkout of simres, such as `git worktree add ../before COMMIT`, run in turns with them.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASELINE = [sys.executable, "-c", "import simpy, typer, rich, pydantic, pluggy, yaml"]
SIMRES = [sys.executable, "-c", "from simres.__main__ import main; main()"]
COMMANDS = {
    "simres simulate scenarios/paper.yaml": ([*SIMRES, "simulate", "scenarios/paper.yaml"], 2.0),
    "simres --help": ([*SIMRES, "--help"], 0.9),
}


def seconds(command: list[str], root: Path = ROOT) -> float:
    """Seconds that a process takes in the checkout `root`, its output discarded."""
    start = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(root)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=root, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Prints milliseconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    asked = parser.parse_args()
    commands = {"imports alone": (BASELINE, 1.0), **COMMANDS}
    # Installed packages come with bytecode, so a checkout has to have it too, whatever the environment says.
    roots = [ROOT, *([asked.against.resolve()] if asked.against else [])]
    for root in roots:
        compileall.compile_dir(root / "simres", quiet=2)
    took: dict[str, list[float]] = {name: [] for name in commands}
    other: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(asked.rounds + 1):
        for name, (command, _) in commands.items():
            found = seconds(command)
            before = seconds(command, roots[-1]) if asked.against and name in other else 0.0
            if number:  # the first round fills the caches of the file system
                took[name].append(found)
                if before:
                    other[name].append(before)
    base = took["imports alone"]
    for name, (_, target) in commands.items():
        median, best = statistics.median(took[name]), min(took[name])
        print(
            f"{name:40} median {median * 1e3:6.1f} ms  best {best * 1e3:6.1f} ms"
            f"  {median / statistics.median(base):5.2f} x ({best / min(base):.2f} x the best)"
            f"  at most {target} x"
        )
    for name, theirs in other.items():
        if theirs:
            median = statistics.median(took[name]) / statistics.median(theirs)
            best = min(took[name]) / min(theirs)
            print(f"{name:40} {median:5.3f} x that of {asked.against} ({best:.3f} x the best)")


if __name__ == "__main__":
    main()
