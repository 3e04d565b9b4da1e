"""The section of docs/validation.md on chips that were measured, its picture, and each chip's known error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import data_sets  # type: ignore[import-not-found]
import silicon  # type: ignore[import-not-found]
import tiny_sets  # type: ignore[import-not-found]
from measured import Errors, Found, errors, groups, read  # type: ignore[import-not-found]

ROOT = Path(__file__).parents[1]
IMAGE = ROOT / "docs" / "images" / "measured.png"
CHIPS = (ROOT / "scenarios" / "chips", silicon.CHIPS)
INTRODUCTION = """\
Real chips, and the RTL of two, compared with simulations of the same shapes. The data are not part
of simres: `make validation DATA=DIR` reads them from a folder and writes this section, its picture,
and the known error that `simres examples` shows for each chip. The error of a row is |simulated /
measured - 1|. *One rate* is a model of one parameter for the same rows: the work over a rate,
fitted to them for the least mean error. It compares fairly with sets to which something is fitted;
sets without have the harder task."""
FEW = 7
"""A set of more groups than this has no table of them."""
HEADING = "data", "rows", "mean", "median", "one rate, mean", "median"


def lines(data: Path) -> Iterator[str]:
    """The section of what is in the folder `data`; draws the picture and writes the chips' known errors."""
    import scatter  # type: ignore[import-not-found]

    found = sets(data)
    check(found, data)
    scatter.draw(found, IMAGE)
    note(known(found))
    yield from text(found)


def sets(data: Path) -> list[Found]:
    """All sets of a folder that have rows, in the order of the page."""
    made = chain(*(make(data) for make in silicon.SETS.values()), tiny_sets.sets(data))
    return sorted((one for one in made if one.rows), key=lambda one: data_sets.EVERY.index(one.about))


def text(found: Sequence[Found]) -> Iterator[str]:
    """The Markdown of the section."""
    yield from (INTRODUCTION, "")
    for said, some in (
        (
            "Nothing is fitted to the data of these sets:",
            [one for one in found if not one.about.fitted],
        ),
        (
            "Some figures of these sets come from measurements of the same kind:",
            [one for one in found if one.about.fitted],
        ),
    ):
        fitted = any(one.about.fitted for one in some)
        yield from (said, "", *_table(*HEADING, *(["fitted"] if fitted else [])))
        for one in some:
            cells = _cells(errors(one.rows), errors(one.ruled))
            yield _row(one.about.title, *cells, *([one.about.fitted] if fitted else []))
        yield ""
    yield "![Simulated over measured, a panel for each set; grey is within 20 %](images/measured.png)"
    for one in found:
        yield from ("", f"### {one.about.title}", "", one.about.timed, "")
        parts = list(groups(one))
        if 0 < len(parts) <= FEW:
            yield from _table("group", *HEADING[1:])
            yield from (_row(name, *_cells(*pair)) for name, *pair in parts)
            yield ""
        yield from (one.about.wrong, "", f"One rate: {one.about.rule}.")
    yield from (
        "",
        "### Known errors of chips",
        "",
        "As shown by `simres examples` and in each chip's file.",
        "",
    )
    yield from _table("chip", "known error")
    yield from (_row(f"`{chip}`", said) for chip, said in known(found).items())


def known(found: Sequence[Found]) -> dict[str, str]:
    """The known error of each chip that was measured, by the name of its file."""
    said: dict[str, str] = {}
    for one in found:
        for chip in dict.fromkeys(row.chip for row in one.rows if one.about.known):
            off = errors([row for row in one.rows if row.chip == chip])
            text = f"{100 * off.mean:.0f} % on {off.rows} {one.about.known}"
            said[chip] = f"{said[chip]}, {text}" if chip in said else f"mean {text}"
    return said


def note(said: dict[str, str]) -> None:
    """Writes what is known of each chip into its file, as `validated:`."""
    for chip, text in said.items():
        path = next(path for folder in reversed(CHIPS) if (path := folder / f"{chip}.yaml").exists())
        before = path.read_text(encoding="utf-8")
        line = f"validated: {text}\n"
        after, times = re.subn(r"^validated: .*\n", line, before, flags=re.MULTILINE)
        if not times:
            after = re.sub(r"^(?=hardware:)", line + "\n", before, count=1, flags=re.MULTILINE)
            after = after.replace("\n\nvalidated:", "\nvalidated:", 1)
        path.write_text(after, encoding="utf-8")


BASELINES = {
    data_sets.TPU_PRODUCTS: ("TPU v4 GEMM", "MACs at one fitted rate"),
    data_sets.TPU_ELEMENTWISE: ("TPU v4 elementwise", "bytes at one fitted rate"),
    data_sets.TPU_BATCH_NORM: ("TPU v4 batch_norm", "bytes at one fitted rate"),
    data_sets.TPU_LAYER_NORM: ("TPU v4 layer_norm", "bytes at one fitted rate"),
    data_sets.TPU_POOLS: ("TPU v4 pool", "bytes at one fitted rate"),
    data_sets.GEMMINI: ("Gemmini RTL", "MACs at one fitted rate"),
    data_sets.NVDLA: ("NVDLA nv_small RTL", "MACs at one fitted rate, all traces"),
    data_sets.EDGE_TPU: ("Coral Edge TPU", "MACs at one fitted rate"),
    data_sets.EYERISS_PROCESSING: ("Eyeriss processing_latency_ms", "MACs at one fitted rate"),
    data_sets.EYERISS_TOTAL: ("Eyeriss total_latency_ms", "MACs at one fitted rate"),
}
"""The row of `baselines.csv` that the rule of one rate must come out as."""


def check(found: Sequence[Found], data: Path) -> None:
    """Compares the rule of one rate with the same rule in the data's own `baselines.csv`, if it has one.

    Raises `SystemExit` where they differ, which would say that rows were read wrongly.
    """
    if not (data / "baselines.csv").exists():
        return
    stated = {(row["data_set"], row["baseline"]): row for row in read(data, "baselines.csv")}
    for one in found:
        row = stated.get(BASELINES.get(one.about, ("", "")))
        if row is None:
            continue
        here, there = 100 * errors(one.ruled).mean, float(row["mean_abs_error_percent"])
        if abs(here - there) > 0.1:
            raise SystemExit(
                f"{one.about.title}: one rate is {here:.1f} % off, {there:.1f} % by baselines.csv"
            )


def _cells(*found: Errors) -> list[str]:
    shares = [f"{100 * share:.1f} %" for one in found for share in (one.mean, one.median)]
    return [str(found[0].rows), *shares]


def _table(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"
