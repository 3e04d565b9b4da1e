"""Weights that a step is the first to read come in one transfer; where nothing overlaps each has its own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.program import Program, TaskKind
from simres.scheduling import overlapped, serial
from simres.scheduling.tiled import in_time
from simres.scheduling.tiling_cache import least_walk
from simres.sharing.workbench import Workbench
from simres.simulation.placement import lay_out
from simres.testing import paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload


def normalised() -> Workload:
    """A product, and a batch norm of its 16 columns by four vectors."""
    vectors = ("scale", "shift", "mean", "variance")
    tensors = (
        Tensor("x", Role.INPUT, (8, 32)),
        Tensor("w", Role.WEIGHT, (16, 32)),
        *(Tensor(name, Role.WEIGHT, (16,)) for name in vectors),
        Tensor("product", Role.ACTIVATION, (8, 16)),
        Tensor("norm", Role.ACTIVATION, (8, 16)),
    )
    ops = (
        Op("product", "matmul", Unit.MATRIX, ("x", "w"), ("product",), 4096, loops=Loops(n=8, m=16, c=32)),
        Op("norm", "batch_norm", Unit.HOST, ("product", *vectors), ("norm",), vector_ops=256),
    )
    return Workload("normalised", {tensor.name: tensor for tensor in tensors}, ops, ("norm",))


def loads(program: Program) -> list[tuple[list[str], int]]:
    """The tensors of each load, and its bytes."""
    tasks = [task for task in program.tasks if task.kind is TaskKind.LOAD]
    return [([region.tensor for region in task.reads], task.work.nbytes) for task in tasks]


def test_the_vectors_of_a_batch_norm_come_together():
    workload, machine = normalised(), paper_chip("1 MiB")
    program = overlapped.schedule(workload, machine, overlapped.Parameters())
    together = (["scale", "shift", "mean", "variance"], 4 * 64)
    assert together in loads(program)
    assert sum(nbytes for _, nbytes in loads(program)) == workload.bytes_in
    prove(program, machine, workload)


def test_where_nothing_overlaps_each_weight_has_its_own_transfer():
    workload, machine = normalised(), paper_chip("1 MiB")
    program = serial.schedule(workload, machine, overlapped.Parameters())
    assert sorted(len(names) for names, _ in loads(program)) == [1] * 6


def test_each_tensor_of_a_transfer_has_its_own_addresses():
    workload, machine = normalised(), paper_chip("1 MiB")
    program = overlapped.schedule(workload, machine, overlapped.Parameters())
    found = lay_out(program, ["ddr"])
    (together,) = [number for number, task in enumerate(program.tasks) if len(task.reads) == 4]
    starts = [start for start, _ in found[together]]
    assert [stop - start for start, stop in found[together]] == [64] * 4
    assert starts == list(range(starts[0], starts[0] + 256, 64))


@settings(max_examples=100, deadline=None)
@given(workloads(), st.integers(100, 6_000))
def test_the_same_bytes_come_in_fewer_transfers(workload, capacity):
    machine = paper_chip(f"{capacity} B")
    memory, spec = machine.scratchpad()
    try:
        apart, joined = (
            least_walk(Workbench(), workload, memory, spec, joined=joined) for joined in (False, True)
        )
    except AnswerIsNo:
        return
    assert sum(load.nbytes for load in apart.loads) == sum(load.nbytes for load in joined.loads)
    assert len(joined.loads) <= len(apart.loads) == len(apart.residency.loads)
    for load in joined.loads:
        assert {stay.start for stay in load.stays} == {load.start}
    found = in_time(workload, machine, joined)
    assert found is not None
    prove(found.program("test"), machine, workload)
