"""What was measured beside what is simulated: rows, their errors, and what a rule of one parameter says."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple


class Row(NamedTuple):
    """One measurement, in the unit of its set (`About.unit`).

    `amount` is what the rule of one parameter divides by its rate, such as multiply-accumulates.
    """

    name: str
    group: str
    measured: float
    simulated: float
    amount: float
    chip: str = ""
    """The file of its chip, without folder and suffix."""

    @property
    def error(self) -> float:
        """Simulated over measured, less 1."""
        return self.simulated / self.measured - 1


class About(NamedTuple):
    """What is said of a set of measurements, whatever the rows: the page has all of it."""

    title: str
    unit: str
    timed: str
    """What the figures have in them."""
    rule: str
    """What the rule of one parameter is."""
    wrong: str
    """Where it is off, and which mechanism is missing."""
    fitted: str = ""
    """The figures that come from measurements of this kind, and from which; empty where none do."""
    known: str = ""
    """What the rows of a chip are, where their error is the chip's known one: `products`."""


class Found(NamedTuple):
    """The rows of a set of measurements, and the same rows by the rule of one parameter."""

    about: About
    rows: Sequence[Row]
    ruled: Sequence[Row]


class Errors(NamedTuple):
    """The mean and the median of the sizes of the errors of some rows."""

    rows: int
    mean: float
    median: float


def read(data: Path, name: str) -> Iterator[Mapping[str, str]]:
    """The rows of a file of measurements. Raises `SystemExit` if there is none."""
    if not (data / name).exists():
        raise SystemExit(f"there is no `{name}` in {data}; `--data` names the folder that has it")
    with (data / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def errors(rows: Sequence[Row]) -> Errors:
    """How far off rows are."""
    sizes = [abs(row.error) for row in rows]
    return Errors(len(sizes), mean(sizes), median(sizes))


def found(about: About, rows: Sequence[Row]) -> Found:
    """A set whose rule is one rate, fitted to its rows."""
    return Found(about, rows, by_one_rate(rows))


def by_one_rate(rows: Sequence[Row]) -> list[Row]:
    """What the amounts over one rate say of the rows, at the rate that has the least mean error.

    The mean error is piecewise linear in one over the rate, so its least value is at a row's own rate.
    """
    if not rows:
        return []
    rates = {row.amount / row.measured for row in rows}
    ruled = ([row._replace(simulated=row.amount / rate) for row in rows] for rate in rates)
    return min(ruled, key=lambda tried: errors(tried).mean)


def groups(found: Found) -> Iterator[tuple[str, Errors, Errors]]:
    """The errors of each group of a set, simulated and by the rule; nothing where it has one group only."""
    names = list(dict.fromkeys(row.group for row in found.rows))
    for name in names if len(names) > 1 else ():
        chosen = [number for number, row in enumerate(found.rows) if row.group == name]
        simulated, ruled = (errors([rows[number] for number in chosen]) for rows in (found.rows, found.ruled))
        yield name, simulated, ruled


def report(found: Found, longest: int = 24) -> Iterator[str]:
    """Lines about a set of measurements: its rows, unless they are many, and errors by group."""
    yield f"{found.about.title}, {found.about.unit}"
    if len(found.rows) <= longest:
        for row, rule in zip(found.rows, found.ruled, strict=True):
            yield (
                f"  {row.name:32}{row.measured:12.2f} measured{row.simulated:12.2f} simulated"
                f" {row.error:+7.1%}   one rate {rule.error:+7.1%}"
            )
    for name, simulated, ruled in [("all", errors(found.rows), errors(found.ruled)), *groups(found)]:
        yield (f"  {name}: {simulated.rows} rows, error {_said(simulated)}; one rate {_said(ruled)}")


def _said(found: Errors) -> str:
    return f"{found.mean:.1%} mean, {found.median:.1%} median"
