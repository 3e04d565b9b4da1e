"""Costs of tiles and transfers on a chip, as its components state them."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, prod

from simres.hardware.chip import Chip
from simres.hardware.specs import ComputeSpec, EngineSpec
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.scheduling.tile_work import TileWork
from simres.workload.axes import summed
from simres.workload.graph import Workload
from simres.workload.operators import Unit
from simres.workload.reading import Call

ROLES = {Unit.MATRIX: ComponentRole.MATRIX, Unit.HOST: ComponentRole.HOST}

SMALL, LARGE = 1 << 10, 1 << 20
"""Bytes of two transfers; their times give the fixed cost and the cost per byte."""


class Costs:
    """Prices on one chip, in picoseconds."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        small = self._transfer_ps(SMALL)
        self._byte_ps = (self._transfer_ps(LARGE) - small) / (LARGE - SMALL)
        self._peaks: dict[object, list[Fraction]] = {}
        """By operations and their data type: picoseconds of each unit at its peak."""
        self._transfer = max(0, small - int(self._byte_ps * SMALL))

    def _transfer_ps(self, nbytes: int) -> int:
        work = Work(nbytes=nbytes)
        load, _ = self.chip.load_and_store(work)
        return self.chip.engines[load].duration_ps(work)

    def bus_ps(self, nbytes: int, transfers: int) -> int:
        """The time of these bytes in this number of transfers, one after the other."""
        return int(nbytes * self._byte_ps) + transfers * self._transfer

    def tiles_ps(self, call: Call, parts: tuple[int, ...], chunks: int) -> int:
        """The time of an operator in tiles: `parts` of its output by axis, and `chunks` of its sum.

        The units that run the operator share the tiles; the chunks of one sum run one after the other. 0 for
        operators that run on neither a matrix unit nor a host.
        """
        role = ROLES.get(call.op.unit)
        if role is None:
            return 0
        units = list(self.chip.able(role, call.op.kind).values())
        if not units:
            self.chip.fastest(role, Work(op=call.op))  # says so
        if all(isinstance(unit, ComputeSpec) and unit.by_amount for unit in units):
            return self._by_amount_ps(call, units, prod(parts), chunks)
        total = summed(call)
        boxes: list[tuple[tuple[tuple[int, int], ...], int]] = [((), 1)]
        for size, count in zip(call.output, parts, strict=True):
            lengths = _lengths(size, count)
            boxes = [
                ((*box, (0, length)), times * often) for box, times in boxes for length, often in lengths
            ]
        found = 0
        for box, times in boxes:
            for length, often in _lengths(total, chunks):
                work = TileWork(call, total).next(box, length, 0)
                took = min([unit.duration_ps(work) for unit in units])
                found += took * times * often
        return _shared(found, prod(parts), len(units))

    def _by_amount_ps(self, call: Call, units: list[EngineSpec], tiles: int, chunks: int) -> int:
        """The same for costs that do not depend on the shape of the tiles."""
        key = (call.op.macs, call.op.vector_ops, call.dtype, call.op.unit, call.op.kind)
        peaks = self._peaks.get(key)
        if peaks is None:
            work = Work(macs=call.op.macs, vector_ops=call.op.vector_ops, dtype=call.dtype)
            peaks = self._peaks[key] = [unit.at_peak_ps(work) for unit in units]
        found = min([tiles * chunks * unit.task_ps + peak for unit, peak in zip(units, peaks, strict=True)])
        return _shared(ceil(found), tiles, len(units))

    def least_ps(self, workload: Workload) -> int:
        """The time of the busiest role if all run at peak rate, with the compulsory bytes."""
        work = Work(workload.compulsory_bytes, workload.macs, workload.vector_ops)
        return max(self.chip.least_ps(work).values(), default=0)


def _shared(total_ps: int, tiles: int, units: int) -> int:
    """The time of `total_ps` of tiles when the units share them as evenly as possible."""
    return -(-total_ps * -(-tiles // units) // tiles)


def _lengths(size: int, count: int) -> list[tuple[int, int]]:
    """The lengths of `count` nearly equal parts of an axis, each with its number of occurrences."""
    least, more = divmod(size, count)
    return [
        (length, often) for length, often in ((least, count - more), (least + 1, more)) if often and length
    ]
