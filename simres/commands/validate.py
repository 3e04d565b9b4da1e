"""`simres validate`: are these files what they should be?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.errors_to_exit_codes import guard
from simres.commands.session import Session
from simres.errors import ExitCode, InvalidFile, Problem, SimresError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simres.hardware.specs import ComponentSpec
    from simres.plugins.registry import Registry
    from simres.scenario.model import Scenario


def validate(
    session: Session,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Scenarios and chips (YAML), traced workloads (JSON)."),
    ],
) -> int:
    """Check scenarios, chips and workloads, and report every error."""
    code = 0
    for file in files:
        code = max(code, guard(partial(_report, file, session)))
        if code == ExitCode.INTERRUPTED:
            break
    return code


def _report(file: str, session: Session) -> None:
    session.output.print(f"ok  {file}: {check(file, session.registry)}{unused(file, session.registry)}")


def unused(file: str, registry: Registry) -> str:
    """Names the parts of a scenario's chip that its networks do not use; empty if there are none.

    Raises `InvalidFile` if no host runs an operator of one.
    """
    from simres.planning.hosts import NoHost
    from simres.planning.unused import unused_parts
    from simres.scenario import loader, shipped

    if file.endswith(".json"):
        return ""
    path = shipped.find_scenario(file)
    template = loader.template(path)
    if not {"workload", "tenants"} & template.document.data.keys():
        return ""
    try:
        parts = unused_parts(template.scenario(registry), registry)
    except NoHost as error:
        trail = ("hardware", error.component, "runs")
        problem = Problem(*template.document.place(trail), f"{'.'.join(trail)}: {error.message}")
        raise InvalidFile("scenario", str(path), [problem], error.hint) from error
    return f"; unused: {', '.join(parts)}" if parts else ""


def check(file: str, registry: Registry) -> str:
    """What a file is, in a few words. Raises `SimresError` where it is not what it should be."""
    from simres.exploration.study import tries
    from simres.exploration.sweep_request import around, section_of
    from simres.networks.network_names import canonical
    from simres.scenario import loader, shipped, source
    from simres.scenario.model import ChipFile, is_file_reference
    from simres.workload import json as workload_json

    if file.endswith(".json"):
        return f"a workload, {shipped.description(Path(file))}"
    path = shipped.find_scenario(file)
    document = source.read(path)
    data = document.data
    if data.keys() <= ChipFile.model_fields.keys() and data.keys() & {"hardware", "source"}:
        chip = loader.load_chip(path, registry=registry)
        return f"a chip with {', '.join(chip.hardware)}{_runs(chip.hardware)}"
    template = loader.Template(document, path.parent, path)
    scenario = template.scenario(registry)
    named = dict.fromkeys(_named(scenario))
    section = section_of(template)
    swept = ""
    if section.knobs:
        template, space = around(template, section, {}, {})
        for knob, tried in zip(space.knobs, tries(template, space, registry, {})[1], strict=True):
            named |= {(("sweep", "vary", knob.key), name): None for one in tried for _, name in _named(one)}
        swept = f", and {space.size} points around it"
    seen = set()
    for trail, workload in named:
        if workload in seen:
            continue
        seen.add(workload)
        try:
            known = Path(workload) if is_file_reference(workload) else shipped.workloads().get(workload)
            if known is None:
                canonical(workload)
            else:
                workload_json.read(known)
        except InvalidFile:
            raise
        except SimresError as error:
            problem = Problem(*document.place(trail), f"{'.'.join(trail)}: {error.message}")
            raise InvalidFile("scenario", str(path), [problem], error.hint) from error
    swept += _runs(scenario.hardware)
    if scenario.tenants:
        each = (f"`{tenant.workload}` by `{tenant.scheduler}`" for tenant in scenario.tenants.values())
        return f"a scenario of {len(scenario.tenants)} tenants, {', '.join(each)}{swept}"
    return f"a scenario, `{scenario.workload}` by the scheduler `{scenario.scheduler}`{swept}"


def _runs(hardware: Mapping[str, ComponentSpec]) -> str:
    """Says which hosts name the operators that they run: `; sfu runs softmax`."""
    from simres.hardware.specs import EngineSpec

    stated = {name: spec.operators() for name, spec in hardware.items() if isinstance(spec, EngineSpec)}
    return "".join(f"; {name} runs {', '.join(sorted(kinds))}" for name, kinds in stated.items() if kinds)


def _named(scenario: Scenario) -> list[tuple[tuple[str, ...], str]]:
    """Where a scenario names workloads, and what it calls them."""
    if not scenario.tenants:
        return [(("workload",), scenario.workload)]
    return [(("tenants", name, "workload"), tenant.workload) for name, tenant in scenario.tenants.items()]
