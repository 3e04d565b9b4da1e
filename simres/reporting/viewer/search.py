"""The search for layers: what is wanted, where it is found, and the view from which the search began."""

from __future__ import annotations

from dataclasses import dataclass, field

from simres.reporting.viewer.index import Appearance, ViewIndex
from simres.reporting.viewer.viewport import View


@dataclass(slots=True)
class Search:
    """A part of a layer's name or a glob, and its matches in order of time."""

    index: ViewIndex
    begun: View
    wanted: str = ""
    matches: list[Appearance] = field(default_factory=list)

    def look(self, wanted: str) -> Appearance | None:
        """Looks for something else; returns the first match from the start of the search on, or the first."""
        self.wanted, self.matches = wanted, self.index.matches(wanted)
        following = (found for found in self.matches if found.since_ps >= self.begun.at_ps)
        return next(following, self.matches[0] if self.matches else None)

    def step(self, by: int, at_ps: int) -> Appearance | None:
        """Returns the match so many after the last one at or before a moment; wraps around at the ends."""
        return self.matches[(self._number(at_ps) + by) % len(self.matches)] if self.matches else None

    def said(self, at_ps: int) -> str:
        """Says what is found, and which match a moment is at; empty without a search."""
        if not self.wanted:
            return ""
        if not self.matches:
            return f"no layer has `{self.wanted}` in its name"
        number = self._number(at_ps)
        name = self.index.result.program.layers[self.matches[number].layer].name
        return f"`{self.wanted}`: {number + 1} of {len(self.matches)}, {name}"

    def _number(self, at_ps: int) -> int:
        return max((n for n, found in enumerate(self.matches) if found.since_ps <= at_ps), default=0)
