"""`ArraySpec` by the name that it had until 0.1."""

from __future__ import annotations

import warnings

from simres_systolic.array import ArraySpec as ArraySpec

from simres.errors import RenamedWarning

warnings.warn(
    "`simres_utilisation.array` is now `simres_systolic.array`; the old name goes in 0.3", RenamedWarning, 2
)
