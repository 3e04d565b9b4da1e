"""Reads the files of a folder or an archive in order, without unpacking an archive to the disk.

Nothing is written, so a path that leads out of an archive is harmless; it is nevertheless rejected, as are
links and contents of unreasonable size.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from simres.errors import SimresError
from simres.files import opened, read_bytes

LARGEST_FILE = 64 << 20
"""The largest size of one file in bytes; no training image comes near it."""
LARGEST_WHOLE = 64 << 30
"""The largest size of all files together in bytes."""
MOST_TIMES = 200
"""The largest ratio of contents to archive, above 256 MiB. Images hardly compress."""
MOST_FILES = 5_000_000

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile)


def files(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yields the regular files below a folder, or in a .tar, .tar.gz or .zip, as (path inside, contents).

    Files of a folder come in order of their paths, those of an archive in its order. Raises `SimresError`,
    with the name of the file, for any defect.
    """
    try:
        if path.is_dir():
            yield from _in_folder(path)
        elif not path.exists():
            raise SimresError(f"no such folder or archive: `{path}`")
        elif not path.is_file():
            raise SimresError(f"`{path}` is neither a folder nor a regular file")
        elif path.name.lower().endswith(".zip"):
            yield from _in_zip(path)
        elif path.name.lower().endswith(SUFFIXES):
            yield from _in_tar(path)
        else:
            raise SimresError(f"unsupported archive `{path}`", f"supported: {', '.join(SUFFIXES)}")
    except NotImplementedError as error:  # a version that the library does not support
        raise SimresError(f"archive `{path}` has an unsupported format: {error}") from error
    except _BROKEN as error:
        raise SimresError(
            f"archive `{path}` is damaged or truncated: {error}", "download or copy it again"
        ) from error
    except OSError as error:
        raise SimresError(f"cannot read `{path}`: {error.strerror or error}") from error


class _Budget:
    """The remaining allowance of an archive's contents."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.nbytes = 0
        self.most = min(LARGEST_WHOLE, max(1 << 28, MOST_TIMES * path.stat().st_size))

    def take(self, name: str, nbytes: int) -> PurePosixPath:
        """Counts a file; returns its path if that stays inside the archive."""
        if nbytes < 0:
            raise tarfile.ReadError(f"`{name[:100]}` has {nbytes} B")
        self.count += 1
        self.nbytes += nbytes
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or "\\" in name or "\0" in name or ":" in name[:2]:
            raise SimresError(
                f"archive `{self.path}` has a path that points outside it: `{name[:100]}`",
                "do not trust it",
            )
        if not inside.parts:
            raise SimresError(f"archive `{self.path}` has a file without a name")
        if nbytes > LARGEST_FILE:
            raise SimresError(
                f"archive `{self.path}`: `{name[:100]}` has {nbytes} B; the limit for an image is "
                f"{LARGEST_FILE} B"
            )
        if self.nbytes > self.most or self.count > MOST_FILES:
            raise SimresError(
                f"archive `{self.path}` expands beyond the limit: {self.count} files, {self.nbytes} B",
                "if you trust it, unpack it and name the folder",
            )
        return inside


def _in_folder(root: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path in sorted(root.rglob("*")):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        if any(part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        if path.stat().st_size > LARGEST_FILE:
            raise SimresError(f"`{path}` is too large for an image ({path.stat().st_size} B)")
        yield inside, read_bytes(path, "image", largest=LARGEST_FILE)


def _in_zip(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    budget = _Budget(path)
    with opened(path, "archive") as file, zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if not entry.filename:
                raise SimresError(f"archive `{path}` has a file without a name")
            if entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16):
                continue
            inside = budget.take(entry.filename, entry.file_size)
            if entry.flag_bits & 1:
                raise SimresError(f"archive `{path}` is encrypted")
            try:
                with archive.open(entry) as stream:
                    data = stream.read(LARGEST_FILE + 1)
            except NotImplementedError as error:
                raise SimresError(f"archive `{path}`: `{inside}` has an unsupported compression") from error
            if len(data) != entry.file_size:
                raise zipfile.BadZipFile(f"the size of `{inside}` differs from its header")
            yield inside, data


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Bounded:
    """A stream that returns at most `most` bytes in all, and no huge piece at once."""

    def __init__(self, stream: _Readable, most: int, path: Path) -> None:
        self._stream, self._left, self._path = stream, most, path

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LARGEST_FILE:
            raise SimresError(f"archive `{self._path}` has an entry that needs {size} B at once")
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise SimresError(f"archive `{self._path}` expands beyond the limit")
        return data


def _in_tar(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    budget = _Budget(path)
    packed = not path.name.lower().endswith(".tar")
    with opened(path, "archive") as raw:
        unpacked: _Readable = gzip.GzipFile(fileobj=raw) if packed else raw
        stream = _Bounded(unpacked, 2 * budget.most, path)
        # `r|` never seeks; members are read one at a time and discarded.
        with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                archive.members = []
                if not member.isreg():
                    continue
                inside = budget.take(member.name, member.size)
                extracted = archive.extractfile(member)
                data = extracted.read() if extracted else b""
                if len(data) != member.size:
                    raise tarfile.ReadError("unexpected end of data")
                yield inside, data
        while stream.read(1 << 20):  # up to the checksum at the end, which covers all of it
            pass
