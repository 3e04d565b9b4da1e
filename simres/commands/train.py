"""`simres train`: a network and images in, a trained checkpoint out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simres.commands import global_options
from simres.commands.options import Shortcut, Span, Stem
from simres.commands.simulate import split
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    from simres.training.training_run import TrainingRun


def train(
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="NETWORK", help="resnet20, plain56, torchvision:resnet18, package.module:factory."
        ),
    ] = None,
    data: Annotated[
        str,
        typer.Option("--data", metavar="NAME", help="cifar10, fashion-mnist, shapes, or folder:PATH."),
    ] = "cifar10",
    recipe: Annotated[
        str, typer.Option("--recipe", metavar="NAME", help="paper, he2015, fast, or a YAML file.")
    ] = "fast",
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the images.")] = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Images a step.")] = None,
    lr: Annotated[float | None, typer.Option("--lr", help="Learning rate, at its peak.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="What all that is random follows from.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change any other value of the recipe."),
    ] = None,
    block: Annotated[
        str | None, typer.Option("--block", metavar="NAME", help="Residual block; see `simres plugins`.")
    ] = None,
    span: Span = None,
    shortcut: Shortcut = None,
    stem: Stem = None,
    size: Annotated[
        int | None, typer.Option("--size", metavar="PIXELS", help="Resize all images to so many a side.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The run's folder [default: runs/NETWORK-DATA]."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="DIR", help="Continue the run in DIR where it stopped.")
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            "--checkpoint-every", metavar="N", min=1, help="Save every N steps, not only each epoch."
        ),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="cpu, cuda, or auto: cuda where there is one.")
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads [default: one a core].")
    ] = None,
) -> int:
    """Train a network on images; Ctrl-C stops after the step, and `--resume` goes on from there.

    Examples: `simres train resnet8 --data shapes --epochs 3`, `simres train resnet20 --data cifar10`,
    `simres train --resume runs/resnet20-cifar10`.
    """
    from simres.commands.torch_setup import open_images, prepared
    from simres.reporting.progress import TrainingProgress, summary
    from simres.reporting.text.console import stderr, stdout

    changes: dict[str, Any] = {"epochs": epochs, "batch": batch, "lr": lr, "seed": seed}
    changes = {name: value for name, value in changes.items() if value is not None}
    changes |= dict(split(setting, "--set NAME=VALUE") for setting in settings or ())
    with prepared(device, threads) as chosen:
        from simres.training.loop import fit
        from simres.training.processes import Processes
        from simres.training.store import load_state

        if resume is not None:
            if network is not None or changes or output is not None:
                raise SimresError(
                    "`--resume` continues a run as it was begun, with the network and recipe it has",
                    f"simres train --resume {resume}",
                )
            run, _, _ = load_state(resume)
            images = open_images(run.data, run.size)
        else:
            from simres.networks.variant import Variant
            from simres.training.recipe import recipe as named_recipe

            if network is None:
                raise SimresError("which network?", "such as `simres train resnet20`")
            variant = Variant(network, block=block, shortcut=shortcut, span=span, stem=stem)
            made = named_recipe(recipe, changes)
            _check(network)
            size = size or _size(network, data)
            images = open_images(data, size)
            run = _run(variant, made, data, size, images.about)
        folder = resume or output or _folder(run)
        first = Processes().first
        with TrainingProgress(stderr()) as shown:
            outcome = fit(
                run,
                images,
                folder,
                resume=resume is not None,
                device=chosen,
                checkpoint_every=checkpoint_every,
                observer=shown,
                registry=global_options.registry(),
            )
        if not first:
            return ExitCode.OK
        if outcome.interrupted:
            stderr().print(f"stopped after step {outcome.steps}; to go on: simres train --resume {folder}")
            return ExitCode.INTERRUPTED
        console = stdout()
        for line in summary(outcome):
            console.print(line)
        _draw(folder)
        console.print(f"wrote {folder}")
    return ExitCode.OK


def _check(network: str) -> None:
    """Refuses what cannot be trained before anything slow is done."""
    from simres.networks import network_names as names

    if names.parse(network).family is names.Family.CHECKPOINT:
        raise SimresError(f"`{network}` is trained already", "`simres skip --finetune` trains one on")


def _size(network: str, data: str) -> int | None:
    """The size that a network insists on, where the data set's own is another for sure."""
    from simres.networks import network_names as names

    named = names.parse(network)
    if named.family is not names.Family.CIFAR or named.name not in names.SMALL:
        return None
    side = int(names.SMALL[named.name].split("x")[1])
    return None if side == 32 and data in ("cifar10", "shapes") else side


def _run(variant: Any, recipe: Any, data: str, size: int | None, about: Any) -> TrainingRun:
    """The run with what the data say of the network: classes, and channels where they are not three."""
    from dataclasses import replace

    from simres.networks import network_names as names
    from simres.training.training_run import TrainingRun

    if names.parse(variant.network).family is not names.Family.FACTORY:
        channels = about.shape[2] if about.shape[2] != 3 else None
        variant = replace(variant, classes=len(about.classes), channels=channels)
    where = data
    if data.startswith("folder:"):
        where = f"folder:{Path(data.partition(':')[2]).expanduser().resolve()}"
    return TrainingRun(variant, recipe, where, about.digest, size)


def _folder(run: TrainingRun) -> Path:
    from simres.networks import network_names as names

    data = Path(run.data.partition(":")[2] or run.data).name.partition(".")[0]
    return Path("runs") / f"{names.parse(run.variant.network).file_stem}-{data}"


def _draw(folder: Path) -> None:
    """The curves of the run, where there is something to draw them with."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        return
    from simres.reporting.plots.training_plots import curves
    from simres.training.training_run import read_metrics

    curves({folder.name: read_metrics(folder)}, folder / "curves.png")
