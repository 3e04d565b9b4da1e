"""`simres prune`: a network for a time or an accuracy, and words where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simres.errors import ExitCode
from tests.commands.test_train import simres
from tests.support.training_data import tree

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with images, and a run trained on them."""
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        data = f"folder:{tree(folder / 'tree')}"
        options = ("--data", data, "--batch", 8, "--epochs", 1, "--lr", 0.05, "--threads", 1)
        for network in ("resnet8", "plain8"):
            code, said = simres("train", network, *options, "-o", folder / network)
            assert code == ExitCode.OK, said
        yield folder


def pruned(place: Path, *options: object, network: str = "resnet8") -> tuple[int, str]:
    data = f"folder:{place / 'tree'}"
    return simres("prune", place / network, "--chip", "paper", "--data", data, "--threads", 1, *options)


def test_a_target_is_kept_to_and_the_network_can_be_used(place: Path) -> None:
    out = place / "target"
    code, said = pruned(place, "--target", "200us", "--finetune", 1, "-o", out)
    assert code == ExitCode.OK, said
    found = json.loads((out / "prune.json").read_text())
    whole, child = found["networks"]
    assert whole["removed"] == []
    assert child["time_ps"] <= 200_000_000 < whole["time_ps"]
    assert found["recipe"]["distil"] > 0
    stem = "without-" + "+".join(child["removed"])
    for name in (f"{stem}.safetensors", f"{stem}.json"):  # what is saved is as fast as was predicted
        code, said = simres("simulate", out / name, "--chip", "paper", "--json")
        assert code == ExitCode.OK, said
        assert json.loads(said.splitlines()[-1])["makespan_ps"] == child["time_ps"]
    code, said = simres(
        "evaluate", out / f"{stem}.safetensors", "--data", f"folder:{place / 'tree'}", "--json"
    )
    assert json.loads(said.splitlines()[-1])["accuracy"] == child["accuracy"]

    written = (out / "choice.json").stat().st_mtime_ns  # and a second time nothing is measured anew
    code, said = pruned(place, "--front", "--points", 2, "--finetune", 0, "-o", out)
    assert code == ExitCode.OK, said
    found = json.loads((out / "prune.json").read_text())
    assert (out / "choice.json").stat().st_mtime_ns == written
    assert found["recipe"] is None
    assert found["networks"][0]["time_ps"] == whole["time_ps"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), ExitCode.BAD_INPUT, "what should the network keep to?"),
        (("--target", "1us", "--front"), ExitCode.BAD_INPUT, "one of --target, --accuracy and --front"),
        (("--target", "fast"), ExitCode.BAD_INPUT, "--target"),
        (("--target", "1ns", "--finetune", 0), ExitCode.ANSWER_IS_NO, "no choice of blocks takes at most"),
        (("--accuracy", 100, "--finetune", 0), ExitCode.ANSWER_IS_NO, "is out of reach"),
    ],
)
def test_what_cannot_be_is_said(place: Path, options: tuple[object, ...], code: int, words: str) -> None:
    found, said = pruned(place, "-o", place / "refused", *options)
    assert found == code
    assert words in said


def test_a_network_without_blocks_and_a_missing_chip_are_named(place: Path) -> None:
    code, said = pruned(place, "--front", "-o", place / "plain", network="plain8")
    assert code == ExitCode.BAD_INPUT
    assert "no residual blocks to leave out" in said
    code, said = simres("prune", place / "resnet8", "--front")
    assert code == ExitCode.BAD_INPUT
    assert "which chip should it run on?" in said
    code, said = simres("prune", place / "resnet8", "--chip", "paper", "--front", "--data", "folder:nowhere")
    assert code == ExitCode.BAD_INPUT
    assert "no such folder or archive: `nowhere`" in said
