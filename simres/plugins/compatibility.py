"""Checks whether an installed package works with this version of simres, by its metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simres import __version__

if TYPE_CHECKING:
    from importlib.metadata import Distribution


def unmet(distribution: Distribution) -> str | None:
    """Returns the requirement of a distribution that this simres does not meet; None if all are met.

    An installer checks this, unless told to leave dependencies alone; nor does it check a later change of
    simres.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    for text in distribution.requires or ():
        if not re.match(r"simres(?![\w.-])", text, re.IGNORECASE):
            continue
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if applies and not wanted.specifier.contains(__version__, prereleases=True):
            return f"it needs simres {wanted.specifier}, and this is {__version__}"
    return None
