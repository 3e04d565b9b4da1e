"""Roles of components: which tasks a scheduler may give them."""

from __future__ import annotations

from enum import StrEnum


class ComponentRole(StrEnum):
    """What a scheduler may use a component for."""

    BUS = "bus"
    """Moves bytes between off-chip memory and the chip."""
    MEMORY = "memory"
    """Holds buffers on chip, and copies between them."""
    MATRIX = "matrix"
    """Does multiply-accumulates."""
    HOST = "host"
    """Does vector operations."""
    MASTER = "master"
    """Nothing: it does work of its own, and gets in the way."""
