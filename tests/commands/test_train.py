"""`simres train`, `evaluate`, `models`, `skip` and `plot`, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simres.commands import app
from simres.errors import ExitCode
from tests.support.training_data import tree

runner = CliRunner()


def simres(*arguments: object) -> tuple[int, str]:
    done = runner.invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_models_are_listed() -> None:
    code, said = simres("models")
    assert code == ExitCode.OK
    assert "57,044,810" in said
    code, said = simres("models", "--json")
    rows = {row["command"]: row for row in json.loads(said)["models"]}
    assert rows["resnet20"] == {
        "command": "resnet20",
        "input": "3x32x32",
        "parameters": 269_722,
        "macs": 40_551_040,
        "depth": 20,
    }


torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images, and a run trained on them."""
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        data = f"folder:{tree(folder / 'tree')}"
        options = ("--batch", 8, "--epochs", 3, "--lr", 0.05, "--threads", 1, "-o", folder / "run")
        code, said = simres("train", "resnet8", "--data", data, *options)
    assert code == ExitCode.OK, said
    return folder


@pytest.fixture(autouse=True)
def _cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))


@pytest.mark.torch
def test_a_run_leaves_what_it_says(place: Path) -> None:
    names = {path.name for path in (place / "run").iterdir()}
    assert names >= {"checkpoint.safetensors", "state.safetensors", "config.yaml", "metrics.jsonl"}
    code, said = simres("train", "--resume", place / "run", "--threads", 1)
    assert code == ExitCode.OK
    assert "the last one, not the best" in said


@pytest.mark.torch
def test_a_checkpoint_is_evaluated_class_by_class(place: Path) -> None:
    data = f"folder:{place / 'tree'}"
    code, said = simres("evaluate", place / "run", "--data", data, "--threads", 1)
    assert code == ExitCode.OK
    assert "18 images of folder:tree" in said
    code, said = simres("evaluate", place / "run", "--data", data, "--json", "--threads", 1)
    found = json.loads(said)
    assert [sum(row) for row in found["confusion"]] == [6, 6, 6]
    right = sum(row[label] for label, row in enumerate(found["confusion"]))
    assert found["accuracy"] == right / 18
    assert set(found["classes"]) == {"a", "b", "c"}


@pytest.mark.torch
def test_a_trained_network_is_traced_with_what_it_computes(place: Path) -> None:
    data, checkpoint, out = (
        f"folder:{place / 'tree'}",
        place / "run" / "checkpoint.safetensors",
        place / "net.json",
    )
    code, said = simres("trace", checkpoint, "--data", data, "--images", 9, "-o", out)
    assert code == ExitCode.OK, said
    found = json.loads(out.read_text())
    assert "accuracy" in found
    tensors = {tensor["name"]: tensor for tensor in found["tensors"]}
    assert 0 < tensors["relu"]["density"] < 1
    assert tensors["bn"]["deviation"] > 0
    code, said = simres("workload", "show", out)
    assert "non-zero" in said


@pytest.mark.torch
@pytest.mark.slow
def test_blocks_are_skipped_and_what_is_left_can_be_used(place: Path) -> None:
    data, out = f"folder:{place / 'tree'}", place / "pruned"
    code, said = simres(
        "skip", place / "run", "--data", data, "--scenario", "resnet20", "--images", 12, "--remove", 1,
        "--finetune", 1, "-o", out, "--threads", 1,
    )  # fmt: skip
    assert code == ExitCode.OK, said
    assert "without layers.2, whose response is" in said
    assert "1 removed, the last of them layers." in said
    found = json.loads((out / "skip.json").read_text())
    assert len(found["blocks"]) == 3
    whole, pruned = found["path"]
    assert pruned["time_ps"] < whole["time_ps"]
    assert pruned["finetuned"] is not None
    code, said = simres("evaluate", out / "without-1.safetensors", "--data", data, "--json", "--threads", 1)
    assert code == ExitCode.OK, said
    assert json.loads(said)["accuracy"] == pruned["finetuned"]
    code, said = simres("simulate", out / "without-1.safetensors", "--chip", "paper", "--json")
    assert code == ExitCode.OK, said


