"""`simres plot`: training runs, trained networks and swept designs as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.options import (
    CheckpointName,
    ImagesName,
    OldGoalNames,
    TrustFactory,
    WholeFront,
    goal_of,
)
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simres.exploration.fronts import Front
    from simres.exploration.objectives import Objective
    from simres.reporting.pictures.chart import Block

PAGES = (".html", ".htm")
"""Suffixes of what is a page; all else is a picture."""
Runs = Annotated[list[Path], typer.Argument(metavar="RUN", help="Folders of `simres train -o`.")]
Checkpoints = Annotated[
    list[Path], typer.Argument(metavar="CHECKPOINT", help="Checkpoints, or folders of runs.")
]
PictureFile = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="PNG, SVG or PDF.")]
PageFile = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="PNG, SVG, PDF or HTML.")]
TableName = Annotated[
    Path,
    typer.Argument(metavar="TABLE", help="The table of `sweep` or `explore`: the file, or its folder."),
]


def front(
    session: Session,
    file: TableName,
    goal: Annotated[
        str | None,
        typer.Option(
            "--goal",
            metavar="NAMES",
            help="The first on the vertical axis, the others across [default: latency,energy].",
        ),
    ] = None,
    pareto: OldGoalNames = None,
    whole: WholeFront = False,
    output: PageFile = Path("front.png"),
) -> int:
    """Draw the Pareto front of a table; dominated designs are pale.

    Letters name the best in each goal and the best compromise; with `--all` every design on the front.

    Example: `simres plot front out/sweep.jsonl --goal accuracy,latency,energy -o front.png`.
    """
    from simres.exploration import designs, fronts
    from simres.exploration.objectives import USUAL, objectives_of

    found = designs.designs_in(table_at(file), session.registry)
    objectives = objectives_of(goal_of(goal, pareto) or USUAL, found.paths)
    made = fronts.front_of(found.rows, found.knobs, objectives, whole=whole)
    draw_front(made, output)
    return _wrote(session, output)


def heat(
    session: Session,
    file: TableName,
    goal: Annotated[
        str | None, typer.Option("--goal", metavar="NAME", help="The goal to show [default: latency].")
    ] = None,
    of: Annotated[str | None, typer.Option("--of", hidden=True)] = None,
    knobs: Annotated[
        str | None,
        typer.Option("--knobs", metavar="DOWN,ACROSS", help="Two knobs [default: those with most values]."),
    ] = None,
    output: PageFile = Path("heat.png"),
) -> int:
    """Draw a goal over two knobs; each cell has the best design over all other knobs.

    Example: `simres plot heat out --goal energy --knobs hardware.sram.capacity,hardware.ddr.bandwidth`.
    """
    from simres.exploration import designs, fronts
    from simres.exploration.objectives import objectives_of

    found = designs.designs_in(table_at(file), session.registry)
    objective, *others = objectives_of(goal_of(goal, of, "--of") or "latency", found.paths)
    if others:
        raise SimresError("a heat map shows one goal", "such as `--goal latency`")
    over = [key.strip() for key in knobs.split(",")] if knobs else []
    made = fronts.heat_of(found.rows, found.knobs, objective, over)
    if output.suffix in PAGES:
        from simres.files import write_text
        from simres.reporting.html.design_pages import heat_page

        write_text(output, heat_page(made))
        return _wrote(session, output)
    from simres.reporting.pictures.heat_picture import picture

    return _drawn(session, picture(made), output)


def table_at(path: Path) -> Path:
    """The table that a path means: itself, or the only one in that folder. Raises `SimresError`."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.jsonl"))
    if len(found) != 1:
        names = ", ".join(each.name for each in found)
        raise SimresError(
            f"there is no table in `{path}`"
            if not found
            else f"there are several tables in `{path}`: {names}",
            "name the file that `simres sweep` or `simres explore` wrote",
        )
    return found[0]


def check_drawing(output: Path, objectives: Sequence[Objective]) -> None:
    """Raises `SimresError` where a front of these could not be drawn into that file, before all the work."""
    if len(objectives) < 2:
        raise SimresError(f"`{output}`: a front needs two goals or more", "such as `latency,energy`")
    if output.is_dir():
        raise SimresError(f"`{output}` is a folder", f"name a file in it: `--plot {output / 'front.png'}`")
    if output.suffix not in PAGES:
        from simres.reporting.pictures.files import check

        check(output)


def draw_front(made: Front, output: Path) -> None:
    """Writes a front in the format that the file's suffix says."""
    if output.suffix in PAGES:
        from simres.files import write_text
        from simres.reporting.html.design_pages import front_page

        write_text(output, front_page(made))
    else:
        from simres.reporting.pictures import files, front_picture

        files.save(front_picture.picture(made), output)


Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME", help="A label for each, in order [default: its folder]."),
]


