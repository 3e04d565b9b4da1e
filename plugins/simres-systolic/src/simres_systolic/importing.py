"""`simres import scalesim`: a topology, and with a configuration the scenario that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simres.errors import SimresError
from simres.files import read_text
from simres.plugins.imported import Imported
from simres_systolic import configuration, topology

LARGEST_BYTES = 1 << 20
"""Of a file; those that come with SCALE-Sim have 10 kB."""

USAGE = "simres import scalesim TOPOLOGY.csv [CONFIGURATION.cfg]"


def read(paths: Sequence[Path]) -> Imported:
    """One topology (`.csv`) and at most one configuration (`.cfg`), in any order.

    Raises `SimresError` where they are not that, `InvalidFile` for what is wrong in one.
    """
    topologies = [path for path in paths if path.suffix.lower() == ".csv"]
    configurations = [path for path in paths if path.suffix.lower() == ".cfg"]
    others = [path for path in paths if path not in (*topologies, *configurations)]
    if others:
        raise SimresError(f"`{others[0]}` is neither a topology (.csv) nor a configuration (.cfg)", USAGE)
    if len(topologies) != 1 or len(configurations) > 1:
        found = f"{len(topologies)} topologies and {len(configurations)} configurations"
        raise SimresError(f"one topology and at most one configuration, not {found}", USAGE)
    source = topologies[0]
    layers = topology.read(read_text(source, "topology", largest=LARGEST_BYTES), str(source), source.stem)
    scenario = None
    if configurations:
        said = read_text(configurations[0], "SCALE-Sim configuration", largest=LARGEST_BYTES)
        scenario = configuration.read(said, str(configurations[0])).scenario
    return Imported(layers.workload, scenario, layers.left_out)
