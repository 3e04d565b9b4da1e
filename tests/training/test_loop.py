"""The loop: runs that end the same wherever they were cut, and say what went wrong."""

# ruff: noqa: E402
from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.training_data import tree

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from torch import Tensor

from simres.errors import ExitCode, SimresError
from simres.networks.variant import Variant
from simres.training import store
from simres.training.datasets import Dataset, open_dataset
from simres.training.loop import fit
from simres.training.recipe import LearningRateSchedule, Recipe, recipe
from simres.training.training_run import (
    CHECKPOINT,
    METRICS,
    STATE,
    SilentTraining,
    TrainingOutcome,
    TrainingRun,
    read_metrics,
)

pytestmark = pytest.mark.torch

EPOCHS, PER_EPOCH = 3, 6


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data")
    return open_dataset(f"folder:{tree(folder / 'tree')}", cache=folder / "cache")


def run_on(data: Dataset, **changes: object) -> TrainingRun:
    made = recipe("fast", {"epochs": EPOCHS, "batch": 8, "lr": 0.05, "crop": 1, **changes})
    return TrainingRun(Variant("resnet8", classes=3), made, "folder:x", data.about.digest)


def weights(folder: Path) -> dict[str, Tensor]:
    found: dict[str, Tensor] = safetensors.load_file(folder / CHECKPOINT)
    return found


def same(one: Path, other: Path) -> bool:
    """Whether two runs came to the same weights and figures, to the last bit; times aside."""
    first, second = weights(one), weights(other)
    timeless = [
        [replace(epoch, seconds=0, images_per_s=0, test_seconds=0) for epoch in read_metrics(folder)]
        for folder in (one, other)
    ]
    equal = first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
    return equal and timeless[0] == timeless[1]


class StopsAfter(SilentTraining):
    """Presses Ctrl-C after so many steps."""

    def __init__(self, step: int) -> None:
        self.at = step

    def step(self, step: int, loss: float | None, lr: float) -> None:
        if step == self.at:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def whole(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> TrainingOutcome:
    torch.set_num_threads(1)
    return fit(run_on(data, ema=0.9), data, tmp_path_factory.mktemp("whole") / "run")


def test_it_learns_and_takes_everything_down(whole: TrainingOutcome, data: Dataset) -> None:
    assert whole.accuracy == 1.0
    assert [epoch.epoch for epoch in whole.epochs] == [1, 2, 3]
    assert whole.epochs[-1].step == EPOCHS * PER_EPOCH == whole.steps
    assert whole.epochs == read_metrics(whole.folder)
    assert whole.peak_bytes > 10**6
    assert not whole.interrupted
    with safetensors.safe_open(whole.folder / CHECKPOINT, "pt") as file:
        metadata = file.metadata()
    assert metadata["network"] == "resnet8"
    assert metadata["data_digest"] == data.about.digest
    assert metadata["accuracy"] == "1.0"
    assert "--set ema=0.9" in metadata["command"]


@pytest.mark.parametrize("stop", [1, 5, 6, 7, 12, 17])
def test_ctrl_c_loses_nothing(whole: TrainingOutcome, data: Dataset, tmp_path: Path, stop: int) -> None:
    run = run_on(data, ema=0.9)
    first = fit(run, data, tmp_path / "run", observer=StopsAfter(stop))
    assert first.interrupted
    assert first.steps == stop
    assert signal.getsignal(signal.SIGINT) is not None
    resumed = fit(run, data, tmp_path / "run", resume=True)
    assert not resumed.interrupted
    assert same(tmp_path / "run", whole.folder)


def test_ctrl_c_after_the_last_step_is_too_late(
    whole: TrainingOutcome, data: Dataset, tmp_path: Path
) -> None:
    outcome = fit(run_on(data, ema=0.9), data, tmp_path / "run", observer=StopsAfter(EPOCHS * PER_EPOCH))
    assert not outcome.interrupted
    assert same(tmp_path / "run", whole.folder)


def test_a_run_is_a_function_of_its_seed(whole: TrainingOutcome, data: Dataset, tmp_path: Path) -> None:
    fit(run_on(data, ema=0.9), data, tmp_path / "again")
    assert same(tmp_path / "again", whole.folder)
    fit(run_on(data, ema=0.9, seed=1), data, tmp_path / "other")
    assert not same(tmp_path / "other", whole.folder)


def test_a_finished_run_resumes_to_itself(whole: TrainingOutcome, data: Dataset) -> None:
    before = (whole.folder / CHECKPOINT).read_bytes()
    again = fit(run_on(data, ema=0.9), data, whole.folder, resume=True)
    assert again.epochs == whole.epochs
    assert (whole.folder / CHECKPOINT).read_bytes() == before
    with pytest.raises(SimresError, match="already has a training run"):
        fit(run_on(data), data, whole.folder)


def test_a_full_disk_keeps_the_last_save_whole(
    whole: TrainingOutcome, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_on(data, ema=0.9)
    real, calls = os.fsync, 0

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SimresError, match="No space left on device"):
        fit(run, data, tmp_path / "run", checkpoint_every=4)
    monkeypatch.undo()
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]
    _, progress, _ = store.load_state(tmp_path / "run")
    assert 0 < progress.step < EPOCHS * PER_EPOCH
    fit(run, data, tmp_path / "run", resume=True)
    assert same(tmp_path / "run", whole.folder)


