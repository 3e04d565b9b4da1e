"""Where the choices of a random graph come from: a strategy of hypothesis, or a seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices(Protocol):
    """What a growing graph asks for."""

    def integer(self, least: int, most: int) -> int:
        """An integer from `least` to `most`, both included."""

    def one_of(self, options: Sequence[T]) -> T:
        """One of the options."""

    def some_of(self, options: Sequence[T], least: int, most: int) -> list[T]:
        """From `least` to `most` different options, in any order."""


class Drawn:
    """Choices that hypothesis makes, and shrinks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def integer(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def one_of(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def some_of(self, options: Sequence[T], least: int, most: int) -> list[T]:
        return self.draw(st.lists(st.sampled_from(options), min_size=least, max_size=most, unique=True))


class Seeded:
    """The choices of a seed: the same on any machine, whichever version of hypothesis is there."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def integer(self, least: int, most: int) -> int:
        return self.chance.randint(least, most)

    def one_of(self, options: Sequence[T]) -> T:
        return self.chance.choice(options)

    def some_of(self, options: Sequence[T], least: int, most: int) -> list[T]:
        return self.chance.sample(options, self.chance.randint(least, most))
