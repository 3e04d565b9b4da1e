"""Jobs that are killed and taken up again: nothing lost, nothing half-written, the same result.

    python benchmarks/kills.py [--kills 200] [--seed 0] [--job NAME]

Each job is run once to its end. Then it is started again and again, in a folder of its own, and gets a
signal at a moment drawn between its start and its usual end: KILL, TERM, INT, or STOP, after which it goes on
(CONT). A job that was killed is taken up again until it ends. Then what it left must be what the first run
left, and nothing else may lie there. After each kill every file of the folder must be whole. Exit code 1
where something was not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP)
WAIT_S = 300
"""A job that takes longer hangs."""
STOPPED_S = 0.3


@dataclass(frozen=True)
class Job:
    """A command, how it is taken up again, and which of its files must be equal in the end."""

    name: str
    command: tuple[str, ...]
    again: tuple[str, ...] | None = None
    """The command after a kill once there is something to take up; None: the same."""
    made: str = ""
    """What `again` needs."""
    given: tuple[tuple[str, ...], ...] = field(default=())
    """Commands that make what it reads."""


SMALL = ("--batch", "6", "--device", "cpu")
TRAIN = ("train", "resnet8", "--data", "folder:images", "--epochs", "2", *SMALL, "-o", "run")
SWEEP = ("sweep", "resnet20", "--vary", "hardware.ddr.bandwidth=1..12 GB/s linear 12", "--workers", "1")
EXPLORE = (
    *("explore", "resnet20", "--vary", "hardware.ddr.bandwidth=0.5..8 GB/s log 12", "--goal", "latency"),
    *("--points", "8", "--workers", "1", "-o", "study.jsonl"),
)
SIMULATE = ("simulate", "resnet20", "-o", "result", "--csv", "layers.csv", "--perfetto", "trace.json")
JOBS = (
    Job("train", TRAIN, ("train", "--resume", "run"), "run/state.safetensors"),
    Job("sweep", (*SWEEP, "-o", "table.jsonl")),
    Job("explore", EXPLORE),
    Job(
        "skip",
        ("skip", "net/checkpoint.safetensors", "--data", "folder:images", "--chip", "paper", "-o", "skipped"),
        given=(
            ("train", "resnet8", "--data", "folder:images", "--epochs", "1", "--device", "cpu", "-o", "net"),
        ),
    ),
    Job("trace", ("trace", "resnet20", "-o", "net.json")),
    Job("report", ("report", "paper", "-o", "page.html")),
    Job("simulate", SIMULATE),
)


def main() -> int:
    """Kills, and prints a row for each job."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="of all jobs together (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--job", choices=[job.name for job in JOBS], action="append")
    asked = parser.parse_args()
    jobs = [job for job in JOBS if not asked.job or job.name in asked.job]
    share = -(-asked.kills // len(jobs))
    print("| job | kills | of them KILL, TERM, INT, STOP | taken up | ended before | faults |")
    print("|---|---:|---|---:|---:|---:|", flush=True)
    faults = []
    for job in jobs:
        tally = _job(job, share, random.Random(f"{asked.seed}/{job.name}"))
        sent = ", ".join(str(tally.sent[number]) for number in SIGNALS)
        row = (job.name, tally.sent.total(), sent, tally.again, tally.ended, len(tally.faults))
        print(f"| {' | '.join(map(str, row))} |", flush=True)
        faults += [f"{job.name}: {fault}" for fault in tally.faults]
    print("\n".join(faults))
    return int(bool(faults))


@dataclass
class Tally:
    """What became of a job's kills."""

    sent: Counter[signal.Signals] = field(default_factory=Counter)
    again: int = 0
    ended: int = 0
    faults: list[str] = field(default_factory=list)


def _job(job: Job, kills: int, chance: random.Random) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        start = top / "start"
        import_module("tests.support.training_data").tree(start / "images")
        for command in job.given:
            _ended(_start(command, start), "what it reads")
        whole = top / "whole"
        shutil.copytree(start, whole)
        begun = time.monotonic()
        _ended(_start(job.command, whole), "without a kill")
        took = time.monotonic() - begun
        wanted = _files(whole)
        number = 0
        while tally.sent.total() < kills and number < 4 * kills:
            number += 1
            folder = top / f"{number}"
            shutil.copytree(start, folder)
            _until_the_end(job, folder, took, kills, chance, tally)
            if (found := _files(folder)) != wanted:
                names = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
                tally.faults.append(f"other files than without a kill: {names}")
            shutil.rmtree(folder)
    return tally


def _until_the_end(
    job: Job, folder: Path, took: float, kills: int, chance: random.Random, tally: Tally
) -> None:
    """Runs a job with kills, at most three, and then to its end."""
    for turn in range(4):
        taken_up = job.again is not None and (folder / job.made).exists()
        process = _start(job.again if taken_up and job.again else job.command, folder)
        if turn == 3 or tally.sent.total() >= kills:
            _ended(process, "at last", tally)
            return
        number = chance.choice(SIGNALS)
        try:
            process.wait(chance.uniform(0.1, 1.0) * took)
            tally.ended += 1
            return
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            tally.sent[number] += 1
        if number is signal.SIGSTOP:
            time.sleep(STOPPED_S)
            process.send_signal(signal.SIGCONT)
            _ended(process, "after STOP and CONT", tally)
            return
        code = _wait(process, tally)
        if code == 0:  # it had ended, or ends in order at an interrupt
            return
        if number is signal.SIGINT and code not in (130, -signal.SIGINT):
            tally.faults.append(f"exit code {code} after an interrupt")
        tally.again += 1
        tally.faults += _broken(folder)


def _start(command: tuple[str, ...], folder: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT), *map(str, sorted(ROOT.glob("plugins/*/src")))])
    return subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *command],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def _wait(process: subprocess.Popen[str], tally: Tally) -> int:
    try:
        said = process.communicate(timeout=WAIT_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        tally.faults.append(f"did not end within {WAIT_S} s")
        return int(process.wait())
    if "Traceback" in said or "internal error" in said:
        tally.faults.append(said[-300:])
    return int(process.returncode)


def _ended(process: subprocess.Popen[str], when: str, tally: Tally | None = None) -> None:
    said = process.communicate(timeout=WAIT_S)[1]
    if process.returncode:
        if tally is None:
            raise SystemExit(f"{when}: exit code {process.returncode}: {said[-500:]}")
        tally.faults.append(f"{when}: exit code {process.returncode}: {said[-300:]}")


def _broken(folder: Path) -> list[str]:
    """Files that cannot be read as what their names say."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            READ.get(path.suffix, _any)(path)
        except Exception as error:
            found.append(f"`{path.relative_to(folder)}` is broken: {error!r}"[:300])
    return found


def _json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


def _lines(path: Path) -> None:
    """The last row may be cut off: whoever takes the table up leaves it out."""
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        json.loads(line)


def _tensors(path: Path) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        file.keys()


def _page(path: Path) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("no end")


def _any(path: Path) -> None:
    path.read_bytes()


READ: dict[str, Callable[[Path], None]] = {
    ".json": _json,
    ".jsonl": _lines,
    ".safetensors": _tensors,
    ".html": _page,
}
TIMES = ("seconds", "took", "elapsed", "rate", "images_per_s", "started", "ended", "datetime", "date")
"""Fields that hold how long something took, or when it was."""


def _files(folder: Path) -> dict[str, Any]:
    """What a job left, without what differs from run to run."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in (".db", ".sqlite3"):
            continue
        name = str(path.relative_to(folder))
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            found[name] = sorted(json.dumps(_timeless(row), sort_keys=True) for row in rows)
        elif path.suffix == ".json":
            found[name] = _timeless(json.loads(path.read_text(encoding="utf-8")))
        else:
            found[name] = path.read_bytes()
    return found


def _timeless(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _timeless(value) for key, value in document.items() if not key.endswith(TIMES)}
    return [_timeless(one) for one in document] if isinstance(document, list) else document


if __name__ == "__main__":
    sys.exit(main())
