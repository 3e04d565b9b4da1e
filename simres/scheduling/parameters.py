"""What a scenario may set for a scheduler beside its name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class NoParameters(BaseModel):
    """For schedulers that have nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")
