"""`ArraySpec` by the name that it had until 0.1."""

from __future__ import annotations

import warnings

from simres.errors import RenamedWarning
from simres_systolic.array import ArraySpec as ArraySpec

warnings.warn(
    "`simres_utilisation.array` is now `simres_systolic.array`; the old name goes in 0.3", RenamedWarning, 2
)
