"""Pictures are written whole or not at all, under the name that was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("vl_convert")

ROOT = Path(__file__).parents[2]
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from simres.commands import main
main()
"""


def roofline(folder: Path, output: str, largest: int = 1 << 30) -> subprocess.CompletedProcess[str]:
    """Draws into a file system on which files have at most so many bytes."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", LIMITED, str(largest), "roofline", "paper", "-o", output]
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )


def test_a_good_picture_stays_whole_where_the_disk_is_full(tmp_path: Path) -> None:
    assert roofline(tmp_path, "o.png").returncode == 0
    before = (tmp_path / "o.png").read_bytes()
    ended = roofline(tmp_path, "o.png", 20_000)
    assert ended.returncode == 2
    assert "error: cannot write `o.png`: File too large" in ended.stderr
    assert "suffix" not in ended.stderr
    assert (tmp_path / "o.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["o.png"]


def test_a_picture_has_the_name_that_was_asked_for(tmp_path: Path) -> None:
    ended = roofline(tmp_path, "plain")
    assert ended.stdout.strip() == "wrote plain"
    assert (tmp_path / "plain").read_bytes().startswith(b"\x89PNG")
    assert roofline(tmp_path, "").returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]
