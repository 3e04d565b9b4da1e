"""The networks of a scenario: workloads, schedulers, and tenants that share a chip."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from simres import units
from simres.errors import SimresError
from simres.hardware.specs import ComponentSpec, MemorySpec
from simres.plugins import hooks
from simres.plugins.registry import resolve
from simres.scenario import shipped
from simres.scenario.arrivals import load_of, resolved_load
from simres.scenario.model import Scenario, Tenant, TenantFile, is_file_reference
from simres.scenario.old_settings import renewed
from simres.scenario.problems import Problems
from simres.scenario.source import Trail
from simres.text import describe, shorten

NAME = r"[a-z][a-z0-9_]*"
"""The pattern of component names."""
IMAGES_BESIDE_LOAD = "goes without `load`, which has `images` of its own"


class KnownParts(Protocol):
    """The parts of `simres.plugins.registry.Registry` used here. Unknown names raise `SimresError`."""

    def component(self, kind: str) -> hooks.Component: ...
    def components(self) -> Mapping[str, hooks.Component]: ...
    def scheduler(self, name: str) -> hooks.Scheduler: ...
    def pass_(self, name: str) -> hooks.Pass: ...
    def operators(self) -> Mapping[str, hooks.Operator]: ...


def scheduler_of(problems: Problems, registry: KnownParts, trail: Trail, given: Any) -> tuple[str, Any]:
    """A scheduler's name and its checked parameters, given as a name or a mapping at `trail`."""
    settings = {"name": given} if isinstance(given, str) else given
    nothing = "", None
    if not isinstance(settings, dict):
        problems.add(trail, f"must be a name, or a mapping with a `name`{_got(given)}")
        return nothing
    name = settings.get("name")
    if not isinstance(name, str):
        problems.add(trail, "`name` is missing" if name is None else f"`name` must be text{_got(name)}")
        return nothing
    settings = renewed(problems, trail, settings)
    name = settings["name"]
    try:
        model = resolve(registry.scheduler(name).parameters)
    except SimresError as error:
        problems.add_error(trail if isinstance(given, str) else (*trail, "name"), error)
        return nothing
    rest = {key: value for key, value in settings.items() if key != "name"}
    return name, problems.validate(model, rest, trail, context=units.SPELLED)


def check_passes(problems: Problems, registry: KnownParts, trail: Trail, passes: Any) -> None:
    """Records the passes at `trail` that do not exist."""
    for i, name in enumerate(passes if isinstance(passes, list) else ()):
        if isinstance(name, str):
            try:
                registry.pass_(name)
            except SimresError as error:
                problems.add_error((*trail, i), error)


@dataclass(frozen=True, slots=True)
class Files:
    """The folders of relative files: `base`, or the current folder if a trail was set from outside. Files of
    workloads must exist if they are `checked`."""

    base: Path
    outside: Set[Trail]
    checked: bool

    def near(self, *trails: Trail) -> Path:
        """The folder of relative files: the current one if any of `trails` was set from outside."""
        return Path() if self.outside & {*trails} else self.base


def tenants_of(
    problems: Problems,
    registry: KnownParts,
    hardware: Mapping[str, ComponentSpec],
    usual: Tenant,
    seed: int,
    files: Files,
) -> dict[str, Tenant]:
    """The tenants by name, with all problems recorded.

    What a tenant does not state is taken from `usual`; `seed` is that of their requests.
    """
    entries = problems.document.data.get("tenants")
    if not isinstance(entries, dict):
        return {}  # reported already, if it is there
    if "workload" in problems.document.data:
        problems.add(("tenants",), "is instead of `workload`: give one of them", key=True)
    if len(entries) < 2:
        problems.add(("tenants",), "are two or more; for one network, write `workload:`", key=True)
    stated: dict[str, int | None] = {}
    tenants: dict[str, Tenant] = {}
    for name, entry in entries.items():
        trail: Trail = ("tenants", name)
        if not isinstance(name, str) or not re.fullmatch(NAME, name):
            problems.add(trail, "a tenant's name is of small letters, digits and `_`", key=True)
        elif not isinstance(entry, dict):
            problems.add(trail, f"must be a mapping such as `{{workload: resnet20}}`{_got(entry)}")
        elif (file := problems.validate(TenantFile, entry, trail, context=units.SPELLED)) is not None:
            stated[name] = file.sram
            tenants[name] = _tenant(problems, registry, trail, file, usual, seed, files)
    quotas = _quotas(problems, stated, hardware)
    return {name: replace(tenant, sram=quotas[name]) for name, tenant in tenants.items()}


