"""A bus that serves transfers in order and keeps its clock as an exact ratio."""

from __future__ import annotations

from fractions import Fraction

from simpy import Environment, Event

from simres.hardware.engine import Done, Engine, Stall
from simres.hardware.specs import BusSpec
from simres.program import Work
from simres.units import PS_PER_S


class Bus(Engine):
    """Moves bytes at `spec.bandwidth`; only the times it reports are rounded (up) to picoseconds.

    Inside it counts in ticks, of which a whole number make a picosecond and a whole number a byte.
    Back-to-back transfers start on the tick where the last one ended, so that a stream takes the time
    of its bytes and gathers no rounding.
    """

    def __init__(self, env: Environment, spec: BusSpec) -> None:
        super().__init__(env, spec)
        self._bus = spec
        self._ticks_per_ps = Fraction(PS_PER_S, spec.bandwidth).denominator
        self._free = 0
        self._stall = Stall(latency_ps=spec.latency) if spec.latency else None

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:
        """See `Engine.begin`. The latency comes first, as a stall; then the bytes."""
        ticks_per_ps = self._ticks_per_ps
        if ticks_per_ps > 1:
            now = int(self.env.now)
            start = self._free if queued else now * ticks_per_ps
            exact = self._bus.transfer_ps(work.nbytes) + self._bus.latency
            self._free = start + exact.numerator * (ticks_per_ps // exact.denominator)
            duration_ps = -(-self._free // ticks_per_ps) - now
        return Done(self.env, duration_ps, self._stall)
