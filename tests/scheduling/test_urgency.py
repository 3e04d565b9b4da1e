"""List scheduling by urgency: sound on anything, and the longer branch goes first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.hardware.specs import HostSpec, MatrixSpec
from simres.scheduling.list_schedule import InTime
from simres.scheduling.overlapped import Parameters, best, schedule
from simres.scheduling.queues import move_ps, queues_of
from simres.scheduling.tiling import DoesNotFit
from simres.scheduling.urgency import ByUrgency, tails_of
from simres.testing import chip, paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload
from tests.support.plans import planned, tiled, written

capacities = st.integers(100, 6_000)


def machine(capacity: str = "1 MiB", *, launch: str = "1 us", host: str = "10 GFLOP/s") -> Chip:
    """The paper's chip, 1 GB/s, with a launch of the matrix unit and a rate of the host."""
    unit = MatrixSpec.model_validate({"kind": "matrix", "rate": "1 TFLOP/s", "launch": launch})
    slow = HostSpec.model_validate({"kind": "host", "rate": host})
    return chip({**paper_chip(capacity).components, "matrix": unit, "host": slow})


def tensor(name: str, role: Role = Role.ACTIVATION) -> Tensor:
    """256 bytes."""
    return Tensor(name, role, (1, 64))


def relu(name: str, read: str) -> Op:
    return Op(name, "relu", Unit.HOST, (read,), (name,), vector_ops=64)


def matmul(name: str, read: str, weight: str) -> Op:
    return Op(name, "matmul", Unit.MATRIX, (read, weight), (name,), macs=4096, loops=Loops(n=1, m=64, c=64))


def network(ops: tuple[Op, ...]) -> Workload:
    """Of these operators, whose inputs are 256 bytes each and their weights, `w...`, 64 times as much."""
    made = {op.name: tensor(op.name) for op in ops}
    read = {name for op in ops for name in op.inputs if name not in made}
    given = {name: tensor(name, Role.INPUT) for name in sorted(read) if not name.startswith("w")}
    weights = {name: Tensor(name, Role.WEIGHT, (64, 64)) for name in sorted(read) if name.startswith("w")}
    last = {name for op in ops for name in op.inputs}
    return Workload(
        "branches", {**given, **weights, **made}, ops, tuple(name for name in made if name not in last)
    )


@settings(max_examples=300, deadline=None)
@given(planned(), capacities, st.booleans(), st.integers(1, 3), st.booleans())
def test_any_plan_that_fits_is_sound(pair, capacity, pinned, units, slow):
    workload, plan = pair
    plain = paper_chip(f"{capacity} B", "0.25 GB/s" if slow else "64 GB/s")
    unit = MatrixSpec.model_validate({"kind": "matrix", "rate": "0.001 TFLOP/s", "count": units})
    many = chip({**plain.components, "matrix": unit})
    try:
        program = tiled(workload, many, plan, pinned=pinned, player=ByUrgency)
    except DoesNotFit:
        return
    prove(program, many, workload)


@settings(max_examples=50, deadline=None)
@given(workloads(), capacities)
def test_it_is_kept_only_where_it_ends_earlier(workload, capacity):
    small = machine(f"{capacity} B")
    try:
        found, tried = best(workload, small)
    except AnswerIsNo:
        return
    plain = written_ps(found.walk, small)
    assert found.estimate_ps <= plain
    assert any("urgent" in line for line in tried) or found.estimate_ps == plain


def written_ps(walk, small: Chip) -> int:
    """When the walk ends with tasks in its own order."""
    plays = [InTime(walk, small, part).run() for part in (0, 4)]
    return min(played.end_ps for played in plays if played is not None)


def test_the_branch_with_the_longer_way_to_the_end_is_loaded_first():
    """Three short branches are listed before the one that has a long tile."""
    short = tuple(relu(name, f"in_{name}") for name in ("a", "b", "c"))
    workload, slow = network((*short, matmul("long", "x", "w"))), machine(launch="20 us")
    program = schedule(workload, slow, Parameters())
    first = [task.layer for task in program.tasks if task.engine == "ddr"][:2]
    assert [program.layers[layer].name for layer in first] == ["long", "long"]
    # Both loads, 256 B and 16 KiB at 1 GB/s, the tile, and the store.
    assert prove(program, slow, workload).makespan_ps == (256 + 16384 + 256) * 1000 + 20_000_000 + 8192
    assert "what is urgent first" in program.decisions["plans tried"]


def test_of_a_store_and_a_load_due_at_the_same_moment_the_one_with_more_behind_it_goes_first():
    """The first of three is ready while the second is loaded; more is behind the third load than a store."""
    workload = network(tuple(relu(name, f"in_{name}") for name in ("a", "b", "c")))
    program = tiled(workload, machine(), player=ByUrgency)
    prove(program, machine(), workload)
    bus = [task.kind.value for task in program.tasks if task.engine == "ddr"]
    assert bus == ["load"] * 3 + ["store"] * 3


def test_a_tail_is_the_longest_chain_behind():
    workload, slow = network((relu("a", "x"), relu("b", "y"), matmul("c", "a", "w"))), machine()
    walk = written(workload, slow).walk
    tails = tails_of(walk, queues_of(walk, slow), *move_ps(walk, slow))
    bus, host, matrix = 256_000, 6_400, 1_008_192
    long = host + matrix + bus
    told = {
        walk.tiling.pieces.tensor[load.stays[0].piece]: at
        for load, at in zip(walk.loads, walk.load_at, strict=True)
    }
    assert {name: tails[at] for name, at in told.items()} == {
        "x": bus + long,
        "y": bus + host + bus,
        "w": 64 * bus + matrix + bus,
    }
    assert [tails[at] for at in walk.step_at] == [long, host + bus, matrix + bus]
    assert {tails[at] for at in walk.store_at.values()} == {bus}


def test_what_is_over_keeps_no_room():
    """While the host works on `a`, for which `b` waits, the others come and go in what room is left."""
    names = ("p", "q", "r", "s")
    ops = (relu("a", "x"), matmul("b", "a", "w"), *(matmul(name, f"in_{name}", "w") for name in names))
    workload = network(ops)
    tight = machine(f"{16384 + 5 * 256} B", launch="1 ns", host="0.001 GFLOP/s")
    program = tiled(workload, tight)
    prove(program, tight, workload)
    done = [program.layers[task.layer].name for task in program.tasks if task.engine == "matrix"]
    assert done == [*names, "b"]
