"""Guided search: what it evaluates, how it goes on, what limits do; and how it says what is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres import api
from simres.errors import ExitCode, SimresError
from simres.exploration import table, worker_processes
from simres.exploration.constraints import Constraint, limits_of
from simres.exploration.handing_on import hand_on
from simres.exploration.objectives import OBJECTIVES, objectives_of
from simres.exploration.pareto import front
from simres.exploration.point_figures import Evaluation, FigureRow
from simres.exploration.search import SAMPLERS, Searched, search
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.plugins.registry import Registry

pytest.importorskip("optuna")

VARY = {
    "hardware.ddr.bandwidth": "4,1,2,8 GB/s",
    "hardware.sram.capacity": "64 KiB,96 KiB,128 KiB,1 MiB",
    "scheduler": "serial,paper",
}
SIZE = 32
FAILING = 16
"""Points whose scheduler takes no traced network."""
GOALS = objectives_of("latency,bandwidth,sram")

Simres = Callable[..., tuple[int, str, str]]


class Unwatched:
    def begin(self, points: int, done: int) -> None:
        self.begun = points, done

    def rows(self, rows: list[FigureRow]) -> None:
        pass


@pytest.fixture(scope="module")
def study() -> Study:
    registry = Registry(external=False)
    find = partial(api.find_workload, registry=registry)
    return study_of(api.find_template("resnet20"), space_of(VARY), registry, find, plugins=False)


@pytest.fixture(scope="module")
def alone(study: Study) -> dict[str, FigureRow]:
    """Every point by itself."""
    found = worker_processes.here(study, range(SIZE), SIZE)
    return {str(row["key"]): row for rows in found for row in rows}


@pytest.fixture(scope="module")
def grid(study: Study, alone: dict[str, FigureRow]) -> dict[str, FigureRow]:
    """The rows of a sweep, which has handed on what there is to hand on."""
    rows = {point: alone[study.key(point)] for point in range(SIZE)}
    return alone | {study.key(at): row for at, row in hand_on(study, rows, worker_processes.here).items()}


class FromGrid:
    """An evaluation that looks points up, and counts how often each was asked for."""

    def __init__(self, grid: dict[str, FigureRow], stop: int = 10**9) -> None:
        self.grid = grid
        self.asked: list[int] = []
        self.stop = stop

    def __call__(self, study: Study, points: Iterable[int], count: int) -> Iterator[list[FigureRow]]:
        for point in points:
            if len(self.asked) == self.stop:
                raise KeyboardInterrupt
            self.asked.append(point)
            yield [self.grid[study.key(point)]]


def searched(
    study: Study,
    evaluation: Evaluation,
    points: int,
    path: Path,
    *,
    storage: str = "",
    limits: Sequence[Constraint] = (),
    seed: int = 0,
    sampler: str = "nsga2",
) -> Searched:
    """A search with its table at `path` and its storage beside that."""
    url = storage or f"sqlite:///{path.with_suffix('.db')}"
    watch = Unwatched()
    return search(
        study, path, GOALS, limits, points, evaluation, watch, storage=url, seed=seed, sampler=sampler
    )


def best(rows: Iterable[FigureRow], limits: tuple[Constraint, ...] = ()) -> set[tuple[float, ...]]:
    kept = [row for row in rows if row["error"] is None and all(it.excess(row) <= 0 for it in limits)]
    values = [tuple(goal.of(row) or 0.0 for goal in GOALS) for row in kept]
    return {values[number] for number in front(values)}


def test_at_the_end_schedules_are_handed_on(study: Study, grid: dict[str, FigureRow], tmp_path: Path) -> None:
    """A point that came out too slow gets the schedule of one with less; the storage keeps its own time."""
    most, less = study.space.point((3, 3, 0)), study.space.point((3, 2, 0))
    slow = {"makespan_ps": 10**12, "image_ps": 10**12}
    evaluation = FromGrid(grid | {study.key(most): grid[study.key(most)] | slow})
    path = tmp_path / "s.jsonl"
    found = searched(study, evaluation, SIZE, path)
    rows = {row["key"]: row for row in table.rows_in(path)}
    assert rows == {row["key"]: row for row in found.rows}
    handed = rows[study.key(most)]
    source = rows[handed["schedule_from"]]
    assert source["schedule_from"] is None
    assert source["scheduler"] == "serial"
    assert handed["makespan_ps"] <= rows[study.key(less)]["makespan_ps"]  # type: ignore[operator]
    path.unlink()
    (stored,) = (row for row in searched(study, evaluation, 1, path).rows if row["key"] == study.key(most))
    assert stored["makespan_ps"] == handed["makespan_ps"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_as_large_as_the_space_is_the_whole_grid(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path, sampler: str
) -> None:
    evaluation = FromGrid(grid)
    found = searched(study, evaluation, 10 * SIZE, tmp_path / "s.jsonl", sampler=sampler)
    assert sorted(evaluation.asked) == list(range(SIZE))
    assert {str(row["key"]): row for row in found.rows} == grid
    assert (found.before, found.failed) == (0, FAILING)
    assert best(found.rows) == best(grid.values())


def test_no_point_is_evaluated_twice_and_a_search_ends_after_as_many_as_asked(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path
) -> None:
    evaluation = FromGrid(grid)
    found = searched(study, evaluation, 12, tmp_path / "s.jsonl")
    assert len(evaluation.asked) == len(set(evaluation.asked)) == len(found.rows) == 12


@pytest.mark.parametrize("stop", [1, 7, 19])
def test_an_interrupted_search_goes_on(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path, stop: int
) -> None:
    first, second = FromGrid(grid, stop), FromGrid(grid)
    with pytest.raises(KeyboardInterrupt):
        searched(study, first, 24, tmp_path / "s.jsonl")
    found = searched(study, second, 24, tmp_path / "s.jsonl")
    assert found.before == stop
    assert not set(first.asked) & set(second.asked)
    assert len(first.asked) + len(second.asked) == len(found.rows) == 24


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_seed_is_a_search(study: Study, grid: dict[str, FigureRow], tmp_path: Path, sampler: str) -> None:
    def asked(name: str, seed: int) -> list[int]:
        evaluation = FromGrid(grid)
        searched(study, evaluation, 16, tmp_path / name, seed=seed, sampler=sampler)
        return evaluation.asked

    assert asked("a.jsonl", 3) == asked("b.jsonl", 3) != asked("c.jsonl", 4)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_limits_lead_a_search_to_what_keeps_to_them(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path, sampler: str
) -> None:
    limits = limits_of({"bandwidth": "1 GB/s"})
    found = searched(study, FromGrid(grid), 24, tmp_path / "s.jsonl", limits=limits, sampler=sampler)
    assert best(found.rows, limits) == best(grid.values(), limits)


def test_a_sampler_that_is_none_is_an_error(simres: Simres, tmp_path: Path) -> None:
    code, _, err = simres("explore", "resnet20", *SPACE, "--sampler", "best", "-o", tmp_path)
    assert code == ExitCode.BAD_INPUT
    assert "there are nsga2, tpe" in err
    assert not list(tmp_path.iterdir())


def test_a_journal_holds_a_search_as_a_database_does(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path
) -> None:
    journal = str(tmp_path / "search.log")
    searched(study, FromGrid(grid), 5, tmp_path / "a.jsonl", storage=journal)
    assert searched(study, FromGrid(grid), 9, tmp_path / "b.jsonl", storage=journal).before == 5


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def test_rows_are_in_the_table_as_they_come(study: Study, grid: dict[str, FigureRow], tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    seen: list[int] = []

    def looking(study: Study, points: Iterable[int], count: int) -> Iterator[list[FigureRow]]:
        for rows in FromGrid(grid)(study, points, count):
            yield rows
            seen.append(len(lines(path)))

    found = searched(study, looking, 6, path)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert lines(path) == [table.line_of(row) for row in found.rows]


@pytest.mark.parametrize("lost", ["s.jsonl", "s.db"])
def test_what_the_table_or_the_storage_lacks_comes_from_the_other(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path, lost: str
) -> None:
    path = tmp_path / "s.jsonl"
    before = searched(study, FromGrid(grid), 8, path).rows
    (tmp_path / lost).unlink()
    evaluation = FromGrid(grid)
    found = searched(study, evaluation, 12, path)
    assert found.before == 8
    assert len(evaluation.asked) == 4
    assert found.rows[:8] == before
    assert lines(path) == [table.line_of(row) for row in found.rows]
    (tmp_path / lost).unlink()  # and it has been given what it lacked
    assert searched(study, FromGrid(grid, 0), 12, path).rows == found.rows


@pytest.mark.parametrize("kept", ["Table.append", "Trials.add"])
def test_a_search_that_ends_between_table_and_storage_does_nothing_twice(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two was written first, the other gets the row the next time."""
    path = tmp_path / "s.jsonl"
    searched(study, FromGrid(grid), 4, path)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    first, second = FromGrid(grid), FromGrid(grid)
    with monkeypatch.context() as patch:
        patch.setattr(f"simres.exploration.search.{kept}", stopped)
        with pytest.raises(KeyboardInterrupt):
            searched(study, first, 9, path)
    known = {str(json.loads(line)["key"]) for line in lines(path)}
    found = searched(study, second, 9, path)
    assert not known & {study.key(point) for point in second.asked}
    assert len(lines(path)) == len(found.rows) == 9
    assert len(known) + len(second.asked) == 9


