"""Programs of plans made by hand or drawn at random, without any search."""

from __future__ import annotations

from hypothesis import strategies as st

from simres.hardware.chip import Chip
from simres.program import Program
from simres.scheduling.cuts import Cut, split
from simres.scheduling.groups import groups, operators
from simres.scheduling.least_memory import fitting
from simres.scheduling.list_schedule import InTime
from simres.scheduling.plans import Plan
from simres.scheduling.tiled import Written, in_a_row, in_time
from simres.scheduling.tiling import Tiling
from simres.scheduling.unfused import unfused
from simres.scheduling.walk import Walk
from simres.testing import workloads
from simres.workload import Role, Unit, Workload
from simres.workload.axes import summed
from simres.workload.footprint import call_of


def written(
    workload: Workload,
    machine: Chip,
    plan: Plan | None = None,
    *,
    overlap: bool = True,
    design: int | None = None,
    pinned: bool = False,
    player: type[InTime] = InTime,
) -> Written:
    """The schedule of a plan; without one, one group after the other, cut only as far as need be.

    It is made for a memory of `design` bytes, if given, and played on the chip, by `player` where tasks
    overlap. Then weights come side by side.

    Raises `AnswerIsNo` where that does not fit.
    """
    parts = unfused(workload)
    memory, spec = machine.scratchpad()
    weights = (name for name, tensor in parts.tensors.items() if tensor.role is Role.WEIGHT)
    kept = frozenset(weights if pinned else ())
    if plan is None:
        tiling = fitting(parts, memory, spec, pinned=kept)
    else:
        held = spec if design is None else spec.model_copy(update={"capacity": design})
        tiling = Tiling(parts, memory, held, plan, pinned=kept)
    walk = Walk(tiling, plan.limits if plan else (), joined=overlap)
    found = in_time(workload, machine, walk, None, player) if overlap else in_a_row(workload, machine, walk)
    assert found is not None
    return found


def tiled(workload: Workload, machine: Chip, plan: Plan | None = None, **options) -> Program:  # type: ignore[no-untyped-def]
    """The Program of `written`, by a scheduler `test`."""
    return written(workload, machine, plan, **options).program("test")


def in_parts(
    workload: Workload, rows: int = 1, columns: int = 1, chunks: int = 1, *, columns_outer: bool = False
) -> Plan:
    """One group after the other, each operator in up to so many rows, columns, and (matrix only) chunks."""
    workload = unfused(workload)
    cuts = []
    for number, op in enumerate(operators(workload)):
        if len(op.outputs) == 1:
            sums = summed(call_of(workload, op)) if op.unit is Unit.MATRIX else 1
            parts = split(workload.axes[op.name], rows, columns)
            cuts.append((number, Cut(parts, max(1, min(chunks, sums)), columns_outer)))
    return Plan(groups(workload).members, tuple(cuts))


@st.composite
def plans(draw: st.DrawFn, workload: Workload) -> Plan:
    """Draws a plan of a network: any stages of groups that follow each other, and any cut of each operator.

    Some operators have no cut, and some are taken to stream what they read.
    """
    workload = unfused(workload)
    found = groups(workload, early=draw(st.booleans()))
    ends = draw(st.sets(st.integers(1, max(1, len(found.members) - 1))))
    stages: list[tuple[int, ...]] = []
    for place, group in enumerate(found.members):
        if stages and place not in ends:
            stages[-1] += group
        else:
            stages.append(group)
    cuts, streamed = [], set()
    for number, op in enumerate(found.ops):
        if draw(st.booleans()):
            streamed.add(number)
        kind = draw(st.sampled_from(["none", "rows", "columns", "tiles", "sums"]))
        if kind == "none" or len(op.outputs) != 1:
            continue
        rows = draw(st.integers(1, 8)) if kind in ("rows", "tiles", "sums") else 1
        columns = draw(st.integers(1, 8)) if kind in ("columns", "tiles", "sums") else 1
        sums = summed(call_of(workload, op)) if kind == "sums" and op.unit is Unit.MATRIX else 1
        parts = split(workload.axes[op.name], rows, columns)
        cuts.append((number, Cut(parts, draw(st.integers(1, max(1, min(sums, 6)))), draw(st.booleans()))))
    room = st.integers(0, 5_000)
    limits = draw(st.sampled_from([(), tuple(draw(room) for _ in stages)]))
    return Plan(tuple(stages), tuple(cuts), tuple((number, draw(room)) for number in streamed), limits)


@st.composite
def planned(draw: st.DrawFn, most_ops: int = 8) -> tuple[Workload, Plan]:
    """Draws a network and a plan of it."""
    workload = draw(workloads(most_ops))
    return workload, draw(plans(workload))
