"""Random networks of every kind of operator that simres knows, with every attribute that matters.

`graphs` is a strategy of hypothesis. It draws calls of ATen operators on existing tensors and lowers them
with the functions that lower traced calls, so that a drawn graph has the properties of a trace: shapes,
attributes, loop nests and costs. `build` holds the growing graph; `matrix`, `vector` and `movement` draw the
calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import assume
from hypothesis import strategies as st

from simres.testing.graphs import matrix_calls as matrix
from simres.testing.graphs import movement_calls as movement
from simres.testing.graphs import vector_calls as vector
from simres.testing.graphs.choices import Drawn, Seeded
from simres.testing.graphs.graph_builder import NUMBERS, Graph, Kinds, TooLarge
from simres.workload import Workload


def _unmodelled(graph: Graph) -> None:
    graph.unpriced(graph.anything())


FAMILIES: tuple[Kinds, ...] = (
    matrix.KINDS,
    vector.ELEMENT_BY_ELEMENT,
    vector.OVER_AXES,
    movement.MOVES,
    movement.VIEWS,
    {"unmodelled": _unmodelled},
)
"""The functions that draw each kind. A family is chosen before a kind of it, so that no family dominates."""
OFTEN = (0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5)
"""The frequency of each family, by its index: matrix work most of all."""
KINDS = tuple(kind for family in FAMILIES for kind in family)
"""The kinds that `graphs` accepts: kinds of operators, and forms of them with their own names."""


def graphs(
    max_ops: int = 8, kinds: Iterable[str] = KINDS, *, dtypes: Sequence[str] = NUMBERS, partly: bool = True
) -> st.SearchStrategy[Workload]:
    """Networks of 1 to about `max_ops` operators of these `kinds`: chains, branches and skip connections.

    There are one to several inputs and outputs, of several `dtypes`, with 1 to 3 images, and tensors of up to
    five axes and 2048 elements. Unless `partly` is false, operators may leave parts of the network's inputs
    unread, as a slice does or a stride beyond the kernel. Each is a valid `Workload`: it has no problems of
    `simres.workload.rules`. Raises `ValueError` for an unknown kind.
    """
    asked = set(kinds)
    if unknown := asked.difference(KINDS):
        raise ValueError(f"no kinds {sorted(unknown)}; there are {', '.join(KINDS)}")
    families = [{kind: call for kind, call in family.items() if kind in asked} for family in FAMILIES]
    return _graphs(max_ops, [families[place] for place in OFTEN if families[place]], tuple(dtypes), partly)


@st.composite
def _graphs(
    draw: st.DrawFn, max_ops: int, families: Sequence[Kinds], dtypes: Sequence[str], partly: bool
) -> Workload:
    graph = _grown(Graph(Drawn(draw), dtypes=dtypes, partly=partly), max_ops, families)
    assume(graph.ops)
    return graph.workload()


def seeded_graph(seed: int, max_ops: int = 8) -> Workload:
    """The network of a seed, as `graphs` draws them: the same on every machine and with any hypothesis."""
    choices = Seeded(seed)
    families = [FAMILIES[place] for place in OFTEN]
    while not (graph := _grown(Graph(choices, partly=True), max_ops, families)).ops:
        pass
    return graph.workload()


def _grown(graph: Graph, max_ops: int, families: Sequence[Kinds]) -> Graph:
    graph.input(graph.shape(4))
    for _ in range(graph.integer(1, max_ops)):
        family = families[graph.integer(0, len(families) - 1)]
        try:
            family[graph.one_of(*family)](graph)
        except TooLarge:
            continue
    return graph


__all__ = ["KINDS", "graphs", "seeded_graph"]
