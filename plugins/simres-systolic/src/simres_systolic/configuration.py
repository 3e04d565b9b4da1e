"""SCALE-Sim's configuration files: an array, three buffers and their bandwidth, as a simres scenario."""

from __future__ import annotations

import re
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
)
from dataclasses import dataclass

from simres.errors import InvalidFile, Problem
from simres_systolic.mapping import SCALESIM, Dataflow

SCENARIO = """\
hardware:
  # SCALE-Sim counts cycles and has no clock: at 1 GHz a cycle is a nanosecond.
  matrix:
    kind: array
    rows: {configuration.rows}
    columns: {configuration.columns}
    dataflow: {configuration.dataflow}
    clock: 1 GHz
    counting: scalesim
  # Its buffers for inputs, filters and outputs ({configuration.each} KiB), taken as one.
  sram:
    kind: sram
    capacity: {configuration.capacity} KiB
  # {configuration.bandwidth_reason}
  ddr:
    kind: ddr
    bandwidth: {configuration.bandwidth} GB/s
    # One for loads and one for stores, so that a result on its way out does not hold up what comes next.
    channels: 2

# Cuts layers into tiles that fit the memory, and prices each tile as a layer of its own. Where every layer
# fits, `serial` keeps them whole, and their compute cycles are SCALE-Sim's.
scheduler: overlapped

# Output sizes are those of the network. To count one row more where the stride leaves a remainder:
# passes: [scalesim_shapes]
"""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration says that has a meaning here; `bandwidth` in words, which are bytes, a cycle."""

    name: str
    rows: int
    columns: int
    dataflow: Dataflow
    buffers: tuple[int, int, int]
    bandwidth: int
    bandwidth_reason: str

    @property
    def each(self) -> str:
        """KiB of each buffer, for people."""
        return " + ".join(map(str, self.buffers))

    @property
    def capacity(self) -> int:
        """KiB of all buffers."""
        return sum(self.buffers)

    @property
    def scenario(self) -> str:
        """The scenario below its name and workload, as YAML with a reason for each figure."""
        return SCENARIO.format(configuration=self)


class _Reader:
    """One file, its problems gathered."""

    def __init__(self, text: str, path: str) -> None:
        self.lines = text.splitlines()
        self.path = path
        self.problems: list[Problem] = []
        self.parser = ConfigParser(interpolation=None)
        try:
            self.parser.read_string(text, path)
        except MissingSectionHeaderError as error:
            self.problems.append(Problem(error.lineno, 1, "must begin with a [section]"))
        except ParsingError as error:
            lines = [line for line, _ in error.errors[:20]] or [getattr(error, "lineno", 0)]
            self.problems += [Problem(line, 1, "is no `Key = value`") for line in lines]
        except (DuplicateOptionError, DuplicateSectionError) as error:
            option = getattr(error, "option", None)
            named = f"`{option}` stands" if option else f"section [{error.section}] stands"
            self.problems.append(Problem(error.lineno or 0, 1, f"{named} twice"))
        self.raise_any()

    def raise_any(self) -> None:
        if self.problems:
            raise InvalidFile("SCALE-Sim configuration", self.path, self.problems)

    def add(self, key: str, message: str) -> None:
        """A problem with a key, at its line."""
        pattern = re.compile(rf"\s*{re.escape(key)}\s*[:=]", re.IGNORECASE)
        line = next((number for number, text in enumerate(self.lines, 1) if pattern.match(text)), 0)
        self.problems.append(Problem(line, 1 if line else 0, message))

    def text(self, section: str, key: str, default: str | None = None) -> str:
        """A value; a problem where it is missing and has no default."""
        found = self.parser.get(section, key, fallback=default)
        if found is None:
            self.problems.append(Problem(0, 0, f"[{section}] {key} is missing"))
        return (found or "").strip()

    def number(self, section: str, key: str) -> int:
        """A whole number from 1."""
        found = self.text(section, key)
        if found.isdecimal() and len(found) <= 20 and 1 <= int(found) < 2**31:
            return int(found)
        if self.parser.has_option(section, key):
            self.add(key, f"{key} must be a whole number from 1, is `{found[:40]}`")
        return 1

    def buffer(self, section: str, of: str) -> int:
        """KiB of a buffer: `IfmapSramSzkB`, which the first SCALE-Sim calls `IfmapSramSz`."""
        first, now = f"{of}SramSz", f"{of}SramSzkB"
        named = first if self.parser.has_option(section, first) else now
        return self.number(section, now if self.parser.has_option(section, now) else named)


def read(text: str, path: str) -> Configuration:
    """The configuration in `text`; `path` is what errors call the file.

    Raises `InvalidFile` with everything that is wrong in it, or asks for what is not modelled.
    """
    reader = _Reader(text, path)
    architecture = "architecture_presets"
    rows, columns = reader.number(architecture, "ArrayHeight"), reader.number(architecture, "ArrayWidth")
    ifmap, filters, ofmap = (reader.buffer(architecture, of) for of in ("Ifmap", "Filter", "Ofmap"))
    dataflow = reader.text(architecture, "Dataflow").strip("\"'").lower()
    if dataflow not in SCALESIM and reader.parser.has_option(architecture, "Dataflow"):
        reader.add("Dataflow", f"Dataflow must be one of {', '.join(SCALESIM)}, is `{dataflow[:40]}`")
    if reader.text("sparsity", "SparsitySupport", "false").lower() == "true":
        reader.add("SparsitySupport", "SparsitySupport: sparse layers are not modelled")
    mode = reader.text("run_presets", "InterfaceBandwidth", "CALC")
    bandwidth = rows + 2 * columns
    reason = "It is to work out the bandwidth: as much as all edges of the array can take or give in a cycle."
    if mode == "USER":
        first, _, _ = reader.text(architecture, "Bandwidth").partition(",")
        bandwidth = int(first) if first.strip().isdecimal() and len(first) <= 20 else 0
        reason = "The stated words (bytes) a cycle; SCALE-Sim gives them to each of its three streams."
        if bandwidth < 1 and reader.parser.has_option(architecture, "Bandwidth"):
            reader.add("Bandwidth", f"Bandwidth must be whole numbers from 1, is `{first[:40]}`")
    elif mode != "CALC":
        reader.add("InterfaceBandwidth", f"InterfaceBandwidth must be USER or CALC, is `{mode[:40]}`")
    reader.raise_any()
    name = reader.text("general", "run_name", "").strip('"')
    return Configuration(name, rows, columns, Dataflow(dataflow), (ifmap, filters, ofmap), bandwidth, reason)
