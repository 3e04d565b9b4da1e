"""Watches imports of plugins: names one that does not end, and one that ended the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO, Self

from simres.files import LOCKS, cache_folder, hold, opened
from simres.text import printable

NAMED_S = 10.0
"""Seconds after which an import that has not ended is named."""
MARK = "importing-"
"""What the name of a mark begins with: a file that a process holds and names its current import in."""
LONGEST_MARK = 1000


class Watch:
    """The imports of one process, in sequence.

    If the cache folder cannot be written, or the system has no locks, no marks are made.
    """

    def __init__(self) -> None:
        self._mark: IO[bytes] | None = None
        self._path: Path | None = None

    def __enter__(self) -> Self:
        if LOCKS:
            with suppress(OSError, RuntimeError):
                folder = cache_folder()
                folder.mkdir(parents=True, exist_ok=True)
                self._path = folder / f"{MARK}{os.getpid()}"
                self._mark = self._path.open("wb", buffering=0)
                hold(self._mark)
        return self

    def __exit__(self, *_: object) -> None:
        if self._mark is not None and self._path is not None:
            self._mark.close()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    @contextmanager
    def importing(self, name: str) -> Iterator[None]:
        """Names what is imported inside: on stderr after `NAMED_S`, and later if the process ends inside."""
        slow = Timer(NAMED_S, _name, (name,))
        slow.daemon = True
        slow.start()
        self._write(name)
        try:
            yield
        finally:
            slow.cancel()
            self._write("")

    def _write(self, name: str) -> None:
        if self._mark is not None:
            with suppress(OSError):
                self._mark.truncate(0)
                self._mark.seek(0)
                self._mark.write(name.encode("utf-8", "replace")[:LONGEST_MARK])


def unfinished() -> list[str]:
    """Returns the names of imports during which processes ended, and removes their marks."""
    found = []
    with suppress(OSError, RuntimeError):
        for path in sorted(cache_folder().glob(f"{MARK}*")) if LOCKS else ():
            with opened(path, "mark") as mark:
                if not hold(mark):
                    continue
                name = mark.read(LONGEST_MARK).decode("utf-8", "replace")
            path.unlink(missing_ok=True)
            if name:
                found.append(printable(name))
    return found


def _name(name: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(
            f"warning: {name} has been importing for {NAMED_S:.0f} s; Ctrl-C ends this, and `--no-plugins` "
            "keeps plugins out\n"
        )
        sys.stderr.flush()
