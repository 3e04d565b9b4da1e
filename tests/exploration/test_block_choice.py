"""The choice between networks without blocks: exact, and told in words where there is none."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import AnswerIsNo, SimresError
from simres.exploration import choice_file
from simres.exploration.block_choice import (
    Candidate,
    best_within,
    fastest,
    front,
    rank_correlation,
    simulated,
    spread_over_time,
    subsets,
    unnamed_digest,
)
from simres.scenario import shipped
from simres.workload.graph import Workload
from simres.workload.json import read

FIGURES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=12)


def candidates(figures: list[tuple[int, int]]) -> list[Candidate]:
    return [Candidate((str(n),), accuracy / 10, ps, ps) for n, (accuracy, ps) in enumerate(figures)]


@given(FIGURES, st.integers(0, 9))
def test_no_other_within_the_target_is_better(figures: list[tuple[int, int]], target: int) -> None:
    given_ = candidates(figures)
    fits = [one for one in given_ if one.time_ps <= target]
    if not fits:
        with pytest.raises(AnswerIsNo, match="no choice of blocks takes at most"):
            best_within(given_, target)
        return
    best = best_within(given_, target)
    assert best in fits
    assert (best.accuracy, -best.time_ps) == max((one.accuracy, -one.time_ps) for one in fits)
    assert best in front(given_) or any(
        (one.accuracy, one.time_ps) == (best.accuracy, best.time_ps) for one in front(given_)
    )


@given(st.integers(1, 40), st.data())
def test_the_fastest_is_found_with_few_questions(count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, count - 1))
    asked = []

    def does(one: Candidate) -> bool:
        asked.append(one)
        return one.time_ps >= first

    found = fastest([Candidate((), 0.5, ps, 0) for ps in range(count)], does)
    assert found.time_ps == first
    assert len(asked) <= count.bit_length()


def test_points_are_spread_over_the_time() -> None:
    line = [Candidate((str(ps),), ps / 100, ps, 0) for ps in (0, 1, 2, 3, 50, 97, 98, 99, 100)]
    assert [one.time_ps for one in spread_over_time(line, 2)] == [50, 100]
    assert spread_over_time(line[:2], 4) == tuple(line[:2])


def test_every_subset_is_there_once() -> None:
    found = subsets(("a", "b", "c"))
    assert found[0] == ()
    assert len(set(found)) == 8
    assert all(list(one) == sorted(one) for one in found)


def test_ranks_that_agree_and_ranks_that_do_not() -> None:
    assert rank_correlation([1, 2, 3, 9], [10, 20, 21, 22]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 1, 2, 2], [1, 2, 1, 2]) == pytest.approx(0)
    # 1 - 6 sum d^2 / (n (n^2 - 1)), without ties
    assert rank_correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(1 - 6 * 4 / (5 * 24))


def test_networks_that_differ_in_names_only_are_simulated_once() -> None:
    workload = read(shipped.workload("resnet20"))
    assert isinstance(workload, Workload)
    blocks = [f"layers.{number}" for number in range(9)]
    asked: list[Workload] = []

    def cost(made: Workload) -> tuple[int, int]:
        asked.append(made)
        return made.macs, made.weight_bytes

    found = simulated(workload, subsets(blocks), cost)
    # Of the three equal blocks of the first stage the count matters, of the others the first one too.
    assert len(asked) == 4 * 6 * 6
    assert len({unnamed_digest(one) for one in asked}) == len(asked)
    by_blocks = dict(zip(subsets(blocks), found, strict=True))
    for one, two in product(("layers.0", "layers.1", "layers.2"), ("layers.7", "layers.8")):
        assert by_blocks[one, two] == by_blocks["layers.0", "layers.7"]


def test_candidates_are_kept(tmp_path: Path) -> None:
    place, kept = tmp_path / "choice.json", candidates([(9, 5), (3, 1)])
    assert choice_file.read(place, "key") is None
    choice_file.write(place, "key", kept)
    assert choice_file.read(place, "key") == kept
    assert choice_file.read(place, "another") is None


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"key": "key"}',
        '{"key": "key", "candidates": [{"removed": "a", "accuracy": 1.0, "time_ps": 1, "energy_fj": 1}]}',
        '{"key": "key", "candidates": [{"removed": [], "accuracy": NaN, "time_ps": 1, "energy_fj": 1}]}',
        '{"key": "key", "candidates": [{"removed": [], "accuracy": 1.0, "time_ps": -1, "energy_fj": 1}]}',
    ],
)
def test_what_is_no_list_of_candidates_is_refused(tmp_path: Path, text: str) -> None:
    place = tmp_path / "choice.json"
    place.write_text(text)
    with pytest.raises(SimresError, match="no list of candidates"):
        choice_file.read(place, "key")
