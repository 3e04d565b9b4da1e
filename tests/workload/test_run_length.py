"""Run-length coding: the mean size by density, against coding random values one by one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.workload import BITS, Role, Tensor
from simres.workload.run_length import coded_bytes, pairs_each


def tensor(density: float | None, dtype: str = "int16", count: int = 200_000) -> Tensor:
    return Tensor("map", Role.ACTIVATION, (1, count), dtype, density=density)


def coded(values: list[bool], bits: int) -> int:
    """Bytes of a list of whether each value is not 0, coded pair by pair."""
    pairs = run = 0
    for value in values:
        if value or run == 31:
            pairs, run = pairs + 1, 0
        else:
            run += 1
    pairs += run > 0
    return 8 * -(-pairs // ((64 - 1) // (5 + bits)))


@pytest.mark.parametrize("density", [0.02, 0.1, 0.224, 0.613])
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_random_values_take_as_many_bytes(density: float, dtype: str) -> None:
    chance = random.Random(7)
    values = [chance.random() < density for _ in range(200_000)]
    found = coded(values, BITS[dtype])
    one = tensor(sum(values) / len(values), dtype)
    assert coded_bytes(one, one.nbytes) == pytest.approx(min(found, one.nbytes), rel=0.01)


def test_nothing_but_zeros_and_no_zeros() -> None:
    assert pairs_each(0) == 1 / 32
    assert pairs_each(1) == 1
    assert coded([False] * 3200, 16) == 8 * -(-100 // 3)
    assert coded_bytes(tensor(0.0), 6400) == 8 * -(-100 // 3)
    assert coded_bytes(tensor(1.0), 6400) == 6400  # 64 bits for three values are more than 48
    assert coded_bytes(tensor(0.5, "fp64"), 6400) == 6400  # no pair fits into a word


@given(st.floats(0, 1), st.integers(0, 10**7), st.sampled_from(["int8", "int16", "fp16", "fp32"]))
def test_it_never_grows_and_pieces_are_no_smaller_than_the_whole(
    density: float, nbytes: int, dtype: str
) -> None:
    one = tensor(density, dtype)
    whole = coded_bytes(one, nbytes)
    assert 0 <= whole <= nbytes
    half = nbytes // 2
    assert coded_bytes(one, half) + coded_bytes(one, nbytes - half) >= whole
    assert coded_bytes(tensor(None, dtype), nbytes) == nbytes
