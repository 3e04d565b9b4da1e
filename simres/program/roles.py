"""Roles of components: which tasks a scheduler may give them."""

from __future__ import annotations

from enum import StrEnum


class ComponentRole(StrEnum):
    """The use of a component for a scheduler."""

    BUS = "bus"
    """Moves bytes between off-chip memory and the chip."""
    MEMORY = "memory"
    """Holds buffers on chip, and copies between them."""
    MATRIX = "matrix"
    """Does multiply-accumulates."""
    HOST = "host"
    """Does vector operations."""
    PROCESSOR = "processor"
    """Runs multiply-accumulates and vector operations, one at a time."""
    MASTER = "master"
    """Does no tasks: it has its own traffic, which contends for the bus."""

    @property
    def covers(self) -> tuple[ComponentRole, ...]:
        """The roles whose tasks a component of this one takes."""
        both = (ComponentRole.MATRIX, ComponentRole.HOST)
        return both if self is ComponentRole.PROCESSOR else (self,)
