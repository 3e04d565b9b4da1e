"""The `sweep:` section of a scenario: its shape only; exploration reads its contents."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from simres.scenario.problems import Problems
from simres.text import describe, shorten

# fmt: off
Goal = Literal[
    "latency", "makespan", "energy", "power", "area", "cost", "traffic", "sram", "bandwidth", "accuracy"
]
# fmt: on
"""A goal of a design; `simres.exploration.objectives` defines each."""


def goals_in(text: str) -> list[str]:
    """Splits goals such as `latency, max(area, 2)` at the commas outside of parentheses."""
    found, depth = [""], 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += sign
    return [goal.strip() for goal in found]


def _listed(given: Any) -> Any:
    """Splits a text such as `latency,energy`, as the command line gives it, into a list."""
    return goals_in(given) if isinstance(given, str) else given


def _known(goal: str) -> str:
    """Returns a goal by name, or an expression, which exploration reads."""
    if goal.replace("_", "a").isalnum() and goal not in get_args(Goal):
        known = ", ".join(f"`{name}`" for name in get_args(Goal))
        raise ValueError(f"must be {known} or an expression such as `latency * area`, got `{shorten(goal)}`")
    return goal


class SweepFile(BaseModel):
    """A design space around the scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    vary: Annotated[dict[str, Any], Field(min_length=1)]
    """The knobs: paths of this file with their values, a text such as `0.5,1,2 GB/s` or `64 KiB..4 MiB log
    13`, or a list. Files are relative to this one."""
    goal: (
        Annotated[
            list[Annotated[str, Field(strict=True), AfterValidator(_known)]],
            BeforeValidator(_listed),
            Field(min_length=1),
        ]
        | None
    ) = None
    """The goals: `latency`, `energy` (both per inference), `makespan`, `power`, `area`, `cost`, `traffic`,
    `sram`, `bandwidth`, `accuracy`, or an expression such as `latency * area`; by default latency and
    energy."""


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
