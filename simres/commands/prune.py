"""`simres prune`: the best network without some of its blocks, for a time or an accuracy on a chip."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.options import Changed, CheckpointName, ImagesName, Machine, TrustFactory, moment
from simres.commands.session import Session
from simres.errors import AnswerIsNo, ExitCode, SimresError

if TYPE_CHECKING:
    from simres.exploration.block_choice import Candidate
    from simres.reporting.tables.pruning_table import PrunedRow
    from simres.scenario.model import Scenario
    from simres.training.pruning import Child, Pruner
    from simres.workload.graph import Workload

CHOICE = "choice.json"
"""All networks that were tried, in the folder of a run."""


@dataclass(frozen=True, kw_only=True)
class PruningGoal:
    """What the network has to keep to."""

    target: Annotated[
        str | None, typer.Option("--target", metavar="TIME", help="The most accurate network within TIME.")
    ] = None
    accuracy: Annotated[
        float | None,
        typer.Option("--accuracy", metavar="PERCENT", min=0, max=100, help="The fastest one as accurate."),
    ] = None
    front: Annotated[bool, typer.Option("--front", help="Networks from slow to fast.")] = False
    points: Annotated[int, typer.Option("--points", metavar="N", min=1, help="How many, with `--front`.")] = 4

    def checked(self) -> int | None:
        """The target in ps, if there is one. Raises `SimresError` unless one goal is given."""
        given = [self.target is not None, self.accuracy is not None, self.front]
        if sum(given) != 1:
            raise SimresError(
                "what should the network keep to? one of --target, --accuracy and --front",
                "such as `simres prune resnet20 --chip paper --target 800us`",
            )
        return None if self.target is None else moment(self.target, "--target")


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How the chosen networks are trained on."""

    finetune: Annotated[
        int, typer.Option("--finetune", metavar="N", min=0, help="Train them on for N epochs.")
    ] = 6
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of that training.")] = 0
    whole_too: Annotated[
        bool, typer.Option("--whole-too", help="Train the whole network on as well, to compare.")
    ] = False


def prune(
    session: Session,
    *,
    checkpoint: CheckpointName,
    asked: Changed,
    goal: PruningGoal,
    data: ImagesName = None,
    images: Annotated[
        int, typer.Option("--images", min=1, help="Images, split off the training images, to choose by.")
    ] = 1000,
    tuning: FineTuning,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="The run's folder [default: runs/NETWORK-pruned]."
        ),
    ] = None,
    machine: Machine,
    trust_factory: TrustFactory = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
) -> int:
    """Find the best network without some residual blocks for a time or an accuracy, and train it on.

    The same command goes on where a run was interrupted.

    Examples: `simres prune resnet20 --chip paper --target 800us --data DATA`,
    `simres prune resnet20 --chip edge-npu --int8 --accuracy 87 --data DATA`,
    `simres prune runs/resnet56-cifar10 --chip paper --front`.
    """
    from simres.commands.torch_setup import prepared
    from simres.scenario.shipped import find_checkpoint

    target_ps = goal.checked()
    find_checkpoint(checkpoint)  # before torch is needed
    if asked.chip is None:
        raise SimresError(
            "which chip should it run on?", "such as `--chip paper`; `simres examples` lists them"
        )
    with prepared(machine.device, machine.threads) as chosen:
        work = _Work(session, checkpoint, asked, data, images, tuning, output, str(chosen), trust_factory)
        rows = work.rows(goal, target_ps)
    document = work.document(rows)
    from simres.files import json_text, write_text
    from simres.reporting.emit import emit

    write_text(work.folder / "prune.json", json_text(document))
    if json:
        emit(document)
        return ExitCode.OK
    from simres.reporting.tables.pruning_table import table

    session.output.print_lines(table(rows, len(work.blocks), len(work.candidates), session.page))
    session.output.print(f"\nwrote {work.folder}")
    return ExitCode.OK


