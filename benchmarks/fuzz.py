"""Hostile inputs by the thousand for everything that simres reads, each target in a process of its own.

    python benchmarks/fuzz.py [--inputs 10000] [--minutes 60] [--seed 0] [--target NAME] [--only N]

An input may be read or refused with a message that says where. Anything else is a finding: another exception,
more than 1 GiB of memory beyond what the process had, or 10 s of processor time. Findings are kept as files.
Exit code 1 where there are any. `--only N` repeats one input of one target, with its traceback.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), *map(str, sorted(ROOT.glob("plugins/*/src")))]

MOST_S = 10
"""Processor seconds of one input; a loaded machine does not change those."""
MOST_WALL_S = 120
"""Seconds by the clock, for one that waits for what never comes."""
MOST_BYTES = 1 << 30
"""Memory beyond what the process has before the input is read; its address space has no more room."""
RESTART = 500
"""Inputs a process gets, so that what piles up in it is not taken for an input's."""


@dataclass
class Tally:
    """What became of a target's inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    peak_bytes: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """One more input."""
        self.outcomes[row["outcome"]] += 1
        self.slowest_s = max(self.slowest_s, row.get("seconds", 0.0))
        self.peak_bytes = max(self.peak_bytes, row.get("bytes", 0))


def main() -> int:
    """Runs inputs and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=10_000, help="of all targets together")
    parser.add_argument("--minutes", type=float, default=60.0, help="no input begins later than that")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", help="only this one; may be given again")
    parser.add_argument("--only", type=int, metavar="N", help="only input N, here, with its traceback")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), metavar="DIR")
    parser.add_argument("--worker", nargs=2, type=int, metavar=("FROM", "TO"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    judging = import_module("tests.hostile.judging")
    known = {target.name: target for target in import_module("tests.hostile.targets").targets()}
    for name in asked.target or ():
        if name not in known:
            parser.error(f"no target `{name}` here; there are {', '.join(known)}")
    chosen = [known[name] for name in asked.target or known]
    if asked.worker:
        return _work(chosen[0], asked.seed, range(*asked.worker))
    if asked.only is not None:
        with tempfile.TemporaryDirectory() as folder:
            print(judging.judged(judging.made(chosen[0], asked.seed, asked.only, Path(folder))))
        return 0
    return _fuzz(chosen, asked)


def _fuzz(chosen: list[Any], asked: argparse.Namespace) -> int:
    shares = sum(target.share for target in chosen)
    until = time.monotonic() + 60 * asked.minutes
    tallies = {target.name: Tally() for target in chosen}
    found: list[dict[str, Any]] = []
    for target in chosen:
        count = max(1, round(asked.inputs * target.share / shares))
        for row in _rows(target.name, asked.seed, count, until):
            tallies[target.name].add(row)
            if row["outcome"] not in ("read", "refused"):
                found.append(row)
                _keep(target, asked, row)
        tally = tallies[target.name]
        print(f"{target.name}: {dict(tally.outcomes)}", file=sys.stderr, flush=True)
    print("| target | inputs | read | refused | findings | slowest, s | memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, tally in [*tallies.items(), ("all", _together(tallies))]:
        read, refused = tally.outcomes["read"], tally.outcomes["refused"]
        inputs = tally.outcomes.total()
        print(
            f"| {name} | {inputs} | {read} | {refused} | {inputs - read - refused} "
            f"| {tally.slowest_s:.2f} | {tally.peak_bytes / 2**20:.0f} |"
        )
    for reason, rows in _by_reason(found).items():
        print(f"\n{len(rows)} x {reason}: {rows[0].get('message', '')!r}")
        print(f"  {rows[0]['target']} {[row['number'] for row in rows][:8]}")
    return int(bool(found))


def _together(tallies: dict[str, Tally]) -> Tally:
    whole = Tally()
    for tally in tallies.values():
        whole.outcomes += tally.outcomes
        whole.slowest_s = max(whole.slowest_s, tally.slowest_s)
        whole.peak_bytes = max(whole.peak_bytes, tally.peak_bytes)
    return whole


def _by_reason(found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        groups.setdefault(f"{row['outcome']} at {row['where']}", []).append(row)
    return groups


def _rows(name: str, seed: int, count: int, until: float) -> Iterator[dict[str, Any]]:
    """What became of each input; a process that ends before its time had its last input end it.

    Where a timer ended it the input is tried once more: the time that a machine stands still, as virtual ones
    do, is charged to whoever was running.
    """
    number, slow = 0, -1
    while number < count and time.monotonic() < until:
        upto = min(count, number + RESTART)
        command = [sys.executable, __file__, "--target", name, "--seed", str(seed)]
        with (
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(
                [*command, "--worker", str(number), str(upto)], stdout=subprocess.PIPE, stderr=said, text=True
            ) as worker,
        ):
            assert worker.stdout is not None
            for line in worker.stdout:
                yield {"target": name, **json.loads(line)}
                number += 1
                if time.monotonic() > until:
                    worker.terminate()
                    return
            code = worker.wait()
            said.seek(0)
            last = said.read()[-3000:]
        if number < upto and code in (-signal.SIGPROF, -signal.SIGALRM) and slow < number:
            slow = number
        elif number < upto:
            ended = "hang" if code in (-signal.SIGPROF, -signal.SIGALRM) else f"ended with {code}"
            yield {
                "target": name,
                "number": number,
                "outcome": ended,
                "where": _innermost(last),
                "trace": last,
            }
            number += 1


def _innermost(trace: str) -> str:
    """Where a dump of faulthandler says that the process was, or the last line."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    own = [line for line in lines if "simres" in line and "line" in line]
    return (own or lines or ["nowhere"])[0] if own else (lines or ["nowhere"])[-1]


def _keep(target: Any, asked: argparse.Namespace, row: dict[str, Any]) -> None:
    """Stores the input with what became of it."""
    folder = asked.findings / f"{target.name.replace(' ', '-')}-{asked.seed}-{row['number']}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finding.json").write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    (folder / "trace.txt").write_text(row.get("trace", ""), encoding="utf-8", errors="backslashreplace")
    import_module("tests.hostile.judging").made(target, asked.seed, row["number"], folder)


def _work(target: Any, seed: int, numbers: range) -> int:
    """Tries inputs in this process, with a line of JSON for each on stdout."""
    hostile = import_module("tests.hostile.judging")
    out, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: PTH123, SIM115
    for warm in (10**9, 10**9 + 1):  # imports and seeds are made before anything is measured
        with tempfile.TemporaryDirectory() as folder:
            try:
                hostile.judged(hostile.made(target, seed, warm, Path(folder)))
            except Exception:
                traceback.print_exc()
    faulthandler.enable()
    for signum in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(signum, signal.SIG_DFL)
        faulthandler.register(signum, all_threads=False, chain=True)
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            row = _tried(target, seed, number, Path(folder))
        out.write(json.dumps(row) + "\n")
        out.flush()
    return 0


def _tried(target: Any, seed: int, number: int, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"number": number}
    hostile = import_module("tests.hostile.judging")
    attempt = hostile.made(target, seed, number, folder)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    base, begun = _status("VmRSS"), time.process_time()
    unlimited, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + MOST_BYTES, hard))
    signal.setitimer(signal.ITIMER_PROF, MOST_S)
    signal.setitimer(signal.ITIMER_REAL, MOST_WALL_S)
    try:
        row["outcome"] = hostile.judged(attempt)
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "/simres" in frame.filename] or list(frames)
        row["outcome"] = type(error).__name__
        row["where"] = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        row["message"] = str(error)[:300]
        row["trace"] = "".join(traceback.format_exception(error))[-6000:]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (unlimited, hard))
    row["seconds"] = time.process_time() - begun
    row["bytes"] = max(0, _status("VmHWM") - base)
    if row["bytes"] > MOST_BYTES:
        row |= {"outcome": "too much memory", "where": str(row["bytes"]), "trace": ""}
    return row


def _status(key: str) -> int:
    """A figure of this process in bytes, from /proc/self/status."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith(f"{key}:")).split()[1]) << 10


if __name__ == "__main__":
    sys.exit(main())
