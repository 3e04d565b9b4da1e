"""Reads the JSON form of a result, and rejects inconsistent ones."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres.analysis.bounds import Bounds, LowerBound, Term
from simres.errors import SimresError
from simres.files import read_text
from simres.program.record import Record
from simres.program.tasks import Program
from simres.program.tenants import combined_workload
from simres.result.data import EngineDescription, StoredRun, StoredTenancy, Tenancy, as_stored
from simres.result.document import adapter, in_tuples
from simres.result.result import Result
from simres.result.summary import SCHEMA_VERSION
from simres.workload.graph import Ledger, Workload
from simres.workload.json import from_document as workload_from_document

if TYPE_CHECKING:
    from pydantic import ValidationError


def read_result(path: str | Path) -> Result:
    """Reads a result that `save` wrote; a folder stands for the `result.json` in it.

    Raises `SimresError` if it is missing, broken, or of a newer simres.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "result.json"
    hint = "`simres simulate SCENARIO -o DIR` writes DIR/result.json"
    text = read_text(path, "result", hint)
    from pydantic import ValidationError

    with _collecting_nothing():
        try:
            stored: _RunInFile = adapter(_RunInFile).validate_json(text)
        except ValidationError as error:
            _check_head(_parsed(text, path, hint), path, hint)
            raise SimresError(f"`{path}` is a damaged result: {_first(error)}") from error
        _check_version(stored.schema_version, path, hint)
        return _result(stored, path)


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Pauses garbage collection: a large result is millions of objects and no garbage."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if not gc.get_freeze_count():  # new objects count as old: otherwise they are scanned at once
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _parsed(text: str, path: Path, hint: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        broken = f"line {error.lineno}, column {error.colno}: not JSON" if text.strip() else "it is empty"
        raise SimresError(f"`{path}` is not a result: {broken}", hint) from error
    except (ValueError, RecursionError) as error:
        raise SimresError(
            f"`{path}` is not a result: too deeply nested, or too long a number", hint
        ) from error


def _check_head(document: Any, path: Path, hint: str) -> None:
    """Raises `SimresError` unless it is a result of a known version; its contents are checked elsewhere."""
    if not isinstance(document, dict) or "record" not in document or "origin" not in document:
        raise SimresError(f"`{path}` is not a result: it has no `record` and `origin`", hint)
    _check_version(document.get("schema_version"), path, hint)


def _check_version(version: object, path: Path, hint: str) -> None:
    if not isinstance(version, int) or isinstance(version, bool):
        raise SimresError(f"`{path}` is not a result: `schema_version` is {version!r}", hint)
    if version > SCHEMA_VERSION:
        raise SimresError(
            f"`{path}` was written by a newer version of simres (schema {version}, "
            f"this one reads up to {SCHEMA_VERSION})",
            "pip install --upgrade simres",
        )


def _first(error: ValidationError) -> str:
    from simres.scenario.problems import plainly

    first = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {plainly(dict(first))}"


@dataclass(frozen=True)
class _StoredLowerBound:
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _TenancyInFile(StoredTenancy):
    bounds_ps: Mapping[str, int]
    lower_bound: _StoredLowerBound = _StoredLowerBound()


@dataclass(frozen=True, kw_only=True)
class _RunInFile(StoredRun):
    """The parts of the JSON form from which a Result is made; the rest is derived from them."""

    engines: Mapping[str, EngineDescription]
    bounds_ps: Mapping[str, int]
    program: Program
    record: Record
    tenants: Mapping[str, _TenancyInFile] = field(default_factory=dict)
    lower_bound: _StoredLowerBound = _StoredLowerBound()
    """Results from before 0.2 have none; what the engines need at their peak is then all that is known."""
    schema_version: Any = None
    workload: Any = None
    rewritten: Any = None
    networks: Any = None


def _result(stored: _RunInFile, path: Path) -> Result:
    try:
        tenants = {
            name: _tenancy(name, tenant, stored.networks, path) for name, tenant in stored.tenants.items()
        }
        workload, rewritten = _read_networks(stored, tenants, path)
        bounds = _bounds(stored.bounds_ps, stored.lower_bound)
    except KeyError as error:
        raise SimresError(f"`{path}` is a damaged result: no {error}") from error
    result = Result(
        **as_stored(StoredRun, stored),
        workload=workload,
        rewritten=rewritten,
        chip=stored.engines,
        program=in_tuples(stored.program),
        record=stored.record,
        bounds=bounds,
        tenants=tenants,
    )
    from simres.result.rules import problems_of_result

    if problem := next(problems_of_result(result), None):
        raise SimresError(f"`{path}` is a damaged result: {problem}")
    return result


def _read_networks(
    stored: _RunInFile, tenants: Mapping[str, Tenancy], path: Path
) -> tuple[Workload | Ledger, Workload | None]:
    """The workload, and the workload after the passes, if any ran."""
    if tenants:
        given = combined_workload({name: tenant.workload for name, tenant in tenants.items()})
        scheduled = {name: tenant.scheduled for name, tenant in tenants.items()}
        passed = any(tenant.rewritten for tenant in tenants.values())
        return given, combined_workload(scheduled) if passed else None
    workload = workload_from_document(stored.workload, str(path))
    rewritten = stored.rewritten and workload_from_document(stored.rewritten, str(path))
    return workload, rewritten if isinstance(rewritten, Workload) else None


def _tenancy(name: str, stored: _TenancyInFile, networks: object, path: Path) -> Tenancy:
    own = networks.get(name) if isinstance(networks, Mapping) else None
    if not isinstance(own, Mapping):
        raise SimresError(f"`{path}` is a damaged result: networks: no `{name}`")
    workload = workload_from_document(own.get("workload"), str(path))
    rewritten = own.get("rewritten") and workload_from_document(own["rewritten"], str(path))
    if not isinstance(workload, Workload) or isinstance(rewritten, Ledger):
        raise SimresError(f"`{path}` is a damaged result: networks.{name}: a tenant is a graph")
    return Tenancy(
        **as_stored(StoredTenancy, stored),
        workload=workload,
        rewritten=rewritten or None,
        bounds=_bounds(stored.bounds_ps, stored.lower_bound),
    )


def _bounds(document: Mapping[str, int], lower: _StoredLowerBound) -> Bounds:
    engines = {name: ps for name, ps in document.items() if name not in ("dependency", "makespan")}
    return Bounds(engines, document["dependency"], LowerBound(lower.terms))
