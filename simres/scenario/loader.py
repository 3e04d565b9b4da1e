"""Turns a YAML file, or a plain document, into a checked `Scenario`; all problems are reported at once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simres import units
from simres.errors import InvalidFile, SimresError
from simres.hardware.area_costs import USUAL_NM
from simres.networks.trust import names_code
from simres.scenario import overriding, shipped
from simres.scenario.arrivals import load_of, resolved_load
from simres.scenario.assignment import (
    IMAGES_BESIDE_LOAD,
    Files,
    KnownParts,
    check_passes,
    resolved_tenants,
    scheduler_of,
    tenants_of,
    workload_of,
)
from simres.scenario.expectations import expectations_of
from simres.scenario.hardware_section import hardware_of
from simres.scenario.model import (
    SCHEMA_VERSION,
    ChipFile,
    ChipPreset,
    Scenario,
    ScenarioFile,
    Tenant,
    is_file_reference,
)
from simres.scenario.problems import Problems
from simres.scenario.protocol import Protocol, protocol_of
from simres.scenario.remedies import OF_CHIPS, OF_SCENARIOS
from simres.scenario.source import Document, Trail, parse, read, text_of
from simres.scenario.technology import technology_of
from simres.sharing.recent import IdentityKey
from simres.sharing.workbench import CHIP_FILES, Workbench


def load(
    reference: str | Path, *, registry: KnownParts, overrides: Mapping[str, object] | None = None
) -> Scenario:
    """The scenario in a YAML file, or a shipped one by name (`paper`).

    `overrides` maps dotted paths to values (`{"hardware.ddr.bandwidth": "2 GB/s"}`); text is read as YAML.

    Raises:
        SimresError: there is no such file or scenario, or an override names nothing.
        InvalidFile: something in it is wrong; each problem comes with its line and column.
    """
    return template(reference).scenario(registry, overrides)


@dataclass(frozen=True, slots=True)
class Template:
    """The document of a scenario, read once; scenarios that differ in a few settings are made from it.

    Files are relative to `base`, and must exist if `check_files`; `path` is None for a document without a
    file. `own` are paths set to values of the document's own `sweep:`, so files in these are relative to
    `base` too.
    """

    document: Document
    base: Path
    path: Path | None = None
    check_files: bool = True
    own: frozenset[str] = frozenset()

    @property
    def passes(self) -> dict[str, tuple[str, ...]]:
        """The passes by the path at which they can be set: the scenario's, and those of tenants with their
        own. What is no list of names is left for checking."""
        data = self.document.data
        found = {"passes": data.get("passes", [])}
        tenants = data.get("tenants")
        for name, tenant in tenants.items() if isinstance(tenants, dict) else ():
            if isinstance(tenant, dict) and tenant.get("passes") is not None:
                found[f"tenants.{name}.passes"] = tenant["passes"]
        return {path: tuple(map(str, own)) for path, own in found.items() if isinstance(own, list)}

    def scenario(
        self,
        registry: KnownParts,
        overrides: Mapping[str, object] | None = None,
        bench: Workbench | None = None,
    ) -> Scenario:
        """The scenario with these `overrides`; raises like `load`. Chips are kept on the `bench`."""
        return _scenario(
            replace(self.document, data=copy.deepcopy(self.document.data)),
            registry,
            overrides or {},
            self.own,
            bench or Workbench(),
            base=self.base,
            path=self.path,
            check_files=self.check_files,
        )


def template(reference: str | Path) -> Template:
    """The document of a YAML file or shipped scenario, unchecked. Raises like `load` for the file itself."""
    path = shipped.find_scenario(reference)
    return Template(read(path), path.parent, path)


def template_of(document: Mapping[str, Any], *, base: Path | None = None, name: str = "scenario") -> Template:
    """The same for plain data; see `from_document`."""
    return Template(Document(name, dict(document)), base or Path(), check_files=base is not None)


def from_document(
    document: Mapping[str, Any],
    *,
    registry: KnownParts,
    overrides: Mapping[str, object] | None = None,
    base: Path | None = None,
    name: str = "scenario",
) -> Scenario:
    """The scenario that plain data describes, in the form of the YAML file; `name` if it has none.

    With `base`, files are taken relative to it and must exist. Raises like `load`.
    """
    return template_of(document, base=base, name=name).scenario(registry, overrides)


def load_chip(reference: str | Path, *, registry: KnownParts) -> ChipPreset:
    """The chip in a YAML file, or a shipped one by name (`edge-npu`). Raises like `load`."""
    path = shipped.find_chip(reference)
    document = read(path, "chip")
    return _chip(document, registry, path.stem)


def resolved(scenario: Scenario) -> dict[str, Any]:
    """The scenario as a document with every default written out and units spelled; it loads back equal."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": scenario.name,
        "description": scenario.description,
        **({"tenants": resolved_tenants(scenario)} if scenario.tenants else {"workload": scenario.workload}),
        "hardware": {name: spec.model_dump(mode="json") for name, spec in scenario.hardware.items()},
        "scheduler": {"name": scenario.scheduler, **scenario.parameters.model_dump(mode="json")},
        "passes": list(scenario.passes),
        **({"load": resolved_load(scenario.load)} if scenario.load else {"images": scenario.images}),
        **(
            {"protocol": scenario.protocol.model_dump(mode="json")} if scenario.protocol != Protocol() else {}
        ),
        **({"densities": dict(scenario.densities)} if scenario.densities else {}),
        **(
            {"technology": units.FEATURE.spell(scenario.technology)}
            if scenario.technology != USUAL_NM
            else {}
        ),
        "seed": scenario.seed,
        "expect": {
            item.path: {"value": item.text, "within": units.spell_percent(item.within)}
            for item in scenario.expect
        },
    }


