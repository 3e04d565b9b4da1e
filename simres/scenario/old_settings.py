"""Settings of schedulers as simres 0.1 had them, understood until 0.3."""

from __future__ import annotations

from typing import Any

from simres.scenario.problems import Problems
from simres.scenario.source import Trail


def renewed(problems: Problems, trail: Trail, settings: dict[Any, Any]) -> dict[Any, Any]:
    """A scheduler's settings at `trail`, as they are written now; a `RenamedWarning` says what was old."""
    if settings.get("name") == "fused":
        problems.warn_of_old(
            trail, "`fused` is part of `overlapped` now; write `overlapped`, without `share` and `stack`"
        )
        gone = {"share", "stack"}
    elif settings.get("name") == "overlapped" and "share" in settings:
        if settings["share"] is not None:  # stored results have `share: null` where nobody wrote it
            problems.warn_of_old(
                (*trail, "share"), "has no effect: costs decide how large tiles are; leave it out"
            )
        gone = {"share"}
    else:
        return settings
    return {key: value for key, value in settings.items() if key not in gone} | {"name": "overlapped"}
