"""The figures of a layer, said once: text tables, the HTML page, notebooks and the CSV show all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simres.analysis.breakdown import LayerTotals
from simres.reporting.text.amounts import BYTES, COUNT, Scale, scale
from simres.reporting.text.columns import Column
from simres.result import Result


@dataclass(frozen=True, slots=True)
class LayerFigure:
    """A figure of every layer: the field of `LayerTotals` (and the key in documents), and its column.

    `like` names a figure whose unit the column shares. Columns are left out in order of `rank`.
    """

    key: str
    head: str
    ladder: dict[str, int]
    rank: int
    like: str = ""

    def of(self, layer: LayerTotals) -> int:
        """Returns the figure of a layer."""
        amount: int = getattr(layer, self.key)
        return amount


FIGURES = (
    LayerFigure("macs", "MACs", COUNT, 3),
    LayerFigure("vector_ops", "vector ops", COUNT, 6),
    LayerFigure("read_bytes", "read", BYTES, 2, like="written_bytes"),
    LayerFigure("written_bytes", "written", BYTES, 5, like="read_bytes"),
    LayerFigure("copied_bytes", "copied", BYTES, 8),
)


def columns(result: Result) -> list[Column]:
    """Returns a column per figure that is not 0 everywhere, with its total."""
    totals = {figure.key: sum(map(figure.of, result.layers)) for figure in FIGURES}
    return [
        Column(
            figure.head,
            unit.texts(map(figure.of, result.layers)),
            unit.unit,
            unit.text(totals[figure.key]),
            figure.rank,
        )
        for figure in FIGURES
        if totals[figure.key]
        for unit in [_unit(figure, totals)]
    ]


def _unit(figure: LayerFigure, totals: Mapping[str, int]) -> Scale:
    return scale(max(totals[figure.key], totals.get(figure.like, 0)), figure.ladder)
