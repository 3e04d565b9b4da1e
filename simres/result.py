"""A finished run with everything that is said about it, and its JSON form.

The JSON keys are the public ones: times end in `_ps`, sizes in `_bytes`. A result holds its scenario,
workload, Program and Record, so that it can be shown anywhere and run again (`simres rerun`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres.analysis.bounds import Bounds
from simres.analysis.breakdown import LayerTotals, by_layer
from simres.analysis.energy import Energy, energy
from simres.analysis.evictions import Eviction, evictions, launches
from simres.analysis.occupancy import Stay, stays
from simres.analysis.references import Reference, at_the_roof_ps
from simres.errors import SimresError
from simres.files import read_text, write_text
from simres.hardware.energy import EnergyCosts
from simres.program import Program
from simres.record import Record
from simres.result_summary import SCHEMA_VERSION, stays_document
from simres.result_summary import summary as summary
from simres.units import format_duration
from simres.workload import Ledger, Workload
from simres.workload import to_document as workload_to_document
from simres.workload_json import from_document as workload_from_document

if TYPE_CHECKING:
    from simres.analysis.estimate import Estimate


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
        return self.scheduled.images if isinstance(self.scheduled, Workload) else 1

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
        return energy(self.program, self.scheduled, costs, self.makespan_ps, self.launches)

    @property
    def launches(self) -> int:
        """How often the Program was launched."""
        return launches(self.program, self.record)

    @cached_property
    def evictions(self) -> tuple[Eviction, ...]:
        """What crossed the bus again, by tensor; nothing is known of a ledger."""
        if not isinstance(self.scheduled, Workload):
            return ()
        return evictions(self.program, self.scheduled, self.record)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """LB0, LB1 and the roofline, as far as they can be said of this chip."""
        found = []
        bus = [names for names in self.bounds.engines if self.role(names) == "bus"]
        if bus:
            least = self.program.bytes_read + self.program.bytes_written
            if isinstance(self.scheduled, Workload):
                resident = sum(self.program.buffers[number].nbytes for number in self.program.resident_in)
                least = max(0, self.scheduled.compulsory_bytes - resident)
            found.append(Reference("LB0", self.bounds.engines[bus[0]], least, True))
        if self.estimate is not None:
            found.append(Reference("LB1", self.estimate.bus_ps, self.estimate.bus_bytes, False))
        layers = [
            (layer.read_bytes + layer.written_bytes, layer.macs, layer.vector_ops) for layer in self.layers
        ]
        roofline = at_the_roof_ps(layers, self.peak("bus"), self.peak("matrix"), self.peak("host"))
        if roofline:
            found.append(Reference("roofline", roofline * self.launches, None, False))
        return tuple(found)

    def peak(self, role: str) -> int:
        """Bytes or operations a second of the components of that role together; 0 where none is stated."""
        # The channels of a bus share its rate.
        parts = {name.partition(".")[0]: engine for name, engine in self.chip.items() if engine.role == role}
        return sum(engine.peak_per_s or 0 for engine in parts.values())

    def role(self, names: str) -> str:
        """The role of an engine, of a component, or of several that share one (`a+b`); empty if unknown."""
        first = names if names in self.chip else names.split("+")[0]
        found = self.chip.get(first) or self.chip.get(f"{first}.0")  # a component with several engines
        return found.role if found else ""

    @cached_property
    def estimate(self) -> Estimate | None:
        """LB1: what layer-by-layer schedules come to on the bus; None without graph, memory or bus peak."""
        capacity = max((memory.capacity for memory in self.record.memories.values()), default=0)
        if not isinstance(self.scheduled, Workload) or not capacity or not self.peak("bus"):
            return None
        from simres.analysis.estimate import estimate
        from simres.passes.fuse_epilogues import fuse_epilogues

        return estimate(fuse_epilogues(self.scheduled), capacity, self.peak("bus"))

    @property
    def met(self) -> bool:
        """Whether everything that was expected came out."""
        return all(expectation.met for expectation in self.expectations)

    def to_document(self) -> dict[str, Any]:
        """The JSON form as plain data."""
        return summary(self) | {
            "workload": workload_to_document(self.workload),
            "rewritten": None if self.rewritten is None else workload_to_document(self.rewritten),
            # Of each task's operator the layer says enough; the workload has the rest.
            "program": _plain(Program, self.program, {"tasks": {"__all__": {"work": {"op"}}}}),
            "record": _plain(Record, self.record),
            "stays": stays_document(self),
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


def _from_document(document: dict[str, Any], text: str, path: Path) -> Result:
    from pydantic import ValidationError

    try:
        stored: _Stored = _adapter(_Stored).validate_json(text)
        workload = workload_from_document(document.get("workload"), str(path))
        rewritten = document.get("rewritten") and workload_from_document(document["rewritten"], str(path))
        bounds = dict(stored.bounds_ps)
        dependency = bounds.pop("dependency")
        bounds.pop("makespan")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SimresError(f"`{path}` is a broken result: {place}: {first['msg']}") from error
    except KeyError as error:
        raise SimresError(f"`{path}` is a broken result: bounds_ps: no {error}") from error
    result = Result(
        name=stored.name,
        workload=workload,
        chip=stored.engines,
        program=stored.program,
        record=stored.record,
        bounds=Bounds(bounds, dependency),
        origin=stored.origin,
        expectations=stored.expectations,
        warnings=stored.warnings,
        rewritten=rewritten if isinstance(rewritten, Workload) else None,
    )
    from simres.result_rules import problems_of_result

    if problem := next(problems_of_result(result), None):
        raise SimresError(f"`{path}` is a broken result: {problem}")
    return result
