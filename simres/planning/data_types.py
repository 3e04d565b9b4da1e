"""Refuses networks that compute in a data type for which the chip states no rate."""

from __future__ import annotations

from collections.abc import Iterator

from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.program.roles import ComponentRole
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import computed_in


def refuse_unrated(workload: Workload | Ledger, chip: Chip) -> None:
    """Raises `SimresError` if a component has no rate for work that a scheduler may give it."""
    for role, dtype, name in _computed(workload):
        for lane, spec in chip.named(role).items():
            known = spec.data_types(role)
            if known is None or dtype in known:
                continue
            component = chip.component_of(lane)
            stated = ", ".join(sorted(known))
            if not dtype:
                raise SimresError(
                    f"`hardware.{component}` has a rate for each data type ({stated}), and the ledger "
                    f"`{workload.name}` does not say in which it computes",
                    f"state one rate for all types under `hardware.{component}`",
                )
            raise SimresError(
                f"`hardware.{component}` has no rate for {dtype}, in which `{name}` computes; it has one for "
                f"{stated}",
                f"state one for {dtype} too, or change the type: the pass `quantise_int8` makes all of a "
                "network int8 but its outputs",
            )


def _computed(workload: Workload | Ledger) -> Iterator[tuple[ComponentRole, str, str]]:
    """The roles and data types of all work, each with the first operator that has it."""
    if isinstance(workload, Ledger):
        yield ComponentRole.MATRIX, "", workload.name
        yield ComponentRole.HOST, "", workload.name
        return
    first: dict[tuple[ComponentRole, str], str] = {}
    for op in workload.ops:
        for part in op.parts():
            dtype = computed_in(part, workload.tensors)
            if part.macs:
                first.setdefault((ComponentRole.MATRIX, dtype), part.name)
            if part.vector_ops:
                first.setdefault((ComponentRole.HOST, dtype), part.name)
    for (role, dtype), name in first.items():
        yield role, dtype, name
