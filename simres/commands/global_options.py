"""Options given before the command's name, for the commands to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simres.plugins.registry import Registry

plugins = True
"""False under `--no-plugins`."""


def registry() -> Registry:
    """The registry that this process uses."""
    from simres.plugins.registry import Registry

    return Registry(external=plugins)
