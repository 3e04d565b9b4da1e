"""Writes docs/validation.md: closed forms, other simulators and published measurements beside simulations.

    python benchmarks/validation.py [--data DIR] [--check] [--only SECTION ...]

With `--check` nothing is written, and the exit status is 1 where the page is not what comes out; only the
sections that take seconds are worked out then (`--check --all`: every one). `--only` writes those sections
anew and leaves the others as they are on the page. Simulation is exact, so every machine writes the same.
The section `measured` needs the folder of the measurements, `--data`; without it that section stays as it is.
Calibrations are measured, not simulated: they come from `docs/data/calibration-*.json`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import closed_forms  # type: ignore[import-not-found]
import dram_rows  # type: ignore[import-not-found]
import measured_page  # type: ignore[import-not-found]
import published  # type: ignore[import-not-found]
import schedulers as others  # type: ignore[import-not-found]
from simres_systolic import topology
from simres_systolic.array import ArraySpec
from simres_systolic.shapes import scalesim_shapes

from simres.analysis.validation import LAYER_LIMIT, TOTAL_LIMIT
from simres.units import format_duration

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "validation.md"
DATA = ROOT / "docs" / "data"
SCALESIM = ROOT / "plugins" / "simres-systolic" / "tests" / "reference"
INTRODUCTION = """\
<!-- Made by benchmarks/validation.py (`make validation`); change that, not this page. -->

# Validation

simres compared with measurements of real chips, closed forms, and other simulators. An error is
simulated / known - 1. Bad errors are shown too. Where a figure was fitted to the data it is
compared with, the page says so. `make validation` writes this page.
"""


def closed() -> Iterator[str]:
    """Closed forms."""
    yield """\
Times that follow from arithmetic. The simulation must equal them to the picosecond; tests check the
same forms on thousands of random figures (`tests/simulation/test_closed_forms_*.py`). Bytes and
operations take a nanosecond each; *l*, *c* and *s* are a load, a computation and a store.
"""
    yield from _heading("case", "closed form", "by the form", "simulated", "error")
    for case in closed_forms.forms():
        expected, found = format_duration(case.expected_ps), format_duration(case.simulated_ps)
        yield _row(case.what, case.form, expected, found, _error(case.simulated_ps, case.expected_ps))
    yield """\

Requests with Poisson arrivals at a server with a fixed service time have a mean wait of (rho D) /
(2 (1 - rho)) (Pollaczek and Khinchine). 20,000 requests each, one seed, so these rows are
statistical.
"""
    yield from _heading("load", "mean wait by the form", "simulated", "error")
    for wait in closed_forms.waits():
        expected, found = format_duration(round(wait.expected_ps)), format_duration(round(wait.simulated_ps))
        yield _row(f"{100 * wait.load:.0f} %", expected, found, _error(wait.simulated_ps, wait.expected_ps))


def scalesim() -> Iterator[str]:
    """Compute cycles of every layer by SCALE-Sim."""
    reference = json.loads((SCALESIM / "scalesim.json").read_text(encoding="utf-8"))
    yield """\
Compute cycles of the kind `array` (package `simres-systolic`, with `counting: scalesim` and the pass
`scalesim_shapes`) compared with SCALE-Sim 3.0.0, layer by layer, on arrays from 4 x 4 to 128 x 8.
*small* is twelve layers with odd sizes, strides and depthwise convolutions, *gemm* four products.
Without the pass, the two output sizes that SCALE-Sim rounds up are the network's own, and those
layers take fewer cycles.
"""
    yield from _heading("layers", "dataflow", "arrays", "SCALE-Sim, cycles", "simres", "layers that differ")
    for name, runs in reference.items():
        if name != "source":
            for dataflow in dict.fromkeys(run["dataflow"] for run in runs):
                yield _scalesim_row(name, dataflow, [run for run in runs if run["dataflow"] == dataflow])
    yield """\

This shows that the two count alike, not that either is right about a chip. Stalls, which SCALE-Sim
reports separately, come from the bus and the schedule in simres and are not compared."""


def dram() -> Iterator[str]:
    """Two cycle-level simulators of DRAM."""
    yield """\
The kind `dram` (package `simres-dram`) compared with DRAMsim3 and Ramulator 2: the same timing,
queues and addresses, with refresh. Figures are the share of the peak bandwidth. The two simulators
differ from each other, so the error is the distance from the interval between them; `-` is inside.
"""
    columns = (
        "device",
        "addresses",
        "traffic",
        "lines in a group",
        "reads in flight",
        "DRAMsim3",
        "Ramulator 2",
        "simres",
        "error",
    )
    yield from _heading(*columns)
    every = list(dram_rows.compared(dram_rows.FILES))
    for row, share, off in every:
        known = [row[name]["bw_frac"] for name in dram_rows.SIMULATORS]
        names = (
            row["dram"].upper(),
            row["address_map"],
            row["pattern"],
            str(row.get("group_lines", 1)),
            str(row["read_window"] or "as many as fit"),
        )
        error = f"{100 * off:+.1f} %" if off else "-"
        yield _row(*names, *(f"{100 * value:.1f} %" for value in (*known, share)), error)
    near = sum(abs(off) <= dram_rows.tolerance(row) for row, _, off in every)
    distances = [abs(off) for _, _, off in every]
    yield f"""\

