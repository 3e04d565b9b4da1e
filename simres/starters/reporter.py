"""Template: a report format."""

SUMMARY = "the layer table in Markdown"
TRY = "simres simulate resnet20 --report @part@=layers.md"
EXTRAS = ""

FILES = {
    "src/@module@/__init__.py": '''\
"""For simres: @summary@."""

from collections.abc import Iterator

from simres.plugins.hooks import Reporter, hookimpl


@hookimpl
def simres_reporters() -> Iterator[Reporter]:
    """The format `@part@`."""
    yield Reporter(
        name="@part@",
        suffix=".md",
        target="@module@.report:report",
        summary="@summary@",
    )
''',
    "src/@module@/report.py": '''\
"""A result as text: a pure function; the command writes the file."""

from simres.result import Result
from simres.units import format_bytes, format_count, format_duration


def report(result: Result) -> str:
    """One row per layer: start, end, multiply-accumulates, bytes on the bus."""
    rows = [
        f"# {_plain(result.name)}: {format_duration(result.makespan_ps)}",
        "",
        "| layer | kind | start | end | MACs | off-chip |",
        "|---|---|---|---|---|---|",
    ]
    for layer in result.layers:
        figures = (
            _plain(layer.name),
            _plain(layer.kind),
            format_duration(layer.start_ps),
            format_duration(layer.end_ps),
            format_count(layer.macs),
            format_bytes(layer.read_bytes + layer.written_bytes),
        )
        rows.append(f"| {' | '.join(figures)} |")
    return "\\n".join(rows) + "\\n"


def _plain(text: str) -> str:
    """Escapes Markdown: layers may have any name."""
    return "".join(f"\\\\{character}" if character in "\\\\`*_[]<>|#" else character for character in text)
''',
    "tests/test_@part@.py": '''\
"""The content of the report."""

import simres
import @module@
from simres.testing import check_plugin
from @module@.report import report


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_every_layer_has_a_row() -> None:
    result = simres.simulate("resnet20")
    rows = [line for line in report(result).splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(result.layers)
    assert rows[1].startswith("| conv | conv |")
    assert all(row.count(" | ") == rows[0].count(" | ") for row in rows)
''',
}