def _chip(document: Document, registry: KnownParts, name: str) -> ChipPreset:
    problems = Problems(document, "chip")
    _check_version(problems)
    for key in ("workload", "tenants"):
        if key in document.data:
            message = "this is a scenario; a chip is what is under `hardware:`, without a network"
            hint = f"`simres simulate {document.path} --set workload=NETWORK` has another network on its chip"
            problems.add((key,), message, key=True, hint=hint)
            problems.raise_any()
    file = problems.validate(ChipFile, document.data, (), instead=OF_CHIPS.get)
    hardware = hardware_of(problems, registry)
    technology = technology_of(problems, document.data.get("technology"))
    problems.raise_any()
    return ChipPreset(name, hardware, file.description, file.source, technology)


def _scenario(
    document: Document,
    registry: KnownParts,
    overrides: Mapping[str, object],
    own: Set[str],
    bench: Workbench,
    *,
    base: Path,
    path: Path | None,
    check_files: bool,
) -> Scenario:
    problems = Problems(document)
    keys: dict[Trail, str] = {tuple(key.split(".")): key for key in overrides}
    problems.overrides |= {
        trail: ("sweep", "vary", key) if key in own else None for trail, key in keys.items()
    }
    outside = {trail for trail, key in keys.items() if key not in own}
    data = document.data

    def put(trail: Trail) -> None:
        try:
            overriding.put(data, trail, overriding.value_of(overrides[keys[trail]]))
        except SimresError as error:
            if trail in outside:
                raise SimresError(f"--set {keys[trail]}: {error.message}", error.hint) from error
            problems.add_error(trail, error)
            problems.raise_any()

    if ("chip",) in keys:
        put(("chip",))
    preset = _add_chip(problems, registry, Path() if ("chip",) in outside else base, bench)
    for trail in keys:
        if trail[0] == "hardware" and len(trail) == 2 and overriding.value_of(overrides[keys[trail]]) is None:
            overriding.take_away(data, trail, keys[trail])
        else:
            put(trail)
    _check_version(problems)
    file = problems.validate(ScenarioFile, data, (), instead=OF_SCENARIOS.get)
    hardware = hardware_of(problems, registry)
    technology = technology_of(problems, data.get("technology"))
    scheduler, parameters = scheduler_of(problems, registry, ("scheduler",), data.get("scheduler", "serial"))
    check_passes(problems, registry, ("passes",), data.get("passes", []))
    expect = expectations_of(problems)
    files = Files(base, outside, check_files)
    workload = ""
    if "workload" in data or "tenants" not in data:
        workload = workload_of(problems, ("workload",), data.get("workload"), files)
        if "workload" not in data:
            example = "; write `workload: resnet20`, say, or `tenants:` for several"
            problems.add((), f"`workload` is missing{example}")
    load, seed = None, file.seed if file else 0
    if data.get("load") is not None:
        load = load_of(problems, ("load",), data["load"], seed, files.near(("load", "trace"), ("load",)))
        if "images" in data:
            problems.add(("images",), IMAGES_BESIDE_LOAD, key=True)
    passes, images = (tuple(file.passes), file.images) if file else ((), 1)
    usual = Tenant(workload, scheduler, parameters, passes, images, sram=0, load=load)
    tenants = tenants_of(problems, registry, hardware, usual, seed, files)
    for name, network in tenants.items() if path is not None else ():
        _check_runs_nothing(problems, ("tenants", name, "workload"), network.workload, outside)
    if path is not None and not tenants:
        _check_runs_nothing(problems, ("workload",), workload, outside)
    networks = tenants.values() or (usual,)
    schedulers = [(network.scheduler, network.parameters) for network in networks]
    loaded = any(network.load for network in networks)
    protocol = protocol_of(problems, data.get("protocol"), schedulers, load=loaded)
    if tenants and "outside" in (protocol.inputs, protocol.outputs):
        problems.add(
            ("protocol",), "has all inputs and outputs inside where tenants share the chip", key=True
        )
    if tenants and data.get("densities"):
        problems.add(("densities",), "are of one network, under `workload:`", key=True)
    if data.get("sweep") is not None:
        from simres.scenario.sweep_section import sweep_of

        sweep_of(problems, data["sweep"])
    problems.raise_any()
    return Scenario(
        name=file.name or (path.stem if path else document.path),
        description=file.description,
        workload=workload,
        hardware=hardware,
        scheduler=scheduler,
        parameters=parameters,
        passes=tuple(file.passes),
        images=file.images,
        seed=file.seed,
        expect=expect,
        tenants=tenants,
        load=None if tenants else load,
        protocol=protocol,
        densities=file.densities,
        chip=_chip_name(data, preset),
        technology=technology,
        path=path,
        overridden=bool(overrides),
    )