@dataclass(frozen=True)
class _Work:
    """One run of the command; what it finds is worked out when asked for."""

    session: Session
    checkpoint: Path
    asked: Changed
    data: str | None
    images: int
    tuning: FineTuning
    output: Path | None
    device: str
    trusted: bool

    @cached_property
    def pruner(self) -> Pruner:
        """What makes children."""
        import torch

        from simres.commands.torch_setup import open_images
        from simres.tracing.int8 import Int8Network
        from simres.training.finetuning import HELD_OUT, finetuning
        from simres.training.pruning import Pruner
        from simres.training.trained_network import trained

        found = trained(self.checkpoint, self.session.registry, trusted=self.trusted)
        recipe = finetuning(found, self.tuning.finetune, self.tuning.seed) if self.tuning.finetune else None
        stem = found.path.parent.name if found.path.name == "checkpoint.safetensors" else found.path.stem
        data = self.data or found.metadata.get("data", "")
        return Pruner(
            found,
            found.images(self.data, open_images),
            data,
            self.output or Path("runs") / f"{stem}-pruned",
            recipe,
            HELD_OUT,
            torch.device(self.device),
            self.session.registry,
            (lambda module, x: Int8Network(module, found.input, [x])) if self.asked.int8 else None,
        )

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.pruner.folder

    @cached_property
    def setting(self) -> Scenario:
        """The chip, as a scenario whose network is replaced."""
        from simres import api

        return api.find_scenario(
            "resnet20",
            chip=self.asked.chip,
            overrides=self.asked.overrides("resnet20"),
            registry=self.session.registry,
        )

    @cached_property
    def workload(self) -> Workload:
        """The whole network, traced."""
        from simres.tracing import trace

        found = self.pruner.found
        operators = self.session.registry.operators()
        return trace(found.module, found.input, name=found.variant.network, operators=operators)

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The residual blocks that may go. Raises `SimresError` where there are none."""
        from simres.networks.without_blocks import removable

        found = removable(self.pruner.found.module)
        if not found:
            raise SimresError("the network has no residual blocks to leave out")
        return found

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Every subset of the blocks, measured now if that was not done before."""
        from simres.exploration import choice_file
        from simres.exploration.block_choice import MOST_BLOCKS, subsets

        blocks = self.blocks
        place, key = self.folder / CHOICE, self._key()
        known = choice_file.read(place, key)
        if known is not None:
            return known
        if len(blocks) > MOST_BLOCKS:
            alone = self._measured([(), *((block,) for block in blocks)])
            order = sorted(alone[1:], key=lambda one: (alone[0].accuracy - one.accuracy, one.time_ps))
            kept = {one.removed[0] for one in order[:MOST_BLOCKS]}
            blocks = tuple(block for block in blocks if block in kept)
            self.session.messages.print(
                f"{len(self.blocks)} blocks: the choice is among the {MOST_BLOCKS} that cost least alone"
            )
        found = self._measured(subsets(blocks))
        choice_file.write(place, key, found)
        return found

    def _key(self) -> str:
        from simres.scenario.loader import resolved
        from simres.training.store import versions
        from simres.workload.graph import canonical

        pruner = self.pruner
        facts = [
            pruner.found.metadata,
            self.workload.digest,
            pruner.dataset.about.digest,
            resolved(self.setting),
            self.images,
            pruner.held_out,
            versions(),
        ]
        return hashlib.sha256(canonical(facts).encode()).hexdigest()

    def _measured(self, removals: list[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> list[Candidate]:
        from simres import api
        from simres.exploration.block_choice import Candidate, simulated
        from simres.sharing.workbench import Workbench
        from simres.training.pruning import accuracies
        from simres.training.split import chosen_on

        bench = Workbench()

        def cost(workload: Workload) -> tuple[int, int]:
            result = api.simulate(
                self.setting,
                workload=workload,
                record="aggregate",
                registry=self.session.registry,
                bench=bench,
            )
            return result.makespan_ps // result.images, result.energy.total_fj // result.images

        costs = simulated(self.workload, removals, cost)
        pruner = self.pruner
        choosing = pruner.found.choosing(chosen_on(pruner.dataset, pruner.held_out), self.images)
        found = accuracies(
            pruner.found.module.to(pruner.device), self.blocks, removals, choosing.to(pruner.device)
        )
        return [Candidate(*each[:2], *each[2]) for each in zip(removals, found, costs, strict=True)]

    def rows(self, goal: PruningGoal, target_ps: int | None) -> list[PrunedRow]:
        """The whole network, then the chosen ones, from slow to fast. Raises `AnswerIsNo`."""
        from simres.exploration.block_choice import best_within, fastest, front, spread_over_time

        whole = next(one for one in self.candidates if not one.removed)
        good = front(self.candidates)
        if target_ps is not None:
            chosen = [best_within(self.candidates, target_ps)]
        elif goal.accuracy is not None:
            bar = self._bar(goal.accuracy / 100)
            chosen = [fastest(good, lambda one: one is whole or self._child(one).chosen_on >= bar)]
        else:
            chosen = list(reversed(spread_over_time(good, goal.points)))
        return [self._whole(whole), *(self._row(one) for one in chosen if one.removed)]

    def _bar(self, wanted: float) -> float:
        """The accuracy on the images of choice that stands for `wanted` on the test images."""
        found, own = self.pruner.found, self.pruner.found.accuracy
        if own is None:
            raise SimresError(
                f"`{found.path}` does not state its accuracy, so none can be kept to", "`--target` needs none"
            )
        if wanted > own:
            raise AnswerIsNo(
                f"{wanted:.2%} is out of reach: the whole network has {own:.2%}",
                "a lower `--accuracy`, or a network that is better",
            )
        return self._parent.chosen_on - (own - wanted)

    @cached_property
    def _children(self) -> dict[tuple[str, ...], Child]:
        return {}

    def _child(self, candidate: Candidate) -> Child:
        from simres.reporting.progress import TrainingProgress

        if candidate.removed not in self._children:
            if self.tuning.finetune:
                left = ", ".join(candidate.removed) or "nothing"
                self.session.messages.print(f"without {left}:")
            with TrainingProgress(self.session.messages) as shown:
                self._children[candidate.removed] = self.pruner.child(candidate.removed, shown)
        return self._children[candidate.removed]

    @cached_property
    def _parent(self) -> Child:
        """The whole network as it is."""
        from dataclasses import replace

        from simres.training.training_run import SilentTraining

        return replace(self.pruner, recipe=None).child((), SilentTraining())

    def _whole(self, whole: Candidate) -> PrunedRow:
        from simres.reporting.tables.pruning_table import PrunedRow

        trained = self._child(whole) if self.tuning.whole_too and self.tuning.finetune else None
        child = trained or self._parent
        after = trained.chosen_on if trained else None
        return PrunedRow((), whole.time_ps, whole.energy_fj, whole.accuracy, after, child.accuracy)

    def _row(self, candidate: Candidate) -> PrunedRow:
        """Saves a chosen network, and what it is traced to."""
        from simres.files import write_bytes
        from simres.reporting.tables.pruning_table import PrunedRow
        from simres.tracing import trace
        from simres.training.store import packed
        from simres.workload import json as workload_json

        child = self._child(candidate)
        found = self.pruner.found
        stem = f"without-{'+'.join(candidate.removed)}"
        write_bytes(self.folder / f"{stem}.safetensors", packed(child.module.state_dict(), child.metadata))
        operators = self.session.registry.operators()
        traced = trace(child.module.cpu(), found.input, name=found.variant.network, operators=operators)
        workload_json.write(traced, self.folder / f"{stem}.json")
        after = child.chosen_on if self.tuning.finetune else None
        return PrunedRow(
            candidate.removed,
            candidate.time_ps,
            candidate.energy_fj,
            candidate.accuracy,
            after,
            child.accuracy,
        )

    def document(self, rows: list[PrunedRow]) -> dict[str, object]:
        """Everything as plain data."""
        from simres.exploration.block_choice import front
        from simres.reporting.emit import VERSIONS

        return {
            "schema_version": VERSIONS["pruning"],
            "checkpoint": str(self.pruner.found.path),
            "data": self.pruner.dataset.about.name,
            "data_digest": self.pruner.dataset.about.digest,
            "chip": self.asked.chip,
            "data_type": "int8" if self.asked.int8 else "fp32",
            "images": self.images,
            "recipe": self.pruner.recipe and self.pruner.recipe.model_dump(mode="json"),
            "networks": [asdict(row) for row in rows],
            "front": [asdict(one) for one in front(self.candidates)],
        }
