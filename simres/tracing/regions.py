"""Lowers torchvision's pools of regions of interest: as many regions as rows of boxes."""

from __future__ import annotations

import math

from simres.tracing.lowering import Lowered, Lowering, Node
from simres.tracing.prices import vector_ops
from simres.workload.operators import Unit

SAMPLES = 2
"""Each way in a bin, where a network leaves it to the size of the region: as detectors of torchvision say."""


def _aligned(node: Node) -> Lowered:
    ratio = node.number("sampling_ratio", -1)
    samples = node.output.elements * (ratio if ratio > 0 else SAMPLES) ** 2
    return Lowered("roi_align", Unit.HOST, vector_ops=vector_ops("roi_align", window=samples))


def _pooled(node: Node) -> Lowered:
    """As many comparisons as for regions that are the whole map: data says how large they are."""
    x, y = node.inputs[0], node.output
    window = math.prod(-(-size // made) for size, made in zip(x.shape[-2:], y.shape[-2:], strict=True))
    return Lowered("roi_pool", Unit.HOST, vector_ops=vector_ops("roi_pool", window=y.elements * window))


LOWERINGS: dict[str, Lowering] = {
    "torchvision.roi_align.default": _aligned,
    "torchvision.ps_roi_align.default": _aligned,
    "torchvision.roi_pool.default": _pooled,
    "torchvision.ps_roi_pool.default": _pooled,
}
"""Lowering functions by operator."""
