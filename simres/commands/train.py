"""`simres train`: a network and images in, a trained checkpoint out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simres.commands.options import Machine, Shape, TrustFactory, pairs
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    from simres.training.datasets import Dataset
    from simres.training.training_run import TrainingRun


@dataclass(frozen=True, kw_only=True)
class RecipeOptions:
    """A recipe, and what to change in it."""

    recipe: Annotated[
        str, typer.Option("--recipe", metavar="NAME", help="paper, he2015, fast, or a YAML file.")
    ] = "fast"
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the images.")] = None
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Images per step.")] = None
    lr: Annotated[float | None, typer.Option("--lr", help="Peak learning rate.")] = None
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed of everything random.")] = None
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change any other value of the recipe."),
    ] = None

    @property
    def changes(self) -> dict[str, Any]:
        """The values to change, by name. Raises `SimresError`."""
        stated = {"epochs": self.epochs, "batch": self.batch, "lr": self.lr, "seed": self.seed}
        changes: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
        return changes | pairs(self.settings, "--set NAME=VALUE")


@dataclass(frozen=True, kw_only=True)
class FolderOptions:
    """The folder of a run."""

    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The run's folder [default: runs/NETWORK-DATA]."),
    ] = None
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="DIR", help="Continue the run in DIR where it stopped.")
    ] = None
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            "--checkpoint-every", metavar="N", min=1, help="Also save every N steps, not only each epoch."
        ),
    ] = None
    trust_factory: TrustFactory = False


@dataclass(frozen=True, kw_only=True)
class TrainingMachine(Machine):
    """The machine to train on."""

    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="cpu, cuda, or auto (cuda if available).")
    ] = "auto"
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads [default: one per core].")
    ] = None


def train(
    session: Session,
    *,
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
    recipe: RecipeOptions,
    block: Annotated[
        str | None, typer.Option("--block", metavar="NAME", help="Residual block; see `simres plugins`.")
    ] = None,
    shape: Shape,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", help="Resize all images to this width and height."),
    ] = None,
    kept: FolderOptions,
    machine: TrainingMachine,
) -> int:
    """Train a network on images; Ctrl-C stops after the step, and `--resume` continues.

    Examples: `simres train resnet8 --data shapes --epochs 3`, `simres train resnet20 --data cifar10`,
    `simres train --resume runs/resnet20-cifar10`.
    """
    from simres.commands.torch_setup import prepared
    from simres.reporting.progress import TrainingProgress, summary

    changes = recipe.changes
    with prepared(machine.device, machine.threads) as chosen:
        from simres.training.loop import fit
        from simres.training.processes import Processes

        if kept.resume is not None:
            if network is not None or changes or kept.output is not None:
                raise SimresError(
                    "`--resume` continues a run with its own network and recipe",
                    f"simres train --resume {kept.resume}",
                )
            run, images = _continued(kept.resume, trusted=kept.trust_factory)
        else:
            run, images = _begun(network, data, recipe.recipe, changes, block, shape, size)
        folder = kept.resume or kept.output or _folder(run)
        first = Processes().first
        with TrainingProgress(session.messages) as shown:
            outcome = fit(
                run,
                images,
                folder,
                resume=kept.resume is not None,
                device=chosen,
                checkpoint_every=kept.checkpoint_every,
                observer=shown,
                registry=session.registry,
            )
        if not first:
            return ExitCode.OK
        if outcome.interrupted:
            session.messages.print(
                f"stopped after step {outcome.steps}; to continue: simres train --resume {folder}"
            )
            return ExitCode.INTERRUPTED
        for line in summary(outcome):
            session.output.print(line)
        _draw(folder)
        session.output.print(f"wrote {folder}")
    return ExitCode.OK


def _continued(folder: Path, *, trusted: bool) -> tuple[TrainingRun, Dataset]:
    from simres.commands.torch_setup import open_images
    from simres.networks.trust import BY_OPTION, check_factory
    from simres.training.store import load_state

    run, _, _ = load_state(folder)
    check_factory(f"the run in `{folder}`", run.variant.network, BY_OPTION, trusted=trusted)
    return run, open_images(run.data, run.size)


def _begun(
    network: str | None,
    data: str,
    recipe: str,
    changes: dict[str, Any],
    block: str | None,
    shape: Shape,
    size: int | None,
) -> tuple[TrainingRun, Dataset]:
    from simres.commands.torch_setup import open_images
    from simres.networks.variant import Variant
    from simres.training.recipe import recipe as named_recipe

    if network is None:
        raise SimresError("no network given", "such as `simres train resnet20`")
    variant = Variant(network, block=block, shortcut=shape.shortcut, span=shape.span, stem=shape.stem)
    made = named_recipe(recipe, changes)
    _check(network)
    size = size or _size(network, data)
    images = open_images(data, size)
    return _run(variant, made, data, size, images.about), images


def _check(network: str) -> None:
    """Refuses what cannot be trained before anything slow is done."""
    from simres.networks import network_names as names

    if names.parse(network).family is names.Family.CHECKPOINT:
        raise SimresError(
            f"`{network}` is already trained", "`simres skip --finetune` continues the training of one"
        )


def _size(network: str, data: str) -> int | None:
    """The size that a network insists on, where the data set's own is another for sure."""
    from simres.networks import network_names as names

    named = names.parse(network)
    if named.family is not names.Family.CIFAR or named.name not in names.SMALL:
        return None
    side = int(names.SMALL[named.name].split("x")[1])
    return None if side == 32 and data in ("cifar10", "shapes") else side


def _run(variant: Any, recipe: Any, data: str, size: int | None, about: Any) -> TrainingRun:
    """The run with the classes of the data, and its channels if they are not three."""
    from dataclasses import replace

    from simres.networks import network_names as names
    from simres.training.training_run import TrainingRun

    if names.parse(variant.network).family not in (names.Family.FACTORY, names.Family.TINY):
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
    """Draws the curves of the run."""
    from simres.reporting.pictures import files, training_pictures
    from simres.training.training_run import read_metrics

    drawn = training_pictures.curves({folder.name: read_metrics(folder)})
    files.save(drawn, files.drawable(folder / "curves.png"))
