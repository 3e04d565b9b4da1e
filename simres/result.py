"""A finished run with everything that is said about it, and its JSON form.

The JSON keys are the public ones: times end in `_ps`, sizes in `_bytes`. A result holds its scenario,
workload, Program and Record, so that it can be shown anywhere and run again (`simres rerun`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres.analysis.bounds import Bounds
from simres.analysis.breakdown import LayerTotals, by_layer
from simres.analysis.energy import Energy, energy, energy_delay_js, power_uw
from simres.analysis.occupancy import Stay, stays
from simres.analysis.pipeline import Pipeline, pipeline
from simres.errors import SimresError
from simres.files import read_text, write_text
from simres.hardware.energy import EnergyCosts
from simres.joint import workloads_beside
from simres.program import Program
from simres.record import Record
from simres.units import format_duration
from simres.workload import Ledger, Workload
from simres.workload import to_document as workload_to_document
from simres.workload_json import from_document as workload_from_document

if TYPE_CHECKING:
    from simres.analysis.estimate import Estimate

SCHEMA_VERSION = 1
"""Version of the JSON form; a file of a newer one is refused."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What a result knows of an engine beside its times."""

    kind: str
    role: str
    peak_per_s: int | None = None
    """Bytes or operations a second, where the kind states a peak."""
    energy: EnergyCosts = field(default_factory=EnergyCosts)
    """What its work takes in joules."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of the scenario's `expect:` and what came out; `within` is a share of the expected value."""

    path: str
    expected: int | float
    found: int | float
    within: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the found value is near enough."""
        return abs(self.found - self.expected) <= self.within * abs(self.expected)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a result comes from: enough to get the same one again.

    `scenario` is resolved: every default written out. `versions` are of simres and of the packages
    whose parts were used.
    """

    scenario: Mapping[str, Any]
    workload_digest: str
    versions: Mapping[str, str]
    seed: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Program that planning tried: who made it, what it decided, and what came of it."""

    scheduler: str
    decisions: Mapping[str, str]
    tasks: int
    makespan_ps: int


@dataclass(frozen=True, slots=True)
class Tenancy:
    """One of several networks that shared the chip, and what came of it.

    It came at `start_ps`, and its last task ended at `end_ps`. With its part of the memory, but otherwise
    alone on the chip, it would have taken `alone_ps`. `bounds` are those of its own work on the whole chip.
    """

    workload: Workload
    rewritten: Workload | None
    scheduler: str
    repeats: int
    priority: int
    start_ps: int
    end_ps: int
    alone_ps: int
    bounds: Bounds
    candidates: tuple[Candidate, ...] = ()

    @property
    def scheduled(self) -> Workload:
        """The workload that its Program was made of."""
        return self.workload if self.rewritten is None else self.rewritten

    @property
    def images(self) -> int:
        """Images that went through."""
        return self.repeats * self.scheduled.images

    @property
    def latency_ps(self) -> int:
        """Picoseconds from its start to its last task's end."""
        return self.end_ps - self.start_ps

    @property
    def slowdown(self) -> float:
        """How many times as long as alone it took; 1 where that is no time."""
        return self.latency_ps / self.alone_ps if self.alone_ps else 1.0


