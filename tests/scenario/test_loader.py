"""Scenarios load, or say everything that is wrong with them and where."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator

from simres import units
from simres.errors import InvalidFile
from simres.hardware.specs import ComponentSpec
from simres.plugins.hooks import Component, ComponentRole, Scheduler
from simres.plugins.registry import Registry
from simres.scenario.loader import from_document, load, resolved
from simres.scenario.model import StatedExpectation
from simres.scenario.problems import Problems, plainly, suggestion
from simres.scenario.source import Document

BUILT_IN = Registry(external=False)

GOOD = """\
name: mine
workload: resnet20
hardware:
  ddr: {kind: ddr, bandwidth: 1 GB/s}
  sram: {kind: sram, capacity: 1 MB}
  matrix: {kind: matrix, rate: 1 TFLOP/s}
  host: {kind: host, rate: 10 GFLOP/s}
"""


class OddSpec(ComponentSpec):
    """A plugin's kind: takes what the built-in ones do not, and breaks when told to."""

    lanes: int = 1
    ratio: float = 0.5
    rows: tuple[int, ...] = ()
    size: units.Bytes | None = None

    @field_validator("lanes")
    @classmethod
    def even(cls, lanes: int) -> int:
        if lanes == 13:
            raise RuntimeError("thirteen")
        if lanes % 2 and lanes != 1:
            raise ValueError("must be even")
        return lanes


class Window(BaseModel, frozen=True, extra="forbid"):
    depth: int = 2
    memory: units.Bytes = 1024


class Plugged(Registry):
    """The built-in parts with one kind and one scheduler more."""

    def component(self, kind: str) -> Component:
        if kind == "odd":
            return Component("odd", ComponentRole.MATRIX, "simres_odd:OddSpec", "odd")
        return super().component(kind)

    def scheduler(self, name: str) -> Scheduler:
        if name == "windowed":
            return Scheduler("windowed", "simres_odd:none", "windowed", parameters="simres_odd:Window")
        return super().scheduler(name)


@pytest.fixture
def registry(monkeypatch):
    module = ModuleType("simres_odd")
    module.OddSpec, module.Window = OddSpec, Window
    monkeypatch.setitem(sys.modules, "simres_odd", module)
    return Plugged(external=False)


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def problems(path, **options):
    with pytest.raises(InvalidFile) as error:
        load(path, registry=options.pop("registry", BUILT_IN), **options)
    return [(p.line, p.column, p.message) for p in error.value.problems]


def test_a_scenario_loads(write):
    path = write(
        GOOD + "seed: 7\npasses: [fold_batch_norm]\nexpect: {makespan: {value: 2 us, within: 1 %}}\n"
    )
    scenario = load(path, registry=BUILT_IN)
    assert scenario.name == "mine"
    assert scenario.path == path
    assert scenario.workload == "resnet20"
    assert list(scenario.hardware) == ["ddr", "sram", "matrix", "host"]
    assert scenario.hardware["sram"].capacity == 10**6
    assert scenario.scheduler == "serial"
    assert scenario.passes == ("fold_batch_norm",)
    assert scenario.seed == 7
    assert scenario.expect == (StatedExpectation("makespan", 2_000_000, "ps", Fraction(1, 100)),)
    assert not scenario.overridden


def test_a_name_may_come_from_the_file(write):
    assert load(write(GOOD.replace("name: mine\n", ""), "other.yaml"), registry=BUILT_IN).name == "other"


def test_the_paper_asks_for_what_the_sheet_says():
    expected = {item.path: (item.value, item.unit) for item in load("paper", registry=BUILT_IN).expect}
    assert expected["makespan"] == (22_102_407_200, "ps")
    assert expected["traffic.read"] == (5_557_844, "B")
    assert sorted(value for value, _ in expected.values()) == [
        5_557_844,
        324_403_200,
        5_557_844_000,
        16_220_160_000,
        22_102_407_200,
    ]


