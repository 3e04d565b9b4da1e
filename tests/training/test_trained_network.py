"""Checkpoints beside their images: what their metadata may say of them."""

# ruff: noqa: E402
from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
save = pytest.importorskip("safetensors.torch").save_file

from simres.errors import SimresError
from simres.networks.build import build
from simres.training.datasets import Dataset
from simres.training.trained_network import trained

pytestmark = pytest.mark.torch

SOUND = {
    "network": "resnet8",
    "classes": "2",
    "input": "3x32x32",
    "class_names": '["a", "b"]',
    "mean": "[0.5, 0.5, 0.5]",
    "deviation": "[0.25, 0.25, 0.25]",
}


def written(folder: Path, metadata: dict[str, str]) -> Path:
    path = folder / "net.safetensors"
    save(build("resnet8", classes=2).module.state_dict(), path, metadata)
    return path


def test_sound_metadata_are_taken(tmp_path: Path) -> None:
    found = trained(written(tmp_path, SOUND))
    assert (found.side, found.classes, found.deviation) == (32, ("a", "b"), (0.25,) * 3)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("input", "axbxc", "its input must be channels x rows x columns"),
        ("input", "3x32", "its input must be channels x rows x columns"),
        ("input", "3x99999999x99999999", "its input must be channels x rows x columns"),
        ("class_names", "[" * 100_000, "`class_names` is not a list"),
        ("class_names", "[" + "9" * 5000 + "]", "`class_names` is not a list"),
        ("mean", "[0.5]", "`mean` must have one number from 0 to 1 per channel"),
        ("mean", "[NaN, 0.5, 0.5]", "`mean` must have one number from 0 to 1 per channel"),
        ("deviation", "[0.0, 0.5, 0.5]", "`deviation` must have one number from 0 to 1 per channel"),
    ],
)
def test_metadata_that_cannot_be_are_refused(tmp_path: Path, key: str, value: str, message: str) -> None:
    with pytest.raises(SimresError, match=message):
        trained(written(tmp_path, SOUND | {key: value}))


def opened(name: str, size: int | None) -> Dataset:
    raise SimresError(f"opened {name}")


def test_a_folder_of_images_is_found_by_the_settings_of_the_run(tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    found = trained(written(tmp_path, SOUND | {"data": "folder:mine"}))
    config = tmp_path / "config.yaml"

    def said(given: str | None = None) -> str:
        with pytest.raises(SimresError) as error:
            found.images(given, opened)
        return f"{error.value.message}; {error.value.hint}"

    missing = f"cannot find `folder:mine`, the images that `{found.path}` was trained on: "
    remedy = "; name them with `--data folder:PATH`"
    nothing = "a checkpoint has no paths, and there is no `config.yaml` of the run beside it"
    assert said() == missing + nothing + remedy
    config.write_text(f"data:\n  name: folder:{place}\n  digest: x\n")
    assert said() == f"opened folder:{place}; None"
    assert said("folder:other") == "opened folder:other; None"
    config.write_text("data:\n  name: folder:/elsewhere/mine\n")
    gone = f"`{config}` names `/elsewhere/mine`, which does not exist"
    assert said() == missing + gone + remedy
    for other in ("data: [", "data: 3", "data: {name: folder:/of/another}", "data: {name: cifar10}"):
        config.write_text(other)
        assert nothing in said()
