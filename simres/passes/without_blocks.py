"""Cuts residual blocks out of a traced network; the shortcut of each stays.

The result is the network that `simres.networks.without_blocks` makes of the module, without another trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from simres.errors import SimresError
from simres.passes.rebuilt import rebuilt
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role


@dataclass(frozen=True, slots=True)
class Cut:
    """What cutting a block changes: `ops` by name that stay (None: gone), and tensors read in place of
    others."""

    ops: Mapping[str, Op | None]
    instead: Mapping[str, str]


def without_blocks(workload: Workload, blocks: Sequence[str]) -> Workload:
    """Returns `workload` with each of `blocks` (module paths, such as `layers.4`) replaced by its shortcut.

    y = relu(x + F(x)) becomes y = x, or y = relu(P(x)) behind a projection P. Densities and accuracy, which
    belong to the whole network, are left out. Raises `SimresError` where a block is not there, or does not
    end in one addition.
    """
    if not blocks:
        return workload
    cuts = [cut_of(workload, block) for block in blocks]
    ops = {name: op for cut in cuts for name, op in cut.ops.items()}
    instead = {name: other for cut in cuts for name, other in cut.instead.items()}

    def read(name: str) -> str:
        while name in instead:
            name = instead[name]
        return name

    kept = [op for op in (ops.get(op.name, op) for op in workload.ops) if op is not None]
    kept = [replace(op, inputs=tuple(map(read, op.inputs))) for op in kept]
    tensors = {
        name: replace(tensor, view_of=tensor.view_of and read(tensor.view_of), density=None, deviation=None)
        for name, tensor in workload.tensors.items()
    }
    plain = replace(workload, outputs=tuple(map(read, workload.outputs)), accuracy=None, weight_digest=None)
    made = rebuilt(plain, kept, tensors)
    gone = (tensor for name, tensor in tensors.items() if name not in made.tensors)
    lost = sum(tensor.elements for tensor in gone if tensor.role is Role.WEIGHT)
    return replace(made, parameters=max(0, workload.parameters - lost))


def cut_of(workload: Workload, block: str) -> Cut:
    """Returns what cutting one block changes. Raises `SimresError`."""
    own = {op.name: op for op in workload.ops if op.name == block or op.name.startswith(f"{block}.")}
    made = {name for op in own.values() for name in op.outputs}
    leaving = [
        name
        for name in made
        if name in workload.outputs or any(op.name not in own for op in workload.consumers[name])
    ]
    if len(leaving) != 1:
        raise SimresError(f"`{workload.name}` has no residual block `{block}` that can be cut out")
    last, after = leaving[0], list[Op]()
    while (join := workload.producer[last]).kind != "add" and len(join.inputs) == 1 and join.name in own:
        after.append(join)
        last = join.inputs[0]
        if last not in made:
            break
    if join.kind != "add" or len(join.inputs) != 2:
        raise SimresError(f"block `{block}` of `{workload.name}` does not end in an addition")
    behind = [_behind(workload, name, own) for name in join.inputs]
    short = min((0, 1), key=lambda side: len(behind[side]))
    shared, stays = behind[short] & behind[1 - short], behind[short] - behind[1 - short]
    ops: dict[str, Op | None] = {name: op if name in stays else None for name, op in own.items()}
    # What shortcut and branch have in common (norm and ReLU before a projection) goes with the branch.
    given = [name for op in own.values() for name in op.inputs if _is_given(workload, name, made)]
    instead = {name: given[0] for op in shared for name in own[op].outputs}
    projects = any(_reads_weights(workload, own[name]) for name in stays)
    left = join.inputs[short]
    if projects and after:
        ops |= {op.name: op for op in after}
        instead[join.outputs[0]] = left
    else:
        instead[leaving[0]] = left
    return Cut(ops, instead)


def _behind(workload: Workload, tensor: str, own: Mapping[str, Op]) -> set[str]:
    """The operators of a block that a tensor depends on."""
    found: set[str] = set()
    left = [tensor]
    while left:
        op = workload.producer.get(left.pop())
        if op is not None and op.name in own and op.name not in found:
            found.add(op.name)
            left += op.inputs
    return found


def _reads_weights(workload: Workload, op: Op) -> bool:
    return any(workload.tensors[workload.storage(name)].role is Role.WEIGHT for name in op.inputs)


def _is_given(workload: Workload, name: str, made: set[str]) -> bool:
    return name not in made and workload.tensors[workload.storage(name)].role is not Role.WEIGHT
