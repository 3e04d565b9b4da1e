"""The networks of a scenario: workloads, schedulers, and tenants that share a chip."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Protocol

from simres import units
from simres.errors import SimresError
from simres.hardware.specs import ComponentSpec, MemorySpec
from simres.plugins import hooks
from simres.plugins.registry import resolve
from simres.scenario import shipped
from simres.scenario.arrivals import Load, file_base, load_of, resolved_load
from simres.scenario.model import Scenario, Tenant, TenantFile, is_file_reference
from simres.scenario.problems import Findings
from simres.scenario.source import Trail
from simres.text import describe, shorten

NAME = r"[a-z][a-z0-9_]*"
"""What a component may be called."""


class Registry(Protocol):
    """What scenarios need of `simres.plugins.registry.Registry`. Unknown names raise `SimresError`."""

    def component(self, kind: str) -> hooks.Component: ...
    def components(self) -> Mapping[str, hooks.Component]: ...
    def scheduler(self, name: str) -> hooks.Scheduler: ...
    def pass_(self, name: str) -> hooks.Pass: ...


def scheduler_of(findings: Findings, registry: Registry, trail: Trail, given: Any) -> tuple[str, Any]:
    """A scheduler's name and its checked parameters, given as a name or a mapping at `trail`."""
    settings = {"name": given} if isinstance(given, str) else given
    nothing = "", None
    if not isinstance(settings, dict):
        findings.add(trail, f"must be a name, or a mapping with a `name`{_got(given)}")
        return nothing
    name = settings.get("name")
    if not isinstance(name, str):
        findings.add(trail, "`name` is missing" if name is None else f"`name` must be text{_got(name)}")
        return nothing
    try:
        model = resolve(registry.scheduler(name).parameters)
    except SimresError as error:
        findings.add_error(trail if isinstance(given, str) else (*trail, "name"), error)
        return nothing
    rest = {key: value for key, value in settings.items() if key != "name"}
    return name, findings.validate(model, rest, trail, context=units.SPELLED)


def check_passes(findings: Findings, registry: Registry, trail: Trail, passes: Any) -> None:
    """Takes down which passes at `trail` do not exist."""
    for i, name in enumerate(passes if isinstance(passes, list) else ()):
        if isinstance(name, str):
            try:
                registry.pass_(name)
            except SimresError as error:
                findings.add_error((*trail, i), error)


def tenants_of(
    findings: Findings,
    registry: Registry,
    hardware: Mapping[str, ComponentSpec],
    chosen: tuple[str, Any, tuple[str, ...], int, Load | None, int],
    overridden: Set[Trail],
    base: Path,
    check_files: bool,
) -> dict[str, Tenant]:
    """The tenants by name; `chosen` are the scenario's scheduler, parameters, passes, images, load, seed."""
    entries = findings.document.data.get("tenants")
    if not isinstance(entries, dict):
        return {}  # said already, if it is there
    if "workload" in findings.document.data:
        findings.add(("tenants",), "is instead of `workload`: give one of them", key=True)
    if len(entries) < 2:
        findings.add(("tenants",), "are two or more; for one network, write `workload:`", key=True)
    files: dict[str, TenantFile] = {}
    schedulers: dict[str, tuple[str, Any]] = {}
    workloads: dict[str, str] = {}
    loads: dict[str, Load | None] = {}
    for name, entry in entries.items():
        trail: Trail = ("tenants", name)
        if not isinstance(name, str) or not re.fullmatch(NAME, name):
            findings.add(trail, "a tenant's name is of small letters, digits and `_`", key=True)
        elif not isinstance(entry, dict):
            findings.add(trail, f"must be a mapping such as `{{workload: resnet20}}`{_got(entry)}")
        elif (file := findings.validate(TenantFile, entry, trail, context=units.SPELLED)) is not None:
            files[name] = file
            schedulers[name] = chosen[:2]
            if file.scheduler is not None:
                at: Trail = (*trail, "scheduler")
                schedulers[name] = scheduler_of(findings, registry, at, file.scheduler)
            check_passes(findings, registry, (*trail, "passes"), file.passes or [])
            loads[name] = chosen[4] if file.images is None else None
            if file.load is not None:
                at = (*trail, "load")
                if file.images is not None:
                    findings.add(
                        (*trail, "images"), "goes without `load`, which has `images` of its own", key=True
                    )
                loads[name] = load_of(findings, at, file.load, chosen[5], file_base(overridden, at, base))
            at = (*trail, "workload")
            where = Path() if at in overridden else base
            workloads[name] = workload_of(findings, at, file.workload, where, check_files)
    quotas = _quotas(findings, files, hardware)
    return {
        name: Tenant(
            workload=workloads[name],
            scheduler=schedulers[name][0],
            parameters=schedulers[name][1],
            passes=chosen[2] if file.passes is None else tuple(file.passes),
            images=chosen[3] if file.images is None else file.images,
            sram=quotas[name],
            start_ps=file.start,
            priority=file.priority,
            load=loads[name],
        )
        for name, file in files.items()
    }


def _quotas(
    findings: Findings, files: Mapping[str, TenantFile], hardware: Mapping[str, ComponentSpec]
) -> dict[str, int]:
    """Each tenant's bytes of the largest memory: as stated, or an even part of what the others leave."""
    capacity = max((spec.capacity for spec in hardware.values() if isinstance(spec, MemorySpec)), default=0)
    stated = {name: file.sram for name, file in files.items() if file.sram is not None}
    left = capacity - sum(stated.values())
    rest = len(files) - len(stated)
    if capacity and left < (rest > 0) * rest:
        short = units.format_bytes(capacity)
        asked = units.format_bytes(sum(stated.values()))
        findings.add(("tenants",), f"ask for {asked} of the memory, which has {short}", key=True)
    return {name: stated.get(name, max(1, left // max(rest, 1))) for name in files}


def workload_of(findings: Findings, trail: Trail, reference: Any, base: Path, check_files: bool) -> str:
    """A workload's name, or the path of its file relative to `base`; if files are checked, it is there."""
    if not isinstance(reference, str) or not is_file_reference(reference):
        return reference if isinstance(reference, str) else ""
    path = Path(os.path.normpath(base / reference))
    if check_files:
        try:
            exists = path.exists()
        except (OSError, ValueError):
            exists = False
        if not exists:
            findings.add(
                trail,
                f"there is no file `{shorten(path, 300)}`",
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
