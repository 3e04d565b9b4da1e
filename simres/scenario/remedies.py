"""What to write in place of keys that a scenario does not have, where people expect them."""

from __future__ import annotations

from collections.abc import Set
from difflib import get_close_matches
from typing import Any

from simres.errors import SimresError
from simres.plugins.hooks import Component
from simres.plugins.registry import resolve
from simres.scenario.assignment import KnownParts

OF_CHIPS = {"name": "a chip is called as its file; leave it out"}
_DATA_TYPE = "a data type is a pass, `passes: [quantise_int8]`; `--int8` runs the usual ones for it"
OF_SCENARIOS = {
    **dict.fromkeys(("int8", "fp16", "bf16", "dtype", "data_type", "precision", "quantise"), _DATA_TYPE),
    "batch": "a batch is a pass, `passes: [batch_4]`; of requests, it is part of `load:`",
    "network": "write `workload`",
    "model": "write `workload`",
}


def having(hardware: Any, key: str) -> list[str]:
    """The components of a document that state a value of that name."""
    entries = hardware.items() if isinstance(hardware, dict) else ()
    return [
        str(name) for name, entry in entries if isinstance(entry, dict) and key in entry and key != "kind"
    ]


def of_another_kind(registry: KnownParts, component: Component, key: str) -> str | None:
    """Which kinds of the same role have a key, where this kind has none like it."""
    own = resolve(component.spec).model_fields
    if get_close_matches(key, own, n=1):
        return None
    alike = [name for name, other in registry.components().items() if other.role == component.role]
    kinds = [name for name in alike if name != component.kind and key in _fields(registry, name)]
    if not kinds:
        return None
    return f"`{component.kind}` has none; a component of kind `{'` or `'.join(kinds)}` has"


def _fields(registry: KnownParts, kind: str) -> Set[str]:
    """The keys of a kind of component; none of an old name, or of a broken plugin."""
    try:
        component = registry.component(kind)
        return set() if component.instead else resolve(component.spec).model_fields.keys()
    except SimresError:
        return set()
