"""The table of `simres verify`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.verification.findings import Finding


def table(findings: Sequence[Finding], page: Page) -> list[Text]:
    """Returns a line for each check: what was counted, and whether it holds."""
    columns = [
        Column("check", [finding.check for finding in findings], right=False, style="title"),
        Column("", ["holds" if finding.holds else Text("FAILS", "bad") for finding in findings], right=False),
        Column("of", [finding.problem or finding.counted for finding in findings], right=False, elastic=True),
    ]
    return page.table(columns)


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Returns the JSON form."""
    checks = [{**asdict(finding), "holds": finding.holds} for finding in findings]
    return {"schema_version": VERSIONS["verification"], "checks": checks}
