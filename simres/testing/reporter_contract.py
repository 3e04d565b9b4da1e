"""The contract of a report format: reproducible text for any result."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from simres.errors import SimresError
from simres.planning.evaluate import evaluate
from simres.plugins.hooks import Reporter
from simres.plugins.registry import Registry, default_registry
from simres.program.record import RecordLevel
from simres.program.tenants import ONLY
from simres.result import Result
from simres.scenario.loader import from_document
from simres.testing.contract import ContractBroken, described, for_all, hold, load_target, same
from simres.testing.random_workloads import ledgers, workloads
from simres.workload import Ledger, Workload

ODD_NAMES = ("<b>&c", 'a,b|"c"', "[bold]x[/]", "=SUM(A1)", "ä 層", "back`tick", "{curly}", "conv")
"""Valid names of layers with a special meaning in some format."""


def check_reporter(reporter: str | Reporter) -> None:
    """Checks a report format, by name or as declared, against the contract of report formats.

    For any result (a graph's or a ledger's, with or without times, layers of odd names) it makes text that
    can be encoded as UTF-8 and is reproducible. By suffix, the text must be valid JSON, CSV or XML: JSON
    without NaN, CSV with as many fields in every row. Without times it may raise a `SimresError`.

    Raises `ContractBroken`.
    """
    if isinstance(reporter, str):
        reporter = default_registry().reporter(reporter)
    described(reporter)
    suffix = reporter.suffix
    hold(suffix.startswith(".") and len(suffix) > 1, f"suffix must be such as `.csv`, is `{suffix}`")
    write = load_target(reporter)
    registry = Registry(external=False)
    networks: st.SearchStrategy[Workload | Ledger] = st.one_of(workloads(6).map(_renamed), ledgers())

    @for_all(networks, st.sampled_from(RecordLevel), cases=30)
    def _(workload: Workload | Ledger, level: RecordLevel) -> None:
        result = _result(workload, level, registry)
        try:
            text = write(result)
        except SimresError as refusal:
            hold(level is not RecordLevel.FULL, f"it refuses a result that has all: {refusal.message}")
            return
        hold(isinstance(text, str), f"it returns {type(text).__name__}, not text")
        _well_formed(text, suffix)
        same(text, write(result), "its text")


def _renamed(workload: Workload) -> Workload:
    ops = (
        replace(op, name=f"{ODD_NAMES[number % len(ODD_NAMES)]}{number}")
        for number, op in enumerate(workload.ops)
    )
    return replace(workload, ops=tuple(ops))


def _result(workload: Workload | Ledger, level: RecordLevel, registry: Registry) -> Result:
    scheduler = "paper" if isinstance(workload, Ledger) else "serial"
    document: dict[str, Any] = {"name": "[b]random", "workload": "paper", "chip": "paper"}
    scenario = from_document(document | {"scheduler": scheduler}, registry=registry)
    return evaluate(scenario, {ONLY: workload}, registry, level)


def _well_formed(text: str, suffix: str) -> None:
    try:
        text.encode()
        if suffix == ".json":
            json.loads(text, parse_constant=_refuse)
        elif suffix == ".csv":
            lengths = {len(row) for row in _rows(text)}
            hold(len(lengths) == 1, f"its rows have {sorted(lengths)} fields")
        elif suffix in (".xml", ".svg"):
            ET.fromstring(text)
    except (ValueError, csv.Error, ET.ParseError) as error:
        raise ContractBroken(f"its text is no {suffix.removeprefix('.').upper()}: {error}") from error


def _rows(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def _refuse(constant: str) -> object:
    raise ValueError(f"`{constant}` is not a JSON number")
