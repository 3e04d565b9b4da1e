"""Names of operators and blocks after the modules that they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from torch import nn


class Names:
    """Hands out unique names; `taken` are those that weights and inputs have already."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def unique(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`... if it is taken."""
        name, count = wanted, 1
        if wanted in self._taken:
            count = self._counts.get(wanted, 1)
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        self._counts[wanted] = count
        return name


class Places:
    """Where in the module tree an operator is, from what torch.export noted (`nn_module_stack`)."""

    def __init__(self, module: nn.Module) -> None:
        self._modules = dict(module.named_modules())
        self._stands_for: dict[str, str] = {}

    def path(self, stack: Mapping[str, tuple[str, object]] | None) -> str:
        """The module that called the operator: `layers.0.conv1`, empty for the network itself."""
        if not stack:
            return ""
        path = str(list(stack.values())[-1][0])
        return re.sub(r"@[0-9]+", "", path)

    def module_class(self, path: str) -> str:
        """`torch.nn.modules.conv.Conv2d`, empty if the path names no module."""
        module = self._modules.get(path)
        return f"{type(module).__module__}.{type(module).__qualname__}" if module is not None else ""

    def block(self, path: str) -> str:
        """The nearest module from `path` outwards that holds others and is no mere sequence of them."""
        while path:
            module = self._modules.get(path)
            if module is not None and any(True for _ in module.children()) and not _plumbing(module):
                return path
            path = path.rpartition(".")[0]
        return ""

    def operator(self, path: str, kind: str, view: bool) -> str:
        """`layers.0.conv1` for what one of torch's leaf modules stands for, `layers.0.add` for others."""
        module = self._modules.get(path)
        leaf = path and module is not None and _plumbing(module) and not any(True for _ in module.children())
        if leaf and not view and self._stands_for.setdefault(path, kind) == kind:
            return path
        return f"{path}.{kind}" if path else kind


def _plumbing(module: nn.Module) -> bool:
    """A container, or anything of torch.nn itself."""
    containers = nn.Sequential | nn.ModuleList | nn.ModuleDict
    return isinstance(module, containers) or type(module).__module__.startswith("torch.nn.")
