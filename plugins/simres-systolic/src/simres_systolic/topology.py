"""SCALE-Sim's topology files: layers as rows of a table, convolutions or matrix products (GEMM).

The form is that of SCALE-Sim 3 (github.com/scalesim-project/scale-sim-v3, `topology_utils.py`): a line of
headings, then a layer a line, with or without a comma at its end. A convolution has its name, the padded
input's height and width, the filter's height and width, input channels, filters and the stride, which
holds both ways unless a second one follows; `DP` in the name makes it depthwise. A product of an M x K
with a K x N matrix has its name, M, N and K. A value such as `2:4` is a sparsity.

Files in circulation are looser, and the headings decide. Columns with known headings may be in any order, and
there may be one for the batch. Where the headings are not all known, the first columns are those above.
Rows of nothing but commas are empty. Titles, remarks, sparsities and columns of other headings are left
out, and that is said. Columns end at commas, in a line without any at tabs or semicolons. Cells may
be quoted.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
FORMS = {"convolution": CONVOLUTION, "product": PRODUCT}
RIGHT, BATCH, SPARSITY = "stride to the right", "batch", "sparsity"
HEADINGS: Mapping[str, str] = {
    heading: name
    for name, headings in (
        ("IFMAP height", "ifmapheight ifmaph ifmaprows inputheight inputh height ih h"),
        ("IFMAP width", "ifmapwidth ifmapw ifmapcols inputwidth inputw width iw w"),
        ("filter height", "filterheight filterh filterrows kernelheight kernelh fh kh r"),
        ("filter width", "filterwidth filterw filtercols kernelwidth kernelw fw kw s"),
        ("channels", "channels channel numchannels numchannel inputchannels ifmapchannels ic c"),
        ("filters", "numfilter numfilters filters outputchannels ofmapchannels oc"),
        ("stride", "strides stride strideheight strideh strideshigh stridey sh"),
        (RIGHT, "stridewidth stridew strideswidth strideright stridetotheright stridex sw"),
        (BATCH, "batchsize batch batches numbatch images b"),
        (SPARSITY, "sparsity sparsityratio"),
        ("M", "m mdim msize"),
        ("N", "n ndim nsize"),
        ("K", "k kdim ksize"),
    )
    for heading in headings.split()
}
"""What a column is, by the letters of its heading."""
LARGEST = 2**31 - 1
MOST_PROBLEMS = 20
"""No more are listed."""
DTYPE = "int8"
"""SCALE-Sim's words are of one byte."""


class _Field(NamedTuple):
    """A cell, the column where it begins, and whether no comma follows."""

    text: str
    column: int
    last: bool = False


class _Row(NamedTuple):
    """A layer as it stands: the line's number from 1, its name and its figures by column."""

    line: int
    name: str
    figures: Mapping[str, int]

    @property
    def product(self) -> bool:
        return "K" in self.figures


@dataclass(frozen=True, slots=True)
class Topology:
    """A topology's layers, and in words what of the file is not in them."""

    workload: Workload
    left_out: tuple[str, ...]


