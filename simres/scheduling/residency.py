"""What is on chip when: pieces come in, are made, evicted and dropped, with the future known.

The walk follows the steps in order and keeps what fits. When it does not, the piece whose next use is
furthest away goes (Belady's rule, IBM Systems Journal 1966), written back first if there is no copy
off-chip; a piece that nobody needs any more goes at once. Each time that a piece spends on chip is a
`Stay`; `earliest` then says how far ahead of its need each could come in.
"""

from __future__ import annotations

from dataclasses import dataclass

from simres.errors import AnswerIsNo
from simres.scheduling.ordering import ordered
from simres.scheduling.tiling import Piece, Step, Tiling
from simres.workload import Role

NEVER = 1 << 62


@dataclass(slots=True)
class Stay:
    """One time that a piece is on chip: from before step `start` to after step `last`.

    `loaded` says that it comes over the bus, to be read by step `start`; `stored` that it is written back
    after `last`. `follows` is the stay whose buffer it takes over.
    """

    piece: Piece
    start: int
    last: int
    loaded: bool
    stored: bool = False
    follows: Stay | None = None


class Residency:
    """The walk over a tiling's steps: every stay, the bytes held at each step, and what was spilled."""

    def __init__(self, tiling: Tiling) -> None:
        self.tiling = tiling
        self.steps = ordered(tiling)
        workload = tiling.workload
        self._outputs = {workload.storage(name) for name in workload.outputs}
        self._copied = {
            tensor.name for tensor in workload.tensors.values() if tensor.role is not Role.ACTIVATION
        }
        """Stored tensors of which every piece lies off-chip from the start."""
        self._sizes: dict[Piece, int] = {}
        self._written: dict[Piece, int] = {}
        """Pieces written back, and the step after which."""
        self._uses: dict[Piece, list[int]] = {}
        for position in range(len(self.steps) - 1, -1, -1):
            for piece in self.steps[position].inputs:
                self._uses.setdefault(piece, []).append(position)
        self.stays: list[Stay] = []
        self.by_step: list[dict[Piece, Stay]] = []
        self._here: dict[Piece, Stay] = {}
        self._free = tiling.spec.capacity
        for position, step in enumerate(self.steps):
            self._step(position, step)
        self.held = self._occupancy()

    def size(self, piece: Piece) -> int:
        """Bytes that a piece takes on chip."""
        size = self._sizes.get(piece)
        if size is None:
            size = self._sizes[piece] = self.tiling.spec.occupied(self.tiling.nbytes(piece))
        return size

    def written(self, piece: Piece) -> int:
        """The step after which a piece was written back; -1 where it lay off-chip from the start."""
        return self._written.get(piece, -1)

    @property
    def spilled(self) -> int:
        """Bytes written back that are no outputs."""
        return sum(self.tiling.nbytes(piece) for piece in self._written if piece[0] not in self._outputs)

    def _next_use(self, piece: Piece, position: int) -> int:
        uses = self._uses.get(piece)
        while uses and uses[-1] <= position:
            uses.pop()
        return uses[-1] if uses else NEVER

    def _step(self, position: int, step: Step) -> None:
        here = self._here
        over = step.over
        if over is not None and self._next_use(over, position) != NEVER:
            over = None
        if over is not None and over[0] in self._outputs and over not in self._written:
            over = None
        needed = dict.fromkeys(step.inputs)
        missing = [piece for piece in needed if piece not in here]
        made = [piece for piece in step.outputs if piece not in here]
        lacking = sum(self.size(piece) for piece in (*missing, *made))
        if over is not None:
            lacking -= self.size(over)
        if lacking > self._free:
            self._evict(position, lacking, needed)
        for piece in missing:
            self._enter(Stay(piece, position, position, loaded=True))
        for piece in made:
            stay = Stay(piece, position, position, loaded=False)
            if over is not None:
                stay.follows = here.pop(over)
                stay.follows.last = position - 1
                self._free += self.size(over)
                over = None
            self._enter(stay)
        # Where the output took an input's place, that input is here no longer.
        using = {piece: here[piece] for piece in (*needed, *step.outputs) if piece in here}
        for stay in using.values():
            stay.last = position
        self.by_step.append(using)
        for piece, stay in using.items():
            if piece in step.outputs and piece[0] in self._outputs:
                stay.stored = True
                self._written[piece] = position
            if self._next_use(piece, position) == NEVER:
                self._leave(piece)

    def _enter(self, stay: Stay) -> None:
        self._here[stay.piece] = stay
        self.stays.append(stay)
        self._free -= self.size(stay.piece)

    def _leave(self, piece: Piece) -> None:
        del self._here[piece]
        self._free += self.size(piece)

    def _evict(self, position: int, lacking: int, needed: dict[Piece, None]) -> None:
        """Makes room, the furthest next use first: by operator, then by step, then the larger piece.

        By operator first, so that of two tensors that are read side by side one goes and one stays:
        with half of each, every step would have to bring in two pieces for the one it makes.
        """

        def distance(piece: Piece) -> tuple[int, int, int]:
            use = self._next_use(piece, position)
            return (NEVER if use == NEVER else self.steps[use].op, use, self.size(piece))

        spare = sorted((piece for piece in self._here if piece not in needed), key=distance)
        while lacking > self._free:
            if not spare:
                op, spec = self.tiling.ops[self.steps[position].op], self.tiling.spec
                short = lacking - self._free
                raise AnswerIsNo(
                    f"`{op.name}` ({op.kind}) does not fit: a tile and what it reads take "
                    f"{spec.capacity + short} B, `{self.tiling.memory}` holds {spec.capacity} B, "
                    f"short by {short} B"
                )
            victim = spare.pop()
            if victim[0] not in self._copied and victim not in self._written:
                stay = self._here[victim]
                stay.stored = True
                self._written[victim] = stay.last
            self._leave(victim)

    def _occupancy(self) -> list[int]:
        """Bytes held at each step."""
        change = [0] * (len(self.steps) + 1)
        for stay in self.stays:
            if stay.last >= stay.start:
                size = self.size(stay.piece)
                change[stay.start] += size
                change[stay.last + 1] -= size
        held, total = [], 0
        for amount in change[:-1]:
            total += amount
            held.append(total)
        return held

    def earliest(self) -> dict[int, int]:
        """For every load, the step from before which there is room for it all the way to its need.

        By identity of the stay. Loads keep the order of need, and stay behind the write-back of their
        own piece.
        """
        held, capacity = list(self.held), self.tiling.spec.capacity
        found: dict[int, int] = {}
        bound = 0
        for stay in self.stays:
            if not stay.loaded:
                continue
            size = self.size(stay.piece)
            least = max(bound, self._written.get(stay.piece, -1) + 1)
            start = stay.start
            while start > least and held[start - 1] + size <= capacity:
                start -= 1
                held[start] += size
            found[id(stay)] = bound = start
        return found
