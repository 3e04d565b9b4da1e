"""No parameter is missing in a key: on a shared workbench every answer is that of a fresh one.

Enumerated over the fields of the specs of every kind of component, of every scheduler's parameters, and of
the scenario: a new field is tried as soon as it is there, and one for which no second value is found fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from simres.errors import SimresError
from simres.planning.evaluate import evaluate
from simres.plugins.hooks import ComponentRole
from simres.plugins.registry import Registry, resolve
from simres.program.record import RecordLevel
from simres.program.tenants import ONLY
from simres.scenario.loader import template_of
from simres.scenario.model import Scenario
from simres.scenario.schema import of_model
from simres.sharing import workbench
from simres.sharing.workbench import Shelf, Workbench
from simres.testing.contract import example
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload

REGISTRY = Registry(external=False)
for plugin in ("simres_systolic", "simres_dram", "simres_zip"):
    if find_spec(plugin):
        REGISTRY.add(import_module(plugin))

SIDE, CHANNELS = 12, 8


@cache
def network() -> Workload:
    """conv, relu, conv, and the sum of both ends: the maps do not fit beside each other."""
    shape = (1, CHANNELS, SIDE, SIDE)
    tensors = {name: Tensor(name, Role.ACTIVATION, shape) for name in ("a", "b", "c", "y")}
    tensors["x"] = Tensor("x", Role.INPUT, shape)
    for name in ("v", "w"):
        tensors[name] = Tensor(name, Role.WEIGHT, (CHANNELS, CHANNELS, 3, 3))
    loops = Loops(m=CHANNELS, c=CHANNELS, p=SIDE, q=SIDE, r=3, s=3)
    window, count = Window((3, 3), padding=(1, 1, 1, 1)), CHANNELS * SIDE * SIDE

    def conv(name: str, data: str, weight: str, made: str) -> Op:
        return Op(name, "conv", Unit.MATRIX, (data, weight), (made,), loops.macs, 0, loops, window)

    ops = (
        conv("conv1", "x", "v", "a"),
        Op("relu", "relu", Unit.HOST, ("a",), ("b",), 0, count),
        conv("conv2", "b", "w", "c"),
        Op("add", "add", Unit.HOST, ("c", "b"), ("y",), 0, count),
    )
    return Workload("small", tensors, ops, ("y",), batched=True)


BASE: dict[str, dict[str, Any]] = {
    # Every delay and limit is there, so that each parameter counts.
    "bus": {
        "kind": "ddr", "bandwidth": "1 GB/s", "burst": "32 B", "burst_overhead": "2 ns",
        "burst_header": "4 B", "latency": "60 ns", "channels": 2, "outstanding": 2, "turnaround": "5 ns",
        "refresh_interval": "3 us", "refresh_time": "100 ns",
    },
    "memory": {"kind": "sram", "capacity": "10 KiB", "alignment": "16 B", "port_bandwidth": "1 GB/s"},
    "matrix": {"kind": "matrix", "rate": "100 GFLOP/s"},
    "host": {"kind": "host", "rate": "10 GFLOP/s"},
    "camera": {"kind": "background", "bus": "bus", "bandwidth": "50 MB/s"},
}  # fmt: skip
FIGURES = {"clock": "100 MHz", "rate": "10 GFLOP/s", "bandwidth": "1 GB/s", "capacity": "10 KiB"}
OWN: dict[str, dict[str, Any]] = {
    "array": {"arrays": 4, "clock": "100 MHz"},
    "dram": {"device": "DDR3-1600K-x8", "timing": {}, "width": 8},
    "zip": {"bandwidth": "1 GB/s", "setup": "10 ns", "coder": "2 GB/s"},
}
PLACES = {
    ComponentRole.BUS: "bus",
    ComponentRole.MEMORY: "memory",
    ComponentRole.MATRIX: "matrix",
    ComponentRole.HOST: "host",
    ComponentRole.PROCESSOR: "host",
    ComponentRole.MASTER: "camera",
}
STATED: dict[str, tuple[Any, ...]] = {
    "arbitration": ("fifo", "priority"),
    "energy_per_mac": ({"fp32": "3 pJ", "int8": "1 pJ"}, {"fp32": "3 pJ"}),
    "bus": ("spare",),
    "epilogues": (["relu"],),
    "runs": (["any"],),
    "columns": (2048, 16),
    "timing": ({"tRCD": "12 nCK"},),
    "address_map": ("ro-ra-co-ba-bg-ch",),
    "rate": ({"fp32": "20 GFLOP/s", "int8": "40 GFLOP/s"},),
    "efficiency": ([["conv", 8, 8, 12, 12, 3, 3, 0.5]], [["relu", 1000, 0.5]]),
}
"""Second values of fields whose schema has none."""


def document(kind: str, scheduler: Any = "overlapped") -> dict[str, Any]:
    """A scenario with a component of this kind."""
    declared = REGISTRY.component(kind)
    place = PLACES[declared.role]
    hardware = {name: dict(said) for name, said in BASE.items()}
    if hardware[place]["kind"] != kind:
        model = resolve(declared.spec)
        known = OWN.get(kind) or {key: said for key, said in FIGURES.items() if key in model.model_fields}
        hardware[place] = example(model, {**known, "kind": kind})
    if hardware["bus"]["kind"] != "ddr":  # a master's bus is one of these
        del hardware["camera"]
    if kind == "background":
        hardware["spare"] = {"kind": "ddr", "bandwidth": "10 MB/s"}
    return {"schema_version": 1, "workload": "small", "hardware": hardware, "scheduler": scheduler}


def others(entry: Mapping[str, Any], definitions: Mapping[str, Any], now: Any) -> Iterator[Any]:
    """Values that a field may have by its schema, other than its value now."""
    for choice in (entry, *entry.get("anyOf", ()), *entry.get("oneOf", ())):
        if "$ref" in choice:
            yield from others(definitions[choice["$ref"].rpartition("/")[2]], definitions, now)
        if isinstance(now, bool):
            yield not now
        elif isinstance(now, int | float):
            yield from (2 * now, now + 1, now / 2)
        elif isinstance(now, str) and (spelled := re.fullmatch(r"([0-9.]+) (.*)", now)):
            yield from (f"{float(spelled[1]) * times:g} {spelled[2]}" for times in (2, 0.5))
        yield from choice.get("enum", ())
        yield from choice.get("examples", ())
        if choice.get("type") == "integer":
            yield from (2, 4)
        if choice.get("type") == "boolean":
            yield from (True, False)


def scenario(said: Mapping[str, Any], overrides: Mapping[str, Any]) -> Scenario:
    return template_of(said).scenario(REGISTRY, overrides)


def second(said: Mapping[str, Any], path: str, values: Iterator[Any]) -> tuple[Any, Scenario] | None:
    """The first of these values that is valid there and makes another scenario."""
    own = scenario(said, {})
    for value in values:
        try:
            changed = scenario(said, {path: value})
        except SimresError:
            continue
        if (changed.hardware, changed.parameters) != (own.hardware, own.parameters):
            return value, changed
    return None


def components() -> Iterator[tuple[str, str]]:
    for kind, declared in REGISTRY.components().items():
        if not declared.instead:
            yield from ((kind, field) for field in resolve(declared.spec).model_fields if field != "kind")


def answer(asked: Scenario, bench: Workbench) -> object:
    """All that a simulation decides and finds."""
    try:
        result = evaluate(asked, {ONLY: network()}, REGISTRY, RecordLevel.FULL, bench=bench)
    except SimresError as error:
        return error.message
    program = result.program
    tasks, buffers = tuple(program.tasks), tuple(program.buffers)
    return tasks, buffers, program.decisions, result.record, result.bounds, result.energy, result.candidates


def shared_is_fresh(base: Scenario, changed: Scenario) -> bool:
    """Holds both ways that sharing changes no answer; returns whether the answers differ."""
    bench = Workbench()
    before = answer(base, bench)
    after = answer(changed, bench)
    assert after == answer(changed, Workbench())
    assert answer(base, bench) == before
    return before != after


@pytest.mark.parametrize(("kind", "field"), list(components()))
def test_no_parameter_of_a_component_is_missing(kind: str, field: str) -> None:
    declared = REGISTRY.component(kind)
    said, place = document(kind), PLACES[declared.role]
    model = resolve(declared.spec)
    schema = of_model(model)
    base = scenario(said, {})
    now = base.hardware[place].model_dump(mode="json")[field]
    entry, definitions = schema["properties"][field], schema.get("$defs", {})
    values = iter((*STATED.get(field, ()), *others(entry, definitions, now)))
    found = second(said, f"hardware.{place}.{field}", values)
    assert found is not None, f"no second value of `{field}` is known: add one to STATED"
    shared_is_fresh(base, found[1])


def parameters() -> Iterator[tuple[str, str]]:
    for name, declared in REGISTRY.schedulers().items():
        if declared.takes == "graph":
            yield from ((name, field) for field in resolve(declared.parameters).model_fields)


@pytest.mark.parametrize(("name", "field"), list(parameters()))
def test_no_parameter_of_a_scheduler_is_missing(name: str, field: str) -> None:
    said = document("ddr", {"name": name})
    schema = of_model(resolve(REGISTRY.scheduler(name).parameters))
    base = scenario(said, {})
    now = base.parameters.model_dump(mode="json")[field]
    found = second(
        said, f"scheduler.{field}", others(schema["properties"][field], schema.get("$defs", {}), now)
    )
    assert found is not None
    shared_is_fresh(base, found[1])


@pytest.mark.parametrize(
    "overrides",
    [
        {"images": 2},
        {"passes": ["quantise_int8"]},
        {"passes": ["batch_2"]},
        {"protocol": {"weights": "warm"}},
        {"protocol": {"inputs": "outside"}},
        {"densities": {"b": 0.2}, "hardware.bus.compression": "run_length"},
        {"scheduler": "serial"},
        {"hardware.memory.capacity": "64 KiB"},
    ],
    ids=str,
)
def test_nothing_else_of_a_scenario_is_missing(overrides: dict[str, Any]) -> None:
    said = document("ddr")
    assert shared_is_fresh(scenario(said, {}), scenario(said, overrides))


class Forgetful(Workbench):
    """A workbench whose keys lack one of their parts."""

    def __init__(self, shelf: Shelf, part: int) -> None:
        super().__init__()
        self.shelf, self.part = shelf, part

    def get(self, shelf: Shelf, key: Any, make: Any) -> Any:
        if shelf is self.shelf and isinstance(key, tuple):
            key = (len(key), *key[: self.part], *key[self.part + 1 :])
        return super().get(shelf, key, make)


@pytest.mark.parametrize(
    ("shelf", "part", "overrides"),
    [
        ("REWRITES", 1, {"passes": ["quantise_int8"]}),
        ("KNOWN_TILES", 1, {"hardware.memory.alignment": "1 KiB"}),
        ("MAPSPACES", 1, {"scheduler": {"name": "overlapped", "weights": "kept"}}),
        ("WALKS", 2, {"hardware.memory.capacity": "64 KiB"}),
        ("SEARCHES", 1, {"hardware.matrix.rate": "1 GFLOP/s"}),
    ],
)
def test_a_key_that_lacks_a_part_is_found_out(shelf: str, part: int, overrides: dict[str, Any]) -> None:
    """The tests above could fail: without this part of its key a shelf gives another chip's answer."""
    said = document("ddr")
    base = scenario(said, {"passes": ["quantise_bf16"]} if "passes" in overrides else {})
    changed = scenario(said, overrides)
    bench = Forgetful(getattr(workbench, shelf), part)
    answer(base, bench)
    assert answer(changed, bench) != answer(changed, Workbench())
