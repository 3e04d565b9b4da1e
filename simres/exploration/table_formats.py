"""A sweep's table in other formats: CSV and Parquet, made of the JSON Lines that a sweep goes on from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simres.errors import SimresError, install
from simres.exploration.point_figures import FigureRow
from simres.exploration.table import SUFFIX, line_of
from simres.files import STDIO, write_bytes

FORMATS = (".csv", ".parquet")


def check_format(output: Path) -> None:
    """Raises `SimresError` where no table of this name can be written, before all the work."""
    if output.suffix == ".parquet":
        _arrow()


def lines_beside(output: Path) -> Path:
    """The JSON Lines that the table at `output` is made of: in the same place, with their own suffix."""
    return output.with_suffix(SUFFIX) if output.suffix in FORMATS else output


def write_rows(rows: Iterable[FigureRow], output: Path) -> None:
    """Writes rows in the format of the file's suffix; to stdout as JSON Lines. Raises `SimresError`."""
    given = list(rows)
    if output == STDIO:
        write_bytes(output, "".join(map(line_of, given)).encode())
    elif output.suffix == ".csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(given[0]) if given else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(given)
        write_bytes(output, text.getvalue().encode())
    elif output.suffix == ".parquet":
        arrow, parquet = _arrow()
        into = io.BytesIO()
        parquet.write_table(arrow.Table.from_pylist(given), into)
        write_bytes(output, into.getvalue())


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise SimresError(
            f"a Parquet file needs {error.name}, which is not installed",
            f"{install('parquet')}; or end its name in .csv or .jsonl",
        ) from None
    return pa, parquet
