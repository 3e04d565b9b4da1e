"""Writes the figures of docs/assumptions.md anew: what each assumption is worth for ResNet-18 on `edge-npu`.

    python benchmarks/assumptions.py

Rows of kinds whose package is not installed stay as they are. `tests/docs/test_assumptions.py` compares.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import simres
from simres.plugins.registry import Registry
from simres.units import format_duration

PAGE = Path(__file__).parents[1] / "docs" / "assumptions.md"


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    base = simres.simulate("resnet18", chip="edge-npu").makespan_ps
    known = Registry().components()

    def row(found: re.Match[str]) -> str:
        path, _, value = shlex.split(found[2])[0].partition("=")
        if (kind := re.search(r"kind: (\w+)", value)) and kind[1] not in known:
            return found[0]
        ps = simres.simulate("resnet18", chip="edge-npu", overrides={path: value}).makespan_ps
        return f"{found[1]} | `{found[2]}` | {format_duration(ps)} | {100 * (ps / base - 1):+.1f} % |"

    text = re.sub(r"^(\| .+) \| `(\S+=.+)` \| .+ \| .+ % \|$", row, text, flags=re.MULTILINE)
    text = re.sub(r"(\| against ).+( \|)", rf"\g<1>{format_duration(base)}\2", text)
    text = re.sub(r"(takes )\S+ \S+( as it stands)", rf"\g<1>{format_duration(base)}\2", text)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
