"""The data types of a network against those of a chip's rates: what is refused, and what is said."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.hardware.rates import IntegerRate, formatted
from simres.passes.usual import DATA_TYPES
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.text import three_digits
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import BITS, computed_in


def refuse_unrated(workload: Workload | Ledger, chip: Chip) -> None:
    """Raises `SimresError` if a component has no rate for work that a scheduler may give it."""
    for role, kind, dtype, name in _computed(workload):
        for lane, spec in chip.able(role, kind).items():
            known = spec.data_types(role)
            if known is None or dtype in known:
                continue
            component = chip.component_of(lane)
            stated = ", ".join(sorted(known))
            if not dtype:
                raise SimresError(
                    f"`hardware.{component}` has a rate for each data type ({stated}), and the ledger "
                    f"`{workload.name}` does not state its data type",
                    f"state one rate for all types under `hardware.{component}`",
                )
            raise SimresError(
                f"`hardware.{component}` has no rate for {dtype}, in which `{name}` computes; it has one for "
                f"{stated}",
                f"state one for {dtype} too, or change the type: {_remedy(known)}",
            )


def _remedy(known: Collection[str]) -> str:
    """The option that changes a network to one of these types."""
    found = next((dtype for dtype in DATA_TYPES if dtype in known), "int8")
    return f"`--{found}` runs it in {found}, with the pass `quantise_{found}`"


def wider_than_unit(workload: Workload | Ledger, chip: Chip) -> str:
    """Says that a network computes in a wider data type than the chip's matrix unit is made for; else ''.

    That is where the unit is faster in a narrower type, or states one rate for all, spelled as one of
    integers (`2.3 TOP/s`), and the network is in floating point.
    """
    if isinstance(workload, Ledger) or not workload.macs:
        return ""
    from simres.networks.network_names import short
    from simres.passes.quantise import FLOATS

    dtype = workload.data_type
    for lane, spec in chip.named(ComponentRole.MATRIX).items():
        component, known = chip.component_of(lane), spec.data_types(ComponentRole.MATRIX)
        narrower = [
            other
            for other in DATA_TYPES
            if BITS[other] < BITS[dtype] and (known is None or {other, dtype} <= known)
        ]
        for other in narrower:
            wide, narrow = (spec.at_peak_ps(Work(macs=_MANY, dtype=one)) for one in (dtype, other))
            if wide > narrow:
                ratio = three_digits(float(wide / narrow))
                return (
                    f"{short(workload.name)} is {dtype}, and `{component}` is {ratio}x as fast in {other}: "
                    f"try `--{other}`"
                )
        rate = getattr(spec, "rate", getattr(spec, "matrix_rate", None))
        if isinstance(rate, IntegerRate) and dtype in FLOATS:
            return (
                f"{short(workload.name)} is {dtype}, run at the integer rate of `{component}` "
                f"({formatted(rate, '')}): try `--int8`"
            )
    return ""


_MANY = 10**9
"""Multiply-accumulates by which rates are compared."""


def _computed(workload: Workload | Ledger) -> Iterator[tuple[ComponentRole, str, str, str]]:
    """The roles, operators and data types of all work, each with the first operator that has it."""
    if isinstance(workload, Ledger):
        yield ComponentRole.MATRIX, "", "", workload.name
        yield ComponentRole.HOST, "", "", workload.name
        return
    first: dict[tuple[ComponentRole, str, str], str] = {}
    for op in workload.ops:
        for part in op.parts():
            dtype = computed_in(part, workload.tensors)
            if part.macs:
                first.setdefault((ComponentRole.MATRIX, part.kind, dtype), part.name)
            if part.vector_ops:
                first.setdefault((ComponentRole.HOST, part.kind, dtype), part.name)
    for (role, kind, dtype), name in first.items():
        yield role, kind, dtype, name
