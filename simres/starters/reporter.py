"""A report format of its own."""

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
"""A result as text: a pure function, which the command writes to a file."""

from simres.result import Result
from simres.units import format_bytes, format_count, format_duration


def report(result: Result) -> str:
    """A row a layer: when it started and ended, its multiply-accumulates, its bytes on the bus."""
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
    """Text that is no Markdown: a layer may be called anything."""
    return "".join(f"\\\\{character}" if character in "\\\\`*_[]<>|#" else character for character in text)
''',
    "tests/test_@part@.py": '''\
"""What the report says, and that simres can write it."""

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
