"""The parts of a scenario's chip that its networks leave unused, told without a simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from simres.analysis.unused import unused
from simres.errors import SimresError
from simres.planning.hosts import NoHost
from simres.planning.plan import plan
from simres.plugins.registry import Registry, resolve
from simres.scenario import shipped
from simres.scenario.model import Scenario, is_file_reference
from simres.workload.graph import Ledger, Workload
from simres.workload.json import read


def unused_parts(scenario: Scenario, registry: Registry) -> Sequence[str]:
    """The components that no network of a scenario uses: `hardware.dsp`, or `1 of hardware.matrix`.

    Where `serial`, which plans quickly, leaves nothing unused, other schedulers are taken to do so too.
    Nothing is said where a network has not been traced, or where it does not fit. Raises `NoHost` if no host
    runs one of its operators.
    """
    found: Counter[str] | None = None
    units: dict[str, int] = {}
    try:
        for part in scenario.parts().values():
            workload = _known(part.workload)
            if workload is None:
                return ()
            part = replace(part, images=1, load=None)
            left: Mapping[str, int] = {}
            if isinstance(workload, Workload):
                parameters = resolve(registry.scheduler("serial").parameters)()
                left = _left(replace(part, scheduler="serial", parameters=parameters), workload, registry)
            if part.scheduler != "serial" and (left or isinstance(workload, Ledger)):
                left = _left(part, workload, registry)
            found = Counter(left) if found is None else found & Counter(left)
            units = {name: getattr(spec, "count", 1) for name, spec in part.hardware.items()}
    except NoHost:
        raise
    except SimresError:
        pass
    return [
        f"{count} of hardware.{name}" if units[name] > count else f"hardware.{name}"
        for name, count in (found or {}).items()
    ]


def _left(scenario: Scenario, workload: Workload | Ledger, registry: Registry) -> Mapping[str, int]:
    """What the schedule of one network leaves unused. Raises as `plan` does."""
    planned = plan(scenario, workload, registry)
    chip = planned.chip
    roles = {name: chip.roles[chip.component_of(name)] for name in chip.engines}
    return unused(planned.program, roles, chip.memories)


def _known(named: str) -> Workload | Ledger | None:
    """A network that has been traced: a file, or one that is shipped."""
    path = Path(named) if is_file_reference(named) else shipped.workloads().get(named)
    return None if path is None else read(path)
