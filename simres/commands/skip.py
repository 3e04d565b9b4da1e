"""`simres skip`: which residual blocks a trained network can do without, and what that saves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simres.commands import global_options
from simres.commands.options import Settings
from simres.commands.simulate import split
from simres.errors import ExitCode

if TYPE_CHECKING:
    import torch

    from simres.training.block_removal import RemovalPoint, RemovalStudy
    from simres.training.datasets import Dataset
    from simres.training.trained_network import Trained


def skip(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A .safetensors file, or the folder of a run.")
    ],
    scenario: Annotated[
        str,
        typer.Option("--scenario", metavar="SCENARIO", help="Chip and scheduler: a file or shipped name."),
    ] = "resnet20",
    settings: Settings = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME", help="Images [default: those it was trained on].")
    ] = None,
    images: Annotated[
        int, typer.Option("--images", min=1, help="Training images that blocks are chosen by.")
    ] = 2000,
    remove: Annotated[
        int | None, typer.Option("--remove", metavar="N", min=1, help="Remove N blocks, not all of them.")
    ] = None,
    finetune: Annotated[
        int, typer.Option("--finetune", metavar="N", min=0, help="Train each pruned network for N epochs.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Keep pruned networks, skip.json and front.png there."
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="cpu, cuda or auto.")] = "auto",
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
) -> int:
    """Measure what each residual block is worth, and remove them one by one: accuracy, time and energy.

    Examples: `simres skip runs/resnet20-cifar10`,
    `simres skip runs/resnet20-cifar10 --scenario mine.yaml --remove 3 --finetune 2 -o pruned`.
    """
    from simres.commands.torch_setup import open_images, prepared
    from simres.reporting.progress import RemovalProgress
    from simres.reporting.text.console import stderr, stdout

    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    with prepared(device, threads) as chosen:
        from simres.training.block_removal import study
        from simres.training.trained_network import trained

        found = trained(checkpoint, global_options.registry())
        cost = _cost(scenario, overrides, found)
        dataset = found.images(data, open_images)
        with RemovalProgress(stderr()) as shown:
            made = study(
                found.module.to(chosen),
                found.testing(dataset).to(chosen),
                found.choosing(dataset, images).to(chosen),
                cost,
                most=remove,
                observer=shown,
            )
        if finetune or output:
            made = _kept(made, found, dataset, output, finetune, chosen)
    document = {
        "schema_version": 1,
        "checkpoint": str(found.path),
        "data": dataset.about.name,
        "data_digest": dataset.about.digest,
        "scenario": scenario,
        "blocks": [asdict(block) for block in made.blocks],
        "path": [asdict(point) for point in made.path],
    }
    if output is not None:
        from json import dumps

        from simres.files import write_text
        from simres.reporting.plots.block_removal_plot import front

        write_text(output / "skip.json", dumps(document, indent=1) + "\n")
        title = f"{found.variant.network} with fewer blocks, scenario {Path(scenario).stem}"
        front(made, title, output / "front.png")
    if json:
        from json import dumps

        print(dumps(document, indent=1))  # noqa: T201
        return ExitCode.OK
    from simres.reporting.tables.block_removal_tables import tables

    console = stdout()
    console.print_lines(tables(made, console.page()))
    if output is not None:
        console.print(f"\nwrote {output}")
    return ExitCode.OK


def _cost(
    scenario: str, overrides: dict[str, str], found: Trained
) -> Callable[[torch.nn.Module], tuple[int, int]]:
    """Simulated time and energy of an image through a network, on the chip of a scenario."""
    from simres import api
    from simres.tracing import trace

    registry = global_options.registry()
    setting = api.find_scenario(scenario, overrides=overrides, registry=registry)

    def cost(module: torch.nn.Module) -> tuple[int, int]:
        workload = trace(module, found.input, name=found.variant.network, operators=registry.operators())
        result = api.simulate(setting, workload=workload, record="aggregate", registry=registry)
        return result.makespan_ps // result.images, result.energy.total_fj // result.images

    return cost


def _kept(
    made: RemovalStudy,
    found: Trained,
    dataset: Dataset,
    folder: Path | None,
    epochs: int,
    device: torch.device,
) -> RemovalStudy:
    """Trains the pruned networks on, if asked, and writes them."""
    import tempfile

    path: list[RemovalPoint] = []
    with tempfile.TemporaryDirectory(prefix="simres-skip-") as scratch:
        for number, point in enumerate(made.path):
            if point.removed:
                point = _one(point, found, dataset, Path(scratch) / str(number), folder, epochs, device)
            path.append(point)
    return replace(made, path=tuple(path))


def _one(
    point: RemovalPoint,
    found: Trained,
    dataset: Dataset,
    scratch: Path,
    folder: Path | None,
    epochs: int,
    device: torch.device,
) -> RemovalPoint:
    from simres.files import write_bytes
    from simres.networks.checkpoint import read
    from simres.training.block_removal import without
    from simres.training.store import packed

    variant = found.variant.without(*point.removed)
    metadata: dict[str, str] = {**found.metadata, **variant.metadata(), "accuracy": repr(point.accuracy)}
    state: Any = without(found.module, point.removed).state_dict()
    if epochs:
        from simres.reporting.progress import TrainingProgress
        from simres.reporting.text.console import stderr
        from simres.training.loop import fit
        from simres.training.training_run import CHECKPOINT, TrainingRun

        run = TrainingRun(variant, _gentle(found, epochs), dataset.about.name, dataset.about.digest)
        with TrainingProgress(stderr()) as shown:
            outcome = fit(
                run,
                dataset,
                scratch,
                device=device,
                observer=shown,
                registry=global_options.registry(),
                initial=state,
            )
        if outcome.interrupted:
            raise KeyboardInterrupt
        state, metadata = read(scratch / CHECKPOINT)
        point = replace(point, finetuned=outcome.accuracy)
    if folder is not None:
        write_bytes(folder / f"without-{len(point.removed)}.safetensors", packed(state, metadata))
    return point


def _gentle(found: Trained, epochs: int) -> Any:
    """The recipe of the checkpoint, for so many epochs from a tenth of its learning rate down to 0."""
    from json import loads

    from simres.training.recipe import Recipe, recipe

    stated = found.metadata.get("recipe")
    base = Recipe.model_validate(loads(stated)) if stated else recipe("fast")
    changes = {"epochs": epochs, "lr": base.lr / 10, "schedule": "one-cycle", "warmup": 0.1, "ema": 0.0}
    return Recipe.model_validate({**base.model_dump(mode="json"), **changes, "milestones": []})
