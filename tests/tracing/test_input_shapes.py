"""Input shapes as people write them, on the command line and in Python; what prints can be typed."""

# ruff: noqa: E402
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.tracing.input_shapes import (
    SPELLINGS,
    InputShape,
    arranged,
    input_shapes,
    parse_batch,
    parse_input,
)
from simres.workload.operators import BITS

PLACES = st.one_of(
    st.just(()),
    st.tuples(st.sampled_from(["x", "mask", "_a1"])),
    st.tuples(st.just("batch"), st.sampled_from(["image", "0", "1"])),
)
SHAPES = st.builds(
    InputShape,
    st.lists(st.integers(1, 99), max_size=4).map(tuple),
    st.none() | st.sampled_from(sorted(BITS)),
    PLACES,
)


@given(SHAPES)
def test_what_prints_can_be_typed(shape: InputShape) -> None:
    assert parse_input(str(shape)) == shape


@given(st.lists(SHAPES, min_size=1, max_size=3, unique_by=lambda shape: shape.place or object()))
def test_several_can_be_typed_as_they_print(shapes: list[InputShape]) -> None:
    if len({shape.place[:1] for shape in shapes if len(shape.place) == 1} & {("batch",)}):
        return
    assert input_shapes(", ".join(map(str, shapes))) == tuple(shapes)
    assert input_shapes([str(shape) for shape in shapes]) == tuple(shapes)


def test_python_says_the_same_as_text() -> None:
    given = {"image": (3, 8, 8), "step": "scalar:int64", "more": {"a": (), "b": [(2,), (3,)]}}
    text = "image=3x8x8, step=scalar:int64, more.a=scalar, more.b.0=2, more.b.1=3"
    assert input_shapes(given) == input_shapes(text)
    assert input_shapes([(3, 4), {"mask": (4,)}]) == input_shapes("3x4,mask=4")
    assert input_shapes(()) == input_shapes("scalar") == (InputShape(()),)


def test_inputs_are_arranged_as_a_call() -> None:
    positional, keywords = arranged(input_shapes("3x4, 2, mask=5, b.x=1, b.y.0=2, b.y.1=3"), str)
    assert positional == ("3x4", "2")
    assert keywords == {"mask": "mask=5", "b": {"x": "b.x=1", "y": ["b.y.0=2", "b.y.1=3"]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`` is not an input shape"),
        ("mask=", "is not an input shape"),
        ("=3", "names no argument"),
        ("3x=4", "names no argument"),
        ("a..b=3", "names no argument"),
        ("scalar:int3", "unknown data type `int3`"),
        ("scalarx3", "is not an input shape"),
        ("a=3, a=4", "two inputs are given for `a`"),
        ("a=3, a.b=4", "two inputs are given for `a`"),
        ("3x0", "at least 1"),
    ],
)
def test_what_is_no_shape_is_refused_with_the_ways_to_write_one(text: str, said: str) -> None:
    with pytest.raises(SimresError, match=said):
        input_shapes(text)


def test_a_batch_is_a_number_or_none() -> None:
    assert (parse_batch("1"), parse_batch(" 12 "), parse_batch("none")) == (1, 12, None)
    for text in ("0", "-1", "1.5", "all", ""):
        with pytest.raises(SimresError, match="is not a batch"):
            parse_batch(text)


torch = pytest.importorskip("torch")

from torch import nn

import simres
from simres.tracing.flops import flop_counter_macs


class Takes(nn.Module):
    """An image, the number of a step for each, and by name a dictionary and a list."""

    def __init__(self):
        super().__init__()
        self.image, self.step = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(16, 8)

    def forward(self, x, step, *, extra, several=()):
        if step.ndim != 1:
            raise ValueError("a step for each image, please")
        wave = step[:, None].float() * torch.arange(16.0)
        found = self.image(x) + self.step(wave.sin())[:, :, None, None] + extra["bias"][:, None, None, None]
        return found + sum(one.sum() for one in several)


NAMED = {"extra": {"bias": ()}, "several": [(2,), (3,)]}


@given(st.integers(1, 3))
@settings(max_examples=2, deadline=None)
def test_every_kind_of_input_reaches_the_network(batch: int) -> None:
    given = ["3x16x16", "scalar:int64", NAMED]
    workload = simres.trace(Takes(), given, batch=batch)
    assert workload.macs == batch * (3 * 8 * 9 * 256 + 16 * 8)
    assert workload.macs == flop_counter_macs(Takes(), given, batch=batch)
    assert workload.images == batch
    shapes = [tensor.shape for tensor in workload.tensors.values() if tensor.role == "input"]
    assert sorted(shapes) == sorted([(batch, 3, 16, 16), (batch,), (batch,), (batch, 2), (batch, 3)])


def test_what_a_trace_prints_of_its_input_can_be_typed_again() -> None:
    workload = simres.trace(Takes(), ["3x16x16", "scalar:int64", NAMED], batch=2)
    again = simres.trace(Takes(), workload.origin["input"], batch=None)
    assert again.macs == workload.macs
    assert again.origin["input"] == workload.origin["input"]
    assert (again.images, again.batched) == (1, False)


class Edges(nn.Module):
    """10 nodes of 16 features and 40 edges: nothing has a batch axis."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Linear(16, 8)

    def forward(self, nodes, edges):
        start, end = edges
        made = self.weight(nodes)
        return torch.zeros_like(made).index_add(0, end, made[start])


def test_a_network_without_a_batch_runs_once_a_run() -> None:
    workload = simres.trace(Edges(), ["10x16", "2x40:int64"], batch=None)
    assert workload.macs == 10 * 16 * 8
    assert workload.images == 1
    result = simres.simulate(workload, chip="paper")
    from simres.reporting.text.brief import ran as headline

    assert headline(result).startswith("Edges, fp32, on paper, schedule overlapped: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["3x16x16", "1:int64", NAMED], "a step for each image, please"),
        (["4x16x16", "scalar:int64", NAMED], "expected input"),
        (
            ["3x16x16"],
            r"missing .*; it takes \(x, step, \*, extra, several=\.\.\.\); `extra` by name",
        ),
        (["3x16x16", "scalar", "scalar"], "too many positional arguments"),
        (["3x16x16", "scalar", {"extar": ()}], "missing a required .*'extra'"),
    ],
)
def test_a_network_that_rejects_its_input_gets_the_ways_to_write_one(given: list[object], said: str) -> None:
    with pytest.raises(SimresError, match=said) as refused:
        simres.trace(Takes(), given)
    assert SPELLINGS in str(refused.value.hint)
