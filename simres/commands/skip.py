"""`simres skip`: which residual blocks a trained network can do without, and what that saves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simres.commands.options import Changed, CheckpointName, ImagesName, Machine, TrustFactory
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    import torch

    from simres.plugins.registry import Registry
    from simres.scenario.model import Scenario
    from simres.training.block_removal import RemovalPoint, RemovalStudy
    from simres.training.datasets import Dataset
    from simres.training.trained_network import Trained


def skip(
    session: Session,
    *,
    checkpoint: CheckpointName,
    scenario: Annotated[
        str,
        typer.Option(
            "--scenario",
            metavar="SCENARIO",
            help="Chip and scheduler if --chip is absent: a file or a shipped name.",
        ),
    ] = "resnet20",
    asked: Changed,
    data: ImagesName = None,
    images: Annotated[
        int, typer.Option("--images", min=1, help="Training images used to choose blocks.")
    ] = 2000,
    remove: Annotated[
        int | None, typer.Option("--remove", metavar="N", min=1, help="Remove N blocks instead of all.")
    ] = None,
    finetune: Annotated[
        int, typer.Option("--finetune", metavar="N", min=0, help="Train each pruned network for N epochs.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Write pruned networks, skip.json and front.png to DIR."
        ),
    ] = None,
    machine: Machine,
    trust_factory: TrustFactory = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
) -> int:
    """Measure what each residual block is worth, and remove them one by one: accuracy, time and energy.

    Examples: `simres skip runs/resnet20-cifar10`,
    `simres skip runs/resnet20-cifar10 --chip edge-npu`,
    `simres skip runs/resnet20-cifar10 --scenario mine.yaml --remove 3 --finetune 2 -o pruned`.
    """
    from simres.commands.torch_setup import open_images, prepared
    from simres.reporting.progress import RemovalProgress
    from simres.scenario.shipped import find_checkpoint

    find_checkpoint(checkpoint)  # before torch is needed
    with prepared(machine.device, machine.threads) as chosen:
        from simres.training.block_removal import study
        from simres.training.trained_network import trained

        found = trained(checkpoint, session.registry, trusted=trust_factory)
        setting = _setting(session, scenario, asked)
        cost = _cost(session.registry, setting, found)
        dataset = found.images(data, open_images)
        with RemovalProgress(session.messages) as shown:
            made = study(
                found.module.to(chosen),
                found.testing(dataset).to(chosen),
                found.choosing(dataset, images).to(chosen),
                cost,
                most=remove,
                observer=shown,
            )
        if finetune or output:
            made = _Pruning(session, found, dataset, output, finetune, chosen).kept(made)
    from simres.reporting.emit import VERSIONS, emit

    document = {
        "schema_version": VERSIONS["removal"],
        "checkpoint": str(found.path),
        "data": dataset.about.name,
        "data_digest": dataset.about.digest,
        "scenario": asked.chip or scenario,
        "blocks": [asdict(block) for block in made.blocks],
        "path": [asdict(point) for point in made.path],
    }
    if output is not None:
        from simres.files import json_text, write_text
        from simres.reporting.pictures import files, training_pictures

        write_text(output / "skip.json", json_text(document))
        on = f"chip {Path(asked.chip).stem}" if asked.chip else f"scenario {Path(scenario).stem}"
        title = f"{found.variant.network} with fewer blocks, {on}"
        files.save(training_pictures.removal(made, title), files.drawable(output / "front.png"))
    if json:
        emit(document)
        return ExitCode.OK
    from simres.reporting.tables.block_removal_tables import tables

    console = session.output
    console.print_lines(tables(made, session.page))
    if output is not None:
        console.print(f"\nwrote {output}")
    return ExitCode.OK


def _setting(session: Session, scenario: str, asked: Changed) -> Scenario:
    """What the networks run on: the scenario, or the chip. Raises `SimresError`."""
    from simres import api
    from simres.scenario import source

    if asked.chip is None and Path(scenario).is_file() and "workload" not in source.read(Path(scenario)).data:
        raise SimresError(
            f"`{scenario}` has no `workload`: it is a chip", f"name it by `--chip {scenario}` instead"
        )
    named = "resnet20" if asked.chip else scenario  # with a chip a network, which the checkpoint replaces
    return api.find_scenario(
        named, chip=asked.chip, overrides=asked.overrides(named), registry=session.registry
    )


def _cost(
    registry: Registry, setting: Scenario, found: Trained
) -> Callable[[torch.nn.Module], tuple[int, int]]:
    """Simulated time and energy of an image through a network, in this setting."""
    from simres import api
    from simres.tracing import trace

    def cost(module: torch.nn.Module) -> tuple[int, int]:
        workload = trace(module, found.input, name=found.variant.network, operators=registry.operators())
        result = api.simulate(setting, workload=workload, record="aggregate", registry=registry)
        return result.makespan_ps // result.images, result.energy.total_fj // result.images

    return cost


@dataclass(frozen=True)
class _Pruning:
    """Trains pruned networks on, and writes them into `folder`, if one is named."""

    session: Session
    found: Trained
    dataset: Dataset
    folder: Path | None
    epochs: int
    device: torch.device

    def kept(self, made: RemovalStudy) -> RemovalStudy:
        """The study with the accuracies after training."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="simres-skip-") as scratch:
            path = [
                self._one(point, Path(scratch) / str(number)) if point.removed else point
                for number, point in enumerate(made.path)
            ]
        return replace(made, path=tuple(path))

    def _one(self, point: RemovalPoint, scratch: Path) -> RemovalPoint:
        from simres.files import write_bytes
        from simres.networks.checkpoint import read
        from simres.training.block_removal import without
        from simres.training.store import packed

        found = self.found
        variant = found.variant.without(*point.removed)
        metadata: dict[str, str] = {**found.metadata, **variant.metadata(), "accuracy": repr(point.accuracy)}
        state: Any = without(found.module, point.removed).state_dict()
        if self.epochs:
            from simres.reporting.progress import TrainingProgress
            from simres.training.loop import fit
            from simres.training.training_run import CHECKPOINT, TrainingRun

            about = self.dataset.about
            run = TrainingRun(variant, _gentle(found, self.epochs), about.name, about.digest)
            with TrainingProgress(self.session.messages) as shown:
                outcome = fit(
                    run,
                    self.dataset,
                    scratch,
                    device=self.device,
                    observer=shown,
                    registry=self.session.registry,
                    initial=state,
                )
            if outcome.interrupted:
                raise KeyboardInterrupt
            state, metadata = read(scratch / CHECKPOINT)
            point = replace(point, finetuned=outcome.accuracy)
        if self.folder is not None:
            write_bytes(self.folder / f"without-{len(point.removed)}.safetensors", packed(state, metadata))
        return point


def _gentle(found: Trained, epochs: int) -> Any:
    """The recipe of the checkpoint, for `epochs` epochs from a tenth of its learning rate down to 0."""
    from json import loads

    from simres.training.recipe import Recipe, recipe

    stated = found.metadata.get("recipe")
    base = Recipe.model_validate(loads(stated)) if stated else recipe("fast")
    changes = {"epochs": epochs, "lr": base.lr / 10, "schedule": "one-cycle", "warmup": 0.1, "ema": 0.0}
    return Recipe.model_validate({**base.model_dump(mode="json"), **changes, "milestones": []})
