"""Proves that a change of the code leaves results unchanged: a digest of what each simulation decided.

    python benchmarks/digest.py --write before.json      # the code as it was
    python benchmarks/digest.py --against before.json    # the code as it is; exit 1 where they differ

Simulated are the shipped scenarios, those of the plugins, variants with tenants, requests over time and the
presets of chips, and 400 points of a sweep: once through `simres sweep`, and once each by itself. A digest is
a SHA-256 of the JSON document of a result (`Result.to_document`), in a form that no name of a class or
module enters: engines, memories, spans, the Program, what lay on chip, and every number of the summary. Texts
for people, versions and the schema's version are left out.

Where results differ, `--keep FOLDER` writes these forms, before and after, for a comparison by `diff`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import simres

ROOT = Path(__file__).parents[1]
SHIPPED = ("scenarios/*.yaml", "plugins/*/scenarios/*.yaml")

PASSES = {
    "fp32": ["fold_batch_norm", "fold_bias", "fuse_epilogues"],
    "int8": ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues"],
}
KNOBS: dict[str, list[str]] = {
    "scheduler": ["serial", "overlapped"],
    "hardware.ddr.bandwidth": ["0.25 GB/s", "1 GB/s", "2.5 GB/s", "19.2 GB/s", "64 GB/s"],
    "hardware.sram.capacity": ["40 KiB", "64 KiB", "200 kB", "1 MiB", "4 MiB"],
    "hardware.matrix.rate": ["0.3 TFLOP/s", "2 TFLOP/s"],
    "hardware.host.rate": ["4 GFLOP/s", "30 GFLOP/s"],
}
COLUMNS = ("makespan_ps", "energy_fj", "moved_bytes", "peak_bytes", "bound_ps", "tasks", "program", "error")
"""Columns of a sweep's table that enter its digest, beside the knobs."""


@dataclass(frozen=True)
class Variant:
    """A shipped scenario with values changed, or a network on a preset."""

    name: str
    scenario: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    chip: str | None = None
    record: str | None = None


_POISSON = {"arrivals": "poisson", "rate": "300/s", "images": 200, "seed": 3}
_BATCHED = {
    "arrivals": "bursty",
    "burst": 3,
    "rate": "900/s",
    "images": 150,
    "batch": {"most": 4, "timeout": "1 ms"},
}
_SECOND = {"kind": "matrix", "rate": "0.5 TFLOP/s"}
_CAMERA = {"kind": "background", "bus": "ddr", "bandwidth": "200 MB/s", "write": True}
_OVERLAPPED = {"scheduler": "overlapped", "passes": PASSES["int8"]}
_SHARED_BUS = {
    "hardware.ddr.channels": 2,
    "hardware.ddr.burst_overhead": "5 ns",
    "hardware.ddr.latency": "80 ns",
    "hardware.ddr.turnaround": "15 ns",
    "hardware.ddr.refresh_interval": "7.8 us",
    "hardware.ddr.refresh_time": "295 ns",
}
VARIANTS = (
    Variant("stream, every span", "stream", {"load.images": 100}, record="full"),
    Variant("stream in batches", "stream", {"load": {**_BATCHED, "deadline": "2 ms"}}),
    Variant("tenants, priority", "two-tenants", {"tenants.small.priority": 1, "tenants.large.images": 3}),
    Variant("tenants, one with requests", "two-tenants", {"tenants.small.load": _POISSON}),
    Variant(
        "tenants, both with requests",
        "two-tenants",
        {"tenants.small.load": _BATCHED, "tenants.large.load": {**_POISSON, "rate": "60/s", "images": 40}},
        record="full",
    ),
    Variant("tenants, two units, one bus of two", "two-tenants", {**_SHARED_BUS, "hardware.second": _SECOND}),
    Variant(
        "shared bus, traffic beside", "resnet20", {**_SHARED_BUS, **_OVERLAPPED, "hardware.camera": _CAMERA}
    ),
    Variant("resnet20 on eyeriss", "resnet20", chip="eyeriss"),
    Variant("resnet20 on mcu", "resnet20", chip="mcu"),
    Variant("resnet18 on edge-npu", "resnet18", chip="edge-npu"),
    Variant("mobilenet_v2 on mcu", "mobilenet_v2", chip="mcu"),
    Variant("resnet50 on tpu-like", "torchvision-resnet50", chip="tpu-like"),
    Variant("vit_b_16 on tpu-like", "vit_b_16", chip="tpu-like"),
)

