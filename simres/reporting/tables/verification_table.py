"""The table of `simres verify`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from simres.reporting.page import Page
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.verification.findings import Finding

SCHEMA_VERSION = 1
"""Version of the JSON form."""


def table(findings: Sequence[Finding], page: Page) -> list[Text]:
    """Returns a line for each check: what was counted, and whether it holds."""
    columns = [
        Column("check", [finding.check for finding in findings], right=False, style="title"),
        Column("", ["holds" if finding.holds else Text("FAILS", "bad") for finding in findings], right=False),
        Column("of", [finding.problem or finding.counted for finding in findings], right=False, elastic=True),
    ]
    return page.table(columns)


def document(findings: Sequence[Finding]) -> str:
    """Returns the JSON form."""
    checks = [{**asdict(finding), "holds": finding.holds} for finding in findings]
    return json.dumps({"schema_version": SCHEMA_VERSION, "checks": checks}, separators=(",", ":")) + "\n"
