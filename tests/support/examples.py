"""How Hypothesis takes examples: without a clock, and in CI the same ones every time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings


def load_profile() -> None:
    """Loads the profile for all tests; newer Hypotheses have one like it for CI by themselves."""
    settings.register_profile(
        "simres", derandomize="CI" in os.environ, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("simres")
