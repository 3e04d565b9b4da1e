"""The state that a run resumes from, when it is none."""

# ruff: noqa: E402
from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from simres.errors import SimresError
from simres.networks.checkpoint import read
from simres.networks.variant import Variant
from simres.training.recipe import recipe
from simres.training.store import Progress, load_state, packed, save_state
from simres.training.training_run import METRICS, STATE, Epoch, TrainingRun, read_metrics

pytestmark = pytest.mark.torch

EPOCH = Epoch(1, 4, 0.1, 1.0, 0.5, 1.0, 0.5, 1.0, 10.0, 1.0)
RUN = TrainingRun(Variant("resnet8"), recipe("fast"), "shapes", "sha256:0")
PROGRESS = Progress(4, 1.0, 2, 1.0, (EPOCH,))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_state(tmp_path, RUN, PROGRESS, {"weights": {"a.b": torch.ones(2)}})
    run, progress, tensors = load_state(tmp_path)
    assert (run, progress) == (RUN, PROGRESS)
    assert tensors["weights"]["a.b"].tolist() == [1, 1]
    assert read_metrics(tmp_path) == (EPOCH,)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("progress", "[" * 100_000),
        ("progress", "[]"),
        ("progress", "{}"),
        ("progress", json.dumps(asdict(PROGRESS) | {"step": "4"})),
        ("progress", json.dumps(asdict(PROGRESS) | {"loss": float("nan")})),
        ("progress", json.dumps(asdict(PROGRESS) | {"seconds": 10**400})),
        ("progress", json.dumps(asdict(PROGRESS) | {"epochs": [1]})),
        ("progress", json.dumps(asdict(PROGRESS) | {"more": 1})),
        ("run", "9" * 5000),
        ("run", "null"),
    ],
)
def test_a_state_that_is_none_is_refused(tmp_path: Path, key: str, value: str) -> None:
    metadata = {"state": "1", "run": json.dumps(RUN.document()), "progress": json.dumps(asdict(PROGRESS))}
    (tmp_path / STATE).write_bytes(packed({"weights.x": torch.ones(2)}, metadata | {key: value}))
    with pytest.raises(SimresError, match="training run") as raised:
        load_state(tmp_path)
    assert len(raised.value.message) < 1000


@pytest.mark.parametrize("line", ["[" * 100_000, "[]", "1", json.dumps(asdict(EPOCH) | {"lr": float("inf")})])
def test_a_line_that_is_no_epoch_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / METRICS).write_text(f"{json.dumps(asdict(EPOCH))}\n{line}\n", encoding="utf-8")
    with pytest.raises(SimresError, match="line 2: not an epoch"):
        read_metrics(tmp_path)


def test_equal_tensors_give_equal_bytes_in_every_process() -> None:
    code = (
        "import hashlib, torch; from simres.training.store import packed;"
        "state = {name: torch.zeros(2) for name in 'abc'};"
        "print(hashlib.sha256(packed(state, {c: c + 'é' for c in 'abcdefgh'})).hexdigest())"
    )
    seeds = ("0", "1", "2")
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
    assert len(found) == 1


def test_what_is_packed_is_read_by_the_library(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    state = {"w": torch.arange(6.0).reshape(2, 3), "empty": torch.zeros(0), "half": torch.ones(3).half()}
    path.write_bytes(packed(state, {"b": "1", "a": "é"}))
    found, metadata = read(path)
    assert metadata == {"a": "é", "b": "1"}
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
