"""Finds equal operators of a network."""

from __future__ import annotations

from collections.abc import Sequence

from simres.workload.graph import Workload
from simres.workload.operators import Op


def forms_of(workload: Workload, ops: Sequence[Op]) -> list[int]:
    """By operator, a number that operators of equal kind and work share whose inputs and outputs, views and
    all, have equal shapes and types."""
    known: dict[object, int] = {}
    return [known.setdefault(_form_of(workload, op), len(known)) for op in ops]


def _form_of(workload: Workload, op: Op) -> object:
    tensors = workload.tensors
    read: list[object] = []
    for name in op.inputs:
        tensor = tensors[name]
        while tensor.view_of is not None:
            view = workload.producer[tensor.name]
            read.append((tensor.shape, view.kind, tuple(view.attributes.items())))
            tensor = tensors[tensor.view_of]
        read.append((tensor.shape, tensor.dtype, tensor.role))
    made = tuple((tensors[name].shape, tensors[name].dtype) for name in op.outputs)
    looked_up = tuple(reach.looks_up for reach in workload.reaches(op))
    key = (op.kind, op.unit, op.macs, op.vector_ops, op.loops, op.window, tuple(op.attributes.items()))
    return key, op.reads, tuple(read), made, looked_up
