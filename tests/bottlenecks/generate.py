"""Writes `branches.json`: one map, six convolutions of it, each with an activation and an output of its own.

The branches do not depend on each other, so whatever holds one of them up is the chip's doing.
"""

from __future__ import annotations

import json
from pathlib import Path

from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload, to_document

BRANCHES, CHANNELS, ROWS, OUT = 6, 8, 32, 32


def branches() -> Workload:
    tensors = {"x": Tensor("x", Role.INPUT, (1, CHANNELS, ROWS, ROWS))}
    ops = []
    for number in range(BRANCHES):
        loops = Loops(m=OUT, c=CHANNELS, p=ROWS, q=ROWS, r=3, s=3)
        made = (f"branch{number}.conv", f"branch{number}.relu")
        weight = f"{made[0]}.weight"
        tensors[weight] = Tensor(weight, Role.WEIGHT, (OUT, CHANNELS, 3, 3))
        for name in made:
            tensors[name] = Tensor(name, Role.ACTIVATION, (1, OUT, ROWS, ROWS))
        ops += [
            Op(
                name=made[0],
                kind="conv",
                unit=Unit.MATRIX,
                inputs=("x", weight),
                outputs=made[:1],
                macs=loops.macs,
                loops=loops,
                window=Window((3, 3), padding=(1,) * 4),
            ),
            Op(
                name=made[1],
                kind="relu",
                unit=Unit.HOST,
                inputs=made[:1],
                outputs=made[1:],
                vector_ops=tensors[made[1]].elements,
            ),
        ]
    return Workload("branches", tensors, tuple(ops), tuple(op.outputs[0] for op in ops[1::2]))


if __name__ == "__main__":
    text = json.dumps(to_document(branches()), indent=1) + "\n"
    (Path(__file__).parent / "branches.json").write_text(text, encoding="utf-8")
