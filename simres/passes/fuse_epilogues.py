"""Fuses elementwise operators and pooling into the matrix operator before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simres.passes.rebuilt import rebuilt
from simres.workload.footprint import is_elementwise
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import Op, Tensor, Unit


def fuse_epilogues(workload: Workload) -> Workload:
    """The workload with chains of elementwise operators and one pooling taken into `Op.fused`.

    A chain starts at a convolution, linear layer or product and goes on while the result has one
    reader, is no output, and that reader is elementwise over it or pools it (one pooling a chain: the
    halos of two would multiply). What else the reader needs, such as the skip tensor of an addition,
    becomes an input of the operator. It runs where the last of its chain stood, when all its inputs
    are there; of two convolutions that one addition joins, the first takes it.
    """
    gone: set[str] = set()
    chains: dict[str, list[Op]] = {}
    for op in workload.ops:
        if op.unit is Unit.MATRIX and not op.fused and len(op.outputs) == 1:
            chain = _chain(workload, op, gone)
            gone.update(part.name for part in chain)
            chains[op.name] = chain
    heads = {chain[-1].name: name for name, chain in chains.items() if chain}
    by_name = {op.name: op for op in workload.ops}
    ops = []
    for op in workload.ops:
        if op.name in heads:
            ops.append(_fused(by_name[heads[op.name]], chains[heads[op.name]]))
        elif op.name not in gone and not chains.get(op.name):
            ops.append(op)
    return rebuilt(workload, ops)


def _chain(workload: Workload, op: Op, taken: set[str]) -> list[Op]:
    """What can follow `op` on the fly."""
    chain: list[Op] = []
    pooled = False
    result = op.outputs[0]
    while len(readers := workload.consumers[result]) == 1 and result not in workload.outputs:
        reader = readers[0]
        if reader.name in taken or reader.unit is not Unit.HOST or len(reader.outputs) != 1:
            break
        if kind_of(reader).pooling and reader.window is not None and not pooled:
            pooled = True
        elif not is_elementwise(workload, reader) or not _alike(workload.tensors, result, reader):
            break
        chain.append(reader)
        result = reader.outputs[0]
    return chain


def _alike(tensors: Mapping[str, Tensor], result: str, reader: Op) -> bool:
    return tensors[result].shape == tensors[reader.outputs[0]].shape


def _fused(head: Op, chain: list[Op]) -> Op:
    inside = {head.outputs[0], *(part.outputs[0] for part in chain)}
    others = (name for part in chain for name in part.inputs if name not in inside)
    return replace(
        head,
        inputs=(*head.inputs, *dict.fromkeys(name for name in others if name not in head.inputs)),
        outputs=chain[-1].outputs,
        vector_ops=sum(part.vector_ops for part in chain),
        fused=tuple(chain),
    )
