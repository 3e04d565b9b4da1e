"""Whatever class a network returns, its tensors are found, or what is left out is named."""

# ruff: noqa: E402
from __future__ import annotations

import collections
import dataclasses
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn

from simres.errors import SimresError
from simres.tracing import trace

pytestmark = pytest.mark.torch


class Own:
    def __init__(self, **inside: object) -> None:
        self.__dict__.update(inside)


class Slots:
    __slots__ = ("keys", "spare", "values")

    def __init__(self, keys: object, values: object) -> None:
        self.keys, self.values = keys, values


@dataclasses.dataclass
class Record:
    keys: object
    values: object
    length: int = 3


class Pair(typing.NamedTuple):
    keys: object
    values: object


class Likeness(collections.abc.Mapping):
    """A mapping of its own, as `ModelOutput` was."""

    def __init__(self, **inside: object) -> None:
        self._inside = inside

    def __getitem__(self, key: str) -> object:
        return self._inside[key]

    def __iter__(self) -> typing.Iterator[str]:
        return iter(self._inside)

    def __len__(self) -> int:
        return len(self._inside)


class Private:
    """Says nothing of what it holds."""

    def __init__(self, keys: object, values: object) -> None:
        self.__keys, self.__values = keys, [values]

    def __getattr__(self, name: str) -> object:
        raise AttributeError(name)


def circle(a: object, b: object) -> Own:
    found = Own(a=a, b=b)
    found.itself = [found]
    return found


RESULTS = {
    "tuple": lambda a, b: (a, b),
    "nested": lambda a, b: {"a": [a, {"b": (b,)}]},
    "dataclass": Record,
    "named tuple": Pair,
    "slots": Slots,
    "object": lambda a, b: Own(a=a, config=Own(width=3), inside=Own(layers=[Own(b=b)])),
    "mapping": lambda a, b: Likeness(a=a, b=b),
    "ordered": lambda a, b: collections.OrderedDict(a=a, b=b),
    "default": lambda a, b: collections.defaultdict(list, a=[a], b=[b]),
    "deque": lambda a, b: collections.deque([a, b]),
    "zip": lambda a, b: zip([a], [b], strict=True),
    "distribution": lambda a, b: torch.distributions.Normal(a, b, validate_args=False),
    "values": lambda a, b: {"a": a, "b": [b]}.values(),
    "items": lambda a, b: {"a": a, "b": b}.items(),
    "map": lambda a, b: map(torch.clone, [a, b]),
    "user's dictionary": lambda a, b: collections.UserDict(a=a, b=b),
    "chain": lambda a, b: collections.ChainMap({"a": a}, {"b": b}),
    "private": Private,
    "of layers": lambda a, b: Own(layers=[Own(keys=a, values=None), Own(keys=None, values=b)]),
    "circle": circle,
    "with other things": lambda a, b: [a, 3, None, "text", torch.float32, len, b, nn.ReLU()],
    "twice": lambda a, b: [a, b, Own(first=a)],
}


class Returns(nn.Module):
    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result

    def forward(self, x: torch.Tensor) -> object:
        return self.result(x + 1, x * 2)


@pytest.mark.parametrize("name", RESULTS)
def test_the_tensors_of_any_class_are_the_outputs(name: str) -> None:
    module = Returns(RESULTS[name])
    workload = trace(module, (4,), operators={})
    assert set(workload.outputs) == {"add", "mul"}
    assert workload.warnings == ()
    assert not module._forward_hooks


LEAVES = st.sampled_from(["a", "b", 3, 2.5, None, "text", True])
CONTAINERS = (
    list,
    tuple,
    collections.deque,
    lambda inside: dict(enumerate(inside)),
    lambda inside: collections.OrderedDict((str(place), one) for place, one in enumerate(inside)),
    lambda inside: Own(**{f"part{place}": one for place, one in enumerate(inside)}),
    lambda inside: Record(inside, inside[:1]),
    lambda inside: Pair(inside[:1], inside),
    lambda inside: Likeness(**{f"part{place}": one for place, one in enumerate(inside)}),
)
Tree = tuple[int, list["Tree"]] | object
TREES = st.recursive(
    LEAVES,
    lambda below: st.tuples(st.integers(0, len(CONTAINERS) - 1), st.lists(below, min_size=1, max_size=3)),
    max_leaves=8,
)


def leaves(tree: Tree) -> set[object]:
    return set().union(*map(leaves, tree[1])) if isinstance(tree, tuple) else {tree}


def grown(tree: Tree, tensors: dict[object, torch.Tensor]) -> object:
    """The tree with containers for its nodes, and tensors for the leaves that are names."""
    if not isinstance(tree, tuple):
        return tensors.get(tree, tree)
    kind, inside = tree
    return CONTAINERS[kind]([grown(one, tensors) for one in inside])


@settings(max_examples=40, deadline=None)
@given(TREES.filter(lambda tree: leaves(tree) & {"a", "b"}))
def test_tensors_are_found_in_whatever_lies_in_whatever(tree: Tree) -> None:
    workload = trace(Returns(lambda a, b: grown(tree, {"a": a, "b": b})), (4,), operators={})
    made = {"a": "add", "b": "mul"}
    assert set(workload.outputs) == {made[name] for name in leaves(tree) & made.keys()}


def test_what_holds_no_tensor_is_left_out_with_a_warning() -> None:
    class Empty(nn.Module):
        def forward(self, x):
            return {"made": x + 1, "about": Own(width=3), "few": (x * 2).to_sparse()}

    workload = trace(Returns(lambda a, b: {"made": a, "about": Own(width=3)}), (4,), operators={})
    assert workload.outputs == ("add",)
    assert workload.warnings == (
        "left out of the outputs: the result['about'], a Own in which no tensor was found",
    )


def test_nothing_but_an_object_without_tensors_is_no_result() -> None:
    with pytest.raises(SimresError, match="returns no tensor"):
        trace(Returns(lambda a, b: Own(width=3)), (4,), operators={})


def test_a_network_that_fails_gets_its_own_results_back() -> None:
    class Fails(nn.Module):
        def forward(self, x):
            if x.shape[-1] == 4:
                raise ValueError("four")
            return Own(x=x)

    module = Fails()
    with pytest.raises(SimresError, match="four"):
        trace(module, (4,), operators={})
    assert isinstance(module(torch.zeros(3)), Own)