def test_a_loss_that_is_no_number_stops_the_run(data: Dataset, tmp_path: Path) -> None:
    run = run_on(data, lr=0.05)
    fit(run, data, tmp_path / "run", observer=StopsAfter(PER_EPOCH + 2))
    good = (tmp_path / "run" / STATE).read_bytes()
    changes = {"lr": 1e30, "lr_rest": 1e30, "schedule": LearningRateSchedule.CONSTANT}
    wild = TrainingRun(run.variant, run.recipe.model_copy(update=changes), run.data, run.digest)
    with pytest.raises(
        SimresError, match=r"not a finite number in epoch 2, step [0-9] of 6.* after epoch 1"
    ) as raised:
        fit(wild, data, tmp_path / "run", resume=True)
    assert raised.value.exit_code is ExitCode.ANSWER_IS_NO
    assert "--lr" in str(raised.value.hint)
    assert (tmp_path / "run" / STATE).read_bytes() == good


def test_what_cannot_be_trained_is_refused(data: Dataset, tmp_path: Path) -> None:
    made = recipe("fast", {"epochs": 1, "batch": 8})

    def refused(variant: Variant, recipe: Recipe = made) -> str:
        with pytest.raises(SimresError) as raised:
            fit(TrainingRun(variant, recipe, "x", data.about.digest), data, tmp_path / "run")
        return raised.value.message

    assert "does not accept the images" in refused(Variant("lenet5", classes=3))
    assert "has 3 classes" in refused(Variant("resnet8", classes=7))
    assert "fewer than a batch of 128" in refused(
        Variant("resnet8", classes=3), recipe("fast", {"epochs": 1})
    )
    assert not (tmp_path / "run" / STATE).exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(SimresError, match="is a file"):
        fit(TrainingRun(Variant("resnet8", classes=3), made, "x", data.about.digest), data, tmp_path / "file")


