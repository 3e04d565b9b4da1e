"""A network with all options set, as a checkpoint stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simres.errors import SimresError

NUMBERS = ("span", "classes", "channels")
TEXTS = ("block", "shortcut", "stem")


@dataclass(frozen=True, slots=True)
class Variant:
    """`network` as `simres.networks.network_names.parse` reads it; None stands for the default of the name.

    `block` is a name that `simres plugins` lists; `removed` are blocks replaced by their shortcuts, such as
    `layers.4`.
    """

    network: str
    block: str | None = None
    shortcut: str | None = None
    span: int | None = None
    stem: str | None = None
    classes: int | None = None
    channels: int | None = None
    removed: tuple[str, ...] = ()

    def without(self, *blocks: str) -> Variant:
        """Returns the same variant with more blocks removed."""
        return replace(self, removed=(*self.removed, *blocks))

    def metadata(self) -> dict[str, str]:
        """Returns the metadata of a checkpoint: texts, without values that are None."""
        chosen = {name: getattr(self, name) for name in (*TEXTS, *NUMBERS)}
        found = {"network": self.network} | {k: str(v) for k, v in chosen.items() if v is not None}
        return found | ({"removed": " ".join(self.removed)} if self.removed else {})


def variant_of(metadata: Mapping[str, str]) -> Variant:
    """Returns the variant that a checkpoint's metadata describe. Raises `SimresError`."""
    numbers: dict[str, int] = {}
    for name in NUMBERS:
        if name in metadata:
            text = metadata[name]
            if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) == int(text)):
                raise SimresError(f"`{name}` must be a whole number from 1, is `{text[:40]}`")
            numbers[name] = int(text)
    return Variant(
        network=metadata["network"],
        block=metadata.get("block"),
        shortcut=metadata.get("shortcut"),
        stem=metadata.get("stem"),
        removed=tuple(metadata.get("removed", "").split()),
        **numbers,
    )
