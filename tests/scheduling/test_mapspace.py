"""The mapspace: closed forms held against walks of the same stages."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres.api
from simres.scheduling.costs import Costs
from simres.scheduling.groups import groups
from simres.scheduling.mapspace import Mapspace
from simres.scheduling.options import ALIKE, LEFT, OVERLAP, Option
from simres.scheduling.outline import Outline
from simres.scheduling.plans import Plan
from simres.scheduling.stage_search import StageSearch
from simres.scheduling.tiling import DoesNotFit, Tiling
from simres.scheduling.unfused import unfused
from simres.scheduling.walk import Walk
from simres.testing import paper_chip, prove, workloads
from simres.workload import Role, Unit, Workload
from tests.support.plans import tiled

AMPLE = 1 << 30


class Loaded(NamedTuple):
    """Bytes of weights and of maps that a walk loads."""

    weights: int
    maps: int


def stage_of(outline: Outline, option: Option) -> Plan:
    """All of a network in one stage, run like that, with nothing on chip before."""
    numbers = outline.numbers(0, len(outline.groups.members))
    given = {
        number for number in numbers if not any(name in outline.maker for name in outline.inputs[number])
    }
    streamed = tuple((number, AMPLE) for number in given)
    return Plan((tuple(numbers),), tuple(zip(numbers, option.cuts, strict=True)), streamed)


def loaded(outline: Outline, option: Option, capacity: int) -> Loaded | None:
    """What the walk of a stage loads in so many bytes; None if it has to be cut finer than it says."""
    workload, plan = outline.workload, stage_of(outline, option)
    memory, spec = paper_chip(f"{capacity} B").scratchpad()
    try:
        tiling = Tiling(workload, memory, spec, plan)
        walk = Walk(tiling)
    except DoesNotFit:
        return None
    for number, cut in plan.cuts:
        if not outline.elementwise[number] and len(tiling.tiles[number]) != cut.tiles:
            return None
    found = {True: 0, False: 0}
    for stay in walk.residency.loads:
        weight = workload.tensors[tiling.pieces.tensor[stay.piece]].role is Role.WEIGHT
        found[weight] += tiling.pieces.nbytes[stay.piece]
    return Loaded(found[True], found[False])


def in_one_stage(workload: Workload) -> tuple[Outline, list[Option]]:
    outline = Outline(groups(unfused(workload)))
    members = len(outline.groups.members)
    return outline, Mapspace(outline).options(0, members, AMPLE) if members else []


def maps_of(outline: Outline) -> int:
    numbers = outline.numbers(0, len(outline.groups.members))
    return sum(outline.tensors[name].nbytes for name in outline.maps(numbers))


@settings(max_examples=100, deadline=None)
@given(workloads(most_ops=3))
def test_with_room_every_option_is_taken_as_it_is_and_loads_no_more_than_it_says(workload):
    outline, options = in_one_stage(workload)
    for option in options:
        found = loaded(outline, option, AMPLE)
        assert found is not None
        assert found.weights <= option.weights
        if len(outline.groups.members) == 1 and not option.strips:
            assert found.maps <= maps_of(outline)


@settings(max_examples=40, deadline=None)
@given(workloads(most_ops=3), st.data())
def test_every_option_is_a_plan_that_is_sound_where_it_is_said_to_fit(workload, data):
    outline, options = in_one_stage(workload)
    if options:
        option = data.draw(st.sampled_from(options))
        machine = paper_chip(f"{option.held + option.stream + option.whole} B")
        try:
            program = tiled(workload, machine, stage_of(outline, option))
        except DoesNotFit:
            return
        prove(program, machine, workload)


@settings(max_examples=60, deadline=None)
@given(workloads(most_ops=6), st.just(AMPLE) | st.integers(1, 4_000))
def test_no_option_is_worse_than_another_in_every_respect(workload, capacity):
    search = StageSearch(Mapspace(Outline(groups(unfused(workload)))), Costs(paper_chip("1 GB")))
    for first in range(search.orders[0].count):
        options = search.priced(first, first + 1, capacity)
        assert options or capacity < AMPLE, "a group can always run as it is"

        def leaves_more(one: int, other: int) -> bool:
            return (capacity - one) * LEFT > capacity - other

        for place, (one, matrix, host) in enumerate(options):
            assert one.held + one.whole <= capacity
            for other, its_matrix, its_host in options[:place]:
                assert other.steps <= one.steps
                assert (
                    leaves_more(one.held + one.stream, other.held + other.stream)
                    or leaves_more(one.held, other.held)
                    or leaves_more(one.held + one.whole, other.held + other.whole)
                    or other.times > ALIKE * one.times
                    or other.weights > ALIKE * one.weights
                    or other.apart > one.apart
                    or other.tiles < min(one.tiles, OVERLAP)
                    or its_matrix > matrix
                    or its_host > host
                )


@settings(max_examples=60, deadline=None)
@given(workloads(most_ops=6), st.integers(1, 4_000))
def test_a_smaller_memory_takes_options_away_and_adds_none(workload, capacity):
    """Where the one that is left is not the same, it stands for one that another took away."""
    outline = Outline(groups(unfused(workload)))
    space = Mapspace(outline)
    for first in range(len(outline.groups.members)):
        fitting = [one for one in space.options(first, first + 1, AMPLE) if one.held + one.whole <= capacity]
        found = space.options(first, first + 1, capacity)
        assert all(one.held + one.whole <= capacity for one in found)
        assert len(found) >= bool(fitting)


def alone(workload: Workload, numbers: list[int]) -> Workload | None:
    """Some operators of a network as one of their own; None where they read views."""
    ops = [op for op in workload.ops if op.unit is not Unit.VIEW]
    chosen = tuple(ops[number] for number in numbers)
    made = {name for op in chosen for name in op.outputs}
    names = dict.fromkeys(name for op in chosen for name in (*op.inputs, *op.outputs))
    tensors = {name: workload.tensors[name] for name in names}
    if any(tensor.view_of is not None for tensor in tensors.values()):
        return None
    for name, tensor in tensors.items():
        if name not in made and tensor.role is Role.ACTIVATION:
            tensors[name] = replace(tensor, role=Role.INPUT)
    read = {name for number, op in enumerate(ops) if number not in numbers for name in op.inputs}
    outputs = tuple(name for name in made if name in read or name in workload.outputs)
    return Workload("alone", tensors, chosen, outputs)


def fits(outline: Outline, option: Option, capacity: int) -> bool:
    """Whether a stage runs like that in so many bytes, and loads what is said.

    Weights of the operators that follow may come again, where others take their place: the closed forms count
    them once, as they are small.
    """
    found, maps = loaded(outline, option, capacity), int(maps_of(outline) * option.times)
    return found is not None and found.maps <= maps and found.weights <= 1.25 * option.weights


@pytest.mark.parametrize(("length", "exactly", "twice"), [(1, 0.7, 0.9), (2, 0.9, 1.0)])
def test_stages_of_a_network_run_in_the_bytes_they_name(length, exactly, twice):
    """At least these shares of a sample of the options run in their bytes, and in twice as many."""
    workload = unfused(simres.api.find_workload("resnet20"))
    whole = Outline(groups(workload))
    tried: set[object] = set()
    counted = []
    for first in range(len(whole.groups.members) - length + 1):
        numbers = whole.numbers(first, first + length)
        own = None if (form := whole.form(numbers)) in tried else alone(workload, numbers)
        tried.add(form)
        if own is None:
            continue
        outline = Outline(groups(own))
        for option in Mapspace(outline).options(0, len(outline.groups.members), 1 << 20)[
            :: 36 if length == 1 else 1
        ]:
            nbytes = option.held + option.stream + option.whole
            counted.append([fits(outline, option, factor * nbytes) for factor in (1, 2)])
    shares = [sum(found) / len(counted) for found in zip(*counted, strict=True)]
    assert shares[0] >= exactly
    assert shares[1] >= twice
