"""Networks that read every element of their inputs and weights, for tests of exact byte counts."""

from __future__ import annotations

from simres.workload import Role, Unit, Workload


def read_whole(workload: Workload) -> bool:
    """Whether every input and weight is read to its last element, so that no tile reads too much of it."""
    used = {workload.storage(name) for op in workload.ops if op.unit is not Unit.VIEW for name in op.inputs}
    given = (workload.tensors[name] for name in used if workload.tensors[name].role is not Role.ACTIVATION)
    return sum(tensor.nbytes for tensor in given) == workload.bytes_in
