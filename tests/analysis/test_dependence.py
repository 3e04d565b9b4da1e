"""What is said of last elements holds for every element, one by one."""

from __future__ import annotations

from itertools import product

from hypothesis import HealthCheck, assume, given, settings

from simres.analysis.dependence import bits, dependence
from simres.testing.graphs import graphs
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from simres.workload.footprint import Reach, call_of
from simres.workload.views import through_view
from tests.support.elements import longest, one, places

MOST = 200


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
