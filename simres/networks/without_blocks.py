"""Removes residual blocks from a network; the shortcut of each stays."""

from __future__ import annotations

from torch import nn

from simres.errors import SimresError

SHORTCUT_NAMES = ("shortcut", "downsample", "skip")
"""Names of the shortcut in blocks of simres and of other packages."""


def removable(module: nn.Module) -> tuple[str, ...]:
    """Returns the residual blocks of a network by path (`layers.0`), in the order of its modules.

    A residual block is a module with a shortcut: an attribute `shortcut`, `downsample` or `skip`, which may
    be None where the shortcut is the identity. Blocks nested in blocks are not listed.
    """
    found: list[str] = []
    for path, child in module.named_modules():
        inside = any(path.startswith(f"{block}.") for block in found)
        if path and not inside and any(hasattr(child, name) for name in SHORTCUT_NAMES):
            found.append(path)
    return tuple(found)


def remove(module: nn.Module, block: str) -> None:
    """Replaces `block`, in place, by its shortcut: y = x + F(x) becomes y = x, without the ReLU after it.

    The ReLU is removed because its input is the output of another ReLU in all these networks, except behind a
    projection, whose values may be negative; there it stays. Raises `SimresError` if there is no such block.
    """
    if block not in removable(module):
        known = ", ".join(removable(module)) or "none"
        raise SimresError(f"there is no residual block `{block}` to remove", f"blocks: {known}")
    parent, _, name = block.rpartition(".")
    setattr(module.get_submodule(parent), name, remains(module.get_submodule(block)))


def remains(block: nn.Module) -> nn.Module:
    """Returns the part of a residual block that stays when the block is removed."""
    shortcut = next(getattr(block, name) for name in SHORTCUT_NAMES if hasattr(block, name))
    projects = shortcut is not None and any(True for _ in shortcut.parameters())
    preactivated = bool(getattr(block, "preactivated", False))
    left: nn.Module = nn.Identity() if shortcut is None else shortcut
    if projects and not preactivated:
        left = nn.Sequential(left, nn.ReLU())
    return left
