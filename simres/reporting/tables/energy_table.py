"""The energy table: joules by component."""

from __future__ import annotations

from simres.reporting.text.amounts import NOTHING, percent, scale
from simres.reporting.text.columns import Column, lines
from simres.reporting.text.glyphs import Glyphs
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.units import ENERGY, PS_PER_S, format_energy, format_power


def caption(result: Result) -> str:
    """Total and average power in words; by image where all are of one network."""
    spent = result.energy
    images = 1 if result.tenants else result.images
    each = f" ({format_energy(spent.total_fj // images)} an image)" if images > 1 else ""
    return f"{format_energy(spent.total_fj)}{each}, {format_power(spent.average_power_uw)} on average"


def product(result: Result) -> str:
    """The energy-delay product in words."""
    return f"Energy-delay product {result.energy.energy_delay_js:.3g} J s."


def shares(result: Result) -> str:
    """Each component's part of the energy, the largest first, in one line."""
    spent = result.energy
    parts = {name: spent.dynamic_fj[name] + spent.static_fj[name] for name in spent.dynamic_fj}
    shown = sorted((name for name in parts if parts[name]), key=lambda name: -parts[name])
    named = (
        f"{name} {format_energy(parts[name])} ({percent(parts[name], spent.total_fj)} %)" for name in shown
    )
    return f"{', '.join(named)}."


def components(result: Result, width: int, glyphs: Glyphs) -> list[Text]:
    """What each component took for its work, and for being on."""
    return lines(component_columns(result), width, rule=glyphs.line, clip=True)


def component_columns(result: Result) -> list[Column]:
    """The columns of `components`."""
    spent = result.energy
    named = {name: spent.dynamic_fj[name] + spent.static_fj[name] for name in spent.dynamic_fj}
    shown = [name for name, both in named.items() if both]
    unit = scale(spent.total_fj, ENERGY.ladder)
    return [
        Column("component", shown, total="total", right=False),
        Column(
            "for work",
            [unit.text(spent.dynamic_fj[name]) for name in shown],
            unit.unit,
            unit.text(sum(spent.dynamic_fj.values())),
        ),
        Column(
            "for being on",
            [unit.text(spent.static_fj[name]) for name in shown],
            unit.unit,
            unit.text(sum(spent.static_fj.values())),
            rank=2,
        ),
        Column("both", [unit.text(named[name]) for name in shown], unit.unit, unit.text(spent.total_fj)),
        Column("share", [percent(named[name], spent.total_fj) for name in shown], "%", "100.0"),
        Column(
            "at", [_rates(result, name) for name in shown], right=False, elastic=True, rank=1, style="muted"
        ),
    ]


def _rates(result: Result, name: str) -> str:
    """The prices that a component's work was charged."""
    costs = result.chip[name].energy
    found = []
    if costs.byte_fj:
        found.append(f"{format_energy(costs.byte_fj)} a byte")
    if costs.operation_fj:
        found.append(f"{format_energy(costs.operation_fj)} an operation")
    if costs.mac_fj and (macs := sum(layer.macs for layer in result.layers)):
        found.append(f"{format_energy(result.energy.dynamic_fj[name] // macs)} a MAC on average")
    if costs.static_uw:
        found.append(f"{format_power(costs.static_uw)} all the time")
    return ", ".join(found)


def energy_delay(energy_fj: int, time_ps: int) -> str:
    """An energy-delay product with its decade, in joule seconds: `2.54e-11`."""
    return f"{energy_fj * time_ps / (10**15 * PS_PER_S):.2e}" if energy_fj and time_ps else NOTHING
