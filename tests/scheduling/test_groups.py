"""Groups: every operator once, in an order that can run, and elementwise ones with what they follow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.scheduling.groups import groups, operators
from simres.testing import workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload
from simres.workload.footprint import is_elementwise


@given(workloads(most_ops=12), st.booleans())
def test_every_operator_comes_once_after_what_it_reads(workload, early):
    found = groups(workload, early=early)
    order = [number for group in found.members for number in group]
    assert sorted(order) == list(range(len(operators(workload))))
    assert all(list(group) == sorted(group) for group in found.members)
    made: set[str] = set()
    for number in order:
        op = found.ops[number]
        for name in map(workload.storage, op.inputs):
            assert name in made or workload.tensors[name].role is not Role.ACTIVATION
        made.update(op.outputs)


@given(workloads(most_ops=12))
def test_as_listed_groups_are_the_operators_in_their_order(workload):
    found = groups(workload)
    assert [number for group in found.members for number in group] == list(range(len(found.ops)))


@given(workloads(most_ops=12), st.booleans())
def test_all_but_the_first_of_a_group_are_elementwise_and_read_what_it_makes(workload, early):
    found = groups(workload, early=early)
    for first, *others in found.members:
        made = set(found.ops[first].outputs)
        for number in others:
            op = found.ops[number]
            assert is_elementwise(workload, op)
            assert made & set(op.inputs)
            made.update(op.outputs)


@given(workloads(most_ops=12), st.booleans())
def test_what_is_live_is_there_and_still_to_be_read(workload, early):
    found = groups(workload, early=early)
    assert len(found.live) == len(found.members) + 1
    assert found.live[-1] == ()
    for boundary, names in enumerate(found.live):
        done = {name for group in found.members[:boundary] for n in group for name in found.ops[n].outputs}
        read = {
            workload.storage(name)
            for group in found.members[boundary:]
            for n in group
            for name in found.ops[n].inputs
        }
        expected = {
            name
            for name in read
            if name in done or workload.tensors[name].role not in (Role.ACTIVATION, Role.WEIGHT)
        }
        assert sorted(names) == sorted(expected)


def residual() -> Workload:
    """Two products in a row, and beside them a third of the same map, listed last: then their sum."""
    tensors = {"x": Tensor("x", Role.INPUT, (4, 4))}
    ops = []
    for name, source in (("a", "x"), ("b", "a"), ("side", "x")):
        tensors[f"w{name}"] = Tensor(f"w{name}", Role.WEIGHT, (4, 4))
        tensors[name] = Tensor(name, Role.ACTIVATION, (4, 4))
        loops = Loops(n=4, m=4, c=4)
        ops.append(Op(name, "linear", Unit.MATRIX, (source, f"w{name}"), (name,), macs=64, loops=loops))
    tensors["sum"] = Tensor("sum", Role.ACTIVATION, (4, 4))
    ops.append(Op("sum", "add", Unit.HOST, ("b", "side"), ("sum",), vector_ops=16))
    return Workload("residual", tensors, tuple(ops), ("sum",))


def test_a_side_branch_runs_where_it_is_listed_or_early():
    assert groups(residual()).members == ((0,), (1,), (2, 3))
    assert groups(residual(), early=True).members == ((2,), (0,), (1, 3))
