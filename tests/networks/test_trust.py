"""A checkpoint of a stranger runs nothing: the factory that it names is called only on request."""

# ruff: noqa: E402
from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

import typer
from typer.testing import CliRunner

from simres import api
from simres.commands import app
from simres.commands.errors_to_exit_codes import guarded
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


def _scenario(folder: Path, text: str) -> None:
    (folder / "mine.yaml").write_text(f"schema_version: 1\nchip: paper\n{text}\n")


SCENARIOS = (
    "workload: strangers_net:build",
    "tenants: {one: {workload: strangers_net:build}, two: {workload: resnet20}}",
)


@pytest.mark.parametrize("text", SCENARIOS)
@pytest.mark.parametrize(
    "line",
    [
        "simulate mine.yaml",
        "validate mine.yaml",
        "sweep mine.yaml --vary hardware.ddr.bandwidth=1GB/s",
        "schedule mine.yaml",
        "whatif mine.yaml",
    ],
)
def test_a_scenario_of_a_stranger_runs_nothing_either(stranger: Path, text: str, line: str) -> None:
    _scenario(stranger.parent, text)
    ended = CliRunner().invoke(app, line.split())
    assert ended.exit_code == 2, ended.output
    assert "workload: `strangers_net:build` is code, which a scenario does not run" in ended.stderr
    assert "`simres trace strangers_net:build --input SHAPE -o net.json`" in ended.stderr
    assert not Path("ran").exists()
    with pytest.raises(SimresError, match="strangers_net:build"):
        api.simulate("mine.yaml")
    assert not Path("ran").exists()


def test_what_the_scenario_s_user_makes_of_it_is_simulated(stranger: Path) -> None:
    ended = CliRunner().invoke(app, ["trace", "strangers_net:build", "--input", "3x4x4", "-o", "net.json"])
    assert ended.exit_code == 0, ended.output
    _scenario(stranger.parent, "workload: net.json")
    assert api.simulate("mine.yaml").makespan_ps > 0


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("yes", 0), ("", 2), ("n", 2)])
def test_on_a_terminal_the_user_is_asked(
    stranger: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    said = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    monkeypatch.setattr("sys.stderr", said)
    done = []

    def command() -> int:
        done.append(load_checkpoint(stranger))
        return 0

    with pytest.raises(typer.Exit) as ended:
        guarded(command)()
    assert ended.value.exit_code == code
    assert "Run `strangers_net:build`? [y/N] " in said.getvalue()
    assert bool(done) == Path("ran").exists() == (code == 0)
    with pytest.raises(SimresError, match="strangers_net:build"):
        load_checkpoint(stranger)
