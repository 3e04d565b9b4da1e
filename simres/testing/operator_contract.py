"""The contract of a plugin's operator: a module that uses it can be traced, cut and run. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simres.plugins.hooks import Operator
from simres.plugins.registry import default_registry
from simres.scheduling import serial
from simres.scheduling.parameters import NoParameters
from simres.testing.contract import described, hold, load_target, same
from simres.testing.random_workloads import paper_chip, prove
from simres.testing.stated_reaches import check_reaches
from simres.workload import Workload

if TYPE_CHECKING:
    import torch


def check_operator(
    operator: str | Operator,
    module: torch.nn.Module | None = None,
    input_shape: Sequence[int] | Sequence[Sequence[int]] = (),
) -> None:
    """Checks an operator, by its name in the exported graph or as declared, against their contract.

    `module` is one that uses it, on inputs of `input_shape` (without a batch axis). Its trace contains the
    operator, with a cost; two traces are equal; and it runs on the paper's chip. If the operator states its
    reach, its result depends on nothing beyond it. Without a module only the declaration is checked. Raises
    `ContractBroken`, or the invariant that was broken.
    """
    if isinstance(operator, str):
        known = default_registry().operators()
        hold(operator in known, f"no plugin declares the operator `{operator}`")
        operator = known[operator]
    described(operator)
    if operator.target or not operator.kind:
        load_target(operator)
    hold(operator.ops >= 0, "`ops` must not be negative")
    if module is None:
        return
    from simres.tracing import trace

    def traced() -> Workload:
        return trace(module.eval(), input_shape, name="contract", operators={operator.source: operator})

    workload = traced()
    used = {part.source for op in workload.ops for part in (op, *op.fused)}
    hold(
        operator.source in used,
        f"the module does not use `{operator.source}`; it uses {', '.join(sorted(used))}",
    )
    same(workload.digest, traced().digest, "the traced workload")
    check_reaches(workload, module, input_shape, operator.source)
    system = paper_chip(capacity="1 GiB")
    prove(serial.schedule(workload, system, NoParameters()), system, workload)
