"""SCALE-Sim's topology files: layers as rows of a CSV, convolutions or matrix products (GEMM).

The form is that of SCALE-Sim 3 (github.com/scalesim-project/scale-sim-v3, `topology_utils.py`): a line of
headings, then a layer a line, with or without a comma at its end. A convolution has its name, the padded
input's height and width, the filter's height and width, input channels, filters and the stride, which
holds both ways unless a second one follows; `DP` in the name makes it depthwise. A product of an M x K
with a K x N matrix has its name, M, N and K. A last value such as `2:4` is a sparsity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simres.errors import InvalidFile, Problem
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload

CONVOLUTION = (
    "IFMAP height",
    "IFMAP width",
    "filter height",
    "filter width",
    "channels",
    "filters",
    "stride",
)
PRODUCT = ("M", "N", "K")
LARGEST = 2**31 - 1
MOST_PROBLEMS = 20
"""No more are listed."""
DTYPE = "int8"
"""SCALE-Sim's words are of one byte."""


class _Field(NamedTuple):
    text: str
    column: int


class _Row(NamedTuple):
    """A layer as it stands: the line's number from 1, its name and its figures."""

    line: int
    name: str
    figures: tuple[int, ...]


class _BadLineError(Exception):
    """What is wrong in a line, and in which column."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        self.message = message


def workload(text: str, path: str, name: str) -> Workload:
    """The layers of a topology as a workload called `name`; `path` is what errors call the file.

    A topology does not say what is done between its layers, so each reads its own input from off-chip
    memory and leaves its output there, as in SCALE-Sim. Output sizes are those of a network: windows that
    the input has no room for do not count (`simres_systolic.shapes` counts otherwise).

    Raises `InvalidFile` with every line that is wrong.
    """
    tensors: dict[str, Tensor] = {}
    ops: list[Op] = []
    for row in _rows(text, path):
        label, number = row.name, 1
        while label in tensors:
            number += 1
            label = f"{row.name}_{number}"
        made, op = _product(label, row) if len(row.figures) == len(PRODUCT) else _convolution(label, row)
        tensors |= {tensor.name: tensor for tensor in made}
        ops.append(op)
    return Workload(
        name=name,
        tensors=tensors,
        ops=tuple(ops),
        outputs=tuple(op.outputs[0] for op in ops),
        parameters=sum(tensor.elements for tensor in tensors.values() if tensor.role is Role.WEIGHT),
        origin={"topology": path},
    )


def _convolution(label: str, row: _Row) -> tuple[Sequence[Tensor], Op]:
    height, width, r, s, channels, filters, down, right = row.figures
    p, q = (height - r) // down + 1, (width - s) // right + 1
    # SCALE-Sim makes a depthwise layer one layer a channel, each with all the filters stated.
    depthwise = "DP" in row.name
    groups, c = (channels, 1) if depthwise else (1, channels)
    loops = Loops(groups=groups, m=filters, c=c, p=p, q=q, r=r, s=s)
    tensors = (
        Tensor(f"{label}.ifmap", Role.INPUT, (1, channels, height, width), DTYPE),
        Tensor(f"{label}.filter", Role.WEIGHT, (groups * filters, c, r, s), DTYPE),
        Tensor(label, Role.ACTIVATION, (1, groups * filters, p, q), DTYPE),
    )
    return tensors, _operator("conv", tensors, loops, Window((r, s), (down, right)))


def _product(label: str, row: _Row) -> tuple[Sequence[Tensor], Op]:
    m, n, k = row.figures
    tensors = (
        Tensor(f"{label}.ifmap", Role.INPUT, (m, k), DTYPE),
        Tensor(f"{label}.filter", Role.WEIGHT, (n, k), DTYPE),
        Tensor(label, Role.ACTIVATION, (m, n), DTYPE),
    )
    return tensors, _operator("linear", tensors, Loops(n=m, m=n, c=k), None)


def _operator(kind: str, tensors: Sequence[Tensor], loops: Loops, window: Window | None) -> Op:
    *read, made = (tensor.name for tensor in tensors)
    return Op(made, kind, Unit.MATRIX, tuple(read), (made,), macs=loops.macs, loops=loops, window=window)


def _rows(text: str, path: str) -> list[_Row]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    problems: list[Problem] = []
    rows: list[_Row] = []
    for number, line in lines[1:]:  # the first has the headings
        try:
            row = _row(number, _fields(line))
        except _BadLineError as wrong:
            problems.append(Problem(number, wrong.column, wrong.message))
            continue
        if rows and len(row.figures) != len(rows[0].figures):
            message = f"`{row.name}` is {_sort(row)}, and line {rows[0].line} has {_sort(rows[0])}"
            problems.append(Problem(number, 1, message))
        rows.append(row)
    if lines and (headings := _fields(lines[0][1])[1:]) and all(item.text.isdigit() for item in headings):
        problems.insert(0, Problem(lines[0][0], 1, "must have the headings; SCALE-Sim skips the first line"))
    elif not rows and not problems:
        problems.append(Problem(0, 0, "it has no layer"))
    if problems:
        hint = f"a convolution has a name, {', '.join(CONVOLUTION)}; a product a name, {', '.join(PRODUCT)}"
        more = (
            [Problem(0, 0, f"and {len(problems) - MOST_PROBLEMS} more")]
            if len(problems) > MOST_PROBLEMS
            else []
        )
        raise InvalidFile("topology", path, [*problems[:MOST_PROBLEMS], *more], hint)
    return rows


def _sort(row: _Row) -> str:
    return "a matrix product" if len(row.figures) == len(PRODUCT) else "a convolution"


def _fields(line: str) -> list[_Field]:
    found, column = [], 1
    for part in line.split(","):
        found.append(_Field(part.strip(), column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    return found[:-1] if len(found) > 1 and not found[-1].text else found


def _row(line: int, fields: list[_Field]) -> _Row:
    name, *values = fields
    if not name.text:
        raise _BadLineError(1, "a layer needs a name")
    if values and ":" in values[-1].text:
        _check_dense(values.pop())
    if len(values) == len(PRODUCT):
        return _Row(line, name.text, tuple(_figures(PRODUCT, values)))
    names = (*CONVOLUTION, "stride to the right")
    if len(values) not in (len(CONVOLUTION), len(names)):
        wanted = f"{len(CONVOLUTION)} figures of a convolution or the {len(PRODUCT)} of a product"
        raise _BadLineError(1, f"`{name.text}` has {len(values)} figures after its name, not the {wanted}")
    figures = list(_figures(names, values))
    if len(values) == len(CONVOLUTION):
        figures.append(figures[-1])
    for side in (0, 1):
        if figures[side + 2] > figures[side]:
            message = (
                f"the {names[side + 2]} {figures[side + 2]} is more than the {names[side]} {figures[side]}"
            )
            raise _BadLineError(values[side + 2].column, message)
    return _Row(line, name.text, tuple(figures))


def _figures(names: Sequence[str], values: Sequence[_Field]) -> Iterator[int]:
    for name, field in zip(names, values, strict=False):
        if not field.text.isdecimal() or len(field.text) > 20 or not 1 <= int(field.text) <= LARGEST:
            found = f"`{field.text[:40]}`" if field.text else "missing"
            raise _BadLineError(field.column, f"the {name} must be a whole number from 1, is {found}")
        yield int(field.text)


def _check_dense(field: _Field) -> None:
    """Raises for a sparsity N:M that leaves something out."""
    kept, _, of = field.text.partition(":")
    if not kept.strip() or kept.strip() != of.strip():
        raise _BadLineError(
            field.column, f"the sparsity `{field.text[:40]}` is not modelled; `1:1` is a dense layer"
        )
