"""Runs several inferences as one batch, which reads the weights once."""

from __future__ import annotations

from simres.passes.rebuilt import rebuilt
from simres.workload.batches import scaled
from simres.workload.graph import Workload


def batch(workload: Workload, images: int) -> Workload:
    """The workload with `images` times as many images at once (`simres.workload.batches`)."""
    found = scaled(workload, images)
    return rebuilt(found, found.ops)
