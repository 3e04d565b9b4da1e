"""`simres evaluate`: how good a trained network is, class by class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import global_options
from simres.errors import ExitCode


def evaluate(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A .safetensors file, or the folder of a run.")
    ],
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="NAME", help="Images to try [default: those it was trained on]."),
    ] = None,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="cpu, cuda or auto.")] = "auto",
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the scores as one JSON document.")] = False,
) -> int:
    """Try a checkpoint on test images: accuracy, precision and recall of each class, confusion matrix.

    Examples: `simres evaluate runs/resnet20-cifar10`, `simres evaluate net.safetensors --data folder:images`.
    """
    from simres.commands.torch_setup import open_images, prepared

    with prepared(device, threads) as chosen:
        from simres.training.evaluation import evaluate as scores_of
        from simres.training.trained_network import trained

        found = trained(checkpoint, global_options.registry())
        images = found.images(data, open_images)
        batches = found.testing(images).to(chosen)
        scores = scores_of(found.module.to(chosen), batches, len(found.classes))
    if json:
        from json import dumps

        classes = {
            name: {"precision": scores.precision(label), "recall": scores.recall(label)}
            for label, name in enumerate(found.classes)
        }
        document = {
            "schema_version": 1,
            "checkpoint": str(found.path),
            "data": images.about.name,
            "data_digest": images.about.digest,
            "images": scores.images,
            "accuracy": scores.accuracy,
            "loss": scores.loss,
            "classes": classes,
            "confusion": [list(row) for row in scores.confusion],
        }
        print(dumps(document, indent=1))  # noqa: T201
        return ExitCode.OK

    from simres.reporting.tables.score_tables import table
    from simres.reporting.text.console import stdout

    console = stdout()
    console.print_lines(table(scores, found.classes, images.about.name, console.page()))
    return ExitCode.OK