{near} of {len(every)} rows are within 2 % of the interval, or 5 % where reads and writes mix; the mean
distance is {100 * mean(distances):.1f} %. Nothing is fitted."""


def schedulers() -> Iterator[str]:
    """Two published schedulers on equal terms."""
    yield """\
Schedules of two published tools compared with the default of simres, on equal terms: the same
bandwidth, operations per second and memory. Both tools were run in November 2026, SoMa with one
seed. `python benchmarks/schedulers.py` prints the simres column and its processor seconds.

- **SoMa** (HPCA 2025) fuses and prefetches by simulated annealing. int8; it models an array's utilisation and
  no vector work, so the matrix unit here is ideal and the host has 1 TOP/s. Its figures are with prefetch.
- **AccelForge with FFM** (2026) finds fused mappings that are optimal in its mapspace. fp32, the first stage
  of ResNet-18 (64 channels, 56 x 56), bytes off chip as the objective, at most one fused loop. No
  setting was found with which it holds a tensor with two readers across a fused stack; there may be
  one.
"""
    yield from _heading(
        "tool",
        "network",
        "inferences",
        "chip",
        "theirs",
        "simres",
        "lower bound",
        "bytes, theirs",
        "bytes, simres",
    )
    for case, ours in others.rows():
        theirs = "refuses" if case.theirs_ms is None else f"{case.theirs_ms:.3f} ms"
        moved = "-" if case.theirs_bytes is None else f"{case.theirs_bytes:,}"
        times = (f"{ps / 1e9:.3f} ms" for ps in (ours.ps, ours.bound_ps))
        tool = case.tool.split()[0]
        yield _row(tool, case.network, str(case.images), case.said, theirs, *times, moved, f"{ours.nbytes:,}")
    yield """\

SoMa took 5 to 11 processor seconds per row and AccelForge 18 to 33. Where SoMa has an answer, the
two are within half a percent of each other and of the lower bound."""


def calibrations() -> Iterator[str]:
    """Measured on machines that were at hand."""
    files = sorted(DATA.glob("calibration*.json"))
    if not files:
        yield "None is stored in `docs/data/` yet; [here](calibrate.md) is how they are made."
        return
    yield f"""\
Networks run on a machine, compared with simulations of the chip that `simres calibrate` measured
from it ([how](calibrate.md)). A convolution counts as right within {100 * LAYER_LIMIT:.0f} %, a network
within {100 * TOTAL_LIMIT:.0f} %. *Spread* is that of the measurement.
"""
    columns = "network", "machine", "measured", "spread", "simulated", "error", "convolutions right"
    yield from _heading(*columns, "worst")
    for path in files:
        for found in json.loads(path.read_text(encoding="utf-8"))["networks"]:
            yield _calibration(found)


def measurements() -> Iterator[str]:
    """Published measurements."""
    yield """\
The chips, and what is inferred about them: [Chip presets](chips.md). A dash means that no published
figure with an available source was found. Times are for a whole batch.
"""
    yield from _heading("chip", "network", "images", "published", "simulated", "images/s", "error")
    sources: dict[str, int] = {}
    for case, found in published.rows():
        known = "-"
        if case.published_ps is not None:
            note = sources.setdefault(case.source, len(sources) + 1)
            known = f"{format_duration(case.published_ps)} ({note})"
        error = "-" if case.published_ps is None else _error(found, case.published_ps)
        rate = case.images * 1e12 / found
        per_second = f"{rate:.4g}" if rate < 1e4 else f"{rate:.0f}"
        times = known, format_duration(found), per_second, error
        yield _row(case.chip, case.network, str(case.images), *times)
    yield ""
    for source, note in sources.items():
        yield f"{note}. {source}."
    yield ""
    yield from MEASURED.splitlines()


MEASURED = """\
- **TPUv3.** MLPerf's offline figure is for 8 cores with batches of the submitter's choice, input
  and output included; each larger batch is compared with a core's share. The simulated core is some
  14 % faster, with nothing fitted. Not modelled are layouts padded to 8 x 128 values by the
  compiler, the start of each operator in a program, and the compiler's tiles, which are not
  optimal. Expect 15 % for such networks, and more for single small operators, where the start of a
  program (1 us, as on TPU v4) matters.
- **Edge TPU.** The bottleneck of ResNet-50 is the weights on the PCIe lane, whatever the array
  does, so it is close although the array is inferred. The real compiler keeps some megabytes of
  weights on chip, which would be faster than simulated; the host adds time. MobileNetV2 runs with
  its weights on chip, as it was timed.
