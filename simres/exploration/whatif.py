"""What-if analysis: each resource of a chip doubled, halved and unlimited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simres import jobs
from simres.exploration.target import search
from simres.exploration.trial import Trial
from simres.exploration.whatif_outcomes import Change, How, MakespanTarget, Need, WhatIf
from simres.plugins.registry import Registry
from simres.scenario.model import Scenario
from simres.workload.graph import Ledger, Workload


def what_if(
    scenario: Scenario,
    workloads: Mapping[str, Workload | Ledger],
    registry: Registry,
    *,
    target_ps: int | None = None,
) -> WhatIf:
    """Simulates every resource of the chip doubled, halved and unlimited; with a target, what meets it.

    A schedule that is at hand counts wherever it fits: the one of now after every change, and one made for a
    chip with less on the chip as it is (`WhatIf.adopted`). So less of anything never looks better.

    `workloads` are by tenant, that of an only network under the empty name. Where requests arrive over time,
    each network instead runs `images` times. Interrupted on the command line, it returns the resources that
    are finished by then. Raises as `plan_crew` does for the scenario as it is. The
    `expect:` is not checked.
    """
    trial = Trial(scenario, workloads, registry)
    wanted = [(*one, how) for one in trial.resources for how in How]
    steps = len(wanted) + (len(trial.resources) if target_ps is not None else 0)
    changes: list[Change] = []
    needs: list[Need] = []
    with jobs.job("simulations", steps, done=lambda: len(changes) + len(needs)):
        try:
            trial.adopt()
            for one in wanted:
                changes.append(trial.change(*one))
            if target_ps is not None and trial.base.makespan_ps > target_ps:
                for component, resource in trial.resources:
                    own = [one for one in changes if (one.component, one.resource) == (component, resource)]
                    needs.append(search(trial, component, resource, target_ps, own))
        except KeyboardInterrupt:
            del changes[len(changes) // len(How) * len(How) :]
            if not changes or not jobs.cut_short(f"after {len(changes) + len(needs)} of {steps} simulations"):
                raise
    schedulers = dict.fromkeys(member.schedule.program.scheduler for member in trial.crew.members.values())
    found = WhatIf(
        trial.scenario.name, ", ".join(schedulers), trial.base, tuple(changes), adopted=trial.adopted
    )
    if target_ps is None:
        return found
    return replace(found, target=MakespanTarget(target_ps, tuple(sorted(needs, key=_rank))))


def _rank(need: Need) -> tuple[bool, float, int]:
    """Returns a sort key: changes that meet the target by size, then the others by distance from it."""
    return (not need.met, need.factor if need.met else 0.0, need.outcome.makespan_ps)
