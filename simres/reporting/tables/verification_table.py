"""The table of `simres verify`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from simres.reporting.text.columns import Column, lines
from simres.reporting.text.styled import Text
from simres.verification.findings import Finding

SCHEMA_VERSION = 1
"""Version of the JSON form."""


def table(findings: Sequence[Finding], width: int, rule: str = "-") -> list[Text]:
    """Returns a line for each check: what was counted, and whether it holds."""
    columns = [
        Column("check", [finding.check for finding in findings], right=False, style="title"),
        Column("", ["holds" if finding.holds else Text("FAILS", "bad") for finding in findings], right=False),
        Column("of", [finding.problem or finding.counted for finding in findings], right=False, elastic=True),
    ]
    return lines(columns, width, rule=rule)


def document(findings: Sequence[Finding]) -> str:
    """Returns the JSON form."""
    checks = [{**asdict(finding), "holds": finding.holds} for finding in findings]
    return json.dumps({"schema_version": SCHEMA_VERSION, "checks": checks}, separators=(",", ":")) + "\n"
