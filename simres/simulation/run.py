"""Builds the system that a scenario describes and runs Programs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from simpy import Environment

from simres.hardware.chip import Chip
from simres.hardware.engine import Engine
from simres.hardware.specs import EngineSpec
from simres.program import Program
from simres.record import Record, RecordLevel
from simres.simulation.invariants import hold
from simres.simulation.plan import flatten
from simres.simulation.replay import Launch, replay


class EngineFactory(Protocol):
    """Makes the behaviour of one component in an environment."""

    def __call__(self, environment: Environment, spec: EngineSpec, /) -> Engine: ...


def run(
    program: Program,
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    *,
    arrivals_ps: Sequence[int] = (0,),
    level: RecordLevel = RecordLevel.FULL,
) -> tuple[Record, int]:
    """Replays `program` once per arrival; the Record, and the picoseconds of its longest chain.

    `behaviours` gives the engine of each component by name. Raises `BrokenInvariant`, with the Record
    attached, when what happened contradicts the Program.
    """
    specs = chip.engines
    plan = flatten(program, specs)
    environment = Environment()
    engines = {name: behaviours[name](environment, spec) for name, spec in specs.items()}
    capacities = {name: memory.capacity for name, memory in chip.memories.items()}
    launches = [Launch(plan, at) for at in sorted(arrivals_ps)]
    record = replay(launches, engines, capacities, environment, level)
    chain_ps = hold(record, plan, specs, arrivals_ps=sorted(arrivals_ps))
    return record, chain_ps
