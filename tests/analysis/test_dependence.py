"""What is said of last elements holds for every element, one by one."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simres.analysis.dependence import _readers, _view, bits, dependence
from simres.testing.graphs import graphs
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from simres.workload.footprint import Reach, call_of
from simres.workload.reaches import Along
from simres.workload.views import through_view

MOST = 200


def places(shape):
    return product(*(range(size) for size in shape))


def one(place):
    return tuple((at, at + 1) for at in place)


class ByElement:
    """Which elements each element reads, by the reach of operators and views alone."""

    def __init__(self, workload):
        self.workload = workload
        self.reads = {}
        """By element of an activation: the elements that it is made of, weights and inputs included."""
        for op in workload.ops:
            for part in op.parts():
                self._part(part, op)

    def _part(self, part, op):
        workload = self.workload
        for name in part.outputs[:1]:
            shape = workload.tensors[name].shape
            call = call_of(workload, part)
            reaches = [Reach(workload, part, place, call) for place in range(len(part.inputs))]
            for at in places(shape):
                found = self.reads.setdefault((name, at), [])
                if op.unit is Unit.VIEW:
                    base = workload.tensors[name].view_of
                    box = through_view(op, workload.tensors[base].shape, shape, one(at))
                    found += [(base, there) for there in self._of(box)]
                    continue
                for read, reach in zip(part.inputs, reaches, strict=True):
                    if (box := reach(one(at))) is not None:
                        found += [(read, there) for there in self._of(box)]

    @staticmethod
    def _of(box):
        return product(*(range(start, stop) for start, stop in box))

    def dependents(self, name, at):
        """The elements that depend on this one, itself included, by tensor."""
        found = {(name, at)}
        for element, reads in self.reads.items():  # in execution order
            if not found.isdisjoint(reads):
                found.add(element)
        return found

    def ancestors(self, elements):
        found, left = set(elements), list(elements)
        while left:
            for read in self.reads.get(left.pop(), ()):
                if read not in found:
                    found.add(read)
                    left.append(read)
        return found


def longest(elements, shape, runs):
    """Whether a box of this size lies within a set of elements."""
    starts = product(*(range(size - run + 1) for size, run in zip(shape, runs, strict=True)))
    return any(
        all(
            tuple(first + more for first, more in zip(start, place, strict=True)) in elements
            for place in places(runs)
        )
        for start in starts
    )


SHAPED = [
    "conv",
    "conv_transposed",
    "linear",
    "matmul",
    "relu",
    "max_pool",
    "avg_pool",
    "softmax",
    "mean",
    "pad",
]
VIEWS = ["concat", "reshape", "permute", "slice", "select_index", "split"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(5, dtypes=("fp32",)))
def test_every_claim_holds_element_by_element(workload):
    holds(workload)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(5, [*SHAPED, *VIEWS], dtypes=("fp32",)))
def test_the_same_where_shapes_change(workload):
    holds(workload)


def holds(workload):
    assume(all(tensor.elements <= MOST for tensor in workload.tensors.values()))
    found = dependence(workload)
    truth = ByElement(workload)
    ops = workload.ops
    everything = {(name, at) for name in workload.outputs for at in places(workload.tensors[name].shape)}
    wanted = truth.ancestors(everything)
    for number, op in enumerate(ops):
        name = op.outputs[0]
        shape = workload.tensors[name].shape
        all_of_it = {(name, at) for at in places(shape)}
        if found.wanted[number] >> len(ops) & 1:
            assert all_of_it <= wanted, f"the outputs do not need all of {op.name}"
        for other in bits(found.wanted[number] & ~(1 << len(ops))):
            theirs = {
                (ops[other].outputs[0], at) for at in places(workload.tensors[ops[other].outputs[0]].shape)
            }
            assert all_of_it <= truth.ancestors(theirs), f"{ops[other].name} does not need all of {op.name}"
        for at in places(shape):
            after = truth.dependents(name, at)
            _pieces(workload, found, number, after)
            _weights(workload, found, truth, number, after)


def _pieces(workload, found, number, after):
    for piece in found.pieces:
        op = workload.ops[piece.op]
        for runs, those in piece.after.items():
            if those >> number & 1 and len(list(op.parts())) == 1:
                name = op.outputs[0]
                elements = {at for tensor, at in after if tensor == name}
                assert longest(elements, piece.shape, runs), f"{op.name} does not depend so much on it"


def _weights(workload, found, truth, number, after):
    """All of the weight is read by elements that are late."""
    for (place, weight), those in found.used.items():
        if not those >> number & 1:
            continue
        op = workload.ops[place]
        between = {name for part in op.parts() for name in part.outputs}
        read = {
            element
            for late in after
            if late[0] in between
            for element in truth.ancestors([late])
            if element[0] == weight
        }
        assert len(read) == workload.tensors[weight].elements, f"{op.name} may have used {weight} before"
        assert workload.tensors[weight].role is Role.WEIGHT


rules = st.builds(
    Along,
    st.just(0),
    times=st.integers(0, 3),
    over=st.integers(1, 3),
    first=st.integers(-3, 1),
    last=st.integers(0, 4),
    each=st.integers(1, 2),
    outside=st.sampled_from(["skip", "clamp", "mirror"]),
)


@settings(max_examples=400, deadline=None)
@given(rules, st.integers(1, 9), st.integers(1, 9), st.data())
def test_so_many_elements_in_a_row_read_some_of_a_run(rule, size, count, data):
    run = data.draw(st.integers(1, size))
    least = _readers(rule, size, count, run)
    if not least:
        return
    for first in range(size - run + 1):
        readers = set()
        for place in range(count):
            read = rule.of((place, place + 1), size)
            if read is not None and read[0] < first + run and read[1] > first:
                readers.add((place,))
        assert longest(readers, (count,), (least,))


@st.composite
def views(draw):
    """A view of a small tensor: its operator, the shapes of both, and what each element shows."""
    base = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    kind = draw(st.sampled_from(["permute", "slice", "select", "reshape"]))
    axis = draw(st.integers(0, len(base) - 1))
    if kind == "permute":
        dims = tuple(draw(st.permutations(range(len(base)))))
        shape, attributes = tuple(base[source] for source in dims), {"dims": dims}
        shown = {at: tuple(at[dims.index(source)] for source in range(len(base))) for at in places(shape)}
    elif kind == "reshape":
        factors = draw(st.permutations([size for size in base if size > 1]))
        shape = (prod(factors[:1]), 1, prod(factors[1:]))[draw(st.integers(0, 1)) :]
        shape = shape if prod(shape) == prod(base) else (prod(base),)
        attributes = {}
        shown = dict(zip(places(shape), places(base), strict=True))
    elif kind == "slice":
        start = draw(st.integers(0, base[axis] - 1))
        shape = (*base[:axis], draw(st.integers(1, base[axis] - start)), *base[axis + 1 :])
        attributes = {"dim": axis, "start": start}
        shown = {at: (*at[:axis], at[axis] + start, *at[axis + 1 :]) for at in places(shape)}
    else:
        index = draw(st.integers(0, base[axis] - 1))
        shape, attributes = (*base[:axis], *base[axis + 1 :]), {"dim": axis, "index": index}
        shown = {at: (*at[:axis], index, *at[axis:]) for at in places(shape)}
    return Op("view", kind, Unit.VIEW, ("x",), ("y",), attributes=attributes), base, shape, shown


@settings(max_examples=400, deadline=None)
@given(views(), st.data())
def test_so_much_of_a_view_shows_a_part_of_its_base(view, data):
    op, base, shape, shown = view
    runs = tuple(data.draw(st.integers(1, size)) for size in base)
    after = shape if runs == base else _view(op, base, shape, runs)
    if after is None:
        return
    for start in product(*(range(size - run + 1) for size, run in zip(base, runs, strict=True))):
        part = {
            tuple(first + more for first, more in zip(start, place, strict=True)) for place in places(runs)
        }
        assert longest({at for at, source in shown.items() if source in part}, shape, after)


def test_what_reads_with_gaps_does_not_need_all():
    """A convolution of one tap and a stride of two leaves three of four pixels unread."""
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 2, 4, 4)),
        "y": Tensor("y", Role.ACTIVATION, (1, 2, 4, 4)),
        "w": Tensor("w", Role.WEIGHT, (2, 2, 1, 1)),
        "z": Tensor("z", Role.ACTIVATION, (1, 2, 2, 2)),
        "u": Tensor("u", Role.ACTIVATION, (1, 2, 3, 3)),
    }
    relu = Op("relu", "relu", Unit.HOST, ("x",), ("y",), vector_ops=32)
    loops, window = Loops(m=2, c=2, p=2, q=2), Window(kernel=(1, 1), stride=(2, 2))
    sparse = Op("sparse", "conv", Unit.MATRIX, ("y", "w"), ("z",), loops.macs, loops=loops, window=window)
    pool = Op("pool", "max_pool", Unit.HOST, ("y",), ("u",), vector_ops=72, window=Window(kernel=(2, 2)))
    found = dependence(Workload("gaps", tensors, (relu, sparse, pool), ("z", "u")))
    assert list(bits(found.wanted[0])) == [0, 2, 3]
    assert list(bits(found.wanted[1])) == [1, 3]
