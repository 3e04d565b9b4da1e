"""Row stationary mapping (Eyeriss): one row of a filter in a row of cells, one row of the output in a column.

Chen, Krishna, Emer, Sze, Eyeriss, IEEE JSSC 52(1), 2017, section V. Cells that share a row of a filter, of
the input along the diagonal, and of the output form a *set* of `r` x `e` cells, where `e` are rows of the
output. A set does its 1-D convolutions by itself; what the registers of a cell hold decides with how many
filters and channels at once. Sets that fit beside and above each other take other rows of the output, other
filters or other channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from simres.workload import Loops
from simres_systolic.mapping import up


class Registers(NamedTuple):
    """Values that a cell holds: of the inputs, of the weights, and sums."""

    inputs: int
    weights: int
    sums: int


class Pass(NamedTuple):
    """A mapping: the `cycles` in all, how many `passes`, and the cells that a full pass has at work.

    A pass makes `rows` rows of the output for `filters` filters, of `channels` channels of the input.
    """

    cycles: int
    passes: int
    active: int
    rows: int
    channels: int
    filters: int


@lru_cache(maxsize=65536)
def mapped(
    loops: Loops,
    rows: int,
    columns: int,
    registers: Registers,
    weight_port: int,
    sum_port: int,
    filled: bool,
) -> Pass:
    """The mapping of least cycles for one group of a loop nest with work in it: the first of `mappings`."""
    found = mappings(loops, rows, columns, registers, weight_port, sum_port, filled)
    return min(found, key=lambda one: one.cycles)


def mappings(
    loops: Loops,
    rows: int,
    columns: int,
    registers: Registers,
    weight_port: int,
    sum_port: int,
    filled: bool,
) -> Iterator[Pass]:
    """Ways to map one group of a loop nest with work in it.

    A pass takes a cycle for each tap of each row of the output that its cells make, or as long as
    its sums need to come from the buffer and go back, `sum_port` a cycle each way. Its weights come
    `weight_port` a cycle: first, where `filled`, otherwise behind the pass before. A filter taller than
    the array is done in pieces.
    """
    height = min(loops.r, rows)
    tall = up(loops.r, height)
    channels = max(1, min(registers.inputs, registers.weights) // loops.s)
    for wide in range(1, min(loops.p, columns) + 1):
        strips = up(loops.p, wide)
        sets = (rows // height) * (columns // wide)
        for at_once in _counts(sets, strips):
            for deep in _counts(sets // at_once, loops.c):
                for filters in _counts(sets // at_once // deep, loops.m):
                    q = _even(loops.c, deep, channels)
                    p = _even(
                        loops.m, filters, max(1, min(registers.sums, registers.weights // (q * loops.s)))
                    )
                    passes = tall * up(strips, at_once) * up(loops.c, q * deep) * up(loops.m, p * filters)
                    made = loops.n * loops.q * p
                    sums = made * wide * at_once * filters
                    each = max(made * loops.s * q, up(sums, sum_port))
                    filling = up(p * filters * q * deep * height * loops.s, weight_port)
                    each = each + filling if filled else max(each, filling)
                    yield Pass(
                        passes * each,
                        passes,
                        height * wide * at_once * deep * filters,
                        min(loops.p, wide * at_once),
                        min(loops.c, q * deep),
                        min(loops.m, p * filters),
                    )


def _counts(sets: int, needed: int) -> list[int]:
    """Numbers of sets worth trying for what is done `needed` times: the least of each number of rounds."""
    most = min(sets, needed)
    return sorted({up(needed, up(needed, count)) for count in range(1, most + 1)})


def _even(count: int, sets: int, most: int) -> int:
    """How many of `count` each of `sets` takes at once, at most `most`, in as even rounds as there can be."""
    return up(count, sets * up(count, sets * most))