@dataclass(frozen=True)
class Result:
    """How long a workload takes on a chip, and why."""

    name: str
    workload: Workload | Ledger
    chip: Mapping[str, Engine]
    program: Program
    record: Record
    bounds: Bounds
    origin: Origin
    expectations: tuple[Expectation, ...] = ()
    warnings: tuple[str, ...] = ()
    rewritten: Workload | None = None
    """The workload after the scenario's passes, where there are any."""
    candidates: tuple[Candidate, ...] = ()
    """What planning chose from, `program` included; none where there was one Program only."""
    repeats: int = 1
    """How often the workload ran, the next as soon as engines were free."""
    tenants: Mapping[str, Tenancy] = field(default_factory=dict)
    """Where several networks shared the chip, each by name; `workload`, `program` and `record` are then those
    of all together (`simres.joint`), and `candidates` and `repeats` are theirs."""

    @property
    def scheduled(self) -> Workload | Ledger:
        """The workload that the Program was made of."""
        return self.workload if self.rewritten is None else self.rewritten

    @property
    def makespan_ps(self) -> int:
        """Picoseconds from the start to the last task's end."""
        return self.record.makespan_ps

    @property
    def images(self) -> int:
        """Images that went through."""
        if self.tenants:
            return sum(tenant.images for tenant in self.tenants.values())
        return self.repeats * _batch(self.scheduled)

    @property
    def given(self) -> Workload | Ledger | Mapping[str, Workload]:
        """What was to be run: one workload, or that of each tenant by name."""
        return {name: tenant.workload for name, tenant in self.tenants.items()} or self.workload

    @cached_property
    def layers(self) -> tuple[LayerTotals, ...]:
        """Totals by layer, in order."""
        return by_layer(self.program, self.record)

    @cached_property
    def stays(self) -> tuple[Stay, ...]:
        """What lay in on-chip memory, from when to when."""
        return stays(self.program, self.record)

    @cached_property
    def energy(self) -> Energy:
        """Joules by component and layer."""
        costs = {name: engine.energy for name, engine in self.chip.items()}
        repeats = self.record.repeats(len(self.program.tasks))
        return energy(self.program, self.scheduled, costs, self.makespan_ps, repeats)

    @cached_property
    def pipeline(self) -> Pipeline | None:
        """How image follows image; None where the workload ran once."""
        return pipeline(self.program, self.record, _batch(self.scheduled)) if self.repeats > 1 else None

    @cached_property
    def estimate(self) -> Estimate | None:
        """LB1: what layer-by-layer schedules come to on the bus.

        None without graph, memory or bus peak, for a workload that ran several times, and for tenants.
        """
        if self.repeats > 1 or self.tenants:
            return None
        capacity = max((memory.capacity for memory in self.record.memories.values()), default=0)
        peaks = [engine.peak_per_s or 0 for engine in self.chip.values() if engine.role == "bus"]
        if not isinstance(self.scheduled, Workload) or not capacity or not sum(peaks):
            return None
        from simres.analysis.estimate import estimate
        from simres.passes.fuse_epilogues import fuse_epilogues

        return estimate(fuse_epilogues(self.scheduled), capacity, sum(peaks))

    @property
    def met(self) -> bool:
        """Whether everything that was expected came out."""
        return all(expectation.met for expectation in self.expectations)

    def to_document(self) -> dict[str, Any]:
        """The JSON form as plain data."""
        return summary(self) | {
            **_networks(self),
            "program": program_document(self.program),
            "record": _plain(Record, self.record),
        }

    def to_json(self) -> str:
        """The JSON form as text."""
        return json.dumps(self.to_document(), separators=(",", ":")) + "\n"

    def save(self, folder: str | Path) -> Path:
        """Writes `result.json` into `folder` (made if need be), whole or not at all; its path."""
        path = Path(folder) / "result.json"
        write_text(path, self.to_json())
        return path

    def __repr__(self) -> str:
        """One line for the interpreter; everything else is in `to_document()`."""
        return f"<Result {self.name}: {format_duration(self.makespan_ps)}, {len(self.layers)} layers>"

    def _repr_html_(self) -> str:
        from simres.reporting.notebook import html

        return html(self)


def _batch(workload: Workload | Ledger) -> int:
    return workload.images if isinstance(workload, Workload) else 1


