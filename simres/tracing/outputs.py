"""Finds the tensors in any return value of a network; torch.export knows only its own containers."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence, Set, ValuesView
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType

import torch
from torch import Tensor, nn

DEEPEST = 32
"""Objects inside one another; deeper than that nothing is looked for."""
MOST_STEPS = 10_000
"""Results of an iterator that are looked at."""

_PLAIN = (
    type(None),
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    range,
    enum.Enum,
    type,
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    nn.Module,
    nn.Parameter,
    torch.device,
    torch.dtype,
)
"""What no result of a network is: left out, and nothing is said."""


@dataclass(slots=True)
class Found:
    """The tensors found in a result, each once, and what else is in it, in words."""

    tensors: list[Tensor] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _seen: dict[int, object] = field(default_factory=dict)

    def look(
        self, value: object, place: str = "the result", depth: int = 0, *, attribute: bool = False
    ) -> bool:
        """Looks for tensors in containers and in the attributes of objects; True where there was one.

        An object without any is left out with a word, unless it is an `attribute` of another.
        """
        if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
            return self._tensor(value, place)
        if isinstance(value, _PLAIN) or id(value) in self._seen:
            return False
        self._seen[id(value)] = value
        if depth > DEEPEST:
            self.left_out.append(f"{place}, which is nested too deep")
            return False
        inside = _items(value)
        container = isinstance(value, Mapping | Sequence | Set | Iterator | ValuesView)
        found = [
            self.look(item, f"{place}{key}", depth + 1, attribute=not container)
            for key, item in (inside if container else _attributes(value))
        ]
        if not any(found) and not container and not attribute:
            self.left_out.append(f"{place}, a {type(value).__name__} in which no tensor was found")
        return any(found)

    def _tensor(self, value: Tensor, place: str) -> bool:
        if value.layout is not torch.strided or value.is_nested:
            self.left_out.append(f"{place}, a tensor in the layout {value.layout}")
            return False
        if not any(value is other for other in self.tensors):
            self.tensors.append(value)
        return True


def _items(value: object) -> list[tuple[str, object]]:
    """What a container holds, each with how one gets at it."""
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, Iterator | ValuesView):
        value = list(islice(value, MOST_STEPS))
    if isinstance(value, Sequence | Set):
        names = getattr(value, "_fields", ())
        return [
            (f".{names[number]}" if number < len(names) else f"[{number}]", item)
            for number, item in enumerate(value)
        ]
    return []


def _attributes(value: object) -> list[tuple[str, object]]:
    """What an object keeps, in `__dict__` and in slots."""
    slots = (getattr(kind, "__slots__", ()) for kind in type(value).__mro__)
    names = [name for some in slots for name in ((some,) if isinstance(some, str) else some)]
    kept = {name: getattr(value, name) for name in names if hasattr(value, name) and name[:2] != "__"}
    return [(f".{name}", item) for name, item in (kept | getattr(value, "__dict__", {})).items()]


@contextmanager
def plain_outputs(module: nn.Module) -> Iterator[list[str]]:
    """For a while `module` returns its tensors as a tuple; the list has what it left out the last time."""
    left_out: list[str] = []

    def flat(_module: nn.Module, _inputs: object, result: object) -> object:
        found = Found()
        found.look(result)
        left_out[:] = found.left_out
        return result if isinstance(result, Tensor) and found.tensors else tuple(found.tensors)

    hook = module.register_forward_hook(flat)
    try:
        yield left_out
    finally:
        hook.remove()
