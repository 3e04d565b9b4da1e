"""Reads and writes files so that no data is lost and every failure states a remedy.

Nothing else in simres opens a file that a user named: `tests/test_files.py` lists the few exceptions.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from simres.errors import SimresError

LARGEST_BYTES = 1 << 30
"""The largest text file that is read, of any sort; most sorts have a smaller limit."""

LOCKS = find_spec("fcntl") is not None
"""Whether the system has locks of files that end with the process."""
STDIO = Path("-")
"""The name of stdin where a file is read, and of stdout where one is written."""

TEMPORARY = ".simres-"
"""The prefix of temporary files; names derived from the target could exceed the file system's limit."""
LEFT_S = 60.0
"""Age in seconds from which an incomplete file that no process holds is one that a killed process left."""


def opened(path: Path, what: str, hint: str | None = None, largest: int | None = None) -> IO[bytes]:
    """Opens a regular file that should be a `what` for reading.

    Raises `SimresError` for a missing file, a folder, a device, a pipe (without waiting for its other end),
    and a file of more than `largest` bytes.
    """
    if path == STDIO:
        return io.BytesIO(_from_stdin(what, hint, largest))
    handle = None
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(found.st_mode):
            piped = "`-` reads from a pipe"
            raise SimresError(f"`{path}` is not a regular file", hint or piped)
        if largest is not None and found.st_size > largest:
            raise SimresError(
                f"`{path}` is too large for a {what} ({found.st_size} B, at most {largest})", hint
            )
        stream, handle = os.fdopen(handle, "rb"), None
        return stream
    except FileNotFoundError as error:
        raise SimresError(f"no such {what}: `{path}`", hint) from error
    except (OSError, ValueError) as error:
        if os.path.isdir(path):  # noqa: PTH112 - of some systems, opening fails; this never does
            raise SimresError(f"`{path}` is a folder, not a {what}", hint) from error
        raise _unreadable(path, what, hint, error) from error
    finally:
        if handle is not None:
            os.close(handle)


_stdin: bytes | None = None
"""All of stdin, once it was read: what is asked for twice is given twice."""


def _from_stdin(what: str, hint: str | None, largest: int | None) -> bytes:
    global _stdin
    if _stdin is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise SimresError(f"`-` is stdin, and no {what} comes from there", "pipe one in, or name a file")
        most = LARGEST_BYTES if largest is None else largest
        _stdin = sys.stdin.buffer.read(most + 1)
        if len(_stdin) > most:
            raise SimresError(f"stdin is too large for a {what} (at most {most} B)", hint)
    return _stdin


def check_regular(path: Path, what: str, hint: str | None = None) -> None:
    """Raises `SimresError` as `opened`; for libraries that open files by name."""
    opened(path, what, hint).close()


def read_bytes(path: Path, what: str, hint: str | None = None, largest: int = LARGEST_BYTES) -> bytes:
    """Returns the bytes of a file that should be a `what`. Raises `SimresError` as `opened`."""
    with opened(path, what, hint, largest) as stream:
        try:
            data = stream.read(largest + 1)
        except OSError as error:
            raise _unreadable(path, what, hint, error) from error
    if len(data) > largest:  # files of the system that state no size
        raise SimresError(f"`{path}` is too large for a {what} (at most {largest} B)", hint)
    return data


def read_text(path: Path, what: str, hint: str | None = None, largest: int = LARGEST_BYTES) -> str:
    """Returns the text of a file that should be a `what`.

    Raises `SimresError` as `opened`, and for invalid UTF-8.
    """
    try:
        return (
            read_bytes(path, what, hint, largest)
            .decode("utf-8-sig")
            .replace("\r\n", "\n")
            .replace("\r", "\n")
        )
    except UnicodeDecodeError as error:
        raise SimresError(f"`{path}` is no {what}: not UTF-8 text (byte {error.start})", hint) from error


def read_json(path: Path, what: str, hint: str | None = None, largest: int = LARGEST_BYTES) -> Any:
    """Returns the document in a JSON file. Raises `SimresError` as `read_text`, and for what is no JSON."""
    import json

    try:
        return json.loads(read_text(path, what, hint, largest))
    except (ValueError, RecursionError) as error:
        raise SimresError(f"`{path}` is no {what}: not a JSON document that can be read", hint) from error


def json_text(document: Mapping[str, Any]) -> str:
    """Returns the JSON text of a document, on one line."""
    import json

    return json.dumps(document, separators=(",", ":")) + "\n"


def write_text(path: Path, text: str) -> None:
    """Writes `text` completely or not at all: to a temporary name beside `path`, then renamed.

    Creates missing folders; an existing file keeps its mode. Raises `SimresError` on failure; an older
    file is then unchanged.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise SimresError(f"cannot write `{path}`: {error}") from error
    write_bytes(path, data)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes bytes as `write_text` does text; they are on the disk before the name changes."""
    import tempfile

    if path == STDIO:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    temporary = None
    try:
        mode = _mode_of(path)
        if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            path.write_bytes(data)  # /dev/stdout, a named pipe
            return
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode is not None and stat.S_ISDIR(mode):
            raise SimresError(f"cannot write `{path}`: it is a folder")
        tidy(target.parent)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=TEMPORARY)
        with os.fdopen(handle, "wb") as stream:
            hold(stream)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            Path(temporary).chmod(0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
        Path(temporary).replace(target)
        temporary = None
    except (FileExistsError, NotADirectoryError) as error:
        raise SimresError(f"cannot write `{path}`: `{path.parent}` is not a folder") from error
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SimresError(f"cannot write `{path}`: {reason}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def tidy(folder: Path, older_s: float = LEFT_S) -> None:
    """Removes the incomplete files that killed processes left in a folder, those `older_s` seconds old."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if time.time() - entry.stat().st_mtime >= older_s and not _is_held(Path(entry.path)):
                        os.unlink(entry.path)  # noqa: PTH108 - as scandir gives it


def cache_folder() -> Path:
    """Returns the folder of what can be made again: `$XDG_CACHE_HOME/simres`, by default `~/.cache/simres`.

    Raises `RuntimeError` for a user without a home.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simres"


def hold(stream: IO[bytes]) -> bool:
    """Holds an open file until it is closed; False where another process does. True without locks."""
    if not LOCKS:
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True


def _is_held(path: Path) -> bool:
    with path.open("rb") as stream:
        return not hold(stream)


def _mode_of(path: Path) -> int | None:
    """The mode of what is at a path, None if nothing is: a link to nothing included."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _unreadable(path: Path, what: str, hint: str | None, error: Exception) -> SimresError:
    reason = getattr(error, "strerror", None) or str(error)
    return SimresError(f"cannot read {what} `{path}`: {reason}", hint)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
