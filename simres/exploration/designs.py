"""Reads the designs of a stored table, with the knobs that differ between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from simres.errors import SimresError
from simres.exploration.point_figures import FIGURES, SOURCE, FigureRow
from simres.exploration.space import Knob
from simres.exploration.table import rows_in
from simres.plugins.registry import Registry, resolve
from simres.scenario.arrivals import BatchFile, LoadFile
from simres.scenario.model import TenantFile
from simres.text import shorten
from simres.units import Quantity, quantity_in


@dataclass(frozen=True, slots=True)
class Designs:
    """The rows of a table, in an order independent of the order of completion, and its knobs."""

    rows: tuple[FigureRow, ...]
    knobs: tuple[Knob, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the knobs."""
        return tuple(knob.key for knob in self.knobs)


def designs_in(path: Path, registry: Registry) -> Designs:
    """Reads the designs in a table that `simres sweep` or `simres explore` wrote.

    A table has quantities in base units; their unit is that of the field of the component, scheduler or load.
    Raises `SimresError` for a file that is not such a table, and for one without rows.
    """
    rows = list(rows_in(path))
    if not rows:
        raise SimresError(f"the table `{path}` has no rows yet", "wait until the sweep has written some")
    columns = list(rows[0])
    known = [*(figure.name for figure in FIGURES), "error", SOURCE]
    for number, row in enumerate(rows, 1):
        if list(row) != columns or columns[-len(known) :] != known:
            raise SimresError(
                f"`{path}` is not a table of this version: line {number} has other columns",
                "sweep again into another file (`-o`)",
            )
    keys = columns[1 : -len(known)]
    knobs = tuple(Knob(key, _spelled(key, {row[key] for row in rows}, registry)) for key in keys)
    places = [{value: at for at, value in enumerate(knob.numbers or knob.values)} for knob in knobs]
    try:
        rows.sort(key=lambda row: [ranks[row[key]] for key, ranks in zip(keys, places, strict=True)])  # type: ignore[index]
    except KeyError as error:
        raise SimresError(
            f"`{path}` is not a table of this version: `{shorten(error.args[0])}` is both text and number"
        ) from None
    return Designs(tuple(rows), knobs)


def _spelled(key: str, found: Iterable[object], registry: Registry) -> tuple[str, ...]:
    """Returns the values of a knob as a scenario spells them, in order."""
    values = list(found)
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        return tuple(sorted(map(str, values), key=_natural))
    quantity = next(_quantities(key, registry), None)
    if quantity and all(isinstance(value, int) and 0 <= value <= quantity.limit for value in numbers):
        return tuple(quantity.spell(int(value)) for value in sorted(numbers))
    return tuple(map(str, sorted(numbers)))


def _natural(text: str) -> list[tuple[int, str]]:
    """Returns a sort key that puts `resnet8` before `resnet20`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", text)]


def _quantities(key: str, registry: Registry) -> Iterator[Quantity]:
    """Yields the possible quantities of a knob's numbers: those of the fields that its path may mean."""
    first, field = key.split(".")[0], key.split(".")[-1]
    models: list[type[BaseModel]] = [TenantFile, LoadFile, BatchFile]
    targets: Iterable[str] = ()
    if first == "hardware":
        targets, models = (component.spec for component in registry.components().values()), []
    elif first == "scheduler":
        targets, models = (scheduler.parameters for scheduler in registry.schedulers().values()), []
    for target in targets:
        with suppress(SimresError):  # a broken plugin contributes nothing
            models.append(resolve(target))
    for model in models:
        known = getattr(model, "model_fields", {}).get(field)
        if known is not None and (found := quantity_in(known.annotation, *known.metadata)) is not None:
            yield found
