"""How the buffer of a row-stationary array is used: what a pass takes, and what stays from pass to pass.

Chen, Krishna, Emer, Sze, Eyeriss, IEEE JSSC 52(1), 2017, section V. The buffer keeps the sums of `images` x
`filters` x `rows` of the output until they are complete. Passes go through the filters first, so that a part
of the input is read once for all of them, then through the channels, the strips of rows, the images, and last
through the groups of filters. Filters come for each pass anew, early, into room of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from simres.workload import Loops
from simres_systolic.mapping import up
from simres_systolic.row_stationary import Pass, Registers, mappings


class Sizes(NamedTuple):
    """Bytes of a value of the input, of the weights, and of the output; and the input behind a loop nest.

    `height` x `width` is the input of one channel, `stride` the rows from one of the output to the next.
    """

    inputs: int
    weights: int
    outputs: int
    height: int
    width: int
    stride: int

    def rows(self, made: int, taps: int) -> int:
        """Rows of the input behind so many rows of the output."""
        return min(self.height, (made - 1) * self.stride + taps)


class Blocking(NamedTuple):
    """A pass makes `rows` rows of the output of `at_once` filters and `images` images out of `channels`
    channels; sums of `filters` filters are kept. All of one group takes `cycles`, and `read` bytes come.
    """

    images: int
    filters: int
    rows: int
    channels: int
    at_once: int
    cycles: int
    read: int


@lru_cache(maxsize=4096)
def best_blocking(
    loops: Loops, sizes: Sizes, array: tuple[int, int, Registers, int, int, bool], capacity: int
) -> Blocking | None:
    """The blocking of one group with the least product of time and bytes read; None where none fits.

    Chips of this kind are mapped for energy, of which traffic is what mappings differ in, and for cells at
    work (section V-C); the product is the usual measure of both. The first of equals.
    """
    found = _blockings(loops, sizes, array, capacity)
    return min(found, key=lambda one: (one.cycles * one.read, one.cycles), default=None)


def _blockings(
    loops: Loops, sizes: Sizes, array: tuple[int, int, Registers, int, int, bool], capacity: int
) -> Iterator[Blocking]:
    for images in _shares(loops.n):
        turns = up(loops.n, images)
        for mapped in mappings(replace(loops, n=images), *array):
            room = capacity - _operands(loops, sizes, images, mapped)
            kept = images * mapped.rows * loops.q * sizes.outputs * mapped.filters
            rounds = up(loops.m, mapped.filters)
            for together in _shares(rounds, min(rounds, room // kept)):
                strips = up(loops.p, mapped.rows)
                halo = sizes.rows(mapped.rows, loops.r) * strips * loops.n * loops.c * sizes.width
                weights = loops.m * loops.c * loops.r * loops.s * strips * turns
                read = halo * up(rounds, together) * sizes.inputs + weights * sizes.weights
                filters = min(loops.m, together * mapped.filters)
                yield Blocking(
                    images,
                    filters,
                    mapped.rows,
                    mapped.channels,
                    mapped.filters,
                    mapped.cycles * turns,
                    read,
                )


def _operands(loops: Loops, sizes: Sizes, images: int, mapped: Pass) -> int:
    """Bytes of a pass's part of the input, and of its filters and those of the next."""
    rows = sizes.rows(mapped.rows, loops.r)
    inputs = images * mapped.channels * rows * sizes.width * sizes.inputs
    return inputs + 2 * mapped.filters * mapped.channels * loops.r * loops.s * sizes.weights


def _shares(count: int, most: int | None = None) -> list[int]:
    """How many of `count` are taken at once, at most `most`: the least for each number of rounds."""
    most = count if most is None else most
    return sorted({size for taken in range(1, most + 1) if (size := up(count, up(count, taken))) <= most})


def ranges(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    """A range in parts of `size`; the last may be smaller."""
    return [(first, min(first + size, stop)) for first in range(start, stop, size)]
