"""What-if on the work of a run: kinds, layers or modules of it faster, slower, or gone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from fractions import Fraction

from simres.analysis.rescaled import rescaled
from simres.errors import SimresError
from simres.program.tasks import Layer
from simres.result import Result

_MOST = 1000
_KNOWN = 12
"""The number of kinds that an error names, most work first."""


@dataclass(frozen=True, slots=True)
class WorkChange:
    """The busy time of what `pattern` names, times `factor`; 0 takes it out."""

    pattern: str
    factor: Fraction

    @property
    def title(self) -> str:
        """The change in words."""
        if not self.factor:
            return f"without {self.pattern}"
        return f"{self.pattern} x {float(self.factor):g}"


@dataclass(frozen=True, slots=True)
class ChangedWork:
    """A run with changes of its work. `layers` are those that they meet; `busy_ps` their busy time before."""

    changes: tuple[WorkChange, ...]
    layers: tuple[str, ...]
    busy_ps: int
    result: Result

    @property
    def title(self) -> str:
        """The changes in words."""
        return ", ".join(change.title for change in self.changes)


@dataclass(frozen=True, slots=True)
class WorkWhatIf:
    """A run, each change separately and, if there are several, all of them together as the last."""

    before: Result
    after: tuple[ChangedWork, ...]


def work_change(pattern: str, factor: str) -> WorkChange:
    """A change as it is typed. Raises `SimresError` for what is no factor."""
    try:
        value = Fraction(Decimal(factor))
    except (InvalidOperation, ValueError, OverflowError):
        value = Fraction(-1)
    if not 0 <= value <= _MOST:
        raise SimresError(f"--scale {pattern}={factor}: a factor is a number from 0 to {_MOST}, such as 0.5")
    return WorkChange(pattern, value)


def change_work(result: Result, changes: Sequence[WorkChange]) -> WorkWhatIf:
    """Replays a run with each change, and with all of them.

    Of changes that meet the same layer, the factors are multiplied. Raises `SimresError` for a pattern that
    meets nothing, and unless the Record is full.
    """
    single = [_changed(result, (change,)) for change in changes]
    together = [_changed(result, tuple(changes))] if len(changes) > 1 else []
    return WorkWhatIf(result, (*single, *together))


def _changed(result: Result, changes: tuple[WorkChange, ...]) -> ChangedWork:
    layers = result.program.layers
    factors = [Fraction(1)] * len(layers)
    met: dict[int, None] = {}
    for change in changes:
        found = [number for number, layer in enumerate(layers) if meets(change.pattern, layer)]
        if not found:
            raise _nothing(result, change.pattern)
        for number in found:
            factors[number] *= change.factor
        met |= dict.fromkeys(found)
    record = rescaled(result.program, result.record, factors)
    busy = sum(sum(result.layers[number].busy_ps.values()) for number in met)
    changed = ChangedWork(changes, tuple(layers[number].name for number in met), busy, result)
    named = f"{result.name}, {changed.title}"
    return replace(changed, result=replace(result, name=named, record=record, expectations=()))


def meets(pattern: str, layer: Layer) -> bool:
    """Whether a pattern names a layer: by its kind, its name, the last part of its name, or its module.

    Patterns are globs, and case does not matter. A module stands for all within it: `layer4` for
    `layer4.0.conv1`.
    """
    pattern = pattern.strip().lower()
    name, block = layer.name.lower(), layer.block.lower()
    texts = {layer.kind.lower(), name, name.rpartition("/")[2], block}
    if any(fnmatchcase(text, pattern) for text in texts if text):
        return True
    parts = re.split(r"[/.]", block)
    size = len(re.split(r"[/.]", pattern))
    return any(
        fnmatchcase(".".join(parts[at : at + size]), pattern.replace("/", "."))
        for at in range(len(parts) - size + 1)
    )


def _nothing(result: Result, pattern: str) -> SimresError:
    busy: dict[str, int] = {}
    for layer in result.layers:
        busy[layer.kind] = busy.get(layer.kind, 0) + sum(layer.busy_ps.values())
    kinds = sorted(busy, key=lambda kind: -busy[kind])[:_KNOWN]
    return SimresError(
        f"no kind, layer or module of `{result.name}` is `{pattern}`",
        f"the kinds with most work: {', '.join(kinds)}; globs such as `*conv*` name several",
    )
