"""Packages that mean no good: whatever they do while they are imported, simres says it and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
FAILS = """
class Mute(Exception):
    def __str__(self):
        raise ValueError("no")
    __repr__ = __str__
raise Mute
"""
ESCAPES = r"""
class Coloured(Exception):
    pass
Coloured.__name__ = "\x1b[31mRed"
raise Coloured("\x1b]0;title\x07 \x9b31m \u202e turned \udcff")
"""
WRITES = """
import os, sys
os.write(1, b"to the descriptor")
sys.__stdout__.write("to the stream")
sys.__stdout__.flush()
raise RuntimeError("enough")
"""
FILTERS = """
import warnings
warnings.simplefilter("error")
raise RuntimeError("all warnings are errors now")
"""
AT_EXIT = r"""
import atexit
def leave():
    raise RuntimeError("\x1b at the end")
atexit.register(leave)
raise RuntimeError("later more")
"""
NEVER_ENDS = """
import time
time.sleep(600)
"""
ENDS = """
import os
os._exit(7)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs simres with one package installed beside the others, which may not load."""
    info = tmp_path / "simres_bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: simres-bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[simres]\nbad = simres_bad\n")

    def run(source: str, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "simres_bad.py").write_text(dedent(source))
        path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {
            "NO_COLOR": "1",
            "PYTHONPATH": path,
            "SIMRES_LOAD_PLUGINS": "simres-bad",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        return subprocess.run(
            [sys.executable, "-c", f"{before}\nfrom simres.commands import main; main()", *arguments],
            capture_output=True,
            text=True,
            errors="surrogateescape",
            cwd=tmp_path,
            env=environment,
            timeout=120,
        )

    return run


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (FAILS, "Mute: (its text cannot be made)"),
        (ESCAPES, "?[31mRed: ?]0;title? ?31m ? turned ?"),
        (WRITES, "RuntimeError: enough"),
        (FILTERS, "RuntimeError: all warnings are errors now"),
        (AT_EXIT, "RuntimeError: later more"),
    ],
    ids=["fails", "escapes", "writes", "filters", "at exit"],
)
def test_it_is_left_out_with_its_reason(run: Run, source: str, reason: str) -> None:
    ended = run(source, "plugins", "--json")
    assert ended.returncode == 0, ended.stderr
    (found,) = (one for one in json.loads(ended.stdout)["plugins"] if one["name"] == "bad")
    assert found["error"] == reason
    wanted = run(source, "simulate", "paper", "--set", "scheduler=nowhere")
    assert wanted.returncode == 2
    assert f"warning: plugin `bad` (simres-bad 1.0) is left out: {reason}" in wanted.stderr
    for text in (ended.stdout, ended.stderr, wanted.stdout, wanted.stderr):
        assert "Traceback" not in text
        assert [c for c in text if not c.isprintable() and c not in "\n\t"] == []
    assert wanted.stdout == ""


def test_an_import_that_never_ends_is_named(run: Run) -> None:
    hurry = "import simres.plugins.importing as i; i.NAMED_S = 0.2"
    stop = "import os, threading; threading.Timer(3, os.kill, (os.getpid(), 2)).start()"
    ended = run(NEVER_ENDS, "plugins", before=f"{hurry}; {stop}")
    assert ended.returncode == 130
    assert "plugin `bad` (simres-bad 1.0) has been importing for 0 s" in ended.stderr


def test_an_import_that_ended_the_process_is_named_at_the_next_start(run: Run) -> None:
    assert run(ENDS, "plugins").returncode == 7
    for number in range(2):
        ended = run("raise RuntimeError", "simulate", "paper", "--set", "scheduler=nowhere")
        told = "an earlier start ended while plugin `bad` (simres-bad 1.0) was imported" in ended.stderr
        assert told == (number == 0), ended.stderr
