"""The Result: a finished run with all its figures, and its JSON form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simres.files import STDIO, json_text, write_text
from simres.result.figures import Figures
from simres.units import format_duration


class Result(Figures):
    """The makespan of a workload on a chip, and its causes."""

    def to_document(self) -> dict[str, Any]:
        """The JSON form as plain data: keys of times end in `_ps`, those of sizes in `_bytes`."""
        from simres.result.document import to_document

        return to_document(self)

    def to_json(self) -> str:
        """The JSON form as text."""
        return json_text(self.to_document())

    def save(self, folder: str | Path) -> Path:
        """Writes `result.json` into `folder` (created if missing), whole or not at all; returns its path.

        The folder `-` is stdout.
        """
        path = STDIO if Path(folder) == STDIO else Path(folder) / "result.json"
        write_text(path, self.to_json())
        return path

    def __repr__(self) -> str:
        """One line for the interpreter; everything else is in `to_document()`."""
        return f"<Result {self.name}: {format_duration(self.makespan_ps)}, {len(self.layers)} layers>"
