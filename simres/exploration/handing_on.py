"""Hands schedules on between the points of a grid, so that a design with more of anything is never slower.

Every point is first evaluated by itself. A point that is slower than one with less of something, and more of
nothing, is then evaluated again with the schedule of the fastest of these. That may make it faster than
points with more, so there are rounds, until no schedule is left to try. What a round evaluates depends on the
rows before it alone, not on their order or on the process that evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from simres.exploration.chunks import LARGEST
from simres.exploration.point_figures import SOURCE, Cell, Evaluation, FigureRow, reader
from simres.exploration.study import Chains, Study
from simres.exploration.worker_processes import here
from simres.sharing.workbench import Workbench

NEEDED = ("makespan_ps", "error", SOURCE)
"""The columns of a row that are looked at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The time of a point, and the point that its schedule was made for: itself, or its source."""

    makespan_ps: int
    source: int


def _standings(study: Study, rows: Mapping[int, FigureRow]) -> Iterator[tuple[int, Standing]]:
    """Yields each point that did not fail, with its standing."""
    given = any(row[SOURCE] is not None for row in rows.values())
    keys: dict[Cell, int] = {study.key(at): at for at in range(study.space.size)} if given else {}
    for at, row in rows.items():
        ps = row["makespan_ps"]
        if row["error"] is None and isinstance(ps, int):
            yield at, Standing(ps, keys.get(row[SOURCE], at))


def hand_on(
    study: Study, rows: Mapping[int, FigureRow], evaluation: Evaluation, bench: Workbench | None = None
) -> dict[int, FigureRow]:
    """Returns the new rows of points that the schedule of another makes faster, by point.

    `rows` are those of all points, of which `NEEDED` is looked at. A round of few points is evaluated in this
    process, on the `bench`.
    """
    here_only = partial(here, bench=bench or Workbench())
    point_of = reader(study)
    best = dict(_standings(study, rows))
    found: dict[int, FigureRow] = {}
    tried: set[tuple[int, int]] = set()
    while sources := {at: source for at, source in slower(study, best) if (at, source) not in tried}:
        tried |= sources.items()
        points = sorted(sources, key=lambda at: (sources[at], at))
        by = evaluation if len(points) > LARGEST else here_only
        for portion in by(replace(study, sources=sources), points, len(points)):
            for row in portion:
                at, ps = point_of(row), row["makespan_ps"]
                if at is not None and isinstance(ps, int) and ps < best[at].makespan_ps:
                    best[at] = Standing(ps, sources[at])
                    found[at] = row
    return found


def slower(study: Study, best: Mapping[int, Standing]) -> Iterator[tuple[int, int]]:
    """Yields each point that is slower than one with less of something, with the source of the fastest.

    A set of points is an integer with a bit for each, the fastest lowest: a point has more than those that
    are, in every knob, before it in its chain or at the same value.
    """
    ranked = sorted(best, key=lambda at: (best[at].makespan_ps, at))
    places = [study.space.places(at) for at in ranked]
    lengths = [len(knob.values) for knob in study.space.knobs]
    most = lengths.index(max(lengths))  # there are as many sets as values, so those of the most are not kept
    upto = {
        at: {value: points for value, _, points in _sets(study.chains[at], [place[at] for place in places])}
        for at in range(len(lengths))
        if at != most
    }
    for _, numbers, upto_here in _sets(study.chains[most], [place[most] for place in places]):
        for number in numbers:
            less = upto_here
            for at, points in upto.items():
                less &= points[places[number][at]]
            fastest = best[ranked[(less & -less).bit_length() - 1]]
            if fastest.makespan_ps < best[ranked[number]].makespan_ps:
                yield ranked[number], fastest.source


def _sets(chains: Chains, values: Sequence[int]) -> Iterator[tuple[int, Sequence[int], int]]:
    """Yields each value of a knob, the points that have it, and the set of those that have it or one before
    it in its chain. `values` are those of the points."""
    members: dict[int, list[int]] = {}
    for number, value in enumerate(values):
        members.setdefault(value, []).append(number)
    for chain in chains:
        points = 0
        for value in chain:
            for number in members.get(value, ()):
                points |= 1 << number
            yield value, members.get(value, ()), points