def test_resuming_needs_a_run_and_its_images(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SimresError, match="has no training run"):
        store.load_state(tmp_path)
    run = run_on(data)
    fit(run, data, tmp_path / "run", observer=StopsAfter(2))
    with pytest.raises(SimresError, match="have changed since"):
        fit(replace(run, digest="sha256:other"), data, tmp_path / "run", resume=True)
    whole = (tmp_path / "run" / STATE).read_bytes()
    _, progress, tensors = store.load_state(tmp_path / "run")
    store.save_state(
        tmp_path / "run", replace(run, variant=Variant("resnet14", classes=3)), progress, tensors
    )
    other, _, _ = store.load_state(tmp_path / "run")
    with pytest.raises(SimresError, match="does not fit `resnet14`"):
        fit(other, data, tmp_path / "run", resume=True)
    for damaged in (whole[: len(whole) // 2], b"", whole[:40]):
        (tmp_path / "run" / STATE).write_bytes(damaged)
        with pytest.raises(SimresError, match="is not a valid checkpoint"):
            store.load_state(tmp_path / "run")


def test_precision_and_layout_are_choices(data: Dataset, tmp_path: Path) -> None:
    for number, changes in enumerate(
        ({"precision": "bf16"}, {"channels_last": False}, {"cutout": 4, "label_smoothing": 0.1})
    ):
        outcome = fit(run_on(data, epochs=2, **changes), data, tmp_path / str(number))
        assert outcome.accuracy is not None
        assert outcome.accuracy > 0.5


SCRIPT = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from simres.training.datasets import open_dataset
from simres.training.loop import fit
from simres.training.training_run import TrainingRun
from simres.training.recipe import recipe
from simres.networks.variant import Variant
root, folder, resume = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "resume"
network, size = sys.argv[4:6]
data = open_dataset(f"folder:{root / 'tree'}", cache=root / "cache", size=int(size) or None)
changes = {"epochs": 3, "batch": 8, "lr": 0.05, "crop": 1, "ema": 0.9}
if network == "lenet5":  # compared within rounding, of which orthogonal turns and bf16 make much
    changes |= {"optimiser": "sgd", "lr_rest": None, "precision": "fp32"}
run = TrainingRun(Variant(network, classes=3), recipe("fast", changes), "folder:x", data.about.digest)
print("ready", flush=True)
outcome = fit(run, data, folder, resume=resume, checkpoint_every=2)
sys.exit(130 if outcome.interrupted else 0)
"""


def start(root: Path, folder: Path, resume: bool) -> subprocess.Popen[str]:
    arguments = [str(root), str(folder), "resume" if resume else "new", "resnet8", "0"]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_killed_at_random_moments_a_run_still_ends_the_same(
    whole: TrainingOutcome, data: Dataset, tmp_path: Path, number: signal.Signals
) -> None:
    tree(tmp_path / "tree")
    chance = random.Random(int(number))
    kills = 0
    for attempt in range(40):
        resume = (tmp_path / "run" / STATE).exists()
        process = start(tmp_path, tmp_path / "run", resume)
        assert process.stdout is not None
        process.stdout.readline()
        if attempt < 3:
            time.sleep(chance.uniform(0, 0.6))
            process.send_signal(number)
        code = process.wait(120)
        process.stdout.close()
        kills += code != 0
        if (tmp_path / "run" / STATE).exists():
            store.load_state(tmp_path / "run")
        if (tmp_path / "run" / METRICS).exists():
            read_metrics(tmp_path / "run")
        if (tmp_path / "run" / CHECKPOINT).exists():
            weights(tmp_path / "run")
        if code == 0:
            break
    assert kills
    assert same(tmp_path / "run", whole.folder)
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]


@pytest.mark.slow
def test_two_processes_come_to_what_one_does(tmp_path: Path) -> None:
    """LeNet-5 has no batch norm, so averaged gradients are those of the whole batch."""
    tree(tmp_path / "tree")
    (tmp_path / "train.py").write_text(SCRIPT)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    for count in ("1", "2"):
        command = [*launcher, count, str(tmp_path / "train.py"), str(tmp_path), str(tmp_path / count), "new"]
        done = subprocess.run(
            [*command, "lenet5", "32"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    one, two = weights(tmp_path / "1"), weights(tmp_path / "2")
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, atol=2e-4, rtol=2e-3)
    alone, shared = read_metrics(tmp_path / "1"), read_metrics(tmp_path / "2")
    for epoch, other in zip(alone, shared, strict=True):
        assert other.train_loss == pytest.approx(epoch.train_loss, rel=1e-3)
        assert other.test_accuracy == pytest.approx(epoch.test_accuracy, abs=0.06)