def _check_runs_nothing(problems: Problems, trail: Trail, network: str, outside: Set[Trail]) -> None:
    """A file may come from anybody, so it names no function to call; the user may."""
    if trail not in outside and names_code(network):
        hint = f"`simres trace {network} --input SHAPE -o net.json` makes a workload to name here"
        problems.add(trail, f"`{network}` is code, which a scenario does not run", hint=hint)


def _check_version(problems: Problems) -> None:
    version = problems.document.data.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int) and not isinstance(version, bool) and version > SCHEMA_VERSION:
        message = f"is {version}; this simres reads up to {SCHEMA_VERSION}"
        problems.add(("schema_version",), message, hint="pip install --upgrade simres")
        problems.raise_any()


def _chip_name(data: Mapping[str, Any], preset: Mapping[str, Any]) -> str:
    """The name of the scenario's `chip:`, and whether its components are other than the chip's."""
    if not preset:
        return ""
    reference = data["chip"]
    name = Path(reference).stem if is_file_reference(reference) else reference
    return name if data["hardware"] == preset else f"{name} (changed)"


def _add_chip(problems: Problems, registry: KnownParts, base: Path, bench: Workbench) -> Mapping[str, Any]:
    """Puts the components of the scenario's `chip:` under its `hardware:`, and returns those of the chip."""
    data = problems.document.data
    reference, own = data.get("chip"), data.get("hardware", {})
    if not isinstance(reference, str) or not reference or not isinstance(own, dict):
        return {}
    try:
        path = shipped.find_chip(str(base / reference) if is_file_reference(reference) else reference)
        text = text_of(path, "chip")
        key = (text, path, IdentityKey(registry))
        document = bench.get(CHIP_FILES, key, lambda: _checked(text, path, registry))
    except InvalidFile:
        raise
    except SimresError as error:
        problems.add_error(("chip",), error)
        problems.raise_any()
        raise
    hardware: dict[str, Any] = copy.deepcopy(document.data["hardware"])
    for name, entry in own.items():
        theirs = hardware.get(name, {})
        if entry is None and theirs:  # taken away
            del hardware[name]
        elif isinstance(entry, dict) and entry.get("kind", theirs.get("kind")) == theirs.get("kind"):
            hardware[name] = theirs | entry
        else:
            hardware[name] = entry
    data["hardware"] = hardware
    if "technology" in document.data:
        data.setdefault("technology", document.data["technology"])
    preset: Mapping[str, Any] = document.data["hardware"]
    return preset


def _checked(text: str, path: Path, registry: KnownParts) -> Document:
    """The document of a chip. Raises `InvalidFile` if it has any problem."""
    document = parse(text, str(path), "chip")
    _chip(copy.deepcopy(document), registry, path.stem)
    return document
