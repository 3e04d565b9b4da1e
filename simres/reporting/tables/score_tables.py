"""Tables of accuracy, overall and by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text

if TYPE_CHECKING:
    from simres.training.evaluation import Scores

SHOWN_CLASSES = 20
"""With more classes than this, the confusion matrix appears only with `--json`."""


def table(scores: Scores, classes: Sequence[str], data: str, page: Page) -> Iterator[Text]:
    """Yields the accuracy, then each class, then the confusion matrix with one row per true class."""
    right = round(scores.accuracy * scores.images)
    yield Text(
        f"accuracy {scores.accuracy:.2%}: {right} of {scores.images} images of {data}", style="headline"
    )
    yield Text()
    numbers = range(len(classes))
    yield from page.table(
        [
            Column("class", list(classes), right=False, elastic=True),
            Column("images", [str(sum(scores.confusion[label])) for label in numbers]),
            Column("precision", [_percent(scores.precision(label)) for label in numbers], unit="%"),
            Column("recall", [_percent(scores.recall(label)) for label in numbers], unit="%"),
        ]
    )
    if len(classes) > SHOWN_CLASSES:
        return
    yield from page.titled("Confusion", "images of a row's class that were taken for a column's")
    columns = [Column("", list(classes), right=False, elastic=True)]
    for said, name in enumerate(classes):
        cells = [
            Text(str(row[said]), "good" if true == said else "" if row[said] else "muted")
            for true, row in enumerate(scores.confusion)
        ]
        columns.append(Column(name[:6], cells))
    yield from page.table(columns)


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.2f}"