def _tenant(
    problems: Problems,
    registry: KnownParts,
    trail: Trail,
    file: TenantFile,
    usual: Tenant,
    seed: int,
    files: Files,
) -> Tenant:
    """A tenant without its part of the memory yet."""
    scheduler, parameters = usual.scheduler, usual.parameters
    if file.scheduler is not None:
        scheduler, parameters = scheduler_of(problems, registry, (*trail, "scheduler"), file.scheduler)
    check_passes(problems, registry, (*trail, "passes"), file.passes or [])
    load = usual.load if file.images is None else None
    if file.load is not None:
        if file.images is not None:
            problems.add((*trail, "images"), IMAGES_BESIDE_LOAD, key=True)
        at = (*trail, "load")
        load = load_of(problems, at, file.load, seed, files.near((*at, "trace"), at))
    return replace(
        usual,
        workload=workload_of(problems, (*trail, "workload"), file.workload, files),
        scheduler=scheduler,
        parameters=parameters,
        passes=usual.passes if file.passes is None else tuple(file.passes),
        images=usual.images if file.images is None else file.images,
        start_ps=file.start,
        priority=file.priority,
        load=load,
    )


def _quotas(
    problems: Problems, asked: Mapping[str, int | None], hardware: Mapping[str, ComponentSpec]
) -> dict[str, int]:
    """Each tenant's bytes of the largest memory: as asked, or an even share of what the others leave."""
    capacity = max((spec.capacity for spec in hardware.values() if isinstance(spec, MemorySpec)), default=0)
    stated = {name: nbytes for name, nbytes in asked.items() if nbytes is not None}
    left = capacity - sum(stated.values())
    rest = len(asked) - len(stated)
    if capacity and left < (rest > 0) * rest:
        short = units.format_bytes(capacity)
        together = units.format_bytes(sum(stated.values()))
        problems.add(("tenants",), f"ask for {together} of the memory, which has {short}", key=True)
    return {name: stated.get(name, max(1, left // max(rest, 1))) for name in asked}


def workload_of(problems: Problems, trail: Trail, reference: Any, files: Files) -> str:
    """A workload's name, or the path of its file, which exists if files are checked."""
    if not isinstance(reference, str) or not is_file_reference(reference):
        return reference if isinstance(reference, str) else ""
    path = Path(os.path.normpath(files.near(trail) / reference))
    if files.checked:
        try:
            exists = path.exists()
        except (OSError, ValueError):
            exists = False
        if not exists:
            problems.add(
                trail,
                f"no such file: `{shorten(path, 300)}`",
                hint="`simres trace NETWORK -o FILE` makes one; `simres examples` lists those there are",
            )
    return shipped.name_of(path) or str(path)


def resolved_tenants(scenario: Scenario) -> dict[str, Any]:
    """The tenants as a document with every default written out."""
    return {
        name: {
            "workload": tenant.workload,
            "scheduler": {"name": tenant.scheduler, **tenant.parameters.model_dump(mode="json")},
            "passes": list(tenant.passes),
            **({"load": resolved_load(tenant.load)} if tenant.load else {"images": tenant.images}),
            "sram": units.SIZE.spell(tenant.sram),
            "start": units.DURATION.spell(tenant.start_ps),
            "priority": tenant.priority,
        }
        for name, tenant in scenario.tenants.items()
    }


def _got(value: object) -> str:
    return f", got {describe(value)}"