SPAN: dict[str, Any] = {
    **dict.fromkeys(("launch", "task", "since", "ready", "granted", "end", "latency_ps", "bus_ps"), 0),
    "holder": -1,
    "space_holder": -1,
    "engine_ps": 0,
}
LAUNCH: dict[str, Any] = dict.fromkeys(("at_ps", "end_ps", "first", "past", "tenant"), 0)
WORK: dict[str, Any] = {"nbytes": 0, "macs": 0, "vector_ops": 0, "loops": None, "write": False, "extents": []}
REGION: dict[str, Any] = {"tensor": "", "buffer": None, "box": None}
BUFFER: dict[str, Any] = {"tensor": "", "nbytes": 0, "memory": "", "freed_by": [], "box": None}
LAYER: dict[str, Any] = {"name": "", "kind": "", "block": ""}
ENGINE: dict[str, Any] = {"tasks": 0, "working_ps": 0, "idle_ps": 0, "moved_bytes": 0, "bus_held_by": {}}
MEMORY: dict[str, Any] = {"capacity": 0, "peak": 0, "left": 0}


def values(document: Any, form: Mapping[str, Any]) -> list[Any]:
    """The values of an object by the fields of `form`, which has their defaults; it may be a row too."""
    if isinstance(document, list):
        return document + list(form.values())[len(document) :]
    return [document.get(name, default) for name, default in form.items()]


def engines(record: Mapping[str, Any]) -> dict[str, Any]:
    """Totals by engine, with its waits by cause."""
    return {
        name: [values(engine, ENGINE), {cause: ps for cause, ps in engine["waiting_ps"].items() if ps}]
        for name, engine in record["engines"].items()
    }


def spans(record: Mapping[str, Any]) -> list[Any]:
    """Every task in time and every launch, and who had the bus meanwhile."""
    rows = record.get("rows") or record.get("spans") or []
    return [
        [values(row, SPAN) for row in rows],
        [values(launch, LAUNCH) for launch in record.get("launches", [])],
        record.get("bus_holders", []),
        record.get("layer_working_ps", {}),
    ]


def program(document: Mapping[str, Any]) -> list[Any]:
    """What the scheduler decided."""

    def task(one: Mapping[str, Any]) -> list[Any]:
        regions = ([values(region, REGION) for region in one.get(side, [])] for side in ("reads", "writes"))
        waits = (one.get(name, []) for name in ("needs", "after", "reserves"))
        return [one["engine"], one["kind"], values(one["work"], WORK), one["layer"], *waits, *regions]

    return [
        document["scheduler"],
        [task(one) for one in document["tasks"]],
        [values(buffer, BUFFER) for buffer in document.get("buffers", [])],
        [values(layer, LAYER) for layer in document.get("layers", [])],
        document.get("resident_in", []),
        document.get("resident_out", []),
    ]


def figures(document: Any, path: str = "") -> Iterator[tuple[str, int | float]]:
    """Every number below, with its dotted path."""
    if isinstance(document, int | float):
        yield path, document
        return
    inner: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(document, dict):
        inner = iter(document.items())
    elif isinstance(document, list):
        inner = iter(enumerate(document))
    for key, value in inner:
        yield from figures(value, f"{path}.{key}" if path else str(key))


NO_FIGURES = ("schema_version", "origin", "program", "record", "stays", "workload", "rewritten", "networks")


def parts(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a result decided, in plain values, by part."""
    record = document["record"]
    summary = {name: value for name, value in document.items() if name not in NO_FIGURES}
    return {
        "engines": engines(record),
        "memories": {name: values(memory, MEMORY) for name, memory in record["memories"].items()},
        "streams": [dict(figures(stream)) for stream in record.get("streams", [])],
        "masters": dict(figures(record.get("masters", {}))),
        "spans": spans(record),
        "program": program(document["program"]),
        "stays": document["stays"],
        "figures": dict(figures(summary)),
    }


def digest(value: Any) -> str:
    """The SHA-256 of plain data; the order of the keys of an object does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Line:
    """One line of the output, with the digest of each part to tell where two runs differ."""

    makespan_ps: int | None
    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One digest of all parts."""
        return digest([self.makespan_ps, self.parts])


def line_of(name: str, result: simres.Result, keep: Path | None) -> Line:
    """The line of a result; its plain form goes into the folder `keep`."""
    decided = parts(json.loads(result.to_json()))
    if keep is not None:
        write(keep, name, decided)
    return Line(result.makespan_ps, {part: digest(value) for part, value in decided.items()})


def write(folder: Path, name: str, decided: Any) -> None:
    """Writes a plain form, one item to a line as far as lists go, to be compared by `diff`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name.replace('/', '-').replace(' ', '-')}.json"
    file.write_text(json.dumps(decided, sort_keys=True, indent=1) + "\n")


