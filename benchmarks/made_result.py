"""A result as large as asked, made up: a convolutional network in tiles, with buffers and regions."""

from __future__ import annotations

from itertools import count

from simres.analysis.bounds import bounds
from simres.hardware.chip import Chip
from simres.program import Program, TaskKind, Work
from simres.program.draft import Draft
from simres.result import Result
from simres.result.data import EngineDescription, Origin
from simres.simulation.run import run
from simres.testing import behaviours, paper_chip
from simres.workload import Ledger, Row

_TILES = 250
"""Tiles of a layer: load a weight and an input, multiply, let the host finish, store."""


def program(spans: int, chip: Chip) -> Program:
    """About so many tasks in layers of `_TILES` tiles; sizes repeat in a fixed, uneven pattern."""
    draft = Draft(chip)
    for number in count():
        name = f"layers.{number // 10}.{number % 10}.conv"
        draft.layer(name, "conv", f"layers.{number // 10}")
        for tile in range(_TILES):
            if len(draft.tasks) + 5 > spans:
                return draft.freeze("made", "made")
            size = 256 * (1 + (7 * tile + number) % 13)
            box = ((0, 1), (tile, tile + 1), (0, 32), (0, 32))
            weight, x, y = f"{name}.weight", f"{name}.x", f"{name}.y"
            uses = [draft.buffer(tensor, size, "sram", box) for tensor in (weight, x)]
            for region in uses:
                draft.load(region)
            out = draft.buffer(y, size, "sram", box)
            macs, ops = 600_000 + 90_000 * (tile % 17), 20 * size // (1 + tile % 5)
            draft.task("matrix", TaskKind.MATRIX, Work(macs=macs), reads=uses, writes=[out])
            draft.task("host", TaskKind.HOST, Work(vector_ops=ops), reads=[out], writes=[out])
            draft.store(out)
    raise AssertionError


def result(spans: int) -> Result:
    """That program run on the paper's chip."""
    chip = paper_chip("64 KiB")
    made = program(spans, chip)
    record, chain_ps = run(made, chip, behaviours(chip))
    ledger = Ledger("made", tuple(Row(layer.name, 0, 0, 0, 0, 0) for layer in made.layers))
    parts = {
        name: EngineDescription(
            spec.kind, chip.roles[chip.component_of(name)].value, getattr(spec, "bandwidth", None)
        )
        for name, spec in chip.engines.items()
    }
    origin = Origin({}, ledger.digest, {}, 0)
    return Result(
        name=f"{len(record.rows)} spans",
        workload=ledger,
        chip=parts,
        program=made,
        record=record,
        bounds=bounds(ledger, made, chip, chain_ps),
        origin=origin,
    )
