"""What there is to draw of a table: its knobs read back, its front, and the best design of each cell."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres import api
from simres.errors import SimresError
from simres.exploration import table, worker_processes
from simres.exploration.designs import _spelled, designs_in
from simres.exploration.fronts import Front, Heat, front_of, heat_of, spoken
from simres.exploration.objectives import OBJECTIVES, best_of, objectives_of
from simres.exploration.point_figures import FIGURES, FigureRow
from simres.exploration.space import Knob, space_of
from simres.exploration.study import Study, study_of
from simres.plugins.registry import Registry

REGISTRY = Registry(external=False)
KNOBS = (
    Knob("hardware.ddr.bandwidth", ("500 MB/s", "1 GB/s", "2 GB/s")),
    Knob("workload", ("nets/a.json", "nets/b.json")),
    Knob("images", ("1", "4")),
)


def design(
    bandwidth: int, network: int, images: int, latency: int, energy: int, accuracy: float | None
) -> FigureRow:
    row: FigureRow = {"key": f"{bandwidth} {network} {images}"}
    for knob, place in zip(KNOBS, (bandwidth, network, images), strict=True):
        row[knob.key] = (knob.numbers or knob.values)[place]
    row |= dict.fromkeys(figure.name for figure in FIGURES)
    row |= {"image_ps": latency, "image_fj": energy, "accuracy": accuracy, "error": None}
    row["schedule_from"] = None
    return row


places = st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1))
rows_of = st.dictionaries(
    places,
    st.tuples(st.integers(1, 10**12), st.integers(1, 10**12), st.sampled_from([0.5, 0.9, 0.95])),
    min_size=1,
).map(lambda found: [design(*place, *figures) for place, figures in found.items()])


@given(rows_of, st.sampled_from(["latency,energy", "accuracy,latency", "accuracy,latency,energy"]))
def test_a_front_has_the_best_and_every_figure_in_its_unit(rows: list[FigureRow], goals: str) -> None:
    objectives = objectives_of(goals)
    found: Front = front_of(rows, KNOBS, objectives)
    assert list(found.best) == best_of(rows, objectives)
    assert set(found.named) <= set(found.best)
    assert found.named
    assert sorted(number for members in found.groups.values() for number in members) == list(range(len(rows)))
    for axis, objective in zip(found.axes, objectives, strict=True):
        for value, row in zip(axis.values, rows, strict=True):
            if objective.quantity is not None:
                size = objective.quantity.units[axis.unit.replace("µ", "u")]
                assert value * size == pytest.approx(row[objective.column])
        assert min(axis.values) >= 0.1 or objective.quantity is None
    for axis, pair in zip(found.axes[1:], found.pairs, strict=True):
        across = [axis.values[at] for at in pair]
        up = [found.axes[0].values[at] for at in pair]
        assert across == sorted(across)
        assert up == sorted(up, reverse=not found.axes[0].large)
        assert min(axis.values) == across[0]


@given(rows_of, st.sampled_from(["latency", "energy", "accuracy"]))
def test_a_cell_has_the_best_over_the_other_knobs(rows: list[FigureRow], goal: str) -> None:
    objective = OBJECTIVES[goal]
    found: Heat = heat_of(rows, KNOBS, objective, ("workload", "ddr.bandwidth"))
    down, across = KNOBS[1], KNOBS[0]
    for place, network in enumerate(down.values):
        for column, bandwidth in enumerate(across.numbers or ()):
            there = [row for row in rows if row["workload"] == network and row[across.key] == bandwidth]
            at = found.cells[place][column]
            assert (at is None) == (not there)
            assert found.tried[place][column] == bool(there)
            if at is not None:
                assert objective.of(rows[at]) == min(objective.of(row) or 0 for row in there)
    best = found.cells[found.best[0]][found.best[1]]
    assert best is not None
    assert objective.of(rows[best]) == min(objective.of(row) or 0 for row in rows)
    assert found.across.title == "ddr bandwidth in GB/s"
    assert found.across.labels == ("0.5", "1", "2")
    assert found.down.labels == ("a", "b")
    assert found.others == ("images",)


def test_networks_have_colours_before_anything_else() -> None:
    rows = [design(0, 0, 0, 5, 5, 0.9), design(0, 1, 0, 6, 4, 0.8)]
    scheduler = Knob("scheduler", ("serial", "overlapped"))
    for row, by in zip(rows, scheduler.values, strict=True):
        row["scheduler"] = by
    found = front_of(rows, (scheduler, *KNOBS), objectives_of("latency,energy"))
    assert found.grouping == "workload"
    assert found.groups == {"a": (0,), "b": (1,)}
    assert found.said(1) == "overlapped, 500 MB/s, b, images 1"
    assert front_of(rows, KNOBS[:1], objectives_of("latency,energy")).groups == {"": (0, 1)}


def test_designs_that_are_next_to_each_other_have_one_name() -> None:
    rows = [design(n % 3, n // 3, 0, 1000 + n, 1000 - n, 0.9) for n in range(6)]
    rows.append(design(0, 0, 1, 10**9, 10**9, 0.9))
    assert len(front_of(rows, KNOBS, objectives_of("latency,energy")).named) == 1
    assert len(front_of(rows, KNOBS, objectives_of("latency,energy"), whole=True).named) == 6


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"name": "overlapped", "weights": "kept"}', "overlapped weights=kept"),
        ("nets/resnet8.json", "resnet8"),
        ("serial", "serial"),
        ("{broken", "{broken"),
    ],
)
def test_values_are_told_briefly(value: str, said: str) -> None:
    assert spoken(Knob("scheduler", (value,)), value) == said


def test_what_cannot_be_drawn_is_said() -> None:
    rows = [design(0, 0, 0, 5, 5, None)]
    with pytest.raises(SimresError, match="two goals or more"):
        front_of(rows, KNOBS, objectives_of("latency"))
    with pytest.raises(SimresError, match="no design has accuracy, latency"):
        front_of(rows, KNOBS, objectives_of("accuracy,latency"))
    with pytest.raises(SimresError, match="no design has accuracy"):
        heat_of(rows, KNOBS, OBJECTIVES["accuracy"])
    with pytest.raises(SimresError, match=r"no knob `workloads`; did you mean `workload`"):
        heat_of(rows, KNOBS, OBJECTIVES["latency"], ("workloads", "images"))
    for over in (("images",), ("images", "images"), ("images", "workload", "hardware.ddr.bandwidth")):
        with pytest.raises(SimresError, match="two knobs"):
            heat_of(rows, KNOBS, OBJECTIVES["latency"], over)
    with pytest.raises(SimresError, match="needs two knobs, and only images varies"):
        heat_of(rows, KNOBS[2:], OBJECTIVES["latency"])


VARY = {
    "hardware.ddr.bandwidth": "2,0.5,1 GB/s",
    "hardware.host.launch": "0 ns,10 ns",
    "images": "10,2",
}


@pytest.fixture(scope="module")
def study() -> Study:
    find = partial(api.find_workload, registry=REGISTRY)
    return study_of(api.find_template("paper"), space_of(VARY), REGISTRY, find, plugins=False)


def test_a_table_says_what_its_knobs_were(study: Study, tmp_path: Path) -> None:
    points = range(study.space.size)
    lines = [table.line_of(row) for rows in worker_processes.here(study, points, len(points)) for row in rows]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(reversed(lines)))
    found = designs_in(path, REGISTRY)
    read = {knob.key: knob for knob in found.knobs}
    assert list(read) == [knob.key for knob in study.space.knobs]
    for knob in study.space.knobs:
        assert read[knob.key].unit == knob.unit
        assert read[knob.key].numbers == tuple(sorted(knob.numbers or ()))
    assert read["hardware.ddr.bandwidth"].values == ("500 MB/s", "1 GB/s", "2 GB/s")
    path.write_text("".join(lines))
    assert designs_in(path, REGISTRY) == found
    assert sorted(map(table.line_of, found.rows)) == sorted(lines)


def test_every_number_of_a_scenario_has_its_unit_back() -> None:
    for key, value, text in (
        ("hardware.sram.capacity", 65536, "64 KiB"),
        ("hardware.any.rate", 10**12, "1 TFLOP/s"),
        ("load.rate", 400_000, "400/s"),
        ("load.deadline", 10**9, "1 ms"),
        ("tenants.small.sram", 1 << 20, "1 MiB"),
        ("images", 4, "4"),
        ("seed", 7, "7"),
    ):
        assert _spelled(key, [value], REGISTRY) == (text,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows yet"),
        ("a,b\n1,2\n", "is not a table of a sweep: line 1"),
        (json.dumps({"key": "x", "images": 3, "error": "no"}) + "\n", "line 1 has other columns"),
        (json.dumps(design(0, 0, 0, 1, 1, None) | {"images": "4"}) + "\n", "is both text and number"),
        (json.dumps(design(0, 0, 0, 1, 1, None) | {"images": None}) + "\n", "is both text and number"),
    ],
)
def test_what_is_no_table_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(SimresError, match=said):
        designs_in(path, REGISTRY)
