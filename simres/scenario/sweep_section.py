"""The `sweep:` section of a scenario: its shape only; exploration reads its contents."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simres.scenario.problems import Problems
from simres.text import describe

Goal = Literal["latency", "makespan", "energy", "power", "traffic", "sram", "bandwidth", "accuracy"]
"""A goal of a design; `simres.exploration.objectives` defines each."""


def _listed(given: Any) -> Any:
    """Splits a text such as `latency,energy`, as the command line gives it, into a list."""
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else given


class SweepFile(BaseModel):
    """A design space around the scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    vary: Annotated[dict[str, Any], Field(min_length=1)]
    """The knobs: paths of this file with what each is set to, a text such as `0.5,1,2 GB/s` or
    `64 KiB..4 MiB log 13`, or a list. Files are relative to this one."""
    goal: Annotated[list[Goal], BeforeValidator(_listed), Field(min_length=1)] | None = None
    """What counts: `latency`, `energy` (both of an image), `makespan`, `power`, `traffic`, `sram`,
    `bandwidth`, `accuracy`; by default latency and energy."""


def sweep_of(problems: Problems, given: Any) -> SweepFile | None:
    """The scenario's `sweep:`, or None with all problems of its shape recorded."""
    if not isinstance(given, dict):
        example = '{vary: {hardware.ddr.bandwidth: "1,2,4 GB/s"}}'
        problems.add(("sweep",), f"must be a mapping such as `{example}`, got {describe(given)}")
        return None
    if "pareto" in given:
        problems.warn_of_old(("sweep", "pareto"), "`pareto` is an old name; write `goal`")
        given = {"goal" if key == "pareto" else key: value for key, value in given.items()}
    file: SweepFile | None = problems.validate(SweepFile, given, ("sweep",))
    return file
