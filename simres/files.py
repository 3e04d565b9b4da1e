"""Reads and writes files so that no data is lost and every failure states a remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simres.errors import SimresError

LARGEST_BYTES = 1 << 30
"""The largest text file that is read, of any sort; most sorts have a smaller limit."""


def read_text(path: Path, what: str, hint: str | None = None, largest: int = LARGEST_BYTES) -> str:
    """Returns the text of a file that should be a `what`.

    Raises `SimresError` for a missing file, a directory, a device, a file too large, or invalid UTF-8.
    """
    try:
        if path.is_dir():
            raise SimresError(f"`{path}` is a folder, not a {what}", hint)
        if path.exists() and not path.is_file():
            raise SimresError(f"`{path}` is not a regular file", hint)
        if path.stat().st_size > largest:
            raise SimresError(
                f"`{path}` is too large for a {what} ({path.stat().st_size} B, at most {largest})", hint
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SimresError(f"no such {what}: `{path}`", hint) from error
    except UnicodeDecodeError as error:
        raise SimresError(f"`{path}` is no {what}: not UTF-8 text (byte {error.start})", hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SimresError(f"cannot read {what} `{path}`: {reason}", hint) from error


def json_text(document: Mapping[str, Any]) -> str:
    """Returns the JSON text of a document, on one line."""
    import json

    return json.dumps(document, separators=(",", ":")) + "\n"


def write_text(path: Path, text: str) -> None:
    """Writes `text` completely or not at all: to a temporary name beside `path`, then renamed.

    Creates missing folders. Raises `SimresError` on failure; an older file is then unchanged.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise SimresError(f"cannot write `{path}`: {error}") from error
    write_bytes(path, data)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes bytes as `write_text` does text; they are on the disk before the name changes."""
    import tempfile

    path = path.resolve() if path.is_symlink() else path
    temporary = None
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # /dev/stdout, a named pipe
            path.write_bytes(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise SimresError(f"cannot write `{path}`: it is a folder")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