class _BadLineError(Exception):
    """What is wrong in a line, and in which column."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        self.message = message


def workload(text: str, path: str, name: str) -> Workload:
    """The workload of `read`."""
    return read(text, path, name).workload


def read(text: str, path: str, name: str) -> Topology:
    """The layers of a topology as a workload called `name`; `path` is what errors call the file.

    A topology does not say what is done between its layers, so each reads its own input from off-chip
    memory and leaves its output there, as in SCALE-Sim. Output sizes are those of a network: windows that
    the input has no room for do not count (`simres_systolic.shapes` counts otherwise). Products have no
    batch, and neither have layers whose batches differ: a run is then one inference.

    Raises `InvalidFile` with every line that is wrong.
    """
    tensors: dict[str, Tensor] = {}
    ops: list[Op] = []
    reader = _Reader(text, path)
    for row in reader.rows:
        label, number = row.name, 1
        while label in tensors:
            number += 1
            label = f"{row.name}_{number}"
        made, op = _product(label, row) if row.product else _convolution(label, row)
        tensors |= {tensor.name: tensor for tensor in made}
        ops.append(op)
    batches = {row.figures[BATCH] for row in reader.rows}
    found = Workload(
        name=name,
        tensors=tensors,
        ops=tuple(ops),
        outputs=tuple(op.outputs[0] for op in ops),
        parameters=sum(tensor.elements for tensor in tensors.values() if tensor.role is Role.WEIGHT),
        batched=len(batches) == 1 and not reader.rows[0].product,
        origin={"topology": path},
    )
    return Topology(found, tuple(reader.notes.lines()))


def _convolution(label: str, row: _Row) -> tuple[Sequence[Tensor], Op]:
    height, width, r, s, channels, filters, down = (row.figures[name] for name in CONVOLUTION)
    right, n = row.figures[RIGHT], row.figures[BATCH]
    p, q = (height - r) // down + 1, (width - s) // right + 1
    # SCALE-Sim makes a depthwise layer one layer a channel, each with all the filters stated.
    depthwise = "DP" in row.name
    groups, c = (channels, 1) if depthwise else (1, channels)
    loops = Loops(groups=groups, n=n, m=filters, c=c, p=p, q=q, r=r, s=s)
    tensors = (
        Tensor(f"{label}.ifmap", Role.INPUT, (n, channels, height, width), DTYPE),
        Tensor(f"{label}.filter", Role.WEIGHT, (groups * filters, c, r, s), DTYPE),
        Tensor(label, Role.ACTIVATION, (n, groups * filters, p, q), DTYPE),
    )
    return tensors, _operator("conv", tensors, loops, Window((r, s), (down, right)))


def _product(label: str, row: _Row) -> tuple[Sequence[Tensor], Op]:
    m, n, k = (row.figures[name] for name in PRODUCT)
    m *= row.figures[BATCH]
    tensors = (
        Tensor(f"{label}.ifmap", Role.INPUT, (m, k), DTYPE),
        Tensor(f"{label}.filter", Role.WEIGHT, (n, k), DTYPE),
        Tensor(label, Role.ACTIVATION, (m, n), DTYPE),
    )
    return tensors, _operator("linear", tensors, Loops(n=m, m=n, c=k), None)


def _operator(kind: str, tensors: Sequence[Tensor], loops: Loops, window: Window | None) -> Op:
    *read, made = (tensor.name for tensor in tensors)
    return Op(made, kind, Unit.MATRIX, tuple(read), (made,), macs=loops.macs, loops=loops, window=window)


@dataclass(slots=True)
class _Notes:
    """What is left out: by sort, the first of them and where, and how many there are."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, sort: str, what: str) -> None:
        self.found.setdefault(sort, []).append(what)

    def lines(self) -> Iterator[str]:
        for sort, (first, *others) in self.found.items():
            more = f", and {len(others)} more" if others else ""
            yield f"{sort}: {first}{more}"


