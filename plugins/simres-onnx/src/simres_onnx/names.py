"""Names of operators after the modules that an exporter noted."""

from __future__ import annotations

import ast
from collections.abc import Container
from typing import Any


class Names:
    """Hands out unique names."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._stands_for: dict[str, str] = {}

    def unique(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`... if it is taken."""
        wanted = "".join(c if c.isprintable() else "?" for c in wanted) or "tensor"
        name = wanted
        while name in self._counts:
            self._counts[wanted] += 1
            name = f"{wanted}_{self._counts[wanted]}"
        self._counts[name] = 1
        return name

    def operator(self, path: str, kind: str, *, view: bool) -> str:
        """The module's path for the first kind that it stands for, `path.kind` for others."""
        if path and not view and self._stands_for.setdefault(path, kind) == kind:
            return self.unique(path)
        return self.unique(f"{path}.{kind}" if path else kind)


def path_of(node: Any, weights: Container[str]) -> str:
    """The module that a node is from: `layer1.0.conv1`, empty where nothing tells.

    A weight is named after its module. For what has none, torch's exporters note the module: the older one in
    the node's name (`/layer1/layer1.0/conv1/Conv`), the newer one in its metadata.
    """
    for name in node.input[1:2]:
        if name in weights and name.endswith(".weight"):
            return str(name).removesuffix(".weight")
    for item in node.metadata_props:
        if item.key == "pkg.torch.onnx.name_scopes":
            try:
                scopes = ast.literal_eval(item.value)
            except (ValueError, SyntaxError):
                break
            if isinstance(scopes, list) and len(scopes) > 1:
                return str(scopes[-2])
    if node.name.startswith("/"):
        found: list[str] = []
        for part in node.name.strip("/").split("/")[:-1]:
            if found and part.startswith(f"{found[-1]}."):
                found.pop()
            found.append(part)
        return ".".join(found)
    return ""


def block_of(path: str) -> str:
    """The module that holds the one at `path`."""
    return path.rpartition(".")[0]