@pytest.mark.torch
def test_pictures_are_drawn(place: Path) -> None:
    pytest.importorskip("vl_convert")
    data, run = f"folder:{place / 'tree'}", place / "run"
    for arguments in (
        ("curves", run),
        ("depth", run),
        ("responses", run, "--data", data),
        ("features", run, "--data", data, "--image", 2),
    ):
        out = place / f"{arguments[0]}.png"
        code, said = simres("plot", *arguments, "-o", out)
        assert code == ExitCode.OK, said
        assert out.read_bytes().startswith(b"\x89PNG")
    for labels, refused in ((["one"], "1 labels for 2"), (["one", "one"], "the same name")):
        given = (word for label in labels for word in ("--label", label))
        code, said = simres("plot", "curves", run, run / "metrics.jsonl", *given, "-o", place / "two.png")
        assert code == ExitCode.BAD_INPUT
        assert refused in said
    code, said = simres("plot", "curves", run, run / "metrics.jsonl", "-o", place / "two.png")
    assert code == ExitCode.OK, said
    code, said = simres("plot", "curves", run, "-o", place / "curves.xyz")
    assert code == ExitCode.BAD_INPUT
    assert ".svg" in said


@pytest.mark.torch
def test_a_shipped_checkpoint_goes_by_its_name(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simres.scenario import shipped

    (tmp_path / "checkpoints").mkdir()
    content = (place / "run" / "checkpoint.safetensors").read_bytes()
    (tmp_path / "checkpoints" / "tiny.safetensors").write_bytes(content)
    monkeypatch.setattr(shipped, "root", lambda: tmp_path)
    code, said = simres("evaluate", "tiny", "--data", f"folder:{place / 'tree'}", "--threads", 1)
    assert code == ExitCode.OK, said
    code, said = simres("evaluate", "tinier", "--data", "shapes")
    assert code == ExitCode.BAD_INPUT


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "no network given"),
        (["train", "resnet20", "--data", "nothing"], "unknown data set `nothing`"),
        (["train", "resnet20", "--recipe", "slow"], "unknown recipe `slow`"),
        (["train", "resnet20", "--set", "lr"], "not of the form --set NAME=VALUE"),
        (["train", "resnet20", "--set", "speed=1"], "a recipe has no `speed`"),
        (["train", "resnet20", "--threads", "4096"], "more than the"),
        (["train", "resnet20", "--device", "tpu"], "unknown device `tpu`"),
        (["train", "x.safetensors"], "is already trained"),
        (["train", "resnet21", "--data", "{data}"], "no CIFAR network has 21 layers"),
        (
            ["train", "resnet8", "--data", "{data}", "--block", "basik", "--batch", "8"],
            "unknown block `basik`",
        ),
        (["train", "resnet8", "--data", "{data}"], "fewer than a batch of 128"),
        (["train", "resnet8", "--data", "{data}", "--size", "4"], "must be from 8 to"),
        (
            ["train", "torchvision:vgg11", "--data", "{data}", "--batch", "8", "--size", "8"],
            "does not accept the images",
        ),
        (["train", "resnet8", "--resume", "{run}"], "continues a run with its own network"),
        (["train", "--resume", "{place}"], "has no training run"),
        (["evaluate", "{run}", "--data", "shapes"], "has 3 classes, and `shapes` has 10"),
        (["evaluate", "{place}/nothing.safetensors"], "no such checkpoint"),
        (["evaluate", "{place}/tree/train/a/0.png"], "is not a checkpoint"),
        (["evaluate", "{run}/state.safetensors"], "does not state its network"),
        (["trace", "resnet20", "--data", "shapes"], "is not trained"),
        (["plot", "curves", "{place}"], "no such training run"),
    ],
)
def test_wrong_input_is_an_error_with_a_reason(place: Path, arguments: list[str], message: str) -> None:
    names = {"data": f"folder:{place / 'tree'}", "run": str(place / "run"), "place": str(place)}
    filled = [argument.format(**names) for argument in arguments]
    if filled[0] == "train" and "--resume" not in filled:
        filled += ["-o", str(place / "never")]
    code, said = simres(*filled)
    assert code == ExitCode.BAD_INPUT, said
    assert message in " ".join(said.split())
    assert "Traceback" not in said
