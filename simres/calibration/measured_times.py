"""Measured times of networks on a chip, from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from simres.errors import SimresError
from simres.files import read_text
from simres.text import shorten
from simres.units import DURATION

NETWORK, TIME = "workload", "time"
MOST_ROWS = 1000
HINT = "a line `workload,time`, then one for each measurement: resnet20,1.2 ms"


@dataclass(frozen=True, slots=True)
class MeasuredTime:
    """A row: a network by name or file, what it took in picoseconds, and what else its scenario sets.

    `settings` are texts by dotted path of a scenario (`passes`, `protocol.call`); `where` is for messages.
    """

    workload: str
    ps: int
    settings: Mapping[str, str]
    where: str

    @property
    def name(self) -> str:
        """What tables call it: the network, and what is set for it."""
        network = Path(self.workload).stem if self.workload.endswith(".json") else self.workload
        return ", ".join((network, *self.settings.values()))


def read_times(path: Path) -> list[MeasuredTime]:
    """The rows of a file. Columns `workload` and `time` are needed; any other is a setting of the scenario,
    left alone where the cell is empty. Files of networks are relative to this one.

    Raises `SimresError` with file, line and remedy.
    """
    try:
        rows = list(csv.reader(StringIO(read_text(path, "CSV of measured times", HINT)), strict=True))
    except csv.Error as error:
        raise SimresError(f"`{path}` is not a CSV file: {error}", HINT) from error
    heading = [name.strip() for name in rows[0]] if rows else []
    for needed in (NETWORK, TIME):
        if heading.count(needed) != 1:
            raise SimresError(f"`{path}`: line 1 must name the column `{needed}` once", HINT)
    if len({*heading}) < len(heading) or not all(heading):
        raise SimresError(f"`{path}`: line 1 has a duplicate or an empty column name", HINT)
    found = []
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"`{path}`, line {line}"
        if len(cells) != len(heading):
            raise SimresError(f"{where}: has {len(cells)} cells, and line 1 has {len(heading)}", HINT)
        row = {name: cell.strip() for name, cell in zip(heading, cells, strict=True)}
        found.append(_row(row, where, path.parent))
    if not found:
        raise SimresError(f"`{path}` has no measurement", HINT)
    if len(found) > MOST_ROWS:
        raise SimresError(f"`{path}` has {len(found)} measurements, more than {MOST_ROWS}")
    return found


def _row(row: Mapping[str, str], where: str, folder: Path) -> MeasuredTime:
    workload = row[NETWORK]
    if not workload:
        raise SimresError(f"{where}: names no network", HINT)
    if workload.endswith(".json"):
        workload = str(folder / workload)
    try:
        ps = DURATION.parse(row[TIME], positive=True)
    except SimresError as error:
        raise SimresError(f"{where}: `{TIME}`: {error.message}", "such as `1.2 ms`") from error
    except ValueError as error:
        raise SimresError(f"{where}: `{TIME}`: {shorten(str(error), 200)}", "such as `1.2 ms`") from error
    settings = {name: cell for name, cell in row.items() if cell and name not in (NETWORK, TIME)}
    return MeasuredTime(workload, ps, settings, where)
