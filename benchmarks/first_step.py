"""Seconds from the command to the first step of training: `python benchmarks/first_step.py --data cifar10`.

`simres train` runs as a user runs it, told to save after every step. Taken is the time until the first saved
state is there, with nothing in the cache of decoded data, and then again with the data in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_S = 600
"""After so many seconds without a state something is wrong."""


def first_step_s(network: str, data: str, cache: Path, run: Path) -> float:
    """Seconds until the state after the first step is saved; the run is then ended."""
    command = [sys.executable, "-m", "simres", "train", network, "--data", data, "-o", str(run)]
    started = time.perf_counter()
    with subprocess.Popen(
        [*command, "--epochs", "1", "--checkpoint-every", "1"],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as training:
        try:
            while not (run / "state.safetensors").exists():
                if training.poll() is not None or time.perf_counter() > started + MOST_S:
                    said = training.communicate()[1] if training.poll() is not None else "no state so far"
                    raise SystemExit(f"`{' '.join(command)}` came to nothing: {said[-2000:]}")
                time.sleep(0.01)
            return time.perf_counter() - started
        finally:
            training.kill()


def main() -> None:
    """Prints both times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="as for `simres train`: cifar10, folder:images.tar.gz")
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        cold = first_step_s(asked.network, asked.data, cache, Path(folder) / "cold")
        warm = [
            first_step_s(asked.network, asked.data, cache, Path(folder) / f"warm{turn}")
            for turn in range(asked.rounds)
        ]
    print(f"first step done and saved, nothing decoded before: {cold:5.1f} s")
    best = f"{min(warm):5.1f} s, best of {asked.rounds}"
    print(f"the same with the data decoded:                    {best}  (limit 10)")


if __name__ == "__main__":
    main()