class _Reader:
    """Reads one file: its columns by their headings, its rows, and what is left out."""

    def __init__(self, text: str, path: str) -> None:
        self.notes = _Notes()
        self.rows: list[_Row] = []
        problems: list[Problem] = []
        lines = [(number, _fields(line)) for number, line in enumerate(text.splitlines(), 1)]
        lines = [(number, fields) for number, fields in lines if any(item.text for item in fields)]
        while len(lines) > 1 and _no_headings(lines[0][1]) and len(_known(lines[1][1])) > 2:
            self.notes.add("titles", _title(*lines.pop(0)))
        headings = lines[0][1][1:] if lines else []
        self._headings = [item.text for item in headings]
        while self._headings and not self._headings[-1]:
            self._headings.pop()
        self._columns = _columns(headings)
        for number, fields in lines[1:]:
            try:
                row = self._row(number, fields)
            except _BadLineError as wrong:
                problems.append(Problem(number, wrong.column, wrong.message))
                continue
            if row is None:
                continue
            if self.rows and row.product != self.rows[0].product:
                first = self.rows[0]
                message = f"`{row.name}` is {_sort(row)}, and line {first.line} has {_sort(first)}"
                problems.append(Problem(number, 1, message))
            self.rows.append(row)
        if _filled(headings) and all(item.text.isdigit() for item in _filled(headings)):
            problems.insert(
                0, Problem(lines[0][0], 1, "must have the headings; SCALE-Sim skips the first line")
            )
        elif not self.rows and not problems:
            problems.append(Problem(0, 0, "it has no layer"))
        if problems:
            forms = (f"a {form} has a name, {', '.join(of)}" for form, of in FORMS.items())
            more = (
                [Problem(0, 0, f"and {len(problems) - MOST_PROBLEMS} more")]
                if len(problems) > MOST_PROBLEMS
                else []
            )
            raise InvalidFile("topology", path, [*problems[:MOST_PROBLEMS], *more], "; ".join(forms))

    def _row(self, line: int, fields: Sequence[_Field]) -> _Row | None:
        """The layer of a line; None of a title."""
        name, *values = fields
        if not _filled(values) or (name.text[:1] == "#" and not any(one.text.isdecimal() for one in values)):
            self.notes.add("titles", _title(line, fields))
            return None
        if not name.text:
            raise _BadLineError(1, "a layer needs a name")
        values = self._without_remark(line, values)
        columns = self._by_heading(values) or self._by_position(name.text, values)
        figures = {BATCH: 1}
        for column, place in columns.items():
            value = values[place] if place < len(values) else _Field("", values[-1].column if values else 1)
            if column == SPARSITY or (column in (RIGHT, BATCH) and ":" in value.text):
                self._dense(line, value)
            elif value.text or column not in (RIGHT, BATCH):
                figures[column] = _figure(column, value)
        if "K" not in figures:
            figures.setdefault(RIGHT, figures["stride"])
            for side, least in (("IFMAP height", "filter height"), ("IFMAP width", "filter width")):
                if figures[least] > figures[side]:
                    message = f"the {least} {figures[least]} is more than the {side} {figures[side]}"
                    raise _BadLineError(values[columns[least]].column, message)
        self._others(columns, values)
        return _Row(line, name.text, figures)

    def _without_remark(self, line: int, values: Sequence[_Field]) -> list[_Field]:
        """Cells before a remark: what begins with `#`, or text after the last comma and the last heading."""
        for place, value in enumerate(values):
            beyond = place >= max(len(self._headings), len(PRODUCT)) and place == len(values) - 1
            text = beyond and value.last and not re.match(r"[\d:.+-]", value.text)
            if value.text and (value.text[0] == "#" or text):
                self.notes.add("remarks", f"`{value.text[:40]}` in line {line}")
                values = values[:place]
                break
        kept = list(values)
        while kept and not kept[-1].text:
            kept.pop()
        return kept

    def _by_heading(self, values: Sequence[_Field]) -> dict[str, int] | None:
        """Columns where headings name them all, and the row has a value of each that a layer needs."""
        if self._columns is None:
            return None
        columns = dict(self._columns)
        needed = PRODUCT if "K" in columns else CONVOLUTION
        headed = [at for at, text in enumerate(self._headings) if text]
        beyond = [at for at, value in enumerate(values) if value.text and at not in headed]
        ratios = [at for at in beyond if ":" in values[at].text]
        figures = [at for at in beyond if at not in ratios]
        if len(values) <= max(columns[name] for name in needed):
            return None
        if figures == [len(self._headings)] and needed is CONVOLUTION and RIGHT not in columns:
            columns[RIGHT] = figures.pop()
        if ratios:
            columns[SPARSITY] = ratios[-1]
        return None if figures else columns

    def _by_position(self, name: str, values: Sequence[_Field]) -> dict[str, int]:
        """Columns where the headings are not all known: those of the form, then what headings say."""
        others = {HEADINGS.get(_letters(text)): at for at, text in enumerate(self._headings)}
        named = [at for at, text in enumerate(self._headings) if text]
        ratio = bool(values) and ":" in values[-1].text
        figures = [value for at, value in enumerate(values) if at < len(CONVOLUTION) + 1 or at not in named]
        count = len(figures) - ratio
        if count == len(PRODUCT):
            columns = dict(zip(PRODUCT, range(count), strict=True))
        elif count in (len(CONVOLUTION), len(CONVOLUTION) + 1):
            columns = dict(zip((*CONVOLUTION, RIGHT), range(count), strict=False))
        else:
            wanted = f"{len(CONVOLUTION)} figures of a convolution or the {len(PRODUCT)} of a product"
            raise _BadLineError(1, f"`{name}` has {count} figures after its name, not the {wanted}")
        if count > len(CONVOLUTION) and len(CONVOLUTION) in named:
            del columns[RIGHT]  # its heading says what it is
        for column in (RIGHT, BATCH, SPARSITY):
            if others.get(column, -1) >= len(columns) - (RIGHT in columns):
                columns[column] = others[column]
        if ratio:
            columns[SPARSITY] = len(values) - 1
        return columns

    def _dense(self, line: int, value: _Field) -> None:
        """A sparsity N:M holds in SCALE-Sim only where its configuration asks for sparse layers."""
        kept, _, of = value.text.partition(":")
        if kept.strip() != of.strip():
            self.notes.add(
                "sparsities, as in SCALE-Sim without SparsitySupport", f"`{value.text[:40]}` in line {line}"
            )

    def _others(self, columns: Mapping[str, int], values: Sequence[_Field]) -> None:
        """Notes the columns that nothing is known of, once each."""
        for place, value in enumerate(values):
            heading = self._headings[place] if place < len(self._headings) else ""
            known = place in columns.values() or not value.text
            if not known and f"`{heading}`" not in self.notes.found.get("columns", ()):
                self.notes.add("columns", f"`{heading}`")


