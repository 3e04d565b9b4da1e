"""Guided search: what it evaluates, how it goes on, what limits do; and how it says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres import api
from simres.errors import ExitCode, SimresError
from simres.exploration import local
from simres.exploration.limits import Limit, limits_of
from simres.exploration.objectives import OBJECTIVES, objectives_of
from simres.exploration.outcome import Row
from simres.exploration.pareto import front
from simres.exploration.search import Searched, search
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.plugins import Registry

pytest.importorskip("optuna")

VARY = {
    "hardware.ddr.bandwidth": "4,1,2,8 GB/s",
    "hardware.sram.capacity": "256 B,64 KiB,128 KiB,1 MiB",
    "scheduler": "serial,overlapped",
}
SIZE = 32
FAILING = 8
"""Points whose memory is too small."""
GOALS = objectives_of("latency,bandwidth,sram")

Simres = Callable[..., tuple[int, str, str]]


class Unwatched:
    def begin(self, points: int, done: int) -> None:
        self.begun = points, done

    def rows(self, rows: list[Row]) -> None:
        pass


@pytest.fixture(scope="module")
def study() -> Study:
    registry = Registry(external=False)
    find = partial(api.find_workload, registry=registry)
    return study_of(api.find_template("resnet20"), space_of(VARY), registry, find, plugins=False)


@pytest.fixture(scope="module")
def grid(study: Study) -> dict[str, Row]:
    found = local.here(study, range(SIZE), SIZE)
    return {str(row["key"]): row for rows in found for row in rows}


class FromGrid:
    """An evaluation that looks points up, and counts how often each was asked for."""

    def __init__(self, grid: dict[str, Row], stop: int = 10**9) -> None:
        self.grid = grid
        self.asked: list[int] = []
        self.stop = stop

    def __call__(self, study: Study, points: Iterable[int], count: int) -> Iterator[list[Row]]:
        for point in points:
            if len(self.asked) == self.stop:
                raise KeyboardInterrupt
            self.asked.append(point)
            yield [self.grid[study.key(point)]]


def searched(study: Study, evaluation: FromGrid, points: int, path: Path, **more: object) -> Searched:
    limits: tuple[Limit, ...] = more.pop("limits", ())  # type: ignore[assignment]
    url = path if isinstance(path, str) else f"sqlite:///{path}"
    return search(study, GOALS, limits, points, evaluation, Unwatched(), storage=url, **more)  # type: ignore[arg-type]


def best(rows: Iterable[Row], limits: tuple[Limit, ...] = ()) -> set[tuple[float, ...]]:
    kept = [row for row in rows if row["error"] is None and all(it.excess(row) <= 0 for it in limits)]
    values = [tuple(goal.of(row) or 0.0 for goal in GOALS) for row in kept]
    return {values[number] for number in front(values)}


def test_a_search_as_large_as_the_space_is_the_whole_grid(
    study: Study, grid: dict[str, Row], tmp_path: Path
) -> None:
    evaluation = FromGrid(grid)
    found = searched(study, evaluation, 10 * SIZE, tmp_path / "s.db")
    assert sorted(evaluation.asked) == list(range(SIZE))
    assert {str(row["key"]): row for row in found.rows} == grid
    assert (found.before, found.failed) == (0, FAILING)
    assert best(found.rows) == best(grid.values())


def test_no_point_is_evaluated_twice_and_a_search_ends_after_as_many_as_asked(
    study: Study, grid: dict[str, Row], tmp_path: Path
) -> None:
    evaluation = FromGrid(grid)
    found = searched(study, evaluation, 12, tmp_path / "s.db")
    assert len(evaluation.asked) == len(set(evaluation.asked)) == len(found.rows) == 12


@pytest.mark.parametrize("stop", [1, 7, 19])
def test_an_interrupted_search_goes_on(study: Study, grid: dict[str, Row], tmp_path: Path, stop: int) -> None:
    first, second = FromGrid(grid, stop), FromGrid(grid)
    with pytest.raises(KeyboardInterrupt):
        searched(study, first, 24, tmp_path / "s.db")
    found = searched(study, second, 24, tmp_path / "s.db")
    assert found.before == stop
    assert not set(first.asked) & set(second.asked)
    assert len(first.asked) + len(second.asked) == len(found.rows) == 24


def test_a_seed_is_a_search(study: Study, grid: dict[str, Row], tmp_path: Path) -> None:
    def asked(name: str, seed: int) -> list[int]:
        evaluation = FromGrid(grid)
        searched(study, evaluation, 16, tmp_path / name, seed=seed)
        return evaluation.asked

    assert asked("a.db", 3) == asked("b.db", 3) != asked("c.db", 4)


def test_a_journal_holds_a_search_as_a_database_does(
    study: Study, grid: dict[str, Row], tmp_path: Path
) -> None:
    path = str(tmp_path / "search.log")
    searched(study, FromGrid(grid), 5, path)  # type: ignore[arg-type]
    assert searched(study, FromGrid(grid), 9, path).before == 5  # type: ignore[arg-type]


def test_processes_search_as_this_one_does(study: Study, grid: dict[str, Row], tmp_path: Path) -> None:
    evaluation = partial(local.processes, workers=2)
    found = searched(study, evaluation, 10, tmp_path / "s.db")  # type: ignore[arg-type]
    assert len(found.rows) == 10
    assert all(grid[str(row["key"])] == row for row in found.rows)


def test_other_goals_and_limits_are_another_search(
    study: Study, grid: dict[str, Row], tmp_path: Path
) -> None:
    searched(study, FromGrid(grid), 5, tmp_path / "s.db")
    limits = limits_of({"sram": "128 KiB"})
    assert searched(study, FromGrid(grid), 5, tmp_path / "s.db", limits=limits).before == 0


@given(st.integers(1, 10**9), st.integers(0, 2 * 10**9))
def test_a_limit_is_kept_to_up_to_its_bound(bound: int, value: int) -> None:
    limit = Limit(OBJECTIVES["sram"], Fraction(bound))
    assert (limit.excess({"capacity_bytes": value}) <= 0) == (value <= bound)
    least = Limit(OBJECTIVES["accuracy"], Fraction(bound, 10**9))
    assert (least.excess({"accuracy": value / 10**9}) <= 1e-12) == (value >= bound)
    assert least.excess({"accuracy": None}) > 0


def test_limits_are_read_in_their_units() -> None:
    found = limits_of({"energy": "2mJ", "latency": "1.5 ms", "accuracy": "91 %"})
    assert [limit.bound for limit in found] == [2 * 10**12, 15 * 10**8, Fraction(91, 100)]


@pytest.mark.parametrize("text", ["energy=2 ms", "energy=2", "size=1 MiB", "accuracy=high", "energy"])
def test_a_limit_that_is_none_is_an_error(text: str, simres: Simres, tmp_path: Path) -> None:
    space = ("--vary", "hardware.ddr.bandwidth=1,2 GB/s")
    code, _, err = simres("explore", "paper", *space, "--limit", text, "-o", tmp_path / "t.jsonl")
    assert code == ExitCode.BAD_INPUT
    assert "error:" in err
    assert not (tmp_path / "t.jsonl").exists()


SPACE = [
    "--vary",
    "hardware.ddr.bandwidth=1,2,4 GB/s",
    "--vary",
    "hardware.sram.capacity=64 KiB..1 MiB log 3",
]


def test_the_command_writes_a_table_and_goes_on_from_it(simres: Simres, tmp_path: Path) -> None:
    asked = ("explore", "resnet20", *SPACE, "--workers", 1, "--goal", "latency,sram", "-o", tmp_path)
    code, out, err = simres(*asked, "--points", 4)
    assert code == ExitCode.OK, err
    assert "Pareto front" in out
    path = tmp_path / "explore.jsonl"
    first = path.read_text().splitlines()
    assert len(first) == 4
    code, _, err = simres(*asked, "--points", 9)
    assert code == ExitCode.OK
    assert "9 points, 4 of them there already" in err
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({row["key"] for row in rows}) == 9
    code, _, err = simres(*asked[:-3], "latency,energy", "-o", tmp_path)
    assert code == ExitCode.BAD_INPUT
    assert "another search or sweep" in err


def test_limits_that_nothing_keeps_to_are_an_answer(simres: Simres, tmp_path: Path) -> None:
    code, out, _ = simres(
        "explore", "resnet20", *SPACE, "--workers", 1, "--limit", "latency=1 ns", "-o", tmp_path
    )
    assert code == ExitCode.ANSWER_IS_NO
    assert "keeps to every limit" in out


def test_limits_leave_others_off_the_front(simres: Simres, tmp_path: Path) -> None:
    limits = limits_of({"sram": "300 KiB"})
    asked = ("--goal", "latency,sram", "--limit", "sram=300 KiB", "-o", tmp_path)
    code, out, _ = simres("explore", "resnet20", *SPACE, "--workers", 1, *asked)
    assert code == ExitCode.OK
    assert "1 MiB" not in out.partition("Time of an image")[0]
    rows = [json.loads(line) for line in (tmp_path / "explore.jsonl").read_text().splitlines()]
    assert any(limits[0].excess(row) > 0 for row in rows)


@pytest.mark.parametrize(
    "storage",
    ["nosuch://x/y", "sqlite:////nowhere/at/all/s.db", "postgresql://u:secret@127.0.0.1:9/x", "x.txt", ""],
)
def test_a_storage_that_cannot_be_used_is_an_error(storage: str, study: Study, grid: dict[str, Row]) -> None:
    with pytest.raises(SimresError, match="cannot be used") as caught:
        search(study, GOALS, (), 2, FromGrid(grid), Unwatched(), storage=storage)
    assert "secret" not in caught.value.message
