"""The folder of a run: every file in it is complete at any moment."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml
from torch import Tensor

from simres import files
from simres.errors import SimresError
from simres.files import write_bytes, write_text
from simres.networks.checkpoint import read
from simres.text import shorten
from simres.training.datasets import About
from simres.training.training_run import (
    CONFIG,
    METRICS,
    STATE,
    Epoch,
    TrainingRun,
    epoch_from,
    is_figure,
    run_from,
)

VERSION = "1"
"""Version of the state's format."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run: `step` over the whole run, with the sums of the current epoch.

    `loss` and `wrong` are summed over the images of this epoch, `seconds` over its steps.
    """

    step: int = 0
    loss: float = 0.0
    wrong: int = 0
    seconds: float = 0.0
    epochs: tuple[Epoch, ...] = ()


def start(folder: Path, run: TrainingRun) -> None:
    """Creates the folder of a new run. Raises `SimresError` where it already holds one."""
    if (folder / STATE).exists():
        raise SimresError(
            f"`{folder}` already has a training run",
            f"resume it with `simres train --resume {folder}`, or choose another folder with `-o`",
        )
    if folder.exists() and not folder.is_dir():
        raise SimresError(f"`{folder}` is a file; a training run needs a folder")
    text = yaml.safe_dump(run.document(), sort_keys=False, allow_unicode=True)
    write_text(folder / CONFIG, text)


def tidy(folder: Path) -> None:
    """Removes the incomplete files of a process that was killed while writing."""
    files.tidy(folder, older_s=0)


def save_state(
    folder: Path, run: TrainingRun, progress: Progress, tensors: Mapping[str, Mapping[str, Tensor]]
) -> None:
    """Writes all data for resuming in one file; `tensors` by their kind, then by name."""
    metadata = {"state": VERSION, "run": json.dumps(run.document()), "progress": json.dumps(asdict(progress))}
    flat = {f"{kind}.{name}": value for kind, named in tensors.items() for name, value in named.items()}
    write_bytes(folder / STATE, packed(flat, metadata))
    write_text(folder / METRICS, "".join(json.dumps(asdict(epoch)) + "\n" for epoch in progress.epochs))


def load_state(folder: Path) -> tuple[TrainingRun, Progress, dict[str, dict[str, Tensor]]]:
    """Returns what `save_state` wrote. Raises `SimresError`."""
    path = folder / STATE
    if not path.exists():
        raise SimresError(
            f"`{folder}` has no training run to resume", "name the folder that `simres train -o` wrote"
        )
    flat, metadata = read(path)
    if metadata.get("state") != VERSION:
        raise SimresError(f"`{path}` is not a training run state that this version of simres can read")
    try:
        run = run_from(json.loads(metadata["run"]), f"`{path}`")
        stated = json.loads(metadata["progress"])
        stated["epochs"] = tuple(epoch_from(item) for item in stated["epochs"])
        progress = Progress(**stated)
        figures = (progress.step, progress.loss, progress.wrong, progress.seconds)
        if not all(is_figure(figure) for figure in figures) or not isinstance(progress.step, int):
            raise ValueError("its progress has values that are not numbers")
    except KeyError as error:
        raise SimresError(f"`{path}` is not the state of a training run: no {error}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise SimresError(f"`{path}` is not the state of a training run: {shorten(error, 200)}") from error
    tensors: dict[str, dict[str, Tensor]] = {}
    for name, value in flat.items():
        kind, _, rest = name.partition(".")
        tensors.setdefault(kind, {})[rest] = value
    return run, progress, tensors


def save_checkpoint(
    path: Path, state: Mapping[str, Tensor], run: TrainingRun, about: About, epochs: Sequence[Epoch]
) -> None:
    """Writes a network with all its metadata; `simres trace` and `evaluate` read it."""
    write_bytes(path, packed(state, checkpoint_metadata(run, about, epochs)))


def checkpoint_metadata(run: TrainingRun, about: About, epochs: Sequence[Epoch]) -> dict[str, str]:
    """Returns the metadata of a checkpoint."""
    metadata = run.variant.metadata() | {
        "input": about.input,
        "data": about.name,
        "data_digest": about.digest,
        "class_names": json.dumps(about.classes),
        "mean": json.dumps(about.mean),
        "deviation": json.dumps(about.deviation),
        "recipe": json.dumps(run.recipe.model_dump(mode="json")),
        "command": run.command(about.name),
        "versions": json.dumps(versions()),
    }
    if epochs:
        last = epochs[-1]
        metadata |= {"epoch": str(last.epoch), "accuracy": repr(last.test_accuracy)}
    return metadata


def packed(tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> bytes:
    """Returns a safetensors file with sorted metadata, so that equal tensors give equal bytes.

    The library writes metadata in the order of a hash map, which differs from process to process. Its
    header is a length of 8 bytes, then JSON, filled up with blanks to a multiple of 8.
    """
    from safetensors.torch import save

    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    data: bytes = save(plain, metadata=metadata)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def versions() -> dict[str, str]:
    """Returns the versions of the packages that determine the result."""
    found = {"python": platform.python_version()}
    for package in ("simres", "torch", "torchvision"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
