"""A sweep that stands in a scenario: what it means, where it is wrong, and what a command line changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import InvalidFile, RenamedWarning, SimresError
from simres.exploration.objectives import OBJECTIVES
from simres.exploration.space import space_of
from simres.exploration.study import tries
from simres.exploration.sweep_request import around, section_of
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.scenario.loader import Template, template, template_of
from simres.scenario.schema import scenario_schema
from simres.scenario.sweep_section import Goal

REGISTRY = Registry(external=False)
SCHEMA = jsonschema.Draft202012Validator(scenario_schema(REGISTRY))
BASE = {"workload": "resnet20", "chip": "paper"}

Simres = Callable[..., tuple[int, str, str]]


def scenario(tmp_path: Path, sweep: str) -> Template:
    path = tmp_path / "mine.yaml"
    path.write_text(f"workload: resnet20\nchip: paper\nsweep:\n{sweep}", encoding="utf-8")
    return template(path)


def swept(sweep: object) -> Template:
    return template_of({**BASE, "sweep": sweep})


def tried(found: Template) -> None:
    made, space = around(found, section_of(found), {}, {})
    tries(made, space, REGISTRY, {})


def test_goals_are_those_there_are() -> None:
    assert set(get_args(Goal)) == set(OBJECTIVES)


lists = st.lists(st.integers(1, 1000), min_size=1, max_size=5, unique=True).map(
    lambda numbers: ",".join(map(str, numbers)) + " MB/s"
)
ranges = st.tuples(st.integers(1, 99), st.integers(100, 999), st.integers(2, 5)).map(
    lambda ends: f"{ends[0]}..{ends[1]} GB/s log {ends[2]}"
)


@given(
    st.dictionaries(st.sampled_from(["hardware.ddr.bandwidth", "hardware.x.y"]), lists | ranges, min_size=1)
)
def test_what_varies_is_the_same_in_a_file_and_on_a_command_line(vary: dict[str, str]) -> None:
    assert section_of(swept({"vary": vary})).knobs == space_of(vary).knobs


def test_lists_of_values_are_those_of_a_scenario() -> None:
    (knob, other) = section_of(
        swept(
            {"vary": {"scheduler": ["serial", {"name": "overlapped", "weights": "kept"}], "images": [1, 4]}}
        )
    ).knobs
    assert knob.values == ("serial", '{"name": "overlapped", "weights": "kept"}')
    assert other.numbers == (1, 4)
    made, space = around(
        swept({"vary": {"scheduler": list(knob.values)}}), section_of(swept(None)), {"seed": "1"}, {}
    )
    assert [each.key for each in space.knobs] == ["seed"]
    assert made.own == frozenset()


def test_without_one_there_is_nothing() -> None:
    assert section_of(template_of(BASE)).knobs == ()
    with pytest.raises(SimresError, match="no knob varies"):
        around(template_of(BASE), section_of(template_of(BASE)), {}, {})


def test_a_command_line_replaces_adds_and_keeps_from_varying() -> None:
    file = swept({"vary": {"hardware.ddr.bandwidth": "1,2 GB/s", "scheduler": "serial,overlapped"}})
    vary, settings = {"hardware.ddr.bandwidth": "4,8 GB/s", "images": "1,2"}, {"scheduler": "serial"}
    made, space = around(file, section_of(file), vary, settings)
    assert {knob.key: knob.values for knob in space.knobs} == {
        "hardware.ddr.bandwidth": ("4 GB/s", "8 GB/s"),
        "images": ("1", "2"),
    }
    assert made.own == frozenset()
    made, space = around(file, section_of(file), {"images": "1,2"}, {})
    assert [knob.key for knob in space.knobs] == ["hardware.ddr.bandwidth", "scheduler", "images"]
    assert made.own == {"hardware.ddr.bandwidth", "scheduler"}


WRONG = [
    ("  vary: [1, 2]\n", (4, 9), "must be a mapping"),
    ("  vary: {}\n", (4, 9), "at least one"),
    ("  goal: [latency]\n", (4, 3), "`vary` is missing"),
    ("  vary: {images: 2}\n  gaol: [latency]\n", (5, 3), "did you mean `goal`?"),
    ("  vary: {images: 2}\n  goal: [latency, speed]\n", (5, 19), "must be `latency`"),
    ("  vary: {images: 2}\n  goal: latency,latency\n", (5, 9), "given twice"),
    ("  vary:\n    hardware.ddr.bandwidth: 2..1 GB/s log 3\n", (5, 29), "steps backwards"),
    ("  vary:\n    hardware.ddr.bandwidth: 1..2 GB/s step 0 GB/s\n", (5, 29), "does not step forward"),
    ("  vary:\n    images: []\n", (5, 13), "the list of values is empty"),
    ("  vary:\n    images: {a: 1}\n", (5, 13), "or a list of values"),
    ("  vary:\n    hardware.ddr.bandwith: 1,2 GB/s\n", (5, 5), "did you mean `bandwidth`?"),
    ("  vary:\n    hardware.ram.capacity: 1,2 MB\n", (5, 28), "no `ram`"),
    ("  vary:\n    hardwear.ddr: 1,2\n", (5, 19), "did you mean `hardware`?"),
    ("  vary:\n    hardware.ddr.bandwidth: 1,2 GB\n", (5, 29), "`GB` is a unit of size"),
    ("  vary:\n    scheduler: [serial, fastest]\n", (5, 16), "fastest"),
    ("  vary:\n    passes: on,off\n", (5, 13), "`on` is true or false to some"),
    ("  vary:\n    workload: [nowhere.json]\n", (5, 15), "no such file"),
    ("  vary:\n    expect.makespan: [1 us]\n", (5, 22), "`expect` is not checked"),
    ("  vary:\n    sweep.goal: latency,energy\n", (5, 17), "knobs of a sweep are not set"),
]


@pytest.mark.parametrize(("text", "place", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, text: str, place: tuple[int, int], said: str
) -> None:
    with pytest.raises(InvalidFile) as wrong:
        tried(scenario(tmp_path, text))
    (problem,) = wrong.value.problems
    assert said in problem.message
    assert problem.message.startswith("sweep")
    assert (problem.line, problem.column) == place


def test_all_that_is_wrong_is_said_at_once(simres: Simres, tmp_path: Path) -> None:
    text = "  vary:\n    hardware.ddr.bandwith: 1,2 GB/s\n    scheduler: fastest\n    images: -1,0\n"
    path = scenario(tmp_path, text).path
    for command in ("validate", "sweep"):
        code, _, err = simres(command, path)
        assert code == 2
        assert all(part in err for part in ("5:5 ", "6:16 ", "7:13 ", "bandwidth", "fastest", "at least 1"))
    assert not (tmp_path / "sweep.jsonl").exists()


def test_a_misspelt_sweep_is_said_before_that_nothing_varies(simres: Simres, tmp_path: Path) -> None:
    path = scenario(tmp_path, "  vary:\n    images: 1,2\n").path
    path.write_text(path.read_text().replace("sweep:", "swep:"))
    code, _, err = simres("sweep", path)
    assert code == 2
    assert "swep: unknown key; did you mean `sweep`?" in err
    assert "no knob varies" not in err


def test_what_is_wrong_on_the_command_line_is_said_of_it(simres: Simres, tmp_path: Path) -> None:
    path = scenario(tmp_path, "  vary:\n    hardware.ddr.bandwidth: 1,2 GB/s\n").path
    code, _, err = simres("sweep", path, "--vary", "hardware.ddr.bandwith=1,2 GB/s")
    assert code == 2
    assert "--vary hardware.ddr.bandwith: unknown key" in err
    code, _, err = simres("sweep", path, "--set", "sweep.goal=latency")
    assert code == 2
    assert "knobs of a sweep are not set" in err


def test_files_are_relative_to_the_file_that_names_them(simres: Simres, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "nets").mkdir()
    for name in ("one", "two"):
        (tmp_path / "nets" / f"{name}.json").write_text(shipped.workload("resnet20").read_text())
    path = scenario(tmp_path, "  vary:\n    workload: [nets/one.json, nets/two.json]\n").path
    assert simres("validate", path)[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert simres("sweep", path, "--workers", 1)[0] == 0
    rows = [json.loads(line) for line in Path("sweep.jsonl").read_text().splitlines()]
    assert [row["workload"] for row in rows] == ["nets/one.json", "nets/two.json"]
    assert not any(row["error"] for row in rows)
    code, _, err = simres("sweep", path, "--vary", "workload=nets/one.json")
    assert code == 2
    assert "no such file: `nets/one.json`" in err


def test_whatever_else_runs_the_scenario_runs_it_as_it_stands(simres: Simres, tmp_path: Path) -> None:
    path = scenario(tmp_path, "  vary:\n    hardware.ddr.bandwidth: 2,4 GB/s\n").path
    assert path is not None
    code, out, _ = simres("simulate", path, "--json")
    assert code == 0
    found = json.loads(out)
    plain = tmp_path / "plain.yaml"
    plain.write_text(path.read_text().partition("sweep:")[0])
    assert found["makespan_ps"] == json.loads(simres("simulate", plain, "--json")[1])["makespan_ps"]
    path.write_text(path.read_text().replace("vary", "varry"))
    code, _, err = simres("simulate", path)
    assert code == 2
    assert "did you mean `vary`?" in err


def test_the_shipped_one_says_what_it_sweeps(simres: Simres) -> None:
    code, out, _ = simres("validate", "design-space")
    assert code == 0
    assert "40 points around it" in out
    found = section_of(template(shipped.scenario("design-space")))
    assert found.goal == "latency,sram,bandwidth"
    SCHEMA.validate(yaml.safe_load(shipped.scenario("design-space").read_text()))


@pytest.mark.slow
def test_the_shipped_one_is_swept(simres: Simres, tmp_path: Path) -> None:
    small = ("--vary", "hardware.ddr.bandwidth=1,4 GB/s", "--set", "scheduler=serial", "--workers", 1)
    code, out, _ = simres("sweep", "design-space", *small, "-o", tmp_path / "t.jsonl")
    assert code == 0
    assert "10 designs" in out
    assert "in latency, sram, bandwidth" in out


@pytest.mark.parametrize(
    "sweep",
    [
        {"vary": {"hardware.ddr.bandwidth": "1,2 GB/s"}},
        {"vary": {"images": [1, 2], "scheduler": ["serial", {"name": "overlapped"}]}, "goal": ["accuracy"]},
        {"vary": {"seed": 3}, "goal": "latency,energy"},
    ],
)
def test_the_schema_takes(sweep: object) -> None:
    assert SCHEMA.is_valid({**BASE, "sweep": sweep})
    section_of(swept(sweep))


@pytest.mark.parametrize(
    "sweep",
    [
        [],
        "latency",
        {},
        {"vary": {}},
        {"vary": {"images": []}},
        {"vary": {"images": None}},
        {"vary": {"images": {"a": 1}}},
        {"vary": {"images": 1}, "goal": ["speed"]},
        {"vary": {"images": 1}, "goal": []},
        {"vary": {"images": 1}, "aims": ["latency"]},
    ],
)
def test_the_schema_and_the_reader_refuse(sweep: object) -> None:
    assert not SCHEMA.is_valid({**BASE, "sweep": sweep})
    with pytest.raises(InvalidFile):
        section_of(swept(sweep))


def test_the_old_name_of_goals_is_read_with_a_warning() -> None:
    with pytest.warns(RenamedWarning, match=r"sweep\.pareto: `pareto` is an old name; write `goal`"):
        assert section_of(swept({"vary": {"images": "1,2"}, "pareto": "latency,sram"})).goal == "latency,sram"
