"""Every hook a plugin can implement, on one page.

A hook yields declarations: frozen data that name things and say where their code is (`"pkg.mod:Name"`,
imported only when something uses it). Nothing here is called while a simulation runs. The built-in
parts of simres register through the same hooks (`simres.plugins.builtins`).

A package joins in with an entry point in the group `simres` that names a module with hook
implementations:

    # pyproject.toml
    [project.entry-points.simres]
    npu = "simres_npu"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pluggy

from simres.program.roles import ComponentRole as ComponentRole

PROJECT = "simres"
"""The name under which hooks are marked, and the entry-point group."""

NUMBERED = r"(.+)_([1-9][0-9]{0,8})"
"""How a scenario writes a numbered pass: what it is called, and the number."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Component:
    """A kind of component: its scenario model (with its cost function) and its behaviour in time.

    `spec` is a `simres.hardware.specs.ComponentSpec`; `engine` a `simres.hardware.engine.Engine`, by
    default one that is busy for `spec.duration_ps(work)`. A renamed kind states the new name as `instead`:
    the old one still works, with a `RenamedWarning`.
    """

    kind: str
    role: ComponentRole
    spec: str
    summary: str
    engine: str = "simres.hardware.engine:Engine"
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A way to turn a workload and a chip into a Program.

    `target` is a function `(workload, chip, parameters) -> Program`, or a list of Programs: then each is
    simulated, and that of `serial`, and the fastest kept. A `baseline` names another scheduler than
    `serial` whose Program is tried too, or requests it for a single Program. `parameters` is a pydantic
    model of the scheduler's settings in the scenario; `takes` says whether it schedules a `graph` or a
    `ledger`. One that `shares` takes a fourth argument, the `Workbench` with facts that it found for other
    chips (`simres.sharing.workbench`).
    """

    name: str
    target: str
    summary: str
    takes: str = "graph"
    parameters: str = "simres.scheduling.parameters:NoParameters"
    baseline: str = ""
    shares: bool = False


@dataclass(frozen=True, slots=True)
class Pass:
    """A rewrite of a workload before scheduling: `target` is a function `Workload -> Workload`.

    The name of a `numbered` one ends in `_N`. Scenarios write a number from 1 in its place (`batch_8`),
    and `target` gets it as its second argument.
    """

    name: str
    target: str
    summary: str
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """How to lower one traced operator: what it costs, on which unit, and what it reads.

    `source` is its name in the exported graph (`aten.gelu.default`, `mylib.op.default`); `target` is a
    function `simres.tracing.lowering.Node -> simres.tracing.lowering.Lowered`. Where the operator needs none,
    `kind` names it, and the host spends `ops` vector operations on each element of the output (of its first
    input, where `per_input`).

    An operator that does not state what it reads is neither cut nor fused well: any part of its output
    needs all of its inputs. An `elementwise` one makes each element from one element of each input, after
    broadcasting. For others, the `Lowered` states the reach of each input (`reads`).
    """

    source: str
    target: str
    summary: str
    kind: str = ""
    ops: int = 0
    per_input: bool = False
    elementwise: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A residual block for the CIFAR networks.

    `target` is a `torch.nn.Module` class called as `(in_channels, out_channels, stride)`. Class attributes
    `layers`, `expansion` and `preactivated` may say more of it, and a method `placed(number, count)` is told
    its place; see `simres.networks.blocks`.
    """

    name: str
    target: str
    summary: str


@dataclass(frozen=True, slots=True)
class Reporter:
    """A way to write a result to a file: `target` is a function `Result -> str`."""

    name: str
    suffix: str
    target: str
    summary: str


@dataclass(frozen=True, slots=True)
class Importer:
    """A reader of another tool's files, for `simres import NAME FILE...`.

    `target` is a function `(paths) -> simres.plugins.imported.Imported`. It gets the files as a sequence
    of `pathlib.Path` and raises `simres.errors.InvalidFile` with line and column for what is wrong in them.
    """

    name: str
    target: str
    summary: str


@hookspec
def simres_components() -> Iterable[Component]:  # type: ignore[empty-body]
    """Kinds of component that scenarios may name under `hardware:`.

    Example:

        @hookimpl
        def simres_components():
            yield Component("npu", ComponentRole.MATRIX, "simres_npu:NpuSpec", "an 8 x 8 matrix unit")
    """


@hookspec
def simres_schedulers() -> Iterable[Scheduler]:  # type: ignore[empty-body]
    """Schedulers that scenarios may name under `scheduler:`.

    Example:

        @hookimpl
        def simres_schedulers():
            yield Scheduler("random", "simres_random:schedule", "a random order, as a baseline")
    """


@hookspec
def simres_passes() -> Iterable[Pass]:  # type: ignore[empty-body]
    """Rewrites that scenarios may list under `passes:`, applied in the order given.

    Example:

        @hookimpl
        def simres_passes():
            yield Pass("drop_dead", "simres_dead:drop", "drops operators whose result is never read")
    """


@hookspec
def simres_operators() -> Iterable[Operator]:  # type: ignore[empty-body]
    """Operators that tracing can lower beyond those it knows.

    Example:

        @hookimpl
        def simres_operators():
            yield Operator("mylib.swirl.default", "mylib_simres:swirl", "a swirl of radius r")
            yield Operator(
                "mylib.swish.default", "", "x * sigmoid(x)", kind="swish", ops=5, elementwise=True
            )
    """


@hookspec
def simres_blocks() -> Iterable[Block]:  # type: ignore[empty-body]
    """Residual blocks that `simres train` and `simres trace` build CIFAR networks from (`--block NAME`).

    Example:

        @hookimpl
        def simres_blocks():
            yield Block("se", "simres_se:Block", "basic block with squeeze-and-excitation")
    """


@hookspec
def simres_reporters() -> Iterable[Reporter]:  # type: ignore[empty-body]
    """Formats that `simres simulate --report NAME=FILE` writes.

    Example:

        @hookimpl
        def simres_reporters():
            yield Reporter("markdown", ".md", "simres_md:write", "the layer table in Markdown")
    """


@hookspec
def simres_importers() -> Iterable[Importer]:  # type: ignore[empty-body]
    """Other tools' files that `simres import` makes workloads and scenarios of.

    Example:

        @hookimpl
        def simres_importers():
            yield Importer("onnx", "simres_onnx:read", "an ONNX graph")
    """
