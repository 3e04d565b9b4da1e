"""Varies the request rates of a scenario whose Programs are planned once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from simres.errors import SimresError
from simres.planning.capacity import busy_shares, served_per_ks
from simres.planning.crew import Crew, plan_crew, run_crew
from simres.plugins.registry import Registry
from simres.program.record import RecordLevel, StreamTotals
from simres.scenario.arrivals import RequestLoad
from simres.scenario.model import Scenario
from simres.units import format_duration
from simres.workload.graph import Ledger, Workload


@dataclass(frozen=True, slots=True)
class Ran:
    """A run: the requests of each tenant (of an only network under the empty name), and the busy share of the
    busiest engine."""

    streams: Mapping[str, StreamTotals]
    busy: float


class Traffic:
    """A scenario's crew, planned once and run with requests at any rate.

    A rate is the sum of the rates that rise, in the proportions of the scenario. All tenants with a rate
    rise, or only `tenant`.

    Raises `SimresError` where no rate can rise, and where the fixed rates alone overload the chip.
    """

    def __init__(
        self,
        scenario: Scenario,
        workloads: Mapping[str, Workload | Ledger],
        registry: Registry,
        tenant: str | None,
    ) -> None:
        self._scenario = scenario
        loads = {name: own.load for name, own in scenario.parts().items()}
        self.loads: Mapping[str, RequestLoad] = {
            name: load for name, load in loads.items() if load is not None
        }
        """Loads by tenant."""
        self.rising = _rising(scenario, self.loads, tenant)
        """The tenants whose rates rise."""
        self._base_per_ks = sum(self.loads[name].per_ks for name in self.rising)
        self._crew = plan_crew(scenario, workloads, registry)
        self.capacity_per_ks = self._capacity()
        """The largest rate of the rising tenants that the chip can serve."""

    def rates(self, per_ks: int) -> dict[str, int]:
        """Returns the rate of each tenant where the rising ones sum to `per_ks`; 0 for a trace."""
        return {
            name: max(1, load.per_ks * per_ks // self._base_per_ks) if name in self.rising else load.per_ks
            for name, load in self.loads.items()
        }

    def run(self, per_ks: int, replication: int) -> Ran:
        """Runs all tenants at a rate, with the arrivals of a replication."""
        ran = run_crew(self._at(per_ks), RecordLevel.NONE, replication=replication)
        records = {name: record for name, (record, _) in ran.items()}
        whole = next(iter(records.values())).makespan_ps
        busy = max(
            sum(record.engines[engine].working_ps for record in records.values())
            for engine in self._crew.chip.engines
        )
        return Ran({name: records[name].streams[0] for name in self.loads}, busy / whole)

    def _at(self, per_ks: int) -> Crew:
        """Returns the crew with the requests of all tenants at their rates."""
        members = dict(self._crew.members)
        for name, rate in self.rates(per_ks).items():
            members[name] = replace(members[name], load=replace(self.loads[name], per_ks=rate))
        return replace(self._crew, members=members)

    def _capacity(self) -> int:
        """Returns the capacity: where tenants share a chip, the limit of its busiest engine, and at most the
        rate at which each could be served alone."""
        crew = self._crew
        alone = {name: served_per_ks(crew.members[name], crew.behaviours) for name in self.rising}
        if not any(alone.values()):
            raise SimresError(f"`{self._scenario.name}` takes no time, so it can serve any rate")
        limits = [Fraction(most, self.loads[name].per_ks) for name, most in alone.items() if most]
        if len(crew.members) > 1:
            limits += self._limits_by_engine()
        return int(min(limits) * self._base_per_ks)

    def _limits_by_engine(self) -> list[Fraction]:
        """Returns, for each engine, the factor by which the rising rates of the scenario could grow."""
        crew = self._crew
        staying = [name for name in self.loads if name not in self.rising]
        taken = busy_shares((crew.members[name] for name in staying), crew.chip)
        wanted = busy_shares((crew.members[name] for name in self.rising), crew.chip)
        engine = max(taken, key=lambda name: taken[name])
        if taken[engine] >= 1:
            raise SimresError(
                f"the load of {', '.join(staying)} alone is more than the chip can serve: it keeps "
                f"`{engine}` busy for {format_duration(int(taken[engine] * 10**12))} of every second",
                "lower its `rate`, or let all rates rise together, without `--tenant`",
            )
        return [(1 - taken[name]) / share for name, share in wanted.items() if share]


def _rising(scenario: Scenario, loads: Mapping[str, RequestLoad], tenant: str | None) -> list[str]:
    """Returns the tenants whose rates rise."""
    if tenant is not None and tenant not in scenario.tenants:
        known = ", ".join(scenario.tenants)
        raise SimresError(
            f"`{scenario.name}` has no tenant `{tenant}`",
            f"its tenants are {known}" if known else "the scenario has one network: leave out `--tenant`",
        )
    found = [name for name, load in loads.items() if load.per_ks and tenant in (None, name)]
    if not found:
        whose = f"tenant `{tenant}`" if tenant is not None else f"`{scenario.name}`"
        raise SimresError(
            f"{whose} has no `load` with a rate to vary",
            "write `load: {arrivals: poisson, rate: 400/s, images: 2000}`, say",
        )
    return found