def test_every_problem_at_once_with_its_place(write):
    path = write(
        "name: 5\n"
        "descripton: x\n"
        "workload: nope.json\n"
        "hardware:\n"
        "  ddr: {kind: hbm, bandwidth: 1 GB/s}\n"
        "  sram: {kind: sram, capacity: 0 MB, capasity: 3}\n"
        "  Matrix: {kind: matrix, rate: 1 TFLOP/s}\n"
        "  host: {kind: host}\n"
        "  x: 3\n"
        "  y: {rate: 3}\n"
        "  z: {kind: ddr, bandwidth: 1e30 B/s, burst: 64}\n"
        "  kinds: {kind: 5}\n"
        "scheduler: {name: seriel, a: 1}\n"
        "passes: [fold, 3]\n"
        "seed: -1\n"
        "expect: {makespan: {value: 1 foo, x: 1}, 1 x: 3, y: [], w: {within: 1 %}}\n"
    )
    known = "known: ddr, sram, matrix, host, processor, microcontroller, background"
    assert problems(path)[:-1] == [
        (1, 7, "name: must be text, got `5`"),
        (2, 1, "descripton: unknown key; did you mean `description`?"),
        (3, 11, f"workload: no such file: `{path.parent / 'nope.json'}`"),
        (5, 15, f"hardware.ddr.kind: unknown kind `hbm`; {known}"),
        (6, 32, "hardware.sram.capacity: must be greater than 0, got `0 MB`"),
        (6, 38, "hardware.sram.capasity: unknown key; did you mean `capacity`?"),
        (7, 3, "hardware.Matrix: a component's name is of small letters, digits and `_`"),
        (8, 9, "hardware.host: `rate` is missing; write `rate: 1 TFLOP/s`, say"),
        (9, 6, "hardware.x: must be a mapping such as `{kind: sram, capacity: 1 MiB}`, got `3`"),
        (10, 6, f"hardware.y: `kind` is missing; {known}"),
        (11, 29, "hardware.z.bandwidth: must be at most 1000 TB/s, got `1e30 B/s`"),
        (11, 46, "hardware.z.burst: needs a unit, such as `1 MiB`, got `64`"),
        (12, 17, "hardware.kinds.kind: must be text, got `5`"),
        (13, 19, "scheduler.name: unknown scheduler `seriel`; known: paper, serial, overlapped"),
        (14, 10, f"passes.0: unknown pass `fold`; known: {', '.join(BUILT_IN.passes())}"),
        (14, 16, "passes.1: must be text, got `3`"),
        (15, 7, "seed: must be at least 0, got `-1`"),
        (16, 28, "expect.makespan.value: unknown unit `foo`; such as `10 us`, `64 B`, `1 GB/s`"),
        (16, 35, "expect.makespan.x: unknown key; known: value, within"),
        (16, 42, "expect.1 x: must be the path of a figure, such as `engines.ddr.working`"),
    ]
    assert problems(path)[-1] == (0, 0, "and 2 more")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chip: paper\n", "`workload` is missing"),
        ("workload: resnet20\n", "hardware: names no component; give a `chip:` to start from"),
        ("workload: resnet20\nhardware: {}\n", "hardware: names no component"),
        ("workload: resnet20\nhardware: []\n", "hardware: must be a mapping of keys to values, got a list"),
        (GOOD + "scheduler: 5\n", "scheduler: must be a name, or a mapping with a `name`, got `5`"),
        (GOOD + "scheduler: {}\n", "scheduler: `name` is missing"),
        (GOOD + "scheduler: {name: 3}\n", "scheduler: `name` must be text, got `3`"),
        (GOOD + "scheduler: {name: serial, deep: 3}\n", "scheduler.deep: unknown key; none is taken here"),
        (GOOD + "passes: fold_batch_norm\n", "passes: must be a list, got `fold_batch_norm`"),
        (
            GOOD + "expect: {a: true}\n",
            "expect.a: must be a figure such as `1235 us`, `64 B` or `20`, got `true`",
        ),
        (GOOD + "expect: {a: {within: 1 %}}\n", "expect.a: `value` is missing"),
        (
            GOOD + "expect: {a: {value: 1, within: 1}}\n",
            "expect.a.within: must be a percentage such as `1 %`",
        ),
        (GOOD + "seed: 1.5\n", "seed: must be a whole number, got `1.5`"),
        (GOOD + "seed: true\n", "seed: must be a whole number, got `true`"),
        (GOOD + "schema_version: 0\n", "schema_version: must be at least 1, got `0`"),
        (GOOD.replace("name: mine", "name: ''"), "name: must not be empty"),
        (GOOD.replace("resnet20", "''"), "workload: must not be empty"),
        (GOOD + "chip: papr\n", "chip: no file and no shipped chip is called `papr`"),
        (GOOD + "chip: ./gone.yaml\n", "no such file"),
    ],
)
def test_one_thing_wrong(write, text, message):
    found = problems(write(text))
    assert len(found) == 1, found
    assert message in found[0][2]


