"""The energy table: joules by component."""

from __future__ import annotations

from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING, percent, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.result.engine_rows import EngineRow
from simres.units import ENERGY, PS_PER_S, format_energy, format_power


def caption(result: Result) -> str:
    """Returns total energy and average power in words; per inference if all are of one network."""
    spent = result.energy
    images = 1 if result.tenants else result.images
    each = f" ({format_energy(spent.total_fj // images)} per {result.inference})" if images > 1 else ""
    return f"{format_energy(spent.total_fj)}{each}, {format_power(spent.average_power_uw)} on average"


def product(result: Result) -> str:
    """Returns the energy-delay product in words."""
    return f"Energy-delay product {result.energy.energy_delay_js:.3g} J s."


def shares(result: Result) -> str:
    """Returns each component's share of the energy in one line, largest first."""
    parts = {row.label: sum(spent_fj(result, row)) for row in result.engine_rows.values()}
    shown = sorted((name for name in parts if parts[name]), key=lambda name: -parts[name])
    named = (
        f"{name} {format_energy(parts[name])} ({percent(parts[name], result.energy.total_fj)} %)"
        for name in shown
    )
    return f"{', '.join(named)}."


def components(result: Result, page: Page) -> list[Text]:
    """Returns the dynamic and static energy of each component."""
    return page.table(component_columns(result), clip=True)


def component_columns(result: Result) -> list[Column]:
    """Returns the columns of `components`."""
    spent = result.energy
    parts = [(row, *spent_fj(result, row)) for row in result.engine_rows.values()]
    parts = [(row, work, static) for row, work, static in parts if work or static]
    unit = scale(spent.total_fj, ENERGY.ladder)
    return [
        Column("component", [row.label for row, _, _ in parts], total="total", right=False),
        Column(
            "dynamic",
            [unit.text(work) for _, work, _ in parts],
            unit.unit,
            unit.text(sum(spent.dynamic_fj.values())),
        ),
        Column(
            "static",
            [unit.text(static) for _, _, static in parts],
            unit.unit,
            unit.text(sum(spent.static_fj.values())),
            rank=2,
        ),
        Column(
            "sum",
            [unit.text(work + static) for _, work, static in parts],
            unit.unit,
            unit.text(spent.total_fj),
        ),
        Column("share", [percent(work + static, spent.total_fj) for _, work, static in parts], "%", "100.0"),
        Column(
            "at",
            [_rates(result, row, work) for row, work, _ in parts],
            right=False,
            elastic=True,
            rank=1,
            style="muted",
        ),
    ]


def spent_fj(result: Result, row: EngineRow) -> tuple[int, int]:
    """Returns the femtojoules for the work of a row's engines, and for being on."""
    spent = result.energy
    work = sum(spent.dynamic_fj[engine] for engine in row.engines)
    return work, sum(spent.static_fj[engine] for engine in row.engines)


def _rates(result: Result, row: EngineRow, work_fj: int) -> str:
    """Returns the energy costs of a component."""
    costs = result.chip[row.engines[0]].energy
    found = []
    if costs.byte_fj:
        found.append(f"{format_energy(costs.byte_fj)} per byte")
    if costs.operation_fj:
        found.append(f"{format_energy(costs.operation_fj)} an operation")
    if costs.mac_fj and (macs := sum(layer.macs for layer in result.layers)):
        found.append(f"{format_energy(work_fj // macs)} a MAC on average")
    if costs.static_uw:
        of_each = " each" if len(row.engines) > 1 else ""
        found.append(f"{format_power(costs.static_uw)}{of_each} all the time")
    return ", ".join(found)


def energy_delay(energy_fj: int, time_ps: int) -> str:
    """Formats an energy-delay product in joule seconds: `2.54e-11`."""
    return f"{energy_fj * time_ps / (10**15 * PS_PER_S):.2e}" if energy_fj and time_ps else NOTHING
