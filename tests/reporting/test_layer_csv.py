"""The layer table as a spreadsheet reads it back."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.reporting.files.layer_csv import layer_csv
from simres.text import printable

NUMBERS = ("start_ps", "end_ps", "macs", "vector_ops", "read_bytes", "written_bytes", "copied_bytes")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_reads_back_equal(random_results, data):
    result = data.draw(random_results)
    text = layer_csv(result)
    assert text.count("\r\n") == text.count("\n") == len(result.layers) + 1
    rows = rows_of(text)
    assert len(rows) == len(result.layers)
    for number, (row, layer) in enumerate(zip(rows, result.layers, strict=True)):
        assert int(row["layer"]) == number
        assert row["name"].removeprefix("'") == printable(layer.name)
        assert (row["kind"], row["block"]) == (layer.kind, layer.block)
        assert [int(row[key]) for key in NUMBERS] == [getattr(layer, key) for key in NUMBERS]
        for name, ps in layer.busy_ps.items():
            assert int(row[f"{name}_busy_ps"]) == ps
    for name, engine in result.record.engines.items():
        if engine.tasks:
            assert sum(int(row[f"{name}_busy_ps"]) for row in rows) == engine.working_ps


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_cell_is_a_formula(random_results, data):
    for row in rows_of(layer_csv(data.draw(random_results))):
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())


def test_the_sheet(paper):
    rows = rows_of(layer_csv(paper))
    assert len(rows) == 19
    assert sum(int(row["read_bytes"]) for row in rows) == 5557844
    assert sum(int(row["host_busy_ps"]) for row in rows) == 16220160000
    assert rows[0]["end_ps"] == "182214144"[:9]
