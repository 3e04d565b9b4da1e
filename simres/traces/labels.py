"""What a stretch of a trace belongs to: a module, a kind of operator, and what ran."""

from __future__ import annotations

import re
from typing import NamedTuple

from simres.program.tasks import Layer
from simres.traces.events import Frame, Slice
from simres.traces.reading import MODULE

UNTRACED = "untraced"
"""The kind of time on a thread for which there is no event: code without one, or a wait for something that
the trace does not name."""
PYTHON = "python"
"""The kind of functions of Python outside any operator."""
_EVALUATED = "autograd::engine::evaluate_function: "
_NUMBERED = re.compile(r"#\d+$")
_ADDRESS = re.compile(r" object at 0x[0-9a-f]+")
_PARAMETERS = re.compile(r"[<(].*", re.DOTALL)
_LONGEST = 120


class Label(NamedTuple):
    """`block` is the path of modules and named stretches, `kind` the outermost operator, `leaf` what ran
    inside it. Outside any operator `operator` is false."""

    block: str
    kind: str
    leaf: str
    operator: bool

    @property
    def layer(self) -> Layer:
        """The layer under which the time is reported."""
        parts = [self.block, self.kind, self.leaf if self.leaf != self.kind else ""]
        return Layer("/".join(part for part in parts if part), self.kind, self.block)


OUTSIDE = Label("", UNTRACED, UNTRACED, False)


class Labels:
    """The labels of slices, each once, in the order in which they come; their layers are in `layers`."""

    def __init__(self) -> None:
        self.found: dict[Label, int] = {}
        self._inside: dict[tuple[int, str, str, int], int] = {}

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layer of each label."""
        return tuple(label.layer for label in self.found)

    def number(self, label: Label) -> int:
        """The number of a label."""
        return self.found.setdefault(label, len(self.found))

    def inside(self, parent: Label, own: Slice) -> Label:
        """The label of a slice within another's; `OUTSIDE` is around all of them."""
        block, name = parent.block, _short(own.name)
        if own.frame is Frame.MODULE or own.frame is Frame.NOTE:
            name = _NUMBERED.sub("", name.removeprefix(MODULE))
            if own.frame is Frame.MODULE or name == own.name:  # a numbered step is the same in each step
                block = f"{block}/{name}" if block else name
            return parent._replace(block=block, leaf=parent.leaf if parent.operator else UNTRACED)
        if own.frame is Frame.PYTHON:
            name = _ADDRESS.sub("", name)
            return parent if parent.operator else Label(block, PYTHON, name, False)
        if own.frame is Frame.DEVICE:
            name = kernel(own.name)
        return Label(block, parent.kind if parent.operator else own.hint or plain(name), plain(name), True)


def plain(name: str) -> str:
    """The name of an operator without the name space of torch's own: `aten::add_` is `add_`."""
    return _short(name.removeprefix(_EVALUATED).removeprefix("aten::"))


def kernel(name: str) -> str:
    """The name of a kernel without return type, name space, template arguments and parameters."""
    name = _PARAMETERS.sub("", name.replace("(anonymous namespace)::", "").removeprefix("void ")).strip()
    return _short(name.rpartition("::")[2]) or "kernel"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}..."
