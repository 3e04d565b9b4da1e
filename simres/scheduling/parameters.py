"""Parameters of a scheduler that a scenario may set."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class NoParameters(BaseModel):
    """For schedulers without parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")