def variants() -> Iterator[Variant]:
    """Everything that is simulated but for the sweep."""
    for pattern in SHIPPED:
        for path in sorted(ROOT.glob(pattern)):
            yield Variant(path.relative_to(ROOT).as_posix(), str(path))
    yield from VARIANTS


def points() -> Iterator[dict[str, Any]]:
    """The points of the sweep as overrides, in the order of the table."""
    for passes in PASSES.values():
        for point in itertools.product(*KNOBS.values()):
            yield {**dict(zip(KNOBS, point, strict=True)), "passes": passes}


def swept() -> Line:
    """All points through `simres sweep`, by the columns of its table."""
    rows: list[Any] = []
    for passes in PASSES.values():
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "table.jsonl"
            command = [
                sys.executable,
                "-m",
                "simres",
                "sweep",
                "resnet20",
                "--workers",
                "1",
                "-o",
                str(table),
            ]
            command += ["--set", f"passes=[{', '.join(passes)}]"]
            for knob, choices in KNOBS.items():
                command += ["--vary", f"{knob}={','.join(choices)}"]
            subprocess.run(command, check=True, capture_output=True, text=True)
            found = [json.loads(row) for row in table.read_text().splitlines()]
        rows += sorted([[row[name] for name in (*KNOBS, *COLUMNS)] for row in found], key=json.dumps)
    if len(rows) != len(list(points())):
        raise SystemExit(f"the sweep has {len(rows)} rows for {len(list(points()))} points")
    return Line(None, {"table": digest(rows)})


def one_by_one() -> Line:
    """All points simulated each by itself, without the sharing of a sweep."""
    found = [line_of("", simres.simulate("resnet20", overrides=point), None) for point in points()]
    return Line(None, {part: digest([line.parts[part] for line in found]) for part in found[0].parts})


def lines(keep: Path | None) -> Iterator[tuple[str, Line]]:
    """Every line by its name, as it is found."""
    for one in variants():
        result = simres.simulate(one.scenario, overrides=one.overrides, chip=one.chip, record=one.record)
        yield one.name, line_of(one.name, result, keep)
    yield f"{len(list(points()))} points in a sweep", swept()
    yield f"{len(list(points()))} points, each by itself", one_by_one()


def differences(before: Mapping[str, Line], after: Mapping[str, Line]) -> Iterator[str]:
    """What differs, one line of text each."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after or name not in before:
            yield f"{name}: only {'before' if name in before else 'now'}"
            continue
        old, new = before[name], after[name]
        if old.digest != new.digest:
            times = (
                "" if old.makespan_ps == new.makespan_ps else f" ({old.makespan_ps} -> {new.makespan_ps} ps)"
            )
            changed = [
                part for part in old.parts.keys() | new.parts if old.parts.get(part) != new.parts.get(part)
            ]
            yield f"{name}{times}: {', '.join(sorted(changed)) or 'makespan'}"


def read(path: Path) -> dict[str, Line]:
    """What `--write` wrote."""
    stored = json.loads(path.read_text())
    return {name: Line(line["makespan_ps"], line["parts"]) for name, line in stored.items()}


def main() -> None:
    """Prints a line for each, one digest of all, and what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the digests to FILE")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with a FILE written before")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write what the digests are made of")
    options = parser.parse_args()
    before = read(options.against) if options.against else None

    found: dict[str, Line] = {}
    for name, line in lines(options.keep):
        found[name] = line
        print(
            f"{name:62} {'' if line.makespan_ps is None else line.makespan_ps:>14} {line.digest}", flush=True
        )
    print(f"{'all':77} {digest({name: line.digest for name, line in found.items()})}")

    if options.write:
        stored = {n: {"makespan_ps": line.makespan_ps, "parts": line.parts} for n, line in found.items()}
        options.write.write_text(json.dumps(stored, indent=1) + "\n")
    if before is not None:
        differing = list(differences(before, found))
        for text in differing:
            print(f"differs: {text}")
        if differing:
            raise SystemExit(1)
        print(f"nothing differs from {options.against}")


if __name__ == "__main__":
    main()
