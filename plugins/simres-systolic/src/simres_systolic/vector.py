"""A vector unit that takes operators in passes through ports of its own."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Annotated, NamedTuple

from pydantic import Field

from simres.hardware.area_costs import processor_um2
from simres.hardware.energy_costs import INSTRUCTION_FJ, EnergyCosts
from simres.hardware.specs import HostUnitSpec
from simres.program import Work
from simres.units import PS_PER_S, Bandwidth, Duration, Energy, Frequency
from simres.workload import Op
from simres.workload.kinds import KINDS
from simres.workload.operators import BITS

Rate = Annotated[int, Field(strict=True, ge=1, le=1 << 40)]

OPERANDS = "operand_dtype"
"""The attribute of an operator whose operands have another data type than its result."""
DIVIDING = frozenset({"div", "sigmoid", "silu"})
"""Kinds with a division for each element."""
BY_CHANNEL = frozenset({"batch_norm", "bias"})
"""Elementwise kinds whose further operands are a value a channel, which takes no time."""
MOST_OPS = max(kind.cost.ops for kind in KINDS.values() if kind.cost is not None)
"""Vector operations an element, of the kind that has the most."""


class Stream(NamedTuple):
    """What a pass moves: elements, values of each in and out, and bytes of each from and to memory."""

    elements: Fraction
    read: int
    written: int
    bytes_read: Fraction
    bytes_written: Fraction


class VectorSpec(HostUnitSpec):
    """A vector unit behind a memory: each operator is a pass over its elements, or several.

    A pass brings values in by one port and takes results out by another, and both use the memory behind.
    The first elements, as many as `staging`, come in before anything leaves, so their times add up; of
    what follows only the slowest of ports and memory counts. A normalisation has a pass for each of its
    statistics; what the first pass has read the others find near. Poolings go by their windows.
    """

    clock: Frequency
    """Its clock."""
    port: Rate
    """Values that come in a cycle, and as many that go out."""
    memory: Bandwidth | None = None
    """Rate of the memory behind it, one way at a time; by default it takes no time, as the bus has it."""
    memory_both: Bandwidth | None = None
    """Rate of that memory where it is read and written at once; by default `memory`."""
    staging: Annotated[int, Field(strict=True, ge=0, le=1 << 40)] = 0
    """Elements of a pass of which in and out do not overlap."""
    divisions: Rate | None = None
    """Divisions a cycle; by default they take no time beside the ports."""
    windows: Rate | None = None
    """Inputs of the windows of a pooling that are taken a cycle; by default as many as `port`."""
    launch: Duration = 0
    """Time lost at the start of every pass."""
    energy_per_operation: Energy = INSTRUCTION_FJ
    """Energy of a vector operation; the default is a whole instruction of a scalar processor (45 nm)."""

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(operation_fj=self.energy_per_operation, static_uw=self.static_power)

    def cells_um2(self, nm: int) -> int:
        """As many simple processors as values come in a cycle."""
        return processor_um2(self.port, nm)

    @property
    def task_ps(self) -> int:
        return self.launch

    def at_peak_ps(self, work: Work) -> Fraction:
        """An element a port's step, and nothing else. Of work without an operator, those of the kind with the
        most operations an element."""
        found = sum(
            (share / MOST_OPS if part is None else _elements(part, share) for part, share in _parts(work)),
            Fraction(0),
        )
        return found * PS_PER_S / (max(self.port, self.windows or 0) * self.clock)

    def duration_ps(self, work: Work) -> int:
        return ceil(sum((self._part_ps(part, share, work) for part, share in _parts(work)), Fraction(0)))

    def _part_ps(self, op: Op | None, share: Fraction, work: Work) -> Fraction:
        elements = _elements(op, share)
        kind = KINDS.get(op.kind) if op is not None else None
        if op is None or kind is None:
            return self._pass_ps(_stream(elements, 1, 1, work, op))
        if kind.pooling:
            area = op.window.kernel[0] * op.window.kernel[1] if op.window else 1
            found = self.launch + elements * PS_PER_S / ((self.windows or self.port) * self.clock)
            if op.kind == "avg_pool":  # the sums are divided by a multiplication of their own
                found += self._pass_ps(_stream(elements / area, 1, 1, work, op)) - self.launch
            return found
        passes = 1 + kind.statistics // 2
        operands = len(op.inputs) if kind.elementwise and op.kind not in BY_CHANNEL else 1
        found = Fraction(0)
        for number in range(passes):
            stream = _stream(elements, operands, int(number == passes - 1), work, op)
            found += self._pass_ps(stream if number == 0 else stream._replace(bytes_read=Fraction(0)))
        if op.kind in DIVIDING and self.divisions is not None:
            found += elements * PS_PER_S / (self.divisions * self.clock)
        return found

    def _pass_ps(self, stream: Stream) -> Fraction:
        value = Fraction(PS_PER_S, self.port * self.clock)
        read, written = stream.read * value, stream.written * value
        moved, both = Fraction(0), Fraction(0)
        if self.memory is not None:
            moved = (stream.bytes_read + stream.bytes_written) * PS_PER_S / self.memory
            streams = stream.bytes_read and stream.bytes_written
            both = moved * self.memory / (self.memory_both or self.memory) if streams else moved
        hidden: Fraction = max(read, written, both)
        shown: Fraction = read + written + moved - max(read, written, moved)
        first = min(stream.elements, Fraction(self.staging))
        return self.launch + stream.elements * hidden + first * shown


def _parts(work: Work) -> list[tuple[Op | None, Fraction]]:
    """The operators in `work`, each with its vector operations in this task."""
    if not work.vector_ops:
        return []
    op = work.op
    if op is None or not op.vector_ops:  # of an operator, no more than its kind is known
        return [(op, Fraction(work.vector_ops))]
    share = Fraction(work.vector_ops, op.vector_ops)
    return [(part, part.vector_ops * share) for part in op.parts() if part.vector_ops]


def _elements(op: Op | None, vector_ops: Fraction) -> Fraction:
    """Elements of so many vector operations of an operator; of a pooling, the inputs of its windows."""
    kind = KINDS.get(op.kind) if op is not None else None
    return vector_ops / kind.cost.ops if kind is not None and kind.cost is not None else vector_ops


def _stream(elements: Fraction, read: int, written: int, work: Work, op: Op | None) -> Stream:
    result = BITS.get(work.dtype, 8)
    stated = op.attributes.get(OPERANDS) if op is not None else None
    operand = BITS.get(stated, result) if isinstance(stated, str) else result
    return Stream(elements, read, written, Fraction(read * operand, 8), Fraction(written * result, 8))
