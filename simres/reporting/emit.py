"""The JSON documents of the command line: one layout, and the version of each form in one place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from simres.files import json_text

VERSIONS = {
    "calibration": 1,
    "comparison": 2,
    "contracts": 1,
    "examples": 1,
    "explanation": 2,
    "fit": 1,
    "ladder": 1,
    "models": 1,
    "plugins": 1,
    "pruning": 1,
    "removal": 1,
    "roofline": 1,
    "saturation": 1,
    "scores": 1,
    "validation": 1,
    "verification": 1,
    "whatif": 1,
    "work_whatif": 1,
}
"""The `schema_version` of each form that is only written. A form that is read back, such as a result, has its
own where it is read."""


def emit(document: Mapping[str, Any]) -> None:
    """Prints a JSON document to stdout, on one line."""
    sys.stdout.write(json_text(document))