def test_a_newer_file_is_refused_for_that_alone(write):
    with pytest.raises(InvalidFile) as error:
        load(write(GOOD + "schema_version: 2\nbrand_new: 1\n"), registry=BUILT_IN)
    assert [p.message for p in error.value.problems] == ["schema_version: is 2; this simres reads up to 1"]
    assert error.value.hint == "pip install --upgrade simres"


def test_the_hint_comes_along(write):
    with pytest.raises(InvalidFile) as error:
        load(write(GOOD.replace("kind: ddr", "kind: hbm")), registry=BUILT_IN)
    assert "simres plugins" in error.value.hint


class TestPlugins:
    def line(self, text):
        return GOOD + f"  odd: {{kind: odd, {text}}}\n"

    def test_their_kinds_and_schedulers_are_taken(self, write, registry):
        text = self.line("lanes: 4, ratio: 2, rows: [1, 2], size: 1 KiB")
        scenario = load(write(text + "scheduler: {name: windowed, memory: 2 KiB}\n"), registry=registry)
        assert scenario.hardware["odd"] == OddSpec(kind="odd", lanes=4, ratio=2, rows=(1, 2), size=1024)
        assert scenario.parameters == Window(memory=2048)
        assert from_document(resolved(scenario), registry=registry) == scenario

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("lanes: 3", "hardware.odd.lanes: must be even"),
            ("lanes: x", "hardware.odd.lanes: must be a whole number, got `x`"),
            ("lanes: 1.5", "hardware.odd.lanes: must be a whole number, got `1.5`"),
            ("lanes: 13", "hardware.odd: OddSpec cannot be made of it: RuntimeError: thirteen"),
            ("ratio: x", "hardware.odd.ratio: must be a number, got `x`"),
            ("rows: 5", "hardware.odd.rows: must be a list, got `5`"),
            ("rows: [1, x]", "hardware.odd.rows.1: must be a whole number, got `x`"),
            ("size: 5", "hardware.odd.size: needs a unit, such as `1 MiB`, got `5`"),
        ],
    )
    def test_their_mistakes_are_told_like_ours(self, write, registry, text, message):
        assert [m for _, _, m in problems(write(self.line(text)), registry=registry)] == [message]

    def test_a_spec_that_cannot_be_imported(self, write, registry, monkeypatch):
        monkeypatch.delitem(sys.modules, "simres_odd")
        ((line, _, message),) = problems(write(self.line("lanes: 2")), registry=registry)
        assert line == 8
        assert "cannot load `simres_odd:OddSpec`" in message

    def test_their_schedulers_parameters(self, write, registry):
        text = GOOD + "scheduler: {name: windowed, depht: 1, memory: 5}\n"
        assert [m for _, _, m in problems(write(text), registry=registry)] == [
            "scheduler.depht: unknown key; did you mean `depth`?",
            "scheduler.memory: needs a unit, such as `1 MiB`, got `5`",
        ]

    def test_their_parameters_can_be_set(self, write, registry):
        path = write(GOOD)
        overrides = {"scheduler": "windowed", "scheduler.depth": "5"}
        assert load(path, registry=registry, overrides=overrides).parameters == Window(depth=5)


