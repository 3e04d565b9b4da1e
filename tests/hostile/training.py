"""Hostile files of training: archives of images, data sets, checkpoints, states."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random

from tests.hostile import containers, mutations
from tests.hostile.judging import BUILT_IN, Attempt, FindingError, put


def archive(rng: Random, folder: Path) -> Attempt:
    suffix, data = containers.spoiled_archive(rng)
    path = put(folder, f"images{suffix}", data)
    size = rng.choice((None, None, 8))
    before = sorted(folder.iterdir())

    def read() -> None:
        from simres.training.images import decode

        try:
            decode(path, size)
        finally:
            if sorted(folder.iterdir()) != before:
                raise FindingError(f"wrote {set(folder.iterdir()) - set(before)}")

    return Attempt(read, (str(path),))


def cifar(rng: Random, folder: Path) -> Attempt:
    path = put(folder, "cifar-10-binary.tar.gz", containers.cifar_archive(rng))

    def read() -> None:
        from simres.training.downloads import cifar10_from

        cifar10_from(path)

    return Attempt(read, (str(path),))


def idx(rng: Random, folder: Path) -> Attempt:
    path = put(folder, "images-idx3-ubyte.gz", containers.idx_file(rng))

    def read() -> None:
        from simres.training.downloads import idx_from

        idx_from(path)

    return Attempt(read, (str(path),))


@cache
def _cached() -> dict[str, bytes]:
    """The files of a decoded data set."""
    from tempfile import TemporaryDirectory

    from simres.training.datasets import open_dataset

    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        for split in ("train", "test"):
            for label in "ab":
                (tree / split / label).mkdir(parents=True)
                (tree / split / label / "1.png").write_bytes(containers.picture(1))
        open_dataset(f"folder:{tree}", cache=Path(folder) / "cache")
        (made,) = (Path(folder) / "cache" / "datasets").iterdir()
        return {path.name: path.read_bytes() for path in made.iterdir()}


def dataset(rng: Random, folder: Path) -> Attempt:
    """The cache of a decoded data set: what is damaged there is made anew."""
    spoiled = rng.choice(sorted(_cached()))
    for name, data in _cached().items():
        if name == spoiled:
            known = name == "about.json" and rng.random() < 0.8
            data = mutations.json_of(rng, json.loads(data)) if known else mutations.bytes_changed(rng, data)
        put(folder, name, data)

    def read() -> None:
        from simres.training.datasets import opened

        opened(folder)

    return Attempt(read, (str(folder),))


@cache
def _checkpoint_seed() -> bytes:
    """A small network with all the metadata that training writes."""
    from simres.networks.build import build_variant
    from simres.networks.variant import Variant
    from simres.training.datasets import About
    from simres.training.recipe import recipe
    from simres.training.store import checkpoint_metadata, packed
    from simres.training.training_run import TrainingRun

    variant = Variant("resnet8", classes=2)
    run = TrainingRun(variant, recipe("fast"), "shapes", "sha256:0")
    about = About("shapes", ("a", "b"), (32, 32, 3), 8, 4, (0.5,) * 3, (0.25,) * 3, "sha256:0")
    metadata = checkpoint_metadata(run, about, ()) | {"accuracy": "0.5", "epoch": "1"}
    return packed(build_variant(variant, BUILT_IN).module.state_dict(), metadata)


@cache
def _state_seed() -> tuple[bytes, bytes]:
    """What resuming a run needs, and its metrics."""
    import dataclasses

    from simres.networks.variant import Variant
    from simres.training.recipe import recipe
    from simres.training.store import Progress, packed
    from simres.training.training_run import Epoch, TrainingRun

    epoch = Epoch(1, 4, 0.1, 1.0, 0.5, 1.0, 0.5, 1.0, 10.0, 1.0)
    run = TrainingRun(Variant("resnet8"), recipe("fast"), "shapes", "sha256:0")
    progress = Progress(4, 1.0, 2, 1.0, (epoch,))
    metadata = {
        "state": "1",
        "run": json.dumps(run.document()),
        "progress": json.dumps(dataclasses.asdict(progress)),
    }
    import torch

    state = packed({"weights.x": torch.zeros(3), "momentum.x": torch.zeros(3)}, metadata)
    return state, (json.dumps(dataclasses.asdict(epoch)) + "\n").encode() * 3


def checkpoint(rng: Random, folder: Path) -> Attempt:
    path = put(folder, "net.safetensors", containers.safetensors_file(rng, _checkpoint_seed()))

    def read() -> None:
        from simres.networks.checkpoint import load_checkpoint
        from simres.training.trained_network import trained

        load_checkpoint(path, BUILT_IN)
        _ = trained(path, BUILT_IN).side

    return Attempt(read, (str(path),))


def state(rng: Random, folder: Path) -> Attempt:
    state, metrics = _state_seed()
    put(folder, "state.safetensors", containers.safetensors_file(rng, state))
    lines = [mutations.json_of(rng, json.loads(line)) for line in metrics.splitlines()[:1]]
    put(folder, "metrics.jsonl", metrics + rng.choice((b"", lines[0].replace(b"\n", b" ") + b"\n")))

    def read() -> None:
        from simres.training.store import load_state
        from simres.training.training_run import read_metrics

        try:
            read_metrics(folder)
        finally:
            load_state(folder)

    return Attempt(read, (str(folder),))
