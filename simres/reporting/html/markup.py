"""Elements of the page as text. Everything that comes from a result passes through `escaped`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from simres.reporting.text.amounts import escaped as escaped
from simres.reporting.text.columns import Column


def said(text: str) -> str:
    """Escapes a sentence; text between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escaped(text))


_CODE = re.compile("`([^`<>]*)`")


def section(name: str, title: str, *parts: str, lead: str = "") -> str:
    """Returns a section that the page's navigation links to; `lead` and `parts` are markup."""
    intro = f'<p class="lead">{lead}</p>' if lead else ""
    head = f'<h2 id="{name}-title">{escaped(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{head}{intro}{"".join(parts)}</section>\n'


def paragraphs(texts: Iterable[str], style: str = "") -> str:
    """Returns each text in its own paragraph."""
    kind = f' class="{style}"' if style else ""
    return "".join(f"<p{kind}>{said(text)}</p>" for text in texts)


def folded(summary: str, *parts: str) -> str:
    """Returns markup that is collapsed until opened."""
    return f"<details><summary>{escaped(summary)}</summary>{''.join(parts)}</details>"


def table(
    caption: str, columns: Sequence[Column], *, sortable: bool = False, buttons: Sequence[str] = ()
) -> str:
    """Returns a report table with all its columns as HTML; `caption` is for screen readers.

    The first column heads the rows; with `buttons` its cells are buttons with these `data-show` texts.
    """
    heads = "".join(_head(column, sortable) for column in columns)
    kinds = [' class="n"' if column.right else "" for column in columns]
    lines = []
    for number, row in enumerate(zip(*(column.cells for column in columns), strict=True)):
        first = escaped(row[0])
        if buttons and buttons[number]:
            first = (
                f'<button type="button" class="link" data-show="{escaped(buttons[number])}">{first}</button>'
            )
        cells = "".join(
            f"<td{kind}>{escaped(cell)}</td>" for kind, cell in zip(kinds[1:], row[1:], strict=True)
        )
        lines.append(f'<tr><th scope="row"{kinds[0]}>{first}</th>{cells}</tr>')
    foot = ""
    if any(column.total for column in columns):
        totals = "".join(
            f"<td{kind}>{escaped(column.total)}</td>"
            for kind, column in zip(kinds[1:], columns[1:], strict=True)
        )
        foot = f'<tfoot><tr><th scope="row">{escaped(columns[0].total)}</th>{totals}</tr></tfoot>'
    sorts = ' class="sortable"' if sortable else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table{sorts}>'
        f'<caption class="unseen">{escaped(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody>{foot}</table></div>"
    )


def _head(column: Column, sortable: bool) -> str:
    unit = f" <small>{escaped(column.unit)}</small>" if column.unit else ""
    name = escaped(column.head) if column.head else '<span class="unseen">share</span>' if unit else ""
    text = f"{name}{unit}"
    if sortable and text:
        text = f'<button type="button" class="sort">{text}</button>'
    return f'<th scope="col"{" class=n" if column.right else ""}>{text}</th>'


def stack(label: str, parts: Iterable[tuple[str, int, str]], whole: int) -> str:
    """Returns a bar of `parts` (class, amount, tooltip), whose amounts sum to `whole` or less."""
    pieces = "".join(
        f'<i class="{kind}" style="width:{100 * amount / whole:.4g}%" title="{escaped(text)}"></i>'
        for kind, amount, text in parts
        if amount and whole
    )
    return f'<div class="stack" role="img" aria-label="{escaped(label)}">{pieces}</div>'


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Returns a legend of colours and patterns, from (class, text) entries."""
    items = "".join(f'<li><i class="{kind}"></i>{escaped(text)}</li>' for kind, text in entries)
    return f'<ul class="legend">{items}</ul>'
