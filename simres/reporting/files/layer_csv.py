"""The layer table as CSV (RFC 4180): one header row, whole numbers, units in the names."""

from __future__ import annotations

import csv
import io
from unicodedata import normalize

from simres.reporting.tables.layer_figures import FIGURES
from simres.reporting.tables.result_tables import working_by_layer
from simres.result import Result
from simres.text import printable

_FORMULA = ("=", "+", "-", "@")
"""What a formula begins with, in a spreadsheet that leaves out blanks and takes full-width signs as well."""


def layer_csv(result: Result) -> str:
    """Returns one line per layer: name, kind, block, start_ps, end_ps, work, bytes and energy,
    then one `<engine>_busy_ps` per engine.

    Totals are left to the spreadsheet. Lines end in CR LF. A name that a spreadsheet would take for a
    formula gets a leading apostrophe. Times are 0 unless the Record is full.
    """
    engines = [name for name, engine in result.record.engines.items() if engine.tasks]
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(
        [
            "layer",
            "name",
            "kind",
            "block",
            "start_ps",
            "end_ps",
            *(figure.key for figure in FIGURES),
            "energy_fj",
            *(_safe(f"{name}_busy_ps") for name in engines),
        ]
    )
    working = working_by_layer(result)
    for number, layer in enumerate(result.layers):
        writer.writerow(
            [
                number,
                _safe(layer.name),
                _safe(layer.kind),
                _safe(layer.block),
                layer.start_ps,
                layer.end_ps,
                *(figure.of(layer) for figure in FIGURES),
                result.energy.layers_fj[number],
                *(working[number].get(name, 0) for name in engines),
            ]
        )
    return stream.getvalue()


def _safe(text: str) -> str:
    """Returns text that no spreadsheet evaluates (OWASP, "CSV Injection"), and that can be printed."""
    plain = printable(text)
    return f"'{plain}" if normalize("NFKC", plain).lstrip(" ?").startswith(_FORMULA) else plain