def summary(result: Result) -> dict[str, Any]:
    """The part of the JSON form that people and programs ask for most."""
    record, spent = result.record, result.energy
    return {
        "schema_version": SCHEMA_VERSION,
        "name": result.name,
        "makespan_ps": record.makespan_ps,
        "images": result.images,
        "repeats": result.repeats,
        "pipeline": None if result.pipeline is None else asdict(result.pipeline),
        "engines": {
            name: {
                "kind": result.chip[name].kind,
                "role": result.chip[name].role,
                "peak_per_s": result.chip[name].peak_per_s,
                "tasks": engine.tasks,
                "busy_ps": engine.working_ps,
                "waiting_ps": {cause.value: ps for cause, ps in engine.waiting_ps.items()},
                "idle_ps": engine.idle_ps,
                "moved_bytes": engine.moved_bytes,
                "dynamic_fj": spent.dynamic_fj[name],
                "static_fj": spent.static_fj[name],
                "energy": asdict(result.chip[name].energy),
                **({"bus_held_by_ps": dict(engine.bus_held_by)} if engine.bus_held_by else {}),
            }
            for name, engine in record.engines.items()
        },
        "memories": {
            name: {"capacity_bytes": memory.capacity, "peak_bytes": memory.peak}
            for name, memory in record.memories.items()
        },
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "block": layer.block,
                "start_ps": layer.start_ps,
                "end_ps": layer.end_ps,
                "macs": layer.macs,
                "vector_ops": layer.vector_ops,
                "read_bytes": layer.read_bytes,
                "written_bytes": layer.written_bytes,
                "copied_bytes": layer.copied_bytes,
                "busy_ps": dict(layer.working_ps),
                "energy_fj": layer_fj,
                "average_power_uw": power_uw(layer_fj, layer.end_ps - layer.start_ps),
                "energy_delay_js": energy_delay_js(layer_fj, layer.end_ps - layer.start_ps),
            }
            for layer, layer_fj in zip(result.layers, spent.layers_fj, strict=True)
        ],
        "tenants": {
            name: {
                "network": tenant.workload.name,
                "workload_digest": tenant.workload.digest,
                "scheduler": tenant.scheduler,
                "images": tenant.images,
                "repeats": tenant.repeats,
                "priority": tenant.priority,
                "start_ps": tenant.start_ps,
                "end_ps": tenant.end_ps,
                "latency_ps": tenant.latency_ps,
                "alone_ps": tenant.alone_ps,
                "slowdown": tenant.slowdown,
                "bounds_ps": _bounds_document(tenant.bounds),
                "candidates": [asdict(candidate) for candidate in tenant.candidates],
            }
            for name, tenant in result.tenants.items()
        },
        "traffic_bytes": {
            "read": sum(layer.read_bytes for layer in result.layers),
            "write": sum(layer.written_bytes for layer in result.layers),
        },
        "bounds_ps": _bounds_document(result.bounds),
        "estimate": None if result.estimate is None else asdict(result.estimate),
        "energy": {
            "total_fj": spent.total_fj,
            "dynamic_fj": sum(spent.dynamic_fj.values()),
            "static_fj": sum(spent.static_fj.values()),
            "average_power_uw": spent.average_power_uw,
            "energy_delay_js": spent.energy_delay_js,
        },
        "decisions": dict(result.program.decisions),
        "candidates": [asdict(candidate) for candidate in result.candidates],
        "expectations": [
            {
                "path": item.path,
                "expected": item.expected,
                "found": item.found,
                "within": item.within,
                "met": item.met,
            }
            for item in result.expectations
        ],
        "warnings": list(result.warnings),
        "origin": {
            "scenario": dict(result.origin.scenario),
            "workload_digest": result.origin.workload_digest,
            "versions": dict(result.origin.versions),
            "seed": result.origin.seed,
        },
    }


def _bounds_document(bounds: Bounds) -> dict[str, int]:
    return {**bounds.engines, "dependency": bounds.dependency, "makespan": bounds.makespan}


def _bounds(document: Mapping[str, int]) -> Bounds:
    engines = {name: ps for name, ps in document.items() if name not in ("dependency", "makespan")}
    return Bounds(engines, document["dependency"])


def _networks(result: Result) -> dict[str, Any]:
    """The part of the JSON form that has the workloads; that of all tenants together follows from theirs."""
    if result.tenants:
        return {
            "networks": {
                name: {
                    "workload": workload_to_document(tenant.workload),
                    "rewritten": tenant.rewritten and workload_to_document(tenant.rewritten),
                }
                for name, tenant in result.tenants.items()
            }
        }
    return {
        "workload": workload_to_document(result.workload),
        "rewritten": result.rewritten and workload_to_document(result.rewritten),
    }


def program_document(program: Program) -> dict[str, Any]:
    """A Program's JSON form. Of each task's operator the layer says enough, the workload has the rest."""
    document: dict[str, Any] = _plain(Program, program, {"tasks": {"__all__": {"work": {"op"}}}})
    return document


