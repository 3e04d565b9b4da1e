"""What importing a large trace takes: time and memory against the size of the file.

    python benchmarks/large_trace.py [--gigabytes 1.0]

A trace of operators nested in others, on one thread, is written to a temporary folder and imported by a
process of its own. The limits are 60 s and 1 GiB for 1 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path


def write(path: Path, size: int) -> int:
    """Writes a trace of at least so many bytes; returns the number of its events."""
    written = events = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"traceEvents":[\n')
        for number in count():
            common = {"ph": "X", "cat": "cpu_op", "pid": 1, "tid": 1}
            shapes = {"External id": number, "Input Dims": [[1, 64, 56, 56], [64, 64, 3, 3]]}
            outer = {"name": f"aten::op{number % 50}", "ts": 10.0 * number, "dur": 8.0, "args": shapes}
            inner = {"name": f"aten::inner{number % 20}", "ts": 10.0 * number + 1, "dur": 5.0}
            text = ",\n".join(json.dumps(common | own) for own in (outer, inner))
            events += 2
            written += file.write(text)
            if written >= size:
                file.write("]}")
                return events
            written += file.write(",\n")
    raise AssertionError("unreachable")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        events = write(path, int(asked.gigabytes * 10**9))
        begun = time.monotonic()
        command = [sys.executable, "-m", "simres", "import", "trace", str(path), "-o", f"{folder}/out"]
        subprocess.run(command, check=True)
        took = time.monotonic() - begun
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"\n{path.stat().st_size / 1e9:.2f} GB, {events} events: {took:.1f} s, "
            f"{used.ru_utime + used.ru_stime:.1f} s of a processor, {used.ru_maxrss >> 10} MiB"
        )


if __name__ == "__main__":
    main()
