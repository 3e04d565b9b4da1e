"""Compulsory bytes behind views: just the elements that are shown, and no more than any Program reads."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.testing import paper_chip, prove
from simres.workload import Op, Role, Tensor, Unit, Workload


class Shown:
    """A tensor's elements as numbers of stored ones, in order, under its shape."""

    def __init__(self, shape: tuple[int, ...], numbers: list[int]) -> None:
        self.shape = shape
        self.numbers = numbers

    def at(self, place: tuple[int, ...]) -> int:
        flat = 0
        for size, index in zip(self.shape, place, strict=True):
            flat = flat * size + index
        return self.numbers[flat]


def places(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()]
    for size in shape:
        found = [(*place, index) for place in found for index in range(size)]
    return found


def sliced(of: Shown, dim: int, start: int, step: int) -> Shown:
    indices = range(start, of.shape[dim], step)
    shape = (*of.shape[:dim], len(indices), *of.shape[dim + 1 :])
    numbers = [of.at((*place[:dim], indices[place[dim]], *place[dim + 1 :])) for place in places(shape)]
    return Shown(shape, numbers)


def permuted(of: Shown, dims: tuple[int, ...]) -> Shown:
    shape = tuple(of.shape[dim] for dim in dims)
    numbers = []
    for place in places(shape):
        source = [0] * len(dims)
        for axis, dim in enumerate(dims):
            source[dim] = place[axis]
        numbers.append(of.at(tuple(source)))
    return Shown(shape, numbers)


def selected(of: Shown, dim: int, index: int) -> Shown:
    shape = (*of.shape[:dim], *of.shape[dim + 1 :])
    return Shown(shape, [of.at((*place[:dim], index, *place[dim:])) for place in places(shape)])


def network(shape: tuple[int, ...], views: list[tuple[str, dict[str, object], Shown]]) -> Workload:
    """A stored tensor, views of views of it, and a ReLU of the last."""
    tensors = {"x": Tensor("x", Role.INPUT, shape)}
    ops, name = [], "x"
    for number, (kind, attributes, shown) in enumerate(views):
        made = f"view{number}"
        tensors[made] = Tensor(made, Role.ACTIVATION, shown.shape, view_of=name)
        ops.append(Op(made, kind, Unit.VIEW, (name,), (made,), attributes=attributes))  # type: ignore[arg-type]
        name = made
    size = tensors[name].elements
    tensors["y"] = Tensor("y", Role.ACTIVATION, tensors[name].shape)
    ops.append(Op("y", "relu", Unit.HOST, (name,), ("y",), vector_ops=size))
    return Workload("views", tensors, tuple(ops), ("y",))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Workload, int]:
    """A network of views, and how many different stored elements its ReLU reads."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    shown = Shown(shape, list(range(prod(shape))))
    views: list[tuple[str, dict[str, object], Shown]] = []
    for _ in range(draw(st.integers(1, 3))):
        rank = len(shown.shape)
        kind = draw(st.sampled_from(["slice", "permute", "reshape", *(["select"] if rank > 1 else [])]))
        dim = draw(st.integers(0, rank - 1))
        attributes: dict[str, object]
        if kind == "slice":
            start = draw(st.integers(0, shown.shape[dim] - 1))
            attributes = {"dim": dim, "start": start, "step": draw(st.integers(1, 3))}
            shown = sliced(shown, dim, start, attributes["step"])  # type: ignore[arg-type]
        elif kind == "permute":
            dims = tuple(draw(st.permutations(range(rank))))
            attributes, shown = {"dims": dims}, permuted(shown, dims)
        elif kind == "select":
            index = draw(st.integers(0, shown.shape[dim] - 1))
            attributes, shown = {"dim": dim, "index": index}, selected(shown, dim, index)
        else:
            flat = draw(st.booleans())
            attributes = {}
            shown = Shown((prod(shown.shape),) if flat else (1, *shown.shape), shown.numbers)
        views.append((kind, attributes, shown))
    return network(shape, views), len(set(shown.numbers))


@settings(max_examples=300, deadline=None)
@given(networks())
def test_what_a_view_skips_need_not_be_read(case: tuple[Workload, int]) -> None:
    workload, shown = case
    assert workload.needed_bytes == {"x": 4 * shown}


@settings(max_examples=150, deadline=None)
@given(networks(), st.sampled_from(["8 B", "16 B", "40 B", "4 kB"]))
def test_no_program_reads_less(case: tuple[Workload, int], capacity: str) -> None:
    workload, _ = case
    chip = paper_chip(capacity)
    for made in (
        lambda: serial.schedule(workload, chip, NoParameters()),
        lambda: overlapped.schedule(workload, chip, overlapped.Parameters()),
    ):
        try:
            program = made()
        except AnswerIsNo:
            continue
        prove(program, chip, workload)


@pytest.mark.parametrize(("kind", "shown", "needed"), [("expand", (3, 4), 16), ("split", (1,), 16)])
def test_views_that_are_not_followed_take_all(kind: str, shown: tuple[int, ...], needed: int) -> None:
    workload = network((4,), [(kind, {}, Shown(shown, [0] * prod(shown)))])
    assert workload.needed_bytes == {"x": needed}


def test_complex_numbers_have_two_parts() -> None:
    shown = Shown((4, 2), [0] * 8)
    workload = network(
        (4,), [("view_as_real", {}, shown), ("slice", {"dim": 0, "step": 2}, Shown((2, 2), [0] * 4))]
    )
    assert workload.needed_bytes == {"x": 8}