@cache
def _adapter(form: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(form)


def _plain(form: Any, value: object, without: Any = None) -> Any:
    return _adapter(form).dump_python(value, mode="json", exclude_defaults=True, exclude=without)


def load(path: str | Path) -> Result:
    """Reads a result that `save` wrote; a folder stands for the `result.json` in it.

    Raises `SimresError` when it is missing, broken, or of a newer simres.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "result.json"
    hint = "`simres simulate SCENARIO -o DIR` writes DIR/result.json"
    text = read_text(path, "result", hint)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        broken = f"line {error.lineno}, column {error.colno}: no JSON" if text.strip() else "it is empty"
        raise SimresError(f"`{path}` is no result: {broken}", hint) from error
    except (ValueError, RecursionError) as error:
        raise SimresError(f"`{path}` is no result: too deeply nested, or too long a number", hint) from error
    if not isinstance(document, dict) or "record" not in document or "origin" not in document:
        raise SimresError(f"`{path}` is no result: it has no `record` and `origin`", hint)
    version = document.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise SimresError(f"`{path}` is no result: `schema_version` is {version!r}", hint)
    if version > SCHEMA_VERSION:
        raise SimresError(
            f"`{path}` was made by a newer simres (schema {version}, this one reads up to {SCHEMA_VERSION})",
            "pip install --upgrade simres",
        )
    return _from_document(document, text, path)


@dataclass(frozen=True)
class _StoredTenant:
    scheduler: str
    repeats: int
    priority: int
    start_ps: int
    end_ps: int
    alone_ps: int
    bounds_ps: Mapping[str, int]
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class _Stored:
    """The parts of the JSON form that a Result is made from again; the rest follows from them."""

    name: str
    engines: Mapping[str, Engine]
    bounds_ps: Mapping[str, int]
    program: Program
    record: Record
    origin: Origin
    expectations: tuple[Expectation, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    candidates: tuple[Candidate, ...] = ()
    repeats: int = 1
    tenants: Mapping[str, _StoredTenant] = field(default_factory=dict)


def _from_document(document: dict[str, Any], text: str, path: Path) -> Result:
    from pydantic import ValidationError

    try:
        stored: _Stored = _adapter(_Stored).validate_json(text)
        tenants = {name: _tenancy(name, tenant, document, path) for name, tenant in stored.tenants.items()}
        workload, rewritten = _read_networks(document, tenants, path)
        bounds = _bounds(stored.bounds_ps)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SimresError(f"`{path}` is a broken result: {place}: {first['msg']}") from error
    except KeyError as error:
        raise SimresError(f"`{path}` is a broken result: no {error}") from error
    result = Result(
        name=stored.name,
        workload=workload,
        chip=stored.engines,
        program=stored.program,
        record=stored.record,
        bounds=bounds,
        origin=stored.origin,
        expectations=stored.expectations,
        warnings=stored.warnings,
        rewritten=rewritten,
        candidates=stored.candidates,
        repeats=stored.repeats,
        tenants=tenants,
    )
    from simres.result_rules import problems_of_result

    if problem := next(problems_of_result(result), None):
        raise SimresError(f"`{path}` is a broken result: {problem}")
    return result


def _read_networks(
    document: Mapping[str, Any], tenants: Mapping[str, Tenancy], path: Path
) -> tuple[Workload | Ledger, Workload | None]:
    """The workload, and what the passes made of it, if any ran."""
    if tenants:
        return together_of(tenants)
    workload = workload_from_document(document.get("workload"), str(path))
    rewritten = document.get("rewritten") and workload_from_document(document["rewritten"], str(path))
    return workload, rewritten if isinstance(rewritten, Workload) else None


def together_of(tenants: Mapping[str, Tenancy]) -> tuple[Workload, Workload | None]:
    """The workloads of all tenants as one, and the same after the passes, if any ran."""
    given = workloads_beside({name: tenant.workload for name, tenant in tenants.items()})
    if not any(tenant.rewritten for tenant in tenants.values()):
        return given, None
    return given, workloads_beside({name: tenant.scheduled for name, tenant in tenants.items()})


def _tenancy(name: str, stored: _StoredTenant, document: Mapping[str, Any], path: Path) -> Tenancy:
    networks = document.get("networks")
    own = networks.get(name) if isinstance(networks, Mapping) else None
    if not isinstance(own, Mapping):
        raise SimresError(f"`{path}` is a broken result: networks: no `{name}`")
    workload = workload_from_document(own.get("workload"), str(path))
    rewritten = own.get("rewritten") and workload_from_document(own["rewritten"], str(path))
    if not isinstance(workload, Workload) or isinstance(rewritten, Ledger):
        raise SimresError(f"`{path}` is a broken result: networks.{name}: a tenant is a graph")
    return Tenancy(
        workload=workload,
        rewritten=rewritten or None,
        scheduler=stored.scheduler,
        repeats=stored.repeats,
        priority=stored.priority,
        start_ps=stored.start_ps,
        end_ps=stored.end_ps,
        alone_ps=stored.alone_ps,
        bounds=_bounds(stored.bounds_ps),
        candidates=stored.candidates,
    )