def curves(
    session: Session,
    runs: Runs,
    labels: Labels = None,
    output: PictureFile = Path("curves.png"),
) -> int:
    """Draw test and training error by epoch, for one run or several (figures 1, 8 and 9 of the paper).

    Example: `simres plot curves runs/plain20-cifar10 runs/plain56-cifar10 -o curves.png`.
    """
    from simres.reporting.pictures.training_pictures import curves as drawn
    from simres.training.training_run import read_metrics

    named = zip(_labels(runs, labels), runs, strict=True)
    return _drawn(session, drawn({name: read_metrics(folder) for name, folder in named}), output)


def depth(
    session: Session,
    runs: Runs,
    output: PictureFile = Path("depth.png"),
) -> int:
    """Draw error by depth, plain and residual networks side by side (figures 1, 8 and 9 of the paper).

    Example: `simres plot depth runs/plain* runs/resnet* -o depth.png`.
    """
    from simres.networks import network_names as names
    from simres.reporting.pictures.training_pictures import depths
    from simres.training.store import load_state
    from simres.training.training_run import read_metrics

    found: dict[str, list[tuple[int, float, float]]] = {}
    for folder in runs:
        run, _, _ = load_state(folder)
        named = names.depth(names.parse(run.variant.network).name)
        if named is None:
            raise SimresError(f"the depth of `{run.variant.network}` is not in its name")
        epochs = read_metrics(folder)
        if not epochs:
            raise SimresError(f"the run `{folder}` has no epochs yet")
        kind = named[0] if not run.variant.block else f"{named[0]} ({run.variant.block})"
        point = (named[1], 1 - epochs[-1].test_accuracy, epochs[-1].train_error)
        found.setdefault(kind, []).append(point)
    return _drawn(session, depths(found), output)


def responses(
    session: Session,
    checkpoints: Checkpoints,
    data: ImagesName = None,
    images: Annotated[int, typer.Option("--images", min=2, help="Images to measure on.")] = 512,
    labels: Labels = None,
    output: PictureFile = Path("responses.png"),
    trust_factory: TrustFactory = False,
) -> int:
    """Draw the standard deviation of every layer's response (figure 7 of the paper).

    Example: `simres plot responses runs/plain20-cifar10 runs/resnet20-cifar10`.
    """
    from simres.commands.torch_setup import open_images, prepared
    from simres.reporting.pictures.training_pictures import responses as drawn

    with prepared("cpu"):
        from simres.training.features import layer_responses
        from simres.training.trained_network import trained

        found = {}
        for name, path in zip(_labels(checkpoints, labels), checkpoints, strict=True):
            network = trained(path, session.registry, trusted=trust_factory)
            batches = network.testing(network.images(data, open_images))
            found[name] = layer_responses(network.module, batches, images)
    return _drawn(session, drawn(found), output)


def features(
    session: Session,
    checkpoint: CheckpointName,
    data: ImagesName = None,
    image: Annotated[int, typer.Option("--image", metavar="N", min=0, help="The test image, from 0.")] = 0,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="NAME", help="Layers to show [default: six from first to last]."),
    ] = None,
    output: PictureFile = Path("features.png"),
    trust_factory: TrustFactory = False,
) -> int:
    """Draw the feature maps of one image by depth (figure 3 of the paper).

    Example: `simres plot features runs/resnet20-cifar10 --image 3`.
    """
    from simres.commands.torch_setup import open_images, prepared
    from simres.reporting.pictures.feature_picture import picture

    with prepared("cpu"):
        from simres.training.features import feature_maps
        from simres.training.trained_network import trained

        network = trained(checkpoint, session.registry, trusted=trust_factory)
        dataset = network.images(data, open_images)
        maps = feature_maps(network.module, network.testing(dataset), image, layers or ())
    true = network.classes[int(dataset.test_labels[image])]
    title = f"{network.variant.network}: test image {image}, {true}"
    return _drawn(session, picture(dataset.test_images[image], maps, title), output)


def _labels(paths: list[Path], given: list[str] | None) -> list[str]:
    """What to call runs and checkpoints in a legend: no two alike."""
    if given and len(given) != len(paths):
        raise SimresError(
            f"{len(given)} labels for {len(paths)} runs or checkpoints", "`--label` once for each"
        )
    labels = given or [
        path.name if path.is_dir() else path.parent.name if path.stem in _FILES else path.stem
        for path in paths
    ]
    if len(set(labels)) < len(labels):
        labels = given or [str(path) for path in paths]
    if len(set(labels)) < len(labels):
        raise SimresError("two of them have the same name", "`--label` gives each another")
    return labels


_FILES = ("checkpoint", "metrics")
"""Stems of files that every run has, so that only its folder tells which it is."""


def _drawn(session: Session, picture: Block, path: Path) -> int:
    from simres.reporting.pictures.files import save

    save(picture, path)
    return _wrote(session, path)


def _wrote(session: Session, path: Path) -> int:
    session.wrote(path)
    return ExitCode.OK
