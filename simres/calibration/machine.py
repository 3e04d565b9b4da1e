"""Describes this machine: processor, last-level cache, and the settings of torch."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

import torch

CPU_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
ASSUMED_CACHE = 32 << 20
"""Assumed bytes of the last cache where the system does not state its size."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor as torch uses it; `cache` is the size of its last-level cache in bytes.

    `private_cache` is that of a core's own cache, the level before; 0 if there is none.
    """

    processor: str
    device: str
    threads: int
    cache: int
    cache_known: bool
    torch: str
    private_cache: int = 0

    def __str__(self) -> str:
        """Returns one line, equal for machines whose measurements are comparable."""
        if self.device != "cpu":
            return f"{self.processor}, torch {self.torch}"
        return f"{self.processor}, {self.threads} thread{'s' * (self.threads != 1)}, torch {self.torch}"


def machine(device: torch.device) -> Machine:
    """Returns the machine of `device`, with the threads that torch is set to."""
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        name, caches = about.name, [int(getattr(about, "L2_cache_size", 0))]
    else:
        name, caches = _processor(), _caches()
    cache, private = [*caches[::-1], 0, 0][:2]
    return Machine(
        processor=name,
        device=device.type,
        threads=torch.get_num_threads(),
        cache=cache or ASSUMED_CACHE,
        cache_known=cache > 0,
        torch=torch.__version__,
        private_cache=private,
    )


def _processor() -> str:
    """Returns the system's name of the processor."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        said = ""
    named = re.search(r"^model name\s*:\s*(.+)$", said, re.MULTILINE)
    name = named[1] if named else platform.processor() or platform.machine() or "a CPU"
    return " ".join(name.split())


def _caches(folder: Path = CPU_CACHES) -> list[int]:
    """Returns the bytes of the cache of each level from the second on, as the system states them (`32768K`);
    of a single level, that one."""
    found: dict[int, int] = {}
    for index in folder.glob("index*"):
        try:
            level = int((index / "level").read_text(encoding="ascii"))
            size = re.fullmatch(r"([0-9]+)([KMG]?)\s*", (index / "size").read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if size:
            nbytes = int(size[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[size[2]]
            found[level] = max(found.get(level, 0), nbytes)
    levels = [found[level] for level in sorted(found)]
    return levels[1:] or levels