class TestWorkloads:
    def test_a_file_is_relative_to_the_scenario(self, write, tmp_path):
        (tmp_path / "w.json").write_text("{}")
        scenario = load(write(GOOD.replace("resnet20", "w.json")), registry=BUILT_IN)
        assert Path(scenario.workload) == tmp_path / "w.json"

    def test_a_shipped_one_goes_by_its_name(self):
        assert load("resnet20", registry=BUILT_IN).workload == "resnet20"

    def test_without_a_file_there_is_nothing_to_be_relative_to(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        document = {"workload": "w.json", "chip": "paper"}
        assert from_document(document, registry=BUILT_IN).workload == "w.json"
        with pytest.raises(InvalidFile, match="no such file"):
            from_document(document, registry=BUILT_IN, base=Path())


class TestResolved:
    @pytest.mark.parametrize("name", ["paper", "resnet20"])
    def test_shipped_ones_come_back(self, name):
        scenario = load(name, registry=BUILT_IN)
        document = resolved(scenario)
        assert from_document(document, registry=BUILT_IN) == scenario
        assert resolved(from_document(document, registry=BUILT_IN)) == document

    def test_every_default_is_written_out(self):
        assert resolved(load("paper", registry=BUILT_IN))["hardware"]["ddr"] == {
            "kind": "ddr",
            "static_power": "0 uW",
            "area": None,
            "cost": None,
            "compression": "none",
            "energy_per_byte": "160 pJ",
            "bandwidth": "1 GB/s",
            "burst": "64 B",
            "burst_overhead": "0 ps",
            "burst_header": None,
            "latency": "0 ps",
            "channels": 1,
            "arbitration": "round_robin",
            "outstanding": None,
            "turnaround": "0 ps",
            "refresh_interval": "0 ps",
            "refresh_time": "0 ps",
        }

    @given(
        st.fixed_dictionaries(
            {
                "bandwidth": st.integers(1, 10**15),
                "burst": st.integers(1, 10**15),
                "latency": st.integers(0, 10**18),
                "rate": st.integers(1, 10**18),
                "capacity": st.integers(1, 10**15),
                "seed": st.integers(0, 2**64 - 1),
                "expected": st.one_of(st.integers(-(10**20), 10**20), st.floats(-1e6, 1e6)),
                "makespan": st.integers(0, 10**18),
                "within": st.decimals(0, 1000, places=4),
                "name": st.text(min_size=1, max_size=30),
            }
        )
    )
    def test_any_scenario_comes_back(self, x):
        document = {
            "name": x["name"],
            "description": x["name"],
            "workload": "resnet20",
            "hardware": {
                "ddr": {
                    "kind": "ddr",
                    "bandwidth": f"{x['bandwidth']} B/s",
                    "burst": f"{x['burst']} B",
                    "latency": f"{x['latency']} ps",
                },
                "sram": {"kind": "sram", "capacity": f"{x['capacity']} B"},
                "matrix": {"kind": "matrix", "rate": f"{x['rate']} OP/s"},
            },
            "seed": x["seed"],
            "expect": {
                "a.b": x["expected"],
                "makespan": {"value": f"{x['makespan']} ps", "within": f"{x['within']:f} %"},
            },
        }
        scenario = from_document(document, registry=BUILT_IN)
        assert from_document(resolved(scenario), registry=BUILT_IN) == scenario
        assert scenario.hardware["ddr"].latency == x["latency"]


class Strict(BaseModel, strict=True, extra="forbid"):
    a: int = 0


def test_pydantic_in_plain_words():
    findings = Problems(Document("x", {}))
    findings.validate(Strict, [], ("a", 1))
    findings.validate(Strict, {"a": None}, ())
    with pytest.raises(InvalidFile) as error:
        findings.raise_any()
    assert [p.message for p in error.value.problems] == [
        "a.1: must be a mapping of keys to values, got a list",
        "a: must be a whole number, got nothing",
    ]
    assert plainly({"type": "odd", "msg": "Input should be odd", "input": 2}) == "must be odd, got `2`"


def test_suggestions():
    assert suggestion("bandwith", ["bandwidth", "burst"]) == "; did you mean `bandwidth`?"
    assert suggestion("Burst", ["bandwidth", "burst"]) == "; did you mean `burst`?"
    assert suggestion("zzz", ["a", "b"]) == "; known: a, b"
    assert suggestion("zzz", []) == "; none is taken here"


def test_a_key_with_the_name_of_a_marker_is_unknown_like_any_other() -> None:
    document = {"workload": "resnet20", "chip": "paper", "[key]": 1}
    with pytest.raises(InvalidFile, match=r"\[key\]: unknown key"):
        from_document(document, registry=Registry(external=False))
