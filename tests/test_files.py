"""Files: read in bounds, written whole or not at all, and only by one module."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import simres
from simres import files
from simres.errors import SimresError

ROOT = Path(simres.__file__).parent

ELSEWHERE = {
    "calibration/machine.py": "what the kernel says of the machine",
    "calibration/network.py": "a stream that goes nowhere",
    "commands/__init__.py": "streams that the shell closed go nowhere",
    "commands/errors_to_exit_codes.py": "a stream that goes nowhere, and a file of its own for a traceback",
    "exploration/table.py": "a table is appended to, under a lock",
    "reporting/html/page.py": "the page's parts, which come with simres",
    "training/archives.py": "members of an archive",
    "training/images.py": "images in memory",
    "training/downloads.py": "unpacks what is open already",
}
"""Modules that open, read or write by themselves, and why."""
OPENING = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "mkstemp", "NamedTemporaryFile"),
    *("savefig", "memmap", "fromfile", "tofile"),
}


def opens(path: Path) -> list[str]:
    """What a module calls of another object to open, read or write a file."""
    own = {"BytesIO", "picture"}
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in OPENING:
            to_memory = node.func.attr == "savefig" and getattr(node.args[0], "id", "") in own
            if not to_memory:
                found.append(f"{node.lineno}: .{node.func.attr}")
        elif isinstance(node.func, ast.Name) and node.func.id == "open":
            found.append(f"{node.lineno}: open")
    return found


def test_no_other_module_opens_files() -> None:
    found = {path.relative_to(ROOT).as_posix(): opens(path) for path in ROOT.rglob("*.py")}
    found.pop("files.py")
    undeclared = {name: calls for name, calls in found.items() if calls and name not in ELSEWHERE}
    assert undeclared == {}
    assert [name for name in ELSEWHERE if not found[name]] == []


def unreadable(tmp_path: Path) -> dict[str, Path]:
    """Places that are no regular files of a sensible size, by what is said of them."""
    fifo, loop, giant, sparse = (tmp_path / name for name in ("fifo", "loop", "giant", "link"))
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    with giant.open("wb") as stream:
        stream.truncate(5 << 30)
    sparse.symlink_to("/dev/zero")
    return {
        "not a regular file": fifo,
        "Too many levels": loop,
        "too large": giant,
        "is not a regular": sparse,
        "is a folder": tmp_path,
        "no such thing": tmp_path / "gone",
        "Not a directory": giant / "below",
        "null": Path("a\0b"),
        "too long": tmp_path / ("x" * 300),
    }


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    for said, path in unreadable(tmp_path).items():
        with pytest.raises(SimresError, match=said):
            files.read_text(path, "thing")


def test_a_file_of_the_system_is_read_to_the_limit() -> None:
    with pytest.raises(SimresError, match="too large"):
        files.read_bytes(Path("/proc/self/smaps"), "thing", largest=100)


def test_json_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    with pytest.raises(SimresError, match="not a JSON document"):
        files.read_json(path, "thing")


def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual_one(tmp_path: Path) -> None:
    private, new = tmp_path / "private", tmp_path / "new"
    private.write_text("x")
    private.chmod(0o600)
    before = os.umask(0o027)
    try:
        files.write_text(private, "y")
        files.write_text(new, "z")
    finally:
        os.umask(before)
    assert private.read_text() == "y"
    assert private.stat().st_mode & 0o777 == 0o600
    assert new.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed_and_one_in_a_circle_refused(tmp_path: Path) -> None:
    there, dangling, loop = tmp_path / "there", tmp_path / "dangling", tmp_path / "loop"
    dangling.symlink_to(there)
    loop.symlink_to(loop)
    files.write_text(dangling, "x")
    assert dangling.is_symlink()
    assert there.read_text() == "x"
    with pytest.raises(SimresError, match="Too many levels of symbolic links"):
        files.write_text(loop, "x")
    assert loop.is_symlink()


def test_the_longest_name_that_the_file_system_takes(tmp_path: Path) -> None:
    longest = tmp_path / ("n" * 255)
    files.write_text(longest, "x")
    assert longest.read_text() == "x"
    with pytest.raises(SimresError, match="too long"):
        files.write_text(tmp_path / ("n" * 256), "x")
    assert [path.name for path in tmp_path.iterdir()] == [longest.name]


def test_a_full_disk_leaves_the_older_file_whole(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""
    kept = tmp_path / "kept"
    kept.write_text("whole")
    code = (
        "import resource, signal, sys; from pathlib import Path; from simres import files;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "files.write_text(Path(sys.argv[1]), 'x' * 5000)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(kept)], capture_output=True, text=True)
    assert "cannot write" in ended.stderr
    assert kept.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [kept]


def test_what_a_killed_process_left_is_removed_later(tmp_path: Path) -> None:
    """The one that is being written, by a process that a signal has stopped, stays."""
    code = (
        "import os, sys, time; from pathlib import Path; from simres import files;"
        "os.fsync = lambda handle: (print('here', flush=True), time.sleep(600));"
        "files.write_text(Path(sys.argv[1]), 'half')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "here\n"
        (left,) = tmp_path.iterdir()
        hour_ago = time.time() - 3600
        os.utime(left, (hour_ago, hour_ago))
        writer.send_signal(signal.SIGSTOP)
        files.write_text(tmp_path / "other", "x")
        assert left.exists()
        writer.kill()
    files.write_text(tmp_path / "other", "y")
    assert not left.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
