"""Hints for parts that no installed package declares."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PACKAGE_OF: Mapping[str, str] = {
    "dram": "simres-dram",
    "exact": "simres-exact",
    "onnx": "simres-onnx",
    "zip": "simres-zip",
    **dict.fromkeys(
        ("array", "systolic", "vector", "row_stationary", "scalesim", "scalesim_shapes", "depthwise_on_host"),
        "simres-systolic",
    ),
    **dict.fromkeys(("attention", "resnext", "se", "stochastic_depth", "wide"), "simres-blocks"),
}
"""Parts of the separate packages of simres, for hints where these are not installed."""


def where_from(what: str, name: str, known: Collection[str], kept_out: str = "") -> str:
    """Returns a hint for an unknown part of a kind (`what`); `kept_out` explains an excluded package."""
    if name in PACKAGE_OF:
        return f"`{name}` comes with the package `{PACKAGE_OF[name]}`{kept_out}"
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.8) or [one for one in known if name and name in one]
    if len(close) == 1:
        return f"did you mean `{close[0]}`?"
    return f"`simres plugins` lists what provides which {what}; one not installed may have it{kept_out}"
