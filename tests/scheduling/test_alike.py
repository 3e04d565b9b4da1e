"""Tilings share what they cut, and operators that are alike their steps: nothing comes out otherwise."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from simres.scheduling.plans import Plan
from simres.scheduling.tiling import DoesNotFit, KnownTiles, Tiling
from simres.scheduling.unfused import unfused
from simres.scheduling.walk import Walk
from simres.testing import paper_chip, workloads
from simres.workload import Workload
from tests.scheduling.test_stages import chain, rows
from tests.support.plans import plans


class Forgetful(dict):  # type: ignore[type-arg]
    """Knows nothing, whatever it is told."""

    def get(self, *_: object) -> None:  # type: ignore[override]
        return None


def tiling(workload: Workload, plan: Plan, capacity: int, known: KnownTiles) -> Tiling:
    memory, spec = paper_chip(f"{capacity} B").scratchpad()
    try:
        return Tiling(workload, memory, spec, plan, known=known)
    except DoesNotFit:
        assume(False)
        raise


def described(found: Tiling) -> list[object]:
    """The steps of a tiling, with pieces by what they are instead of by number."""
    pieces = found.pieces

    def part(piece: int) -> object:
        sources = [(pieces.tensor[one], pieces.box[one]) for one in pieces.sources.get(piece, ())]
        size = pieces.nbytes[piece], pieces.size[piece], pieces.whole[piece], pieces.made[piece]
        return pieces.tensor[piece], pieces.box[piece], size, sources

    return [
        (
            step.op,
            step.work,
            [part(piece) for piece in step.inputs],
            [part(piece) for piece in step.outputs],
            part(step.over) if step.over >= 0 else None,
            step.part,
        )
        for steps in found.tiles
        for step in steps
    ]


@given(st.data())
def test_what_is_known_of_other_tilings_changes_nothing(data):
    workload = unfused(data.draw(workloads(6)))
    spec = paper_chip("1 MiB").scratchpad()[1]
    capacity = data.draw(st.integers(200, 20_000))
    first, second = data.draw(plans(workload)), data.draw(plans(workload))
    shared, alone = KnownTiles(workload, spec), KnownTiles(workload, spec)
    alone.alike = Forgetful()
    tiling(workload, first, data.draw(st.integers(capacity, 40_000)), shared)
    found, own = (tiling(workload, second, capacity, known) for known in (shared, alone))
    assert described(found) == described(own)
    assert found.forced == own.forced
    assert found.cut_as == own.cut_as


def test_the_same_cut_of_a_layer_that_is_alike_is_not_worked_out_again():
    workload = chain(4, 16, 4)
    stages = tuple((number,) for number in range(4))
    known = KnownTiles(workload, paper_chip("1 MiB").scratchpad()[1])
    tiling(workload, rows(stages, 8), 1 << 20, known)
    own = [plan for plan in known.plans.values() if plan.like is None]
    assert len(own) == 2, "the first reads the network's input, the others a map in eight parts"
    assert len(known.plans) == 4


@given(st.data())
def test_no_walk_moves_less_than_its_tiling_says(data):
    workload = unfused(data.draw(workloads(6)))
    known = KnownTiles(workload, paper_chip("1 MiB").scratchpad()[1])
    found = tiling(workload, data.draw(plans(workload)), data.draw(st.integers(200, 20_000)), known)
    try:
        walk = Walk(found, joined=data.draw(st.booleans()))
    except DoesNotFit:
        assume(False)
    assert sum(found.least_moved.values()) <= sum(walk.moved.values())
    least, moved = (
        sum(nbytes * times for nbytes, times in of.items()) for of in (found.least_moved, walk.moved)
    )
    assert least <= moved
