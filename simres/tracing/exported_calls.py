"""One call of an exported program: its arguments by name, and which of its results are read."""

from __future__ import annotations

import operator

import torch
from torch import fx


def arguments(node: fx.Node) -> dict[str, object]:
    """Arguments by name, with the schema's defaults; by position where there is no schema."""
    schema = getattr(node.target, "_schema", None)
    found: dict[str, object] = {}
    if schema is None:
        found.update((str(index), value) for index, value in enumerate(node.args))
        return found | dict(node.kwargs)
    for index, declared in enumerate(schema.arguments):
        if index < len(node.args) and not declared.kwarg_only:
            found[declared.name] = node.args[index]
        elif declared.name in node.kwargs:
            found[declared.name] = node.kwargs[declared.name]
        elif declared.has_default_value():
            found[declared.name] = declared.default_value
    return found


def used_outputs(node: fx.Node, count: int) -> set[int]:
    """Which outputs of a node are read."""
    if not isinstance(node.meta.get("val"), list | tuple):
        return {0}
    used = {user.args[1] for user in node.users if user.target is operator.getitem and user.users}
    return {index for index in used if isinstance(index, int) and index < count}


def is_random(node: fx.Node) -> bool:
    """Whether a call draws random numbers."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


def checks_only(node: fx.Node) -> bool:
    """Whether a call makes nothing but a token of order: it looks whether something went well, or prints."""
    yielded = node.meta.get("val")
    if str(node.target) != "with_effects" or not isinstance(yielded, tuple):
        return False
    return all(one is None for one in yielded[1:])
