"""Schedules handed on: a chip with at least as much of everything also has the schedules of one with less.

A scheduler decides anew for each chip and may do worse with more. Where several chips are looked at, the
schedule of a dominated one is therefore a candidate too. On a bus with one channel it takes no longer there:
every engine does its tasks in the Program's order, so no time in the run grows when a delay or a duration
shrinks or a memory grows. Channels that share a bus first come, first served have no such guarantee (Graham,
1969).
"""

from __future__ import annotations

from dataclasses import replace

from simres.errors import SimresError
from simres.hardware.dominance import dominates
from simres.planning.crew import Crew
from simres.planning.plan import behaviours_of, chip_of
from simres.plugins.registry import Registry
from simres.scenario.model import Scenario


def moved(crew: Crew, scenario: Scenario, registry: Registry) -> Crew:
    """Returns the crew with its schedules on the chip of `scenario`, which must have the same networks.

    Raises `SimresError` for an impossible chip.
    """
    chip = chip_of(scenario, registry)
    members = {
        name: replace(crew.members[name], chip=chip_of(own, registry))
        for name, own in scenario.parts().items()
    }
    return Crew(chip, behaviours_of(chip, registry), members)


def takes_from(scenario: Scenario, other: Scenario, registry: Registry) -> bool:
    """Whether `scenario` can have the schedules of `other`: its chip dominates, and all else is equal.

    Scenarios with requests over time take none: their makespan says more of the arrivals than of the chip.
    """
    if scenario.loaded or _without_chip(scenario) != _without_chip(other):
        return False
    return dominates(chip_of(scenario, registry), chip_of(other, registry))


def handed_on(crew: Crew, other: Scenario, scenario: Scenario, registry: Registry) -> Crew:
    """Returns the crew, planned for `other`, on the chip of `scenario`.

    Raises `SimresError` unless `scenario` can have its schedules (see `takes_from`).
    """
    if not takes_from(scenario, other, registry):
        raise SimresError("a schedule can only be handed on to a chip with at least as much of everything")
    return moved(crew, scenario, registry)


def _without_chip(scenario: Scenario) -> Scenario:
    return replace(scenario, name="", description="", hardware={}, expect=(), technology=0)
