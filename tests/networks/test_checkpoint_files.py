"""A checkpoint is read from a regular file: what never ends is refused at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from typer.testing import CliRunner

from simres.commands import app
from simres.networks.checkpoint import read
from simres.training.training_run import STATE

pytestmark = pytest.mark.torch


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pipe that nobody writes to, a device, and a run whose state is a pipe."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "f.safetensors")
    os.mkfifo(tmp_path / "run" / STATE)
    (tmp_path / "zero.safetensors").symlink_to("/dev/zero")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "evaluate f.safetensors",
        "trace f.safetensors",
        "simulate f.safetensors --chip paper",
        "plot responses f.safetensors",
        "train --resume run",
        "evaluate zero.safetensors",
    ],
)
def test_a_pipe_or_device_is_no_checkpoint(endless: Path, line: str) -> None:
    ended = CliRunner().invoke(app, line.split())
    assert ended.exit_code == 2, ended.output
    assert "is not a regular file" in ended.stderr


def test_a_folder_and_nothing(tmp_path: Path) -> None:
    from simres.errors import SimresError

    with pytest.raises(SimresError, match="is a folder, not a checkpoint"):
        read(tmp_path)
    with pytest.raises(SimresError, match="no such checkpoint"):
        read(tmp_path / "gone.safetensors")
