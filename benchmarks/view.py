"""How soon `simres view` shows a result of 100,000 spans, and how fast it draws a zoom.

    python benchmarks/view.py [--spans 100000] [--rounds 3] [--size 80x24]

The command runs in a terminal of its own (a pty). Opening is from starting Python until the lanes are
drawn, reading and checking result.json and all imports included; then comes what takes longer, the critical
path and memory, until nothing more is drawn. A redraw is from a key until the last of what it changes has
come out of the terminal. The drawing alone, which is a pure function, is timed beside it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from contextlib import suppress
from pathlib import Path

from made_result import result  # type: ignore[import-not-found]

from simres import api
from simres.reporting.page import Page
from simres.reporting.viewer.index import ViewIndex
from simres.reporting.viewer.picture import picture
from simres.reporting.viewer.viewport import View

LIMIT_S, LIMIT_MS = 2.0, 100.0
QUIET_S = 0.05
"""Nothing came for so long: the frame is out."""
KEYS = b"+" * 12 + b"[" * 6 + b"-" * 6 + b"]" * 3 + b"-" * 6


class Terminal:
    """A process in a terminal of its own."""

    def __init__(self, arguments: list[str], columns: int, lines: int) -> None:
        self.begun = time.perf_counter()
        self.pid, self.file = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [sys.executable, *arguments])
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, quiet_s: float, until: bytes = b"") -> tuple[bytes, float]:
        """What comes until nothing has for `quiet_s` (or `until` is in it), and when the last of it came."""
        found, last = b"", time.perf_counter()
        while select.select([self.file], [], [], quiet_s)[0]:
            try:
                found += os.read(self.file, 1 << 16)
            except OSError:
                break
            last = time.perf_counter()
            if until and until in found:
                break
        return found, last

    def press(self, key: bytes) -> float:
        """Seconds from a key until all that it changes is drawn."""
        begun = time.perf_counter()
        os.write(self.file, key)
        return self.read(QUIET_S)[1] - begun

    def cpu_s(self) -> float:
        """Seconds of processor time that it has taken: what opening takes where nothing else runs."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the process."""
        os.write(self.file, b"q")
        self.read(1.0)
        os.close(self.file)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def timed(path: Path, columns: int, lines: int) -> tuple[float, float, float, list[float]]:
    """Seconds until the lanes are there, on the clock and of the processor, until everything is, and of
    each redraw."""
    terminal = Terminal(["-m", "simres", "view", str(path)], columns, lines)
    drawn, at = terminal.read(60, "█".encode())
    if "█".encode() not in drawn:
        raise SystemExit(drawn.decode(errors="replace"))
    cpu_s = terminal.cpu_s()
    _, complete = terminal.read(1.5)
    redraws = [terminal.press(bytes([key])) for key in KEYS]
    terminal.close()
    return at - terminal.begun, cpu_s, complete - terminal.begun, redraws


def pure(path: Path, columns: int) -> list[float]:
    """Seconds that each drawing takes, zooming in on the middle of the run."""
    index = ViewIndex(api.load(path))
    view = View.whole(index.result.makespan_ps)
    picture(index, view.since_ps, view.until_ps, Page(columns))
    found = []
    for _ in range(20):
        begun = time.perf_counter()
        picture(index, view.since_ps, view.until_ps, Page(columns))
        found.append(time.perf_counter() - begun)
        view = view.zoomed(1, 2, view.makespan_ps // 2)
    return found


def main() -> None:
    """Prints both figures against their limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="80x24")
    parser.add_argument("--result", type=Path, help="a stored result instead of one made up")
    given = parser.parse_args()
    columns, lines = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        path = given.result or result(given.spans).save(folder)
        size = (path / "result.json" if path.is_dir() else path).stat().st_size / 1e6
        runs = [timed(path, columns, lines) for _ in range(given.rounds)]
        drawings = pure(path, columns)
    opened, cpu_s, complete = (min(run[number] for run in runs) for number in (0, 1, 2))
    redraws = [seconds * 1e3 for run in runs for seconds in run[3]]
    print(f"result.json of {size:.1f} MB in a terminal of {given.size}, best of {given.rounds} runs")
    print(f"{'':28}{'median':>9}{'slowest':>10}{'limit':>9}")
    print(f"{'opened: the lanes':28}{opened:>7.2f} s{'':10}{LIMIT_S:>7.0f} s")
    print(f"{'of which processor time':28}{cpu_s:>7.2f} s")
    print(f"{'the path and memory too':28}{complete:>7.2f} s")
    print(
        f"{'redraw, key to last byte':28}{statistics.median(redraws):>6.1f} ms{max(redraws):>7.1f} ms", end=""
    )
    print(f"{LIMIT_MS:>6.0f} ms")
    pure_ms = [seconds * 1e3 for seconds in drawings]
    print(f"{'of which the drawing':28}{statistics.median(pure_ms):>6.1f} ms{max(pure_ms):>7.1f} ms")


if __name__ == "__main__":
    main()
