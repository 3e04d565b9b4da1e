"""The table of a sweep on disk: JSON Lines, one row per line, appended on completion and resumable.

A row counts once its line is complete. A line that a killed process left incomplete is dropped when the table
is opened again; if the disk is full, the incomplete part of a line is removed.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from simres.errors import SimresError
from simres.exploration.point_figures import FIGURES, SOURCE, Cell, FigureRow
from simres.files import hold, opened, write_bytes
from simres.text import shorten

SUFFIX = ".jsonl"
NAME = f"sweep{SUFFIX}"
"""The file name of a table where only a folder is given."""

TEXTS = ("key", "network", "program", "bound", "error", SOURCE)
"""Text columns. Of the other columns that every table has, `accuracy` is a share and the rest are counts."""
COLUMNS = {figure.name for figure in FIGURES} | {"key", "error", SOURCE}
LONGEST_LINE = 1 << 20
"""The largest size of a row in bytes."""
MOST = 10**30
"""Larger figures are rejected as corrupt."""

ANOTHER = "write this one elsewhere (`-o`), or remove the old table first"
WRITTEN_BY = "name the file that `simres sweep` or `simres explore` wrote"


def place(output: Path, name: str = NAME) -> Path:
    """Returns the file of a table: `output` itself if it has a suffix, otherwise `name` in that folder."""
    return output if output.suffix and not output.is_dir() else output / name


def line_of(row: FigureRow) -> str:
    """Returns a row as its line in the file; equal rows give equal lines on every machine."""
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def rows_in(path: Path) -> Iterator[FigureRow]:
    """Yields the rows of a table, in the order of the file; an incomplete last line is omitted.

    Raises `SimresError`, with the line number, for a file that is not a table.
    """
    try:
        with opened(path, "table", WRITTEN_BY) as file:
            for number, line in enumerate(_lines(file, path, WRITTEN_BY), 1):
                if not line.endswith(b"\n"):
                    return
                yield _row(line, path, number, WRITTEN_BY)
    except OSError as error:
        raise SimresError(f"cannot read the table `{path}`: {error.strerror or error}") from error


def lean(rows: Iterable[FigureRow], columns: Iterable[str]) -> list[FigureRow]:
    """Returns rows with these columns only, equal texts stored once: a fifth of the memory of whole rows."""
    texts: dict[Cell, Cell] = {}
    names = tuple(columns)
    found: list[FigureRow] = []
    for row in rows:
        cells = [(name, row.get(name)) for name in names]
        found.append(
            {name: texts.setdefault(cell, cell) if isinstance(cell, str) else cell for name, cell in cells}
        )
    return found


def replace_rows(path: Path, changed: Mapping[str, FigureRow]) -> None:
    """Replaces rows of a table by key, all of them or none. Raises `SimresError` as `rows_in`, and where the
    table cannot be written."""
    write_bytes(path, "".join(line_of(changed.get(str(row["key"]), row)) for row in rows_in(path)).encode())


class Table:
    """A table opened for appending; no other process may write to it meanwhile.

    Opening it drops an incomplete last line and passes every existing row to `taken`, which returns whether
    the row belongs here. A file that was created for it and got no row is removed again. Raises `SimresError`
    where the file is not a table, belongs to another sweep, is in use, or cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str], taken: Callable[[FigureRow], bool]) -> None:
        self.path = path
        self._made = not path.exists()
        self._file = _opened(path)
        try:
            _lock(self._file, path)
            self._end = self._take_up(columns, taken)
        except BaseException:
            self._file.close()
            raise

    def _take_up(self, columns: Sequence[str], taken: Callable[[FigureRow], bool]) -> int:
        end = 0
        for number, line in enumerate(_lines(self._file, self.path, ANOTHER), 1):
            if not line.endswith(b"\n"):
                break
            row = _row(line, self.path, number, ANOTHER)
            if list(row) != list(columns) or not taken(row):
                raise SimresError(f"`{self.path}` is the table of another sweep (line {number})", ANOTHER)
            end += len(line)
        self._file.truncate(end)
        self._file.seek(end)
        return end

    def append(self, rows: Iterable[FigureRow]) -> None:
        """Appends rows. Raises `SimresError` where the disk is full; only complete lines remain."""
        data = "".join(map(line_of, rows)).encode()
        try:
            while data:
                written = os.write(self._file.fileno(), data)
                data = data[written:]
                self._end += written
        except OSError as error:
            self._take_back()
            reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
            raise SimresError(
                f"cannot write `{self.path}`: {reason}",
                "no finished row is lost; run the same command again to resume",
            ) from error

    def _take_back(self) -> None:
        """Truncates the file after the last complete line."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                at = max(0, size - (1 << 20))
                file.seek(at)
                whole = at + file.read().rfind(b"\n") + 1
            os.ftruncate(self._file.fileno(), whole)
        except OSError:
            pass  # opening it again drops the same part

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                os.fsync(self._file.fileno())
        except OSError:
            pass  # a pipe, or a file system without fsync
        finally:
            if self._made and not self._end:
                self._remove()
            self._file.close()

    def _remove(self) -> None:
        with suppress(OSError):  # where an open file cannot be removed, an empty one stays
            self.path.unlink()


def _lines(file: IO[bytes], path: Path, hint: str) -> Iterator[bytes]:
    """Yields the lines of a file. Raises `SimresError` for a line too long to be a row."""
    for line in iter(lambda: file.readline(LONGEST_LINE), b""):
        if len(line) == LONGEST_LINE:
            raise SimresError(f"`{path}` is not a table of a sweep: it has lines of {LONGEST_LINE} B", hint)
        yield line


def _row(line: bytes, path: Path, number: int, hint: str) -> FigureRow:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("key"), str):
        start = shorten(line[:60].decode("utf-8", "replace").rstrip())
        raise SimresError(f"`{path}` is not a table of a sweep: line {number} is `{start}`", hint)
    if (wrong := next((name for name, cell in row.items() if not _is_cell(name, cell)), None)) is not None:
        raise SimresError(f"`{path}`, line {number}: `{shorten(wrong)}` has no such value", hint)
    if row.get("error") is None and row.get("image_ps") is None:
        raise SimresError(f"`{path}`, line {number}: has neither a time nor an error", hint)
    row.setdefault(SOURCE, None)  # earlier versions handed nothing on
    return row


def _is_cell(name: str, cell: object) -> bool:
    """Whether a column accepts a value; texts and figures are never confused."""
    if cell is None or (name in TEXTS and isinstance(cell, str)):
        return True
    if name in COLUMNS:
        whole = name not in TEXTS and name != "accuracy"
        known = isinstance(cell, int) if whole else name == "accuracy" and isinstance(cell, int | float)
        return known and not isinstance(cell, bool) and 0 <= cell <= MOST  # type: ignore[operator]
    return isinstance(cell, str) or (
        isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) <= MOST
    )


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise SimresError(f"cannot write the table `{path}`: it is not a regular file")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        return os.fdopen(handle, "r+b")
    except (FileExistsError, NotADirectoryError):
        raise SimresError(f"cannot write the table `{path}`: `{path.parent}` is not a folder") from None
    except OSError as error:
        raise SimresError(f"cannot write the table `{path}`: {error.strerror or error}") from error


def _lock(file: IO[bytes], path: Path) -> None:
    """Locks the table against a second sweep for as long as this process has it open."""
    if not hold(file):
        raise SimresError(f"another sweep is writing to `{path}`", "wait for it, or write elsewhere")
