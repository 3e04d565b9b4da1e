"""The JSON Schema of scenario and chip files, for editors: made from the models that read them.

It knows every registered kind, scheduler and pass. An editor that follows the first line of a scenario
(`# yaml-language-server: $schema=schema.json`) completes keys and marks wrong units while typing.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
import warnings
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from simres.errors import SimresError, SimresWarning
from simres.plugins.registry import Registry, resolve
from simres.scenario.arrivals import BatchFile, LoadFile
from simres.scenario.assignment import NAME
from simres.scenario.expectations import RESULT_PATH
from simres.scenario.model import ChipFile, ScenarioFile, TenantFile
from simres.scenario.protocol import Protocol
from simres.scenario.sweep_section import Goal, SweepFile
from simres.units import FEATURE, QUANTITIES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES = {"scenario": "schema.json", "chip": "chip.schema.json"}
"""The file name of each schema in `scenarios/`."""

Schema = dict[str, Any]


def scenario_schema(registry: Registry) -> Schema:
    """The JSON Schema (2020-12) of a scenario file."""
    schema = of_model(ScenarioFile)
    properties = schema["properties"]
    for name, special in {
        "scheduler": _scheduler(registry),
        "passes": {"type": "array", "items": _pass(registry)},
        "expect": _expect(),
    }.items():
        properties[name] = special | {"description": properties[name]["description"]}
    properties["tenants"] |= {
        "propertyNames": {"pattern": f"^{NAME}$"},
        "minProperties": 2,
        "additionalProperties": _tenant(properties),
    }
    schema["oneOf"] = [{"required": ["workload"]}, {"required": ["tenants"]}]
    properties["sweep"] = _sweep() | {"description": properties["sweep"]["description"]}
    properties["load"] = _load() | {"description": properties["load"]["description"]}
    properties["technology"] |= FEATURE.json_schema
    described = properties["protocol"]["description"]
    properties["protocol"] = of_model(Protocol) | {"description": described}
    properties["hardware"] |= {"propertyNames": {"pattern": f"^{NAME}$"}}
    whole, part = _entries("component"), _entries("part")
    schema["if"] = {"required": ["chip"]}
    schema["then"] = {"properties": {"hardware": part}}
    schema["else"] = {"required": ["hardware"], "properties": {"hardware": whole | {"minProperties": 1}}}
    kinds, required = _kinds(registry)
    schema["$defs"] = {"component": _component(kinds, required), "part": _component(kinds, None), **kinds}
    return {"$schema": DIALECT, "title": "A simres scenario", **schema}


def _tenant(properties: Schema) -> Schema:
    """The schema of a tenant; its scheduler and passes are as in a scenario."""
    schema = of_model(TenantFile)
    for name in ("scheduler", "passes"):
        described = schema["properties"][name]["description"]
        schema["properties"][name] = {**properties[name], "description": described}
    schema["properties"]["load"] = _load() | {"description": schema["properties"]["load"]["description"]}
    return schema


def _load() -> Schema:
    schema = of_model(LoadFile)
    schema["properties"]["batch"] = of_model(BatchFile) | {
        "description": schema["properties"]["batch"]["description"]
    }
    schema.pop("$defs", None)
    return schema


def _sweep() -> Schema:
    schema = of_model(SweepFile)
    values = [{"type": ["number", "boolean"]}, {"type": "array", "minItems": 1}]
    text = {"type": "string", "examples": ["0.5,1,2,4 GB/s", "64 KiB..4 MiB log 13"]}
    schema["properties"]["vary"] |= {"additionalProperties": {"anyOf": [text, *values]}}
    goal = schema["properties"]["goal"]
    listed = next(form for form in goal.pop("anyOf") if form["type"] == "array")
    expression = {"type": "string", "pattern": "[^a-z_]", "examples": ["latency * area"]}
    listed["items"] = {"anyOf": [{"enum": list(get_args(Goal))}, expression]}
    text = {"type": "string", "examples": ["latency,energy"]}
    schema["properties"]["goal"] = {"anyOf": [listed, text], **goal}
    return schema


def _pass(registry: Registry) -> Schema:
    plain = [name for name, declared in registry.passes().items() if not declared.numbered]
    stems = [name[:-1] for name, declared in registry.passes().items() if declared.numbered]
    return {"anyOf": [{"enum": plain}, {"pattern": f"^({'|'.join(stems)})[1-9][0-9]{{0,8}}$"}]}


def chip_schema(registry: Registry) -> Schema:
    """The JSON Schema (2020-12) of a chip file."""
    schema = of_model(ChipFile)
    schema["properties"]["technology"] |= FEATURE.json_schema
    schema["properties"]["hardware"] |= {"propertyNames": {"pattern": f"^{NAME}$"}, "minProperties": 1}
    schema["properties"]["hardware"] |= _entries("component")
    kinds, required = _kinds(registry)
    schema["$defs"] = {"component": _component(kinds, required), **kinds}
    return {"$schema": DIALECT, "title": "A chip for simres", **schema}


def text(schema: Schema) -> str:
    """A schema as the text of its file."""
    return json.dumps(schema, indent=2) + "\n"


def _entries(definition: str) -> Schema:
    return {"additionalProperties": {"$ref": f"#/$defs/{definition}"}}


def _kinds(registry: Registry) -> tuple[dict[str, Schema], dict[str, list[str]]]:
    """The schema of each kind and, separately, its required keys: with a `chip:` none are required."""
    components = registry.components()
    kinds = _models("kind", {kind: component.spec for kind, component in components.items()})
    required = {}
    for kind, spec in kinds.items():
        spec["properties"]["kind"] = {"const": kind, "description": components[kind].summary}
        required[kind] = spec.pop("required", [])
    return kinds, required


def _component(kinds: Mapping[str, Schema], required: Mapping[str, list[str]] | None) -> Schema:
    said = {kind: spec["properties"]["kind"]["description"] for kind, spec in kinds.items()}
    summaries = "; ".join(f"{kind}: {summary}" for kind, summary in said.items())
    choices = []
    for kind in kinds:
        reference: Schema = {"$ref": f"#/$defs/{kind}"}
        then = {"allOf": [reference, {"required": required[kind]}]} if required else reference
        choices.append(_when("kind", kind, then))
    return {
        "type": "object",
        "properties": {"kind": {"enum": list(kinds), "description": summaries}},
        **({"required": ["kind"]} if required else {}),
        "allOf": choices,
    }


def _scheduler(registry: Registry) -> Schema:
    schedulers = registry.schedulers()
    models = _models("scheduler", {name: scheduler.parameters for name, scheduler in schedulers.items()})
    summaries = "; ".join(f"{name}: {schedulers[name].summary}" for name in models)
    named = {"enum": list(models), "description": summaries}
    choices = []
    for name, parameters in models.items():
        parameters["properties"] = {"name": {"const": name}, **parameters.get("properties", {})}
        choices.append(_when("name", name, parameters))
    return {
        "anyOf": [
            named,
            {"type": "object", "properties": {"name": named}, "required": ["name"], "allOf": choices},
        ]
    }


def _figure() -> Schema:
    return {"anyOf": [{"type": "number"}, *(quantity.json_schema for quantity in QUANTITIES)]}


def _expect() -> Schema:
    figure = _figure()
    percent = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?\s*%\s*$", "examples": ["1 %"]}
    with_tolerance = {
        "type": "object",
        "properties": {"value": figure, "within": percent},
        "required": ["value"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{RESULT_PATH}$"},
        "additionalProperties": {"anyOf": [*figure["anyOf"], with_tolerance]},
    }


def _when(key: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then}


def _models(what: str, targets: Mapping[str, str]) -> dict[str, Schema]:
    """The schema of the model behind each name; a model without one is left out, with a warning."""
    found = {}
    for name, target in targets.items():
        try:
            found[name] = of_model(resolve(target))
        except Exception as error:  # a plugin may name anything
            reason = error.message if isinstance(error, SimresError) else f"`{target}` is no pydantic model"
            warnings.warn(f"{what} `{name}` is left out: {reason}", SimresWarning, stacklevel=2)
    return found


def of_model(model: type[BaseModel]) -> Schema:
    """A model's schema with docstrings as descriptions, defaults as they are spelled, and no titles."""
    schema: Schema = _without_titles(model.model_json_schema())
    said = _docstrings(model)
    for name, field in model.model_fields.items():
        entry = schema["properties"][field.alias or name]
        if name in said:
            entry.setdefault("description", said[name])
        quantity = next((q for part in field.metadata if (q := getattr(part, "quantity", None))), None)
        if quantity is not None and isinstance(entry.get("default"), int):
            entry["default"] = quantity.spell(entry["default"])
        if "default" in entry and entry["default"] is None:
            del entry["default"]
    return schema


def _without_titles(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        plain = {key: _without_titles(value) for key, value in schema.items()}
        if isinstance(plain.get("title"), str):
            del plain["title"]
        return plain
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field, inherited ones included; empty if the source is not available."""
    found = {}
    for owner in reversed(model.__mro__):
        if owner is BaseModel or not issubclass(owner, BaseModel):
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        except (OSError, TypeError, SyntaxError):
            continue
        assert isinstance(body, ast.ClassDef)
        for field, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                match after:
                    case ast.Expr(value=ast.Constant(value=str(said))):
                        found[field.target.id] = inspect.cleandoc(said)
    return found
