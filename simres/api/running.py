"""Runs things: simulate, schedule, saturate, sweep, explore, trace, load, rerun."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres import units
from simres.api import finding
from simres.errors import SimresError
from simres.files import STDIO
from simres.planning.evaluate import evaluate
from simres.planning.plan import Schedule, plan
from simres.plugins.registry import Registry, default_registry
from simres.program.record import RecordLevel
from simres.program.tenants import ONLY
from simres.result import Result
from simres.scenario import loader, shipped
from simres.scenario.model import Scenario
from simres.sharing.workbench import Workbench
from simres.text import describe
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    import torch

    from simres.exploration.evaluated import EvaluatedDesigns
    from simres.exploration.saturation import Saturation
    from simres.exploration.study import Study


def simulate(
    scenario: str | Path | Scenario | Workload,
    *,
    overrides: Mapping[str, Any] | None = None,
    workload: Workload | Ledger | None = None,
    chip: str | None = None,
    record: RecordLevel | str | None = None,
    registry: Registry | None = None,
    bench: Workbench | None = None,
) -> Result:
    """Simulates a scenario: a YAML file, the name of a shipped one, or a loaded `Scenario`.

    With `chip` (the name of a chip or a chip file), `scenario` is a workload instead: a network's name, a
    traced file, or the result of `trace`; the scheduler is then `overlapped`, unless `overrides` sets
    another. `overrides` sets values by dotted path (`{"hardware.ddr.bandwidth": "2 GB/s"}`); `workload`
    replaces the scenario's own. Simulations that are given the same `bench` share what they have in common
    (tiles, tasks, proofs), which is faster and changes no result.

    Raises `SimresError` for any invalid input, `AnswerIsNo` when the network does not fit. Needs torch only
    for a network that has not been traced.
    """
    registry = registry or default_registry()
    level = _level(record)
    scenario, workload = _given(scenario, workload, chip)
    scenario = _scenario(scenario, chip, overrides, registry)
    if scenario.tenants and workload is not None:
        raise SimresError("`workload` is for a scenario with one network, and this one has tenants")
    workloads = {ONLY: workload} if workload else finding.find_workloads(scenario, registry=registry)
    return _shown(evaluate(scenario, workloads, registry, level, bench=bench))


def schedule(
    scenario: str | Path | Scenario | Workload,
    *,
    overrides: Mapping[str, Any] | None = None,
    workload: Workload | Ledger | None = None,
    chip: str | None = None,
    tenant: str | None = None,
    registry: Registry | None = None,
) -> Schedule:
    """Plans a scenario with the arguments of `simulate`, and returns the Program that it would run.

    `tenant` selects the tenant, where several networks share the chip. Raises `SimresError` as `simulate`
    does.
    """
    registry = registry or default_registry()
    scenario, workload = _given(scenario, workload, chip)
    scenario = _scenario(scenario, chip, overrides, registry)
    parts = scenario.parts()
    name = ONLY if tenant is None else tenant
    if name not in parts:
        named = f"the tenants {', '.join(scenario.tenants)}" if scenario.tenants else "no tenants"
        which = ": say whose schedule" if tenant is None else f", not `{tenant}`"
        raise SimresError(f"the scenario has {named}{which}")
    found = workload or finding.find_workload(scenario.networks[name], registry=registry)
    return plan(parts[name], found, registry)


def saturate(
    scenario: str | Path | Scenario,
    targets: Mapping[str, str],
    *,
    replications: int = 5,
    tenant: str | None = None,
    registry: Registry | None = None,
    done: Callable[[int, int], None] = lambda _done, _whole: None,
    workers: int = 1,
) -> Saturation:
    """Finds the largest request rate at which latencies meet their targets, such as `{"p99": "5 ms"}`.

    Where networks share the chip, `{"camera.p99": "5 ms"}` applies to one tenant and `{"p99": "5 ms"}` to
    each that has a `load`; their rates rise together, or that of `tenant` alone. `done` is called with the
    number of finished runs and of all runs; long searches use up to `workers` processes. Raises `SimresError`
    for invalid targets and for a scenario
    without a `load` that has a rate; `AnswerIsNo` when a target cannot be met at any rate.
    """
    from simres.exploration import saturation
    from simres.simulation.stream import PERCENTILES

    registry = registry or default_registry()
    found = _scenario(scenario, None, None, registry)
    loaded = [name for name, own in found.tenants.items() if own.load is not None] or [""]
    known = [name.replace("_", ".") for name in (*PERCENTILES, "mean")]
    kept = []
    for name, limit in targets.items():
        whose, _, metric = ("", "", name) if name in known else name.partition(".")
        if metric not in known or (whose and whose not in found.tenants):
            tenants = f", of one tenant as `{loaded[0]}.p99`" if found.tenants else ""
            raise SimresError(f"--target {name}: no such latency; known: {', '.join(known)}{tenants}")
        try:
            limit_ps = units.DURATION.parse(limit, positive=True)
        except units.UnitError as error:
            raise SimresError(f"--target {name}={limit}: {error.message}") from error
        key = metric.replace(".", "_")
        kept += [saturation.LatencyTarget(one, key, limit_ps) for one in ([whose] if whose else loaded)]
    workloads = finding.find_workloads(found, registry=registry)
    return saturation.saturate(found, workloads, registry, kept, replications, done, tenant, workers)


def sweep(
    scenario: str | Path,
    vary: Mapping[str, object] | None = None,
    *,
    goals: str | Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    chip: str | None = None,
    output: str | Path | None = None,
    workers: int = 1,
) -> EvaluatedDesigns:
    """Simulates every point of a grid around a scenario, as `simres sweep` does.

    `vary` maps dotted paths to what each is set to: a text such as `0.5,1,2 GB/s` or `64 KiB..4 MiB log 7`,
    or a list; it replaces or adds to the scenario's own `sweep:`. `goals` are names or expressions, such as
    `["latency * area", "energy"]`; by default the scenario's, or latency and energy. `scenario`, `chip` and
    `overrides` are as in `simulate`. With `output`, a folder or a `.jsonl` file, rows are kept there, and an
    interrupted sweep goes on. `workers` processes share the work.

    Raises `SimresError` for invalid input; a point that fails has its reason in its row.
    """
    from simres.exploration import evaluated, objectives

    study, own = _study(scenario, chip, vary, overrides)
    kept = None if output is None else Path(output)
    return evaluated.swept(study, _goals(goals) or own or objectives.USUAL, kept, workers)


def explore(
    scenario: str | Path,
    vary: Mapping[str, object] | None = None,
    *,
    goals: str | Sequence[str] | None = None,
    limits: Mapping[str, str] | None = None,
    points: int = 100,
    overrides: Mapping[str, Any] | None = None,
    chip: str | None = None,
    output: str | Path | None = None,
    workers: int = 1,
    seed: int = 0,
    sampler: str = "nsga2",
) -> EvaluatedDesigns:
    """Searches a space around a scenario with up to `points` points, as `simres explore` does.

    `limits` are upper limits by goal, such as `{"area": "5 mm2"}`; the rest is as in `sweep`. Needs Optuna
    (the extra `[explore]`). Raises `SimresError` for invalid input.
    """
    from simres.exploration import evaluated, objectives

    study, own = _study(scenario, chip, vary, overrides)
    kept = None if output is None else Path(output)
    return evaluated.explored(
        study,
        _goals(goals) or own or objectives.USUAL,
        limits or {},
        kept,
        workers,
        points=points,
        seed=seed,
        sampler=sampler,
    )


def trace(
    module: torch.nn.Module,
    input_shape: str | Sequence[object] | Mapping[str, object],
    *,
    name: str | None = None,
    batch: int | None = 1,
    allow_unmodelled: bool = False,
    registry: Registry | None = None,
) -> Workload:
    """Traces any `torch.nn.Module` into a Workload, as `batch` images pass through it at once.

    `input_shape` is without the batch: `(3, 32, 32)` or `"3x32x32"`, `"128:int64"` for indices,
    `"scalar:int64"` for one number an image; several are a list, those given by name a dictionary. With
    `batch=None` shapes are taken as they are, and a run is one inference.

    Raises `AnswerIsNo` for an operator without a known cost, unless `allow_unmodelled`.
    """
    from simres.tracing import trace as trace_module

    return trace_module(
        module,
        input_shape,
        name=name or type(module).__name__,
        batch=batch,
        allow_unmodelled=allow_unmodelled,
        operators=(registry or default_registry()).operators(),
    )


def load(path: str | Path) -> Result:
    """Reads a result that `Result.save` or `simres simulate -o DIR` wrote."""
    from simres.result.json import read_result

    return _shown(read_result(path))


def rerun(path: str | Path, *, registry: Registry | None = None) -> tuple[Result, Result]:
    """Returns the result in a file, and that of simulating the same scenario and workload again."""
    from simres.result.json import read_result

    registry = registry or default_registry()
    before = read_result(path)
    if before.trace is not None:
        raise SimresError(
            f"`{path}` is the trace of a real machine, which cannot be run again",
            "`simres whatif DIR --scale KIND=0.5` replays it with changed work",
        )
    scenario = loader.from_document(dict(before.origin.scenario), registry=registry)
    return _shown(before), evaluate(scenario, before.workloads, registry, before.record.level)


def find_result(
    named: str | Path,
    *,
    chip: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    record: RecordLevel | str | None = None,
    registry: Registry | None = None,
) -> Result:
    """Returns a stored result (a `result.json`, or a folder with one), or that of a scenario simulated now.

    `chip`, `overrides` and `record` apply to a scenario, as in `simulate`. Raises `SimresError` as `load` and
    `simulate` do.
    """
    if not finding.is_stored(named, chip):
        text = str(named)
        if (
            chip is None
            and not finding.is_path(text)
            and text not in shipped.scenarios()
            and not Path(text).exists()
            and Path(text) != STDIO
        ):
            raise finding.unknown(text, " and no folder with a result by that name")
        return simulate(named, chip=chip, overrides=overrides, record=record, registry=registry)
    if chip is not None or overrides:
        raise finding.finished(named, "--chip" if chip is not None else "--set")
    return load(named)


def _shown(result: Result) -> Result:
    """Returns the same result, which a notebook shows as a table."""
    if "IPython" in sys.modules:
        from simres.reporting.files.notebook import show_in_notebooks

        show_in_notebooks()
    return result


def _scenario(
    given: str | Path | Scenario, chip: str | None, overrides: Mapping[str, Any] | None, registry: Registry
) -> Scenario:
    if overrides is not None and not isinstance(overrides, Mapping):
        raise SimresError(
            f"`overrides` must be a mapping, got {describe(overrides)}",
            'such as `{"hardware.ddr.bandwidth": "4 GB/s"}`',
        )
    if not isinstance(given, Scenario):
        return finding.find_scenario(given, chip=chip, overrides=overrides, registry=registry)
    if overrides or chip:
        raise SimresError("`overrides` and `chip` go with a scenario's path or name, not with a loaded one")
    return given


def _goals(given: str | Sequence[str] | None) -> str:
    return given if isinstance(given, str) else ", ".join(given or ())


def _study(
    scenario: str | Path,
    chip: str | None,
    vary: Mapping[str, object] | None,
    overrides: Mapping[str, Any] | None,
) -> tuple[Study, str]:
    from simres.exploration.evaluated import study_around

    if not isinstance(scenario, str | os.PathLike):
        named = type(scenario).__name__
        raise SimresError(f"a design space needs the name or the file of a scenario, not a {named}")
    registry = default_registry()
    find = partial(finding.find_workload, registry=registry)
    return study_around(
        finding.find_template(scenario, chip=chip), vary or {}, overrides or {}, registry, find
    )


def _given(
    scenario: str | Path | Scenario | Workload, workload: Workload | Ledger | None, chip: str | None
) -> tuple[str | Path | Scenario, Workload | Ledger | None]:
    """Returns the scenario's name and the workload, where a workload may stand for both."""
    if workload is not None and not isinstance(workload, Workload | Ledger):
        raise SimresError(
            f"`workload` must be a Workload, such as `simres.trace` makes, got {describe(workload)}",
            "a name or a file is simulated by `simres.simulate(NAME, chip=CHIP)`",
        )
    if isinstance(scenario, Workload):
        if chip is None or workload is not None:
            raise SimresError(
                f"the workload `{scenario.name}` is no scenario", 'give it a chip: `chip="edge-npu"`, say'
            )
        return f"{scenario.name}.json", scenario
    if not isinstance(scenario, str | os.PathLike | Scenario):
        raise SimresError(
            f"a scenario is a file, a name, or a loaded one, not a {type(scenario).__name__}",
            "a `torch.nn.Module` is traced first: `simres.trace(module, (3, 224, 224))`",
        )
    return scenario, workload


def _level(named: RecordLevel | str | None) -> RecordLevel | None:
    try:
        return None if named is None else RecordLevel(named)
    except ValueError:
        known = ", ".join(RecordLevel)
        raise SimresError(f"unknown level {describe(named)} of `record`; known: {known}") from None
