"""How long the whole process takes, against importing the libraries it stands on.

    python benchmarks/startup.py [--rounds 20]

`python -c "import simpy, typer, rich, pydantic, pluggy, yaml"` and the commands run in turns, so that a
busy machine slows both; ratios are of medians and of the best.
"""

from __future__ import annotations

import argparse
import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASELINE = [sys.executable, "-c", "import simpy, typer, rich, pydantic, pluggy, yaml"]
SIMRES = [sys.executable, "-c", "from simres.commands import main; main()"]
COMMANDS = {
    "simres simulate scenarios/paper.yaml": ([*SIMRES, "simulate", "scenarios/paper.yaml"], 2.0),
    "simres --help": ([*SIMRES, "--help"], 1.5),
}


def seconds(command: list[str]) -> float:
    """Seconds that a process takes, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    """Prints milliseconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    commands = {"imports alone": (BASELINE, 1.0), **COMMANDS}
    # Installed packages come with bytecode, so a checkout has to have it too, whatever the environment says.
    compileall.compile_dir(ROOT / "simres", quiet=2)
    for command, _ in commands.values():
        seconds(command)
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, _) in commands.items():
            took[name].append(seconds(command))
    base = took["imports alone"]
    for name, (_, target) in commands.items():
        median, best = statistics.median(took[name]), min(took[name])
        print(
            f"{name:40} median {median * 1e3:6.1f} ms  best {best * 1e3:6.1f} ms"
            f"  {median / statistics.median(base):5.2f} x ({best / min(base):.2f} x the best)"
            f"  at most {target} x"
        )


if __name__ == "__main__":
    main()
