"""Names of engines and memories: a component, one of its channels, and the tenant that uses it.

Documents, tables and Records hold names as text, such as `ddr.0`. This module is the only one that knows how
that text is put together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache, total_ordering

from simres.errors import SimresError

_FORM = re.compile(r"([^.]+)(?:\.(0|[1-9][0-9]{0,8}))?(?:\.([^.0-9][^.]*))?", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class EngineName:
    """The name of an engine or a memory.

    `component` is its name under `hardware:`. A component with several engines has them numbered by
    `channel`; where networks share the chip, each has its own view of every engine and memory, named after
    the `tenant`. As text: `matrix`, `ddr.0`, `matrix.left`, `ddr.0.left`. Components and tenants begin with a
    letter and contain no dot, so that each text is one name. Names are ordered by component, channel and
    tenant; a name without one of them comes before those with it.
    """

    component: str
    channel: int | None = None
    tenant: str = ""

    @classmethod
    def parse(cls, text: str) -> EngineName:
        """The name that `text` spells. Raises `SimresError` if it spells none."""
        return _parsed(text)

    @classmethod
    def channels(cls, component: str, count: int) -> tuple[str, ...]:
        """The names, as text, of the `count` engines of a component; a single one has its name."""
        if count == 1:
            return (str(cls(component)),)
        return tuple(str(cls(component, number)) for number in range(count))

    @property
    def shared(self) -> EngineName:
        """The engine of the chip behind a tenant's view; itself if it is no tenant's."""
        return replace(self, tenant="") if self.tenant else self

    def of(self, tenant: str) -> EngineName:
        """The view of `tenant`; itself if `tenant` is empty, for a network that is alone."""
        return replace(self, tenant=tenant)

    def __str__(self) -> str:
        channel = "" if self.channel is None else f".{self.channel}"
        return f"{self.component}{channel}.{self.tenant}" if self.tenant else f"{self.component}{channel}"

    def __lt__(self, other: EngineName) -> bool:
        return self._key < other._key

    @property
    def _key(self) -> tuple[str, int, str]:
        return self.component, -1 if self.channel is None else self.channel, self.tenant


@lru_cache(maxsize=4096)
def _parsed(text: str) -> EngineName:
    found = _FORM.fullmatch(text)
    if found is None:
        raise SimresError(
            f"`{text}` is not an engine name",
            "names are `component`, or `component.0` for a channel, with `.tenant` added for each tenant",
        )
    component, channel, tenant = found.groups()
    return EngineName(component, None if channel is None else int(channel), tenant or "")
