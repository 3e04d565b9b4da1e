"""`simres evaluate`: how good a trained network is, class by class."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import CheckpointName, Machine, TrustFactory
from simres.commands.session import Session
from simres.errors import ExitCode


def evaluate(
    session: Session,
    *,
    checkpoint: CheckpointName,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="NAME", help="Images to use [default: those it was trained on]."),
    ] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="As it computes in int8, with ranges measured on training images."),
    ] = False,
    machine: Machine,
    trust_factory: TrustFactory = False,
    json: Annotated[bool, typer.Option("--json", help="Print the scores as one JSON document.")] = False,
) -> int:
    """Evaluate a checkpoint on test images: accuracy, precision and recall of each class, confusion matrix.

    Examples: `simres evaluate runs/resnet20-cifar10`, `simres evaluate net.safetensors --data folder:images`,
    `simres evaluate resnet20 --data folder:images --int8`.
    """
    from simres.commands.torch_setup import open_images, prepared
    from simres.scenario.shipped import find_checkpoint

    find_checkpoint(checkpoint)  # before torch is needed
    with prepared(machine.device, machine.threads) as chosen:
        from simres.training.evaluation import evaluate as scores_of
        from simres.training.trained_network import trained

        found = trained(checkpoint, session.registry, trusted=trust_factory)
        images = found.images(data, open_images)
        batches = found.testing(images).to(chosen)
        module = found.module.to(chosen)
        if int8:
            from simres.tracing.int8 import of_trained

            module, batches = of_trained(found, images), found.testing(images)
        scores = scores_of(module, batches, len(found.classes))
    if json:
        from simres.reporting.emit import VERSIONS, emit

        classes = {
            name: {"precision": scores.precision(label), "recall": scores.recall(label)}
            for label, name in enumerate(found.classes)
        }
        document = {
            "schema_version": VERSIONS["scores"],
            "checkpoint": str(found.path),
            "data": images.about.name,
            "data_digest": images.about.digest,
            "data_type": "int8" if int8 else "fp32",
            "images": scores.images,
            "accuracy": scores.accuracy,
            "loss": scores.loss,
            "classes": classes,
            "confusion": [list(row) for row in scores.confusion],
        }
        emit(document)
        return ExitCode.OK

    from simres.reporting.tables.score_tables import table

    console = session.output
    name = f"{images.about.name}, in int8" if int8 else images.about.name
    console.print_lines(table(scores, found.classes, name, session.page))
    return ExitCode.OK
