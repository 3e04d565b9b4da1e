"""Run-length coding of zeros, as in Eyeriss's path to memory: mean bytes by density.

A word of 64 bits holds one flag and as many pairs as fit: a run of up to 31 zeros (5 bits) and the value
after it. At 16 bits a value that is three pairs (Chen et al., "Eyeriss", JSSC 52(1), 2017). A run of 32 k or
more zeros takes k pairs of its own, whose value is 0.

Of n values let a share d be not 0, wherever these lie. Then n d pairs have such a value, and the run before
one has 32 k zeros or more with probability q^(32 k), q = 1 - d. That is n d / (1 - q^32) pairs in the mean,
and n / 32 where all is zero. Zeros of real maps lie together more than that, which makes slightly fewer.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from simres.workload.operators import BITS, Tensor

RUN, WORD, FLAG = 5, 64, 1
"""Bits of a run, of a word, and of a word's flag."""
_WORD_BYTES = WORD // 8
_FEW = 1e-9
"""A density that is 0 for all purposes."""


def pairs_each(density: float) -> float:
    """The mean number of pairs for each value; `density` is the share of those that are not 0."""
    longest = 1 << RUN
    if density < _FEW:
        return 1 / longest
    return density / (1 - (1 - density) ** longest)


def coded_bytes(tensor: Tensor, nbytes: int) -> int:
    """The mean bytes that `nbytes` of a tensor take coded, in whole words. `nbytes` as they are where that is
    not known to be less: where the tensor's density was not measured, or is too high.
    """
    if tensor.density is None:
        return nbytes
    bits = BITS[tensor.dtype]
    in_word = (WORD - FLAG) // (RUN + bits)
    each = Fraction(pairs_each(tensor.density)) * WORD / (bits * max(1, in_word))
    if not in_word or each >= 1:
        return nbytes
    return min(nbytes, ceil(nbytes * each / _WORD_BYTES) * _WORD_BYTES)
