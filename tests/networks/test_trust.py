"""A checkpoint of a stranger runs nothing: the factory that it names is called only on request."""

# ruff: noqa: E402
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from typer.testing import CliRunner

from simres import api
from simres.commands import app
from simres.errors import SimresError
from simres.networks.checkpoint import load_checkpoint
from simres.networks.variant import Variant
from simres.training.recipe import recipe
from simres.training.store import Progress, packed, save_state
from simres.training.training_run import TrainingRun

pytestmark = pytest.mark.torch

MODULE = """
from pathlib import Path
from torch import nn

Path("ran").touch()

def build():
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(32, 2))
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkpoint beside the module whose function it names."""
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "strangers_net.py").write_text(MODULE)
    state = torch.nn.Sequential(
        torch.nn.Conv2d(3, 2, 1), torch.nn.Flatten(), torch.nn.Linear(32, 2)
    ).state_dict()
    metadata = {"network": "strangers_net:build", "input": "3x4x4", "class_names": '["a", "b"]'}
    metadata |= {"mean": "[0, 0, 0]", "deviation": "[1, 1, 1]"}
    path = tmp_path / "net.safetensors"
    path.write_bytes(packed(state, metadata))
    yield path
    sys.modules.pop("strangers_net", None)


COMMANDS = (
    "evaluate net.safetensors --data shapes",
    "trace net.safetensors",
    "trace net.safetensors --data shapes",
    "skip net.safetensors --data shapes",
    "plot responses net.safetensors --data shapes",
    "plot features net.safetensors --data shapes",
    "simulate net.safetensors --chip paper",
    "sweep net.safetensors --chip paper --vary hardware.ddr.bandwidth=1GB/s",
    "train --resume run",
)


@pytest.mark.parametrize("line", COMMANDS)
def test_no_command_calls_it_unless_asked_to(stranger: Path, line: str) -> None:
    run = TrainingRun(Variant("strangers_net:build"), recipe("fast"), "shapes", "sha256:0")
    (stranger.parent / "run").mkdir()
    save_state(stranger.parent / "run", run, Progress(), {})
    ended = CliRunner().invoke(app, line.split())
    assert ended.exit_code == 2, ended.output
    assert "`strangers_net:build`" in ended.stderr
    assert "--trust-factory" in ended.stderr
    assert not Path("ran").exists()


def test_it_is_called_where_that_is_asked_for(stranger: Path) -> None:
    ended = CliRunner().invoke(app, ["trace", str(stranger), "--trust-factory", "-o", "net.json"])
    assert ended.exit_code == 0, ended.output
    assert Path("ran").exists()
    assert api.simulate("net.json", chip="paper").makespan_ps > 0


def test_python_says_so_as_well(stranger: Path) -> None:
    with pytest.raises(SimresError, match="strangers_net:build"):
        load_checkpoint(stranger)
    assert not Path("ran").exists()
    assert load_checkpoint(stranger, trusted=True).input == "3x4x4"
