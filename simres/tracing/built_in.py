"""Every operator that simres itself can lower. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping

from simres.tracing import (
    fourier,
    linear_algebra,
    matrix,
    movement,
    ordering,
    quantisation,
    random_numbers,
    regions,
    sampling,
    vector,
)
from simres.tracing.lowering import Lowering

ROOMS = (
    matrix,
    vector,
    movement,
    ordering,
    sampling,
    regions,
    linear_algebra,
    fourier,
    random_numbers,
    quantisation,
)
"""The modules that have a part of the table."""

LOWERINGS: Mapping[str, Lowering] = {
    source: lowering for room in ROOMS for source, lowering in room.LOWERINGS.items()
}
"""Lowering functions by operator."""
