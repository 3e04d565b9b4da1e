"""Networks of public libraries, traced with random weights, MACs held against torch's counter.

    python benchmarks/coverage.py [--library NAME] [--network NAME] [--page docs/coverage.md] [--rows FILE]

The libraries are those of the extra `networks` and torchvision; no weights are downloaded. With `--page` the
table is written as a page of the documentation. With `--rows` each row is kept in a file as soon as it is
known, and what is in there is not tried again (with `--known`, nothing else is). Exit code 1 where MACs
differ, or a network is refused that is not among `REFUSED`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from public_networks import NETWORKS, REFUSED, Entry  # type: ignore[import-not-found]

import simres
from simres.errors import SimresError
from simres.tracing.flops import flop_counter_macs


class Row(NamedTuple):
    """What became of a network; `refusal` is empty where it was traced."""

    library: str
    network: str
    refusal: str = ""
    operators: int = 0
    macs: int = 0
    counted: int = 0
    seconds: float = 0.0


def tried(library: str, name: str, entry: Entry) -> Row:
    """Builds and traces one network; whatever is no `SimresError` comes through."""
    module = entry.build().eval()
    begun = time.process_time()
    try:
        workload = simres.trace(module, entry.inputs, batch=entry.batch)
    except SimresError as error:
        return Row(library, name, error.message.splitlines()[0])
    seconds = time.process_time() - begun
    counted = flop_counter_macs(module, entry.inputs, batch=entry.batch)
    return Row(library, name, "", len(workload.ops), workload.macs, counted, seconds)


def verdict(row: Row) -> str:
    """Equal, or what is wrong."""
    if row.refusal:
        return "refused" if row.network in REFUSED else f"REFUSED: {row.refusal}"
    return "equal" if row.macs == row.counted else f"DIFFERS: {row.counted:,}"


def page(rows: list[Row]) -> str:
    """docs/coverage.md."""
    libraries = list(dict.fromkeys(row.library for row in rows))
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", *libraries))
    lines = [_HEAD.format(versions=versions, count=sum(not row.refusal for row in rows)).strip(), ""]
    for library in libraries:
        lines += [f"## {library}", "", "| network | operators | MACs | torch counts | traced in, s |"]
        lines += ["|---|---:|---:|---:|---:|"]
        lines += [
            f"| {row.network} | {row.operators:,} | {row.macs:,} | {verdict(row)} | {row.seconds:.1f} |"
            for row in rows
            if row.library == library and not row.refusal
        ]
        lines.append("")
    lines += ["## Refused", "", "| network | message | reason |", "|---|---|---|"]
    lines += [
        f"| {row.network} ({row.library}) | {row.refusal} | {REFUSED.get(row.network, '')} |"
        for row in rows
        if row.refusal
    ]
    return "\n".join([*lines, ""])


_HEAD = """
# Supported networks

`python benchmarks/coverage.py --page docs/coverage.md` writes this page. It builds networks of public
libraries with random weights and few layers, traces them like `simres trace`, and compares their
multiply-accumulates with `torch.utils.flop_counter` on the decomposed program. `pip install simres[networks]`
installs the libraries; no weights are downloaded. Times are processor time.

{count} networks are traced, with {versions}.

Text generators return their key-value cache, as they do by default. The experts of a mixture are multiplied
as grouped matrix products; torch's counter has no entry for these, so simres adds one.
"""


def main() -> int:
    """Prints a line a network; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--library", action="append", choices=list(NETWORKS), help="only this one")
    parser.add_argument("--network", action="append", help="only this one")
    parser.add_argument("--rows", type=Path, help="rows that are known, and those that come")
    parser.add_argument("--known", action="store_true", help="nothing but what is in --rows")
    parser.add_argument("--page", type=Path, help="where to write the table")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    lines = asked.rows.read_text(encoding="utf-8").splitlines() if asked.rows and asked.rows.exists() else []
    kept = {row[:2]: row for row in (Row(*json.loads(line)) for line in lines)}
    rows, wrong = [], 0
    for library in asked.library or NETWORKS:
        for name, entry in NETWORKS[library].items():
            if asked.network and name not in asked.network:
                continue
            if asked.known and (library, name) not in kept:
                continue
            row = kept.get((library, name)) or tried(library, name, entry)
            rows.append(row)
            if asked.rows and row[:2] not in kept:
                with asked.rows.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            said = verdict(row)
            wrong += said not in ("equal", "refused")
            print(f"{library:<13}{name:<38}{row.operators:>6}{row.macs:>16,}  {said}", flush=True)
    if asked.page:
        asked.page.write_text(page(rows), encoding="utf-8")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