def test_two_searches_in_one_storage_know_of_each_other(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'both.db'}"
    searched(study, FromGrid(grid), 10, tmp_path / "a.jsonl", storage=url)
    evaluation = FromGrid(grid)
    found = searched(study, evaluation, 16, tmp_path / "b.jsonl", storage=url, seed=1)
    assert (found.before, len(evaluation.asked)) == (10, 6)
    assert {*lines(tmp_path / "a.jsonl")} < {*lines(tmp_path / "b.jsonl")}


def test_a_search_learns_from_the_table_of_a_sweep(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path
) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("".join(map(table.line_of, list(grid.values())[:20])))
    assert searched(study, FromGrid(grid), SIZE, path).before == 20


def test_processes_search_as_this_one_does(study: Study, alone: dict[str, FigureRow], tmp_path: Path) -> None:
    found = searched(study, partial(worker_processes.processes, workers=2), 10, tmp_path / "s.jsonl")
    assert len(found.rows) == 10
    assert all(alone[str(row["key"])] == row for row in found.rows if row["schedule_from"] is None)


def test_a_file_holds_one_search(study: Study, grid: dict[str, FigureRow], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    searched(study, FromGrid(grid), 5, tmp_path / "a.jsonl", storage=url)
    with pytest.raises(SimresError, match="belongs to another search, with other limits"):
        searched(
            study,
            FromGrid(grid),
            5,
            tmp_path / "b.jsonl",
            storage=url,
            limits=limits_of({"sram": "128 KiB"}),
        )
    with pytest.raises(SimresError, match="belongs to another search, for latency, bandwidth, sram"):
        search(
            study,
            tmp_path / "b.jsonl",
            GOALS[:1],
            (),
            5,
            FromGrid(grid),
            Unwatched(),
            storage=url,
        )
    assert not (tmp_path / "b.jsonl").exists()


@given(st.integers(1, 10**9), st.integers(0, 2 * 10**9))
def test_a_limit_is_kept_to_up_to_its_bound(bound: int, value: int) -> None:
    limit = Constraint(OBJECTIVES["sram"], Fraction(bound))
    assert (limit.excess({"capacity_bytes": value}) <= 0) == (value <= bound)
    least = Constraint(OBJECTIVES["accuracy"], Fraction(bound, 10**9))
    assert (least.excess({"accuracy": value / 10**9}) <= 1e-12) == (value >= bound)
    assert least.excess({"accuracy": None}) > 0


def test_limits_are_read_in_their_units() -> None:
    (none,) = limits_of({"energy": "0 J"})
    assert [none.excess({"image_fj": value}) for value in (0, 3)] == [0, 3]
    (any_,) = limits_of({"accuracy": "0 %"})
    assert any_.excess({"accuracy": 0.0}) == 0
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
    assert "9 points, 4 of them known already" in err
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({row["key"] for row in rows}) == 9
    code, _, err = simres(*asked[:-3], "latency,energy", "-o", tmp_path)
    assert code == ExitCode.BAD_INPUT
    assert "belongs to another search, for latency, sram" in err
    assert len(path.read_text().splitlines()) == 9


def test_limits_that_nothing_keeps_to_are_an_answer(simres: Simres, tmp_path: Path) -> None:
    code, out, _ = simres(
        "explore", "resnet20", *SPACE, "--workers", 1, "--limit", "latency=1 ns", "-o", tmp_path
    )
    assert code == ExitCode.ANSWER_IS_NO
    assert out.endswith("No simulated design meets every limit.\n")
    assert "Pareto front  0 of 9 in latency, energy\n\nTime per inference" in out


def test_limits_leave_others_off_the_front(simres: Simres, tmp_path: Path) -> None:
    limits = limits_of({"sram": "300 KiB"})
    asked = ("--goal", "latency,sram", "--limit", "sram=300 KiB", "-o", tmp_path)
    code, out, _ = simres("explore", "resnet20", *SPACE, "--workers", 1, *asked)
    assert code == ExitCode.OK
    assert "1 MiB" not in out.partition("Time per inference")[0]
    rows = [json.loads(line) for line in (tmp_path / "explore.jsonl").read_text().splitlines()]
    assert any(limits[0].excess(row) > 0 for row in rows)


@pytest.mark.parametrize(
    "storage",
    ["nosuch://x/y", "sqlite:////nowhere/at/all/s.db", "postgresql://u:secret@127.0.0.1:9/x", "x.txt", " "],
)
def test_a_storage_that_cannot_be_used_is_an_error(
    storage: str, study: Study, grid: dict[str, FigureRow], tmp_path: Path
) -> None:
    with pytest.raises(SimresError, match="cannot be used") as caught:
        searched(study, FromGrid(grid), 2, tmp_path / "t.jsonl", storage=storage)
    assert "secret" not in caught.value.message
    assert not list(tmp_path.iterdir())


def test_a_storage_without_its_driver_names_that(
    study: Study, grid: dict[str, FigureRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SimresError, match="cannot be used") as caught:
        searched(study, FromGrid(grid), 2, tmp_path / "t.jsonl", storage="postgresql+psycopg://x/y")
    assert "the Python module `psycopg`" in caught.value.hint


@pytest.mark.parametrize("name", ["text.db", "text.log"])
def test_a_file_that_is_no_storage_is_left_as_it_is(
    name: str, study: Study, grid: dict[str, FigureRow], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text("this is no database and no journal\n" * 9)
    url = f"sqlite:///{path}" if name.endswith(".db") else str(path)
    with pytest.raises(SimresError, match="cannot be used"):
        searched(study, FromGrid(grid), 2, tmp_path / "t.jsonl", storage=url)
    assert path.read_text() == "this is no database and no journal\n" * 9
    assert not (tmp_path / "t.jsonl").exists()


@pytest.mark.parametrize("command", ["sweep", "explore"])
def test_a_cluster_that_nobody_answers_for_leaves_no_file(
    command: str, simres: Simres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = pytest.importorskip("simres.exploration.cluster")
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "ANSWERS_S", 0.2)
    asked = (command, "resnet20", *SPACE, "--cluster", "tcp://127.0.0.1:1", "-o", tmp_path / "t.jsonl")
    code, _, err = simres(*asked)
    assert code == ExitCode.BAD_INPUT
    assert "no answer at `tcp://127.0.0.1:1`" in err
    assert not list(tmp_path.iterdir())


KILLED = """
import os, signal, sys
from simres.commands import main
from simres.exploration import table
whole, left = table.Table.append, int(sys.argv[1])

def append(self, rows):
    global left
    rows = list(rows)
    whole(self, rows)
    left -= len(rows)
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

table.Table.append = append
sys.argv = ["simres", "--no-plugins", *sys.argv[2:]]
main()
"""
"""A search that is killed as soon as it has written so many rows."""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_search_that_is_killed_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    asked = ["explore", "resnet20", *SPACE, "--workers", "1", "--points", "7", "-o", str(tmp_path)]
    path = tmp_path / "explore.jsonl"
    killed = subprocess.run([sys.executable, "-c", KILLED, "3", *asked], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    before = lines(path)
    assert len(before) == 3
    done = subprocess.run(
        [sys.executable, "-m", "simres", "--no-plugins", *asked], capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.OK, done.stderr
    assert "7 points, 3 of them known already" in done.stderr
    assert lines(path)[:3] == before
    assert len({json.loads(line)["key"] for line in lines(path)}) == len(lines(path)) == 7