def _no_headings(fields: Sequence[_Field]) -> bool:
    """Whether a first line is a title or a remark."""
    return len(_filled(fields)) == 1 or fields[0].text[:1] == "#"


def _title(line: int, fields: Sequence[_Field]) -> str:
    return f"`{_filled(fields)[0].text[:40]}` in line {line}"


def _filled(fields: Sequence[_Field]) -> list[_Field]:
    return [item for item in fields if item.text]


def _letters(heading: str) -> str:
    return re.sub("[^a-z]", "", heading.lower())


def _known(headings: Sequence[_Field]) -> list[str]:
    return [HEADINGS[letters] for item in headings if (letters := _letters(item.text)) in HEADINGS]


def _columns(headings: Sequence[_Field]) -> dict[str, int] | None:
    """The place of each column after the name, where the headings name all that a layer needs, each once."""
    found: dict[str, int] = {}
    for place, item in enumerate(headings):
        column = HEADINGS.get(_letters(item.text))
        if column in found:
            return None
        if column is not None:
            found[column] = place
    for wanted, other in ((PRODUCT, CONVOLUTION), (CONVOLUTION, PRODUCT)):
        if set(wanted) <= found.keys() and not set(other) <= found.keys():
            if wanted is CONVOLUTION and "N" in found and BATCH not in found:
                found[BATCH] = found.pop("N")  # as in NCHW
            return {column: place for column, place in found.items() if column not in other}
    return None


def _sort(row: _Row) -> str:
    return "a matrix product" if row.product else "a convolution"


def _fields(line: str) -> list[_Field]:
    """The cells of a line; what follows the last comma is the last, left out where it is empty."""
    text = line.lstrip("\ufeff")
    separator = next((one for one in ",\t;" if one in text), ",")
    found, column = [], 1
    for part in _cells(text, separator):
        at = max(column, text.find(part, column - 1) + 1)  # behind a quote
        found.append(_Field(part.strip(), at + len(part) - len(part.lstrip())))
        column = at + len(part) + 1
    if len(found) > 1 and not found[-1].text:
        return found[:-1]
    return [*found[:-1], found[-1]._replace(last=True)]


def _cells(text: str, separator: str) -> list[str]:
    """The cells, those in quotes without them."""
    if '"' in text:
        with suppress(csv.Error):  # such as a cell of more than 131,072 characters
            return next(csv.reader([text], delimiter=separator, skipinitialspace=True))
    return text.split(separator)


def _figure(name: str, field: _Field) -> int:
    if not field.text.isdecimal() or len(field.text) > 20 or not 1 <= int(field.text) <= LARGEST:
        found = f"`{field.text[:40]}`" if field.text else "missing"
        raise _BadLineError(field.column, f"the {name} must be a whole number from 1, is {found}")
    return int(field.text)
