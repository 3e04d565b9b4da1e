"""Parses input shapes as people write them: `3x32x32`, `128:int64`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from simres.errors import SimresError
from simres.workload.operators import BITS

MOST_ELEMENTS = 2**40
"""More elements than that in one input is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class InputShape:
    """One input without its batch axis; `dtype` None means that of the network's weights."""

    dims: tuple[int, ...]
    dtype: str | None = None

    def __str__(self) -> str:
        text = "x".join(str(size) for size in self.dims) or "scalar"
        return f"{text}:{self.dtype}" if self.dtype else text


def parse_input(text: str) -> InputShape:
    """`3x32x32` or `128:int64`; raises `SimresError` on anything else."""
    dims, _, dtype = text.strip().partition(":")
    if not re.fullmatch(r"[0-9]{1,15}([xX×][0-9]{1,15})*", dims, flags=re.ASCII):
        raise SimresError(
            f"`{text}` is no input shape", "write it as channels x rows x columns without the batch: 3x32x32"
        )
    if dtype and dtype not in BITS:
        raise SimresError(
            f"unknown data type `{dtype}` in the input shape `{text}`", "known: " + ", ".join(BITS)
        )
    return check_input([int(size) for size in re.split("[xX×]", dims)], dtype or None)


def check_input(dims: Sequence[int], dtype: str | None = None) -> InputShape:
    """The same from numbers; every size at least 1, and not absurdly many elements."""
    shown = "x".join(str(size) for size in dims)
    if not all(isinstance(size, int) and size > 0 for size in dims):
        raise SimresError(f"every size in the input shape `{shown}` must be at least 1")
    if math.prod(dims) > MOST_ELEMENTS:
        raise SimresError(f"the input shape `{shown}` has more than 2^40 elements")
    return InputShape(tuple(dims), dtype)


def input_shapes(given: str | InputShape | Sequence[object]) -> tuple[InputShape, ...]:
    """One shape or several, each as text, numbers or an `InputShape`."""
    if isinstance(given, str):
        return (parse_input(given),)
    if isinstance(given, InputShape):
        return (given,)
    if not isinstance(given, Sequence):
        raise SimresError(
            f"`{given!r}` is no input shape", "give (3, 32, 32), or a list of such for several inputs"
        )
    if all(isinstance(size, int) for size in given) and given:
        return (check_input([size for size in given if isinstance(size, int)]),)
    shapes: list[InputShape] = []
    for item in given:
        if not isinstance(item, str | InputShape | Sequence):
            raise SimresError(f"`{given!r}` is no input shape", "give (3, 32, 32), or a list of such")
        shapes.extend(input_shapes(item))
    if not shapes:
        raise SimresError("no input shape given", "give (3, 32, 32), or a list of such for several inputs")
    return tuple(shapes)
