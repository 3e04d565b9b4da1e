"""Parses input shapes as people write them: `3x32x32`, `128:int64`, `mask=16`, `batch.image=3x8x8`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from simres.errors import SimresError
from simres.workload.operators import BITS

MOST_ELEMENTS = 2**40
"""More elements than that in one input is a slip of the hand."""

SCALAR = "scalar"
"""How a shape without any axis is written: one number, or with a batch one number for each image."""

SPELLINGS = (
    "one --input for each, without the batch axis: 3x32x32, 128:int64 for indices, scalar:int64 for one "
    "number an image, mask=16 by name, batch.image=3x8x8 into a dictionary; with --batch none shapes are "
    "taken as they are"
)
"""Every way to write an input, in one sentence."""

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class InputShape:
    """One input without its batch axis; `dtype` None means that of the network's weights.

    `place` is where it goes: nowhere named (the next positional argument), the keyword of an argument, or
    that and the keys that lead to it (`("batch", "image")`; keys `0`, `1`... make a list).
    """

    dims: tuple[int, ...]
    dtype: str | None = None
    place: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = "x".join(str(size) for size in self.dims) or SCALAR
        named = ".".join(self.place) + "=" if self.place else ""
        return f"{named}{text}:{self.dtype}" if self.dtype else named + text


InputShapes = str | InputShape | Sequence[object] | Mapping[str, object]
"""One shape or several: see `input_shapes`."""


def parse_input(text: str) -> InputShape:
    """`3x32x32`, `128:int64`, `scalar`, `mask=16` or `batch.image=3x8x8`; raises `SimresError` on others."""
    named, equals, shape = text.strip().rpartition("=")
    place = tuple(named.strip().split(".")) if equals else ()
    if not all(re.fullmatch(r"\w+", key) for key in place) or (place and not place[0].isidentifier()):
        raise SimresError(
            f"`{text}` is not an input shape: `{named}` names no argument", f"write {SPELLINGS}"
        )
    dims, _, dtype = shape.strip().partition(":")
    if dims != SCALAR and not re.fullmatch(r"[0-9]{1,15}([xX×][0-9]{1,15})*", dims, flags=re.ASCII):
        raise SimresError(f"`{text}` is not an input shape", f"write {SPELLINGS}")
    if dtype and dtype not in BITS:
        raise SimresError(
            f"unknown data type `{dtype}` in the input shape `{text}`", "known: " + ", ".join(BITS)
        )
    sizes = [] if dims == SCALAR else [int(size) for size in re.split("[xX×]", dims)]
    return replace(check_input(sizes, dtype or None), place=place)


def check_input(dims: Sequence[int], dtype: str | None = None) -> InputShape:
    """The same from numbers; every size at least 1, and not absurdly many elements."""
    shown = "x".join(str(size) for size in dims)
    if not all(isinstance(size, int) and size > 0 for size in dims):
        raise SimresError(f"every size in the input shape `{shown}` must be at least 1")
    if math.prod(dims) > MOST_ELEMENTS:
        raise SimresError(f"the input shape `{shown}` has more than 2^40 elements")
    return InputShape(tuple(dims), dtype)


def parse_batch(text: str) -> int | None:
    """A number of images from 1, or `none`: shapes as they are. Raises `SimresError` on anything else."""
    if text.strip().lower() == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text.strip(), flags=re.ASCII) or int(text) < 1:
        raise SimresError(
            f"`{text}` is not a batch", "give a number from 1, or `none` to take shapes as they are"
        )
    return int(text)


def input_shapes(given: InputShapes) -> tuple[InputShape, ...]:
    """One shape or several, each as text, numbers or an `InputShape`; a mapping holds those given by name.

    `(3, 32, 32)`, `[(3, 32, 32), "128:int64"]`, `{"image": (3, 32, 32), "step": "scalar:int64"}`. An empty
    tuple is a shape without any axis. Raises `SimresError`.
    """
    shapes = tuple(_shapes(given, given))
    if not shapes:
        raise SimresError("no input shape given", "give (3, 32, 32), or a list of these for several inputs")
    named = [shape.place for shape in shapes if shape.place]
    for place in named:
        if any(other[: len(place)] == place for other in named if other is not place):
            raise SimresError(f"two inputs are given for `{'.'.join(place)}`", "give each its own name")
    return shapes


def _shapes(given: object, whole: object) -> Iterator[InputShape]:
    if isinstance(given, str):
        yield from (parse_input(part) for part in given.split(","))
    elif isinstance(given, InputShape):
        yield given
    elif isinstance(given, Mapping):
        for key, value in given.items():
            for number, shape in enumerate(inside := list(_shapes(value, whole))):
                among = (str(number),) if len(inside) > 1 and not shape.place else ()
                yield replace(shape, place=(str(key), *among, *shape.place))
    elif isinstance(given, Sequence) and (given or isinstance(given, tuple)):
        if all(isinstance(size, int) for size in given):
            yield check_input([size for size in given if isinstance(size, int)])
        else:
            for item in given:
                yield from _shapes(item, whole)
    elif not isinstance(given, Sequence):
        raise SimresError(
            f"`{whole!r}` is not an input shape", "give (3, 32, 32), or a list of these for several inputs"
        )


def arranged(
    shapes: Sequence[InputShape], make: Callable[[InputShape], Made]
) -> tuple[tuple[Made, ...], dict[str, object]]:
    """What `make` makes of each, as the positional and the keyword arguments of a call."""
    positional: list[Made] = []
    keywords: dict[str, object] = {}
    for shape in shapes:
        if not shape.place:
            positional.append(make(shape))
            continue
        level = keywords
        for key in shape.place[:-1]:
            inner = level.setdefault(key, {})
            assert isinstance(inner, dict)
            level = inner
        level[shape.place[-1]] = make(shape)
    return tuple(positional), {key: _listed(value) for key, value in keywords.items()}


def _listed(value: object) -> object:
    """Dictionaries whose keys count from 0 are lists."""
    if not isinstance(value, dict):
        return value
    inside = {key: _listed(item) for key, item in value.items()}
    return list(inside.values()) if list(inside) == [str(number) for number in range(len(inside))] else inside
