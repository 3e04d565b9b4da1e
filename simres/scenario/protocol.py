"""The `protocol:` section of a scenario: what a measured time includes, and what came before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from simres import units
from simres.scenario.problems import Problems
from simres.text import describe
from simres.units import Duration


class Protocol(BaseModel):
    """How a time is taken, so that a simulated one and a measured one are the same figure."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    weights: Literal["cold", "warm"] = "cold"
    """`cold`: all weights are off chip at the start. `warm`: after an earlier inference; weights are on
    chip if all of them fit, and streamed if they do not. Needs a scheduler with a parameter `weights`, such
    as `overlapped`."""
    call: Duration = 0
    """A fixed time before each inference, such as `100 us`: driver, interrupt, link to the chip and back.
    Calls follow each other, and overlap with earlier inferences."""
    inputs: Literal["inside", "outside"] = "inside"
    """Whether the time includes loading the inputs; `outside` if they are on chip at the start. Later
    reloads are timed."""
    outputs: Literal["inside", "outside"] = "inside"
    """Whether the time includes storing the outputs."""


def protocol_of(
    problems: Problems, given: Any, schedulers: Iterable[tuple[str, Any]], *, load: bool
) -> Protocol:
    """The protocol given, with all problems recorded.

    `schedulers` are those of the networks that it is about, each with its parameters; `load` says whether
    any of these has requests over time.
    """
    if given is None:
        return Protocol()
    if not isinstance(given, dict):
        problems.add(("protocol",), f"must be a mapping such as `{{weights: warm}}`, got {describe(given)}")
        return Protocol()
    found = problems.validate(Protocol, given, ("protocol",), context=units.SPELLED) or Protocol()
    if load and found != Protocol():
        message = "goes without `load`, whose `warmup` leaves out what comes first"
        problems.add(("protocol",), message, key=True)
    for name, parameters in schedulers if found.weights == "warm" else ():
        if "weights" not in getattr(type(parameters), "model_fields", ("weights",)):
            message = f"scheduler `{name}` keeps no weights from one inference to the next"
            problems.add(("protocol", "weights"), message, hint="`scheduler: overlapped` does")
            break
    return found