- **Eyeriss.** AlexNet takes 103.5 ms of processing on the chip and 97.3 ms in simres; both move
  15.4 MB on the bus (`benchmarks/silicon.py`, inputs without their padding). VGG-16 is far off: the
  chip's passes take 1 or 2 channels where its registers hold 4, so sums go to the buffer and back
  more often ([details above](#eyeriss-alexnet-by-layer-processing)). Tables are from a
  transcription
  (github.com/cucapra/fodlam, `data/`).
- **Others.** Mean errors published for other simulators against a real TPUv3, on workloads of their
  authors' choice: SCALE-Sim v3 55 %, Timeloop 60 %, MAESTRO 47 %, mNPUsim 124 %, PyTorchSim 11.5 %
  (as published by the authors of the last). One network is not a mean; this is not a ranking."""


class Section(NamedTuple):
    """A part of the page: what makes its lines of a folder, and whether that takes more than seconds."""

    heading: str
    lines: Callable[[Path], Iterator[str]]
    slow: bool = False
    data: bool = False
    """Whether it needs the data."""


def _alone(lines: Callable[[], Iterator[str]]) -> Callable[[Path], Iterator[str]]:
    """Lines that are made without data."""
    return lambda _: lines()


SECTIONS = {
    "measured": Section("Measured chips", measured_page.lines, slow=True, data=True),
    "closed-forms": Section("Closed forms", _alone(closed)),
    "scalesim": Section("SCALE-Sim", _alone(scalesim)),
    "dram": Section("DRAM", _alone(dram), slow=True),
    "schedulers": Section("Other schedulers", _alone(schedulers), slow=True),
    "calibrations": Section("Calibrations", _alone(calibrations)),
    "published": Section("Published measurements", _alone(measurements), slow=True),
}


def _scalesim_row(name: str, dataflow: str, runs: list[Mapping[str, Any]]) -> str:
    layers = topology.workload((SCALESIM / f"{name}.csv").read_text(encoding="utf-8"), name, name)
    theirs = ours = Fraction(0)
    different = counted = 0
    for run in runs:
        spec = ArraySpec.model_validate(
            {"kind": "array", "rows": run["rows"], "columns": run["columns"], "clock": "1 GHz"}
            | {"dataflow": dataflow, "counting": "scalesim"}
        )
        found: list[Fraction] = []
        for op in scalesim_shapes(layers).ops:
            assert op.loops is not None
            # SCALE-Sim lists a depthwise layer channel by channel.
            found += [Fraction(spec.cycles(op.loops, op), op.loops.groups)] * op.loops.groups
        different += sum(mine != known for mine, known in zip(found, run["cycles"], strict=True))
        counted += len(found)
        theirs, ours = theirs + sum(run["cycles"]), ours + sum(found)
    return _row(name, dataflow, str(len(runs)), f"{theirs}", f"{ours}", f"{different} of {counted}")


def _calibration(found: Mapping[str, Any]) -> str:
    """A row; `found` is a network of `simres calibrate --json`."""
    layers = [layer for layer in found["layers"] if layer["kind"] == "conv"]
    errors = [100 * (layer["simulated_ps"] / layer["measured_ps"] - 1) for layer in layers]
    right = f"{found['convolutions_within']} of {found['convolutions']}"
    measured, simulated = found["measured_ps"], found["simulated_ps"]
    spread = f"{100 * found['measured_spread']:.0f} %"
    times = format_duration(measured), spread, format_duration(simulated), _error(simulated, measured)
    farthest = f"{max(errors, key=abs):+.0f} %" if errors else "-"
    return _row(found["network"], found["machine"], *times, right, farthest)


def _error(found: float, known: float) -> str:
    """Found over known, less 1; `0` where they are equal."""
    return "0" if found == known else f"{100 * (found / known - 1):+.1f} %"


def _heading(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _found(text: str) -> dict[str, str]:
    """The sections that a page has, by heading."""
    parts = re.split(r"^## (.+)\n\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (part.rstrip("\n") for part in parts[1::2]), strict=True))


def page(wanted: set[str], before: str, data: Path | None = None) -> str:
    """The page with these sections made anew, and all others as they were.

    Raises `SystemExit` for a section that needs data where there is neither the data nor the section.
    """
    kept = _found(before)
    parts = [INTRODUCTION.rstrip("\n")]
    for name, section in SECTIONS.items():
        text = kept.get(section.heading)
        if section.data and data is None and text is None:
            raise SystemExit(f"the page has no section `{section.heading}`: make it with --data DIR")
        if text is None or (name in wanted and not (section.data and data is None)):
            text = "\n".join(section.lines(data or Path()))
        parts.append(f"## {section.heading}\n\n{text}")
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Writes the page, or with `--check` says whether it is what comes out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder of the measurements")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=[])
    asked = parser.parse_args()
    quick = {name for name, section in SECTIONS.items() if not section.slow}
    wanted = set(asked.only) or (quick if asked.check and not asked.all else set(SECTIONS))
    if asked.data and not asked.data.is_dir():
        parser.error(f"`{asked.data}` is no folder")
    if not asked.data and "measured" in wanted:
        sys.stderr.write("the section `Measured chips` stays as it is: `--data DIR` makes it anew\n")
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    text = page(wanted, before, asked.data)
    if not asked.check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    lines = difflib.unified_diff(
        before.splitlines(True), text.splitlines(True), str(PAGE), "what comes out", n=0
    )
    different = list(lines)
    sys.stderr.writelines(different)
    if different:
        sys.stderr.write("\n`make validation` writes the page anew\n")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
