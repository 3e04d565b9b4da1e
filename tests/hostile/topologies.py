"""Hostile files of SCALE-Sim: topologies and configurations."""

from __future__ import annotations

from pathlib import Path
from random import Random

from simres.plugins.registry import Registry
from tests.hostile import mutations
from tests.hostile.judging import Attempt, put
from tests.hostile.mutations import YAML

_HEADINGS = b"Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
TOPOLOGIES = (
    _HEADINGS
    + b"Conv1, 230, 230, 7, 7, 3, 64, 2,\nConv2_DP, 58, 58, 3, 3, 64, 1, 1,\nFC, 1, 1, 1, 1, 512, 9, 1\n",
    b"Layer, M, N, K,\nqkv, 197, 2304, 768,\nproj, 197, 768, 768, 1:1\n",
    _HEADINGS + b"a, 8, 8, 3, 3, 1, 1, 1, 2\n",
)
CONFIGURATION = b"""[general]
run_name = x

[architecture_presets]
ArrayHeight: 32
ArrayWidth: 32
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
Dataflow : ws
Bandwidth : 10

[run_presets]
InterfaceBandwidth: USER
"""


def topology(rng: Random, folder: Path) -> Attempt:
    words = (
        "",
        "0",
        "-1",
        "1e3",
        "9" * 5000,
        "2147483648",
        "2147483647",
        "1:2",
        "4:4",
        "²",
        "DP",
        " ",
        ",",
        '"a"',
        "x",
    )
    files = []
    for name, data in (("layers.csv", rng.choice(TOPOLOGIES)), ("scale.cfg", CONFIGURATION)):
        if rng.random() < 0.7 or name == "layers.csv":
            how = rng.random()
            if how < 0.6:
                data = mutations.lines_changed(rng, data, words + YAML)
            elif how < 0.95:
                data = mutations.bytes_changed(rng, data)
            else:
                data = rng.choice((b"a,1,1,1\n" * 30_000, b"," * 200_000, b"[a]\n" * 20_000, data * 300))
            files.append(put(folder, name, data))

    def read() -> None:
        from simres_systolic.importing import read as read_files

        from simres.commands.import_ import checked, scenario_text
        from simres.workload.json import dumps

        imported = checked(read_files(files), str(files[0]))
        dumps(imported.workload)
        if imported.scenario is not None:
            scenario_text(imported, files[-1], Registry())

    return Attempt(read, tuple(map(str, files)))
