"""Output sizes as SCALE-Sim counts them, for comparing with its figures."""

from __future__ import annotations

from dataclasses import replace

from simres.workload import Op, Workload
from simres_systolic.array import OUTPUT_SIZE


def scalesim_shapes(workload: Workload) -> Workload:
    """The workload with every convolution marked whose stride leaves a remainder of its padded input.

    There a network's output ends with the last whole window, and SCALE-Sim counts one more row or column:
    ceil((size - kernel + stride) / stride). Only the cycles of the kind `array` follow the mark: shapes,
    bytes and multiply-accumulates stay those of the network.
    """
    return replace(workload, ops=tuple(_marked(workload, op) for op in workload.ops))


def _marked(workload: Workload, op: Op) -> Op:
    counted = _counted(workload, op)
    if op.loops is None or counted is None or counted == (op.loops.p, op.loops.q):
        return op
    return replace(op, attributes={**op.attributes, OUTPUT_SIZE: counted})


def _counted(workload: Workload, op: Op) -> tuple[int, int] | None:
    """Rows and columns of the output as SCALE-Sim counts them; None for what is no such convolution."""
    if op.kind != "conv" or op.window is None or op.attributes.get("transposed"):
        return None
    axes = len(workload.tensors[op.inputs[1]].shape) - 2
    if axes > 2:
        return None
    height, width = (1, *workload.tensors[op.inputs[0]].shape[-axes:])[-2:]
    top, bottom, left, right = op.window.padding
    sizes = height + top + bottom, width + left + right
    rows, columns = (
        -(-(size - (kernel - 1) * dilation - 1) // stride) + 1
        for size, kernel, stride, dilation in zip(
            sizes, op.window.kernel, op.window.stride, op.window.dilation, strict=True
        )
    )
    return rows, columns
