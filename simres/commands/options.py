"""Arguments and options that several commands take, each said once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from simres.errors import SimresError
from simres.passes.usual import DATA_TYPES, chosen

ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="A YAML file, a shipped scenario's name, or with --chip a network or traced file.",
    ),
]
ResultName = Annotated[
    str,
    typer.Argument(
        metavar="RESULT",
        help="A result.json, the folder of `simulate -o DIR`, or a scenario to simulate now.",
    ),
]
ChipName = Annotated[
    str | None,
    typer.Option(
        "--chip",
        metavar="CHIP",
        help="Run a network on this chip: a YAML file, or one that `simres examples` names.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help='Change a value: hardware.ddr.bandwidth="2 GB/s".'),
]
Int8 = Annotated[bool, typer.Option("--int8", help="Run in int8, after the usual passes.")]
Fp16 = Annotated[bool, typer.Option("--fp16", help="The same in fp16.")]
Bf16 = Annotated[bool, typer.Option("--bf16", help="The same in bf16.")]
Batch = Annotated[
    int | None, typer.Option("--batch", metavar="N", min=1, help="Run N inferences at once, as one batch.")
]
ClusterName = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask cluster: tcp://HOST:PORT, a scheduler's file, or local:N.",
    ),
]
Span = Annotated[
    int | None, typer.Option("--span", min=1, max=9, help="Layers that a shortcut skips: 1, 2 or 3.")
]
Shortcut = Annotated[
    str | None, typer.Option("--shortcut", metavar="NAME", help="padded (A) or projection (B).")
]
Stem = Annotated[
    str | None,
    typer.Option("--stem", metavar="NAME", help="cifar fits a torchvision network to small images."),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary", metavar="PATH=VALUES", help='A knob and its values: hardware.ddr.bandwidth="1,2 GB/s".'
    ),
]
PlotFile = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", help="Draw the front too: HTML, SVG, or PNG or PDF (extra `[plot]`)."
    ),
]
GoalNames = Annotated[
    str | None,
    typer.Option(
        "--goal",
        metavar="NAMES",
        help="The goals: latency, energy, area, cost, sram, bandwidth, power, traffic, makespan,"
        " accuracy, or an expression such as `latency * area` [default: the file's, or"
        " latency,energy].",
    ),
]
OldGoalNames = Annotated[str | None, typer.Option("--pareto", hidden=True)]
WholeFront = Annotated[bool, typer.Option("--all", help="Show the whole front.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes [default: one per core].")]
AllowUnmodelled = Annotated[
    bool, typer.Option("--allow-unmodelled", help="Accept operators without a cost, with a warning.")
]
CheckpointName = Annotated[
    Path, typer.Argument(metavar="CHECKPOINT", help="A .safetensors file, or the folder of a run.")
]
TrustFactory = Annotated[
    bool,
    typer.Option(
        "--trust-factory",
        help="Run the function that a checkpoint names to build its network: its author's code.",
    ),
]
LayerName = Annotated[
    str | None,
    typer.Option("--layer", metavar="NAME", help="Show these layers only: a name, a glob, or a prefix."),
]
TableFile = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        help="The table: a folder, a .jsonl, .csv or .parquet file, or - for stdout.",
    ),
]
ImagesName = Annotated[
    str | None, typer.Option("--data", metavar="NAME", help="Images [default: those it was trained on].")
]
DeviceName = Annotated[str, typer.Option("--device", metavar="NAME", help="cpu, cuda or auto.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.")]
StoredResult = Annotated[
    Path, typer.Argument(metavar="RESULT", help="A result.json, or the folder it is in.")
]

SET = "--set PATH=VALUE"


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A chip to run on, values to change, and the data type and batch of the networks."""

    chip: ChipName = None
    settings: Settings = None
    int8: Int8 = False
    fp16: Fp16 = False
    bf16: Bf16 = False
    batch: Batch = None

    @property
    def changes(self) -> tuple[str, ...]:
        """The options that change a scenario, as they are written, without `--chip`."""
        types = [f"--{dtype}" for dtype in DATA_TYPES if getattr(self, dtype)]
        if len(types) > 1:
            both = " and ".join(types)
            raise SimresError(f"{both}: a network runs in one data type", f"leave {types[1]} out")
        return *(["--set"] if self.settings else []), *types, *(["--batch"] if self.batch else [])

    def overrides(self, named: str) -> dict[str, str]:
        """The values to change in the scenario `named`, by path; a data type and a batch are its `passes`.

        Raises `SimresError`, also where `named` is a stored result and something should change.
        """
        found = pairs(self.settings, SET)
        networks = [option for option in self.changes if option != "--set"]
        if not networks:
            return found
        from simres import api

        if api.is_stored(named, self.chip):
            raise api.finished(named, networks[0])
        if clash := next((key for key in found if key.split(".")[-1] == "passes"), None):
            raise SimresError(
                f"`--set {clash}` and {networks[0]} both say which passes run", f"leave {networks[0]} out"
            )
        dtype = next((dtype for dtype in DATA_TYPES if getattr(self, dtype)), None)
        for path, own in api.find_template(named, chip=self.chip).passes.items():
            found[path] = f"[{', '.join(chosen(own, dtype, self.batch))}]"
        return found


@dataclass(frozen=True, kw_only=True)
class ScenarioOptions(Changed):
    """A scenario, or with a chip a network, and values to change."""

    scenario: ScenarioName


@dataclass(frozen=True, kw_only=True)
class ResultOptions(Changed):
    """A stored result, or a scenario as in `ScenarioOptions`."""

    result: ResultName


@dataclass(frozen=True, kw_only=True)
class Workforce:
    """Who evaluates the points of a design space."""

    workers: Workers = None
    cluster: ClusterName = None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a network of a family is built."""

    span: Span = None
    shortcut: Shortcut = None
    stem: Stem = None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What torch runs on."""

    device: DeviceName = "auto"
    threads: Threads = None


def goal_of(goal: str | None, old: str | None, spelled: str = "--pareto") -> str | None:
    """The value of `--goal`, or that of the option that was once `spelled` so, with a warning."""
    if old is None:
        return goal
    import warnings

    from simres.errors import RenamedWarning

    said = f"`{spelled}` is an old name of `--goal`; write `--goal {old}`; from 0.3 on this is an error"
    warnings.warn(said, RenamedWarning, stacklevel=2)
    return goal or old


def pairs(texts: Iterable[str] | None, form: str) -> dict[str, str]:
    """The two sides of each option like `--set PATH=VALUE`, a later one in place of an earlier.

    Raises `SimresError`, which spells the option as `form` does.
    """
    return dict(pair(text, form) for text in texts or ())


def pair(text: str, form: str) -> tuple[str, str]:
    """The two sides of one such option. Raises `SimresError`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SimresError(f"`{text}` is not of the form {form}")
    return name.strip(), value.strip()


def moment(text: str, option: str) -> int:
    """Picoseconds of a duration as typed; a bare 0 needs no unit. Raises `SimresError`."""
    from simres.units import DURATION, UnitError

    if text.strip() == "0":
        return 0
    try:
        return DURATION.parse(text)
    except UnitError as error:
        raise UnitError(f"{option} {error.message}", error.hint) from error
