"""Changes the request rates of a scenario, whose Programs are planned once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from simres.errors import SimresError
from simres.planning.plan import Schedule, behaviours_of, chip_of, plan, plan_tenants
from simres.planning.requests import busy_shares, capacity_per_ks, stream_of
from simres.plugins.registry import Registry
from simres.program.record import RecordLevel, StreamTotals
from simres.scenario.arrivals import Load
from simres.scenario.model import Scenario
from simres.simulation.run import Tenant, run_tenants
from simres.units import format_duration
from simres.workload.graph import Ledger, Workload

Given = Workload | Ledger | Mapping[str, Workload | Ledger]
"""What a scenario runs: its workload, or that of each tenant by name."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run: the requests of each tenant (of the only one under the empty name), and the share of the time
    that the busiest engine works."""

    streams: Mapping[str, StreamTotals]
    busy: float


class Traffic:
    """A scenario's chip and Programs, to be run with requests at any rate.

    A rate is the sum of those that rise, in the proportions of the scenario. These are all that have a rate,
    or that of `tenant` alone.

    Raises `SimresError` where no rate can rise, and where those that do not rise are too much already.
    """

    def __init__(self, scenario: Scenario, given: Given, registry: Registry, tenant: str | None) -> None:
        self._scenario = scenario
        self._tenants = scenario.tenants
        loads = {name: own.load for name, own in scenario.tenants.items()} or {"": scenario.load}
        self.loads: Mapping[str, Load] = {name: load for name, load in loads.items() if load is not None}
        """What comes, by tenant."""
        self.rising = _rising(scenario, self.loads, tenant)
        """Those whose rate rises."""
        self._base_per_ks = sum(self.loads[name].per_ks for name in self.rising)
        self._chip = chip_of(scenario, registry)
        self._behaviours = behaviours_of(self._chip, registry)
        self._schedules: Mapping[str, Schedule]
        if isinstance(given, Mapping):
            self._schedules = plan_tenants(scenario, given, registry)
        else:
            self._schedules = {"": plan(scenario, given, registry)}
        self.capacity_per_ks = self._capacity()
        """What the chip serves of those that rise, at the most."""

    def rates(self, per_ks: int) -> dict[str, int]:
        """Everybody's rate where those that rise come to `per_ks`; 0 for a trace."""
        return {
            name: max(1, load.per_ks * per_ks // self._base_per_ks) if name in self.rising else load.per_ks
            for name, load in self.loads.items()
        }

    def run(self, per_ks: int, replication: int) -> Ran:
        """Runs everything at a rate, with the arrivals of a replication."""
        rates = self.rates(per_ks)
        crew = []
        for name, schedule in self._schedules.items():
            tenant = self._tenants.get(name)
            start_ps, priority = (tenant.start_ps, tenant.priority) if tenant else (0, 0)
            stream = None
            if name in self.loads:
                load = replace(self.loads[name], per_ks=rates[name])
                stream = stream_of(load, schedule.sizes, start_ps, name, replication)
            starts = [(program, at + start_ps) for program, at in schedule.starts]
            crew.append(Tenant(schedule.chip, starts, priority, stream))
        ran = run_tenants(crew, self._chip, self._behaviours, RecordLevel.NONE)
        records = dict(zip(self._schedules, (record for record, _ in ran), strict=True))
        whole = next(iter(records.values())).makespan_ps
        busy = max(
            sum(record.engines[engine].working_ps for record in records.values())
            for engine in self._chip.engines
        )
        return Ran({name: records[name].streams[0] for name in self.loads}, busy / whole)

    def _capacity(self) -> int:
        """Where tenants share a chip, what its busiest engine has time for, and no more than each could be
        served alone."""
        alone = {
            name: capacity_per_ks(schedule.sizes, schedule.starts, schedule.chip, self._behaviours)
            for name, schedule in self._schedules.items()
            if name in self.rising
        }
        if not any(alone.values()):
            raise SimresError(f"`{self._scenario.name}` takes no time, so it keeps up with any rate")
        if not self._tenants:
            return alone[""]
        sizes = {name: self._schedules[name].sizes for name in self.loads}
        staying = {name: load for name, load in self.loads.items() if name not in self.rising}
        taken = busy_shares(staying, sizes, self._chip)
        wanted = busy_shares({name: self.loads[name] for name in self.rising}, sizes, self._chip)
        engine = max(taken, key=lambda name: taken[name])
        if taken[engine] >= 1:
            raise SimresError(
                f"the load of {', '.join(staying)} alone is more than the chip can serve: it keeps "
                f"`{engine}` busy for {format_duration(int(taken[engine] * 10**12))} of every second",
                "lower its `rate`, or let all rates rise together, without `--tenant`",
            )
        limits = [(1 - taken[name]) / share for name, share in wanted.items() if share]
        limits += [Fraction(most, self.loads[name].per_ks) for name, most in alone.items() if most]
        return int(min(limits) * self._base_per_ks)


def _rising(scenario: Scenario, loads: Mapping[str, Load], tenant: str | None) -> list[str]:
    """Whose rate rises."""
    if tenant is not None and tenant not in scenario.tenants:
        known = ", ".join(scenario.tenants)
        raise SimresError(
            f"`{scenario.name}` has no tenant `{tenant}`",
            f"its tenants are {known}" if known else "it has one network; leave out `--tenant`",
        )
    found = [name for name, load in loads.items() if load.per_ks and tenant in (None, name)]
    if not found:
        whose = f"tenant `{tenant}`" if tenant is not None else f"`{scenario.name}`"
        raise SimresError(
            f"{whose} has no `load` with a rate to vary",
            "write `load: {arrivals: poisson, rate: 400/s, images: 2000}`, say",
        )
    return found
