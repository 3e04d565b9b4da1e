"""A pass of its own."""

from __future__ import annotations

SUMMARY = "weights at a byte each, activations as they are"
TRY = "simres simulate scenarios/@part@.yaml"
EXTRAS = ""

FILES = {
    "src/@module@/__init__.py": '''\
"""For simres: @summary@."""

from collections.abc import Iterator

from simres.plugins.hooks import Pass, hookimpl


@hookimpl
def simres_passes() -> Iterator[Pass]:
    """The pass `@part@`."""
    yield Pass(
        name="@part@",
        target="@module@.rewrite:rewrite",
        summary="@summary@",
    )
''',
    "src/@module@/rewrite.py": '''\
"""A workload whose weights have a byte each: a pure function, which leaves what it is given as it is."""

from dataclasses import replace

from simres.workload import Role, Tensor, Workload

FLOATS = ("fp64", "fp32", "fp16", "bf16")


def rewrite(workload: Workload) -> Workload:
    """The same network with weights of two axes and more in int8, as weight-only quantisation has them.

    Vectors (biases, scales) stay what they are. Accuracy is not modelled.
    """

    def rewritten(tensor: Tensor) -> Tensor:
        stored = workload.tensors[workload.storage(tensor.name)]  # of a view, what it is a view of
        matrix = stored.role is Role.WEIGHT and len(stored.shape) > 1
        return replace(tensor, dtype="int8") if matrix and stored.dtype in FLOATS else tensor

    return replace(workload, tensors={name: rewritten(tensor) for name, tensor in workload.tensors.items()})
''',
    "scenarios/@part@.yaml": """\
# ResNet-20 on the paper's chip after this pass. To compare: --set passes=[fold_batch_norm]
schema_version: 1
name: @part@
workload: resnet20
chip: paper

passes: [fold_batch_norm, @part@]
scheduler: serial
""",
    "tests/test_@part@.py": '''\
"""What the pass changes, and that simres can use it."""

from pathlib import Path

import simres
import @module@
from simres.testing import check_plugin, registry_with
from simres.workload import Role, Tensor, Workload
from @module@.rewrite import rewrite

SCENARIO = Path(__file__).parents[1] / "scenarios" / "@part@.yaml"


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_only_weights_of_two_axes_and_more_change() -> None:
    tensors = (
        Tensor("x", Role.INPUT, (1, 8)),
        Tensor("weight", Role.WEIGHT, (4, 8)),
        Tensor("bias", Role.WEIGHT, (4,)),
    )
    found = rewrite(Workload("one", {tensor.name: tensor for tensor in tensors}, (), ("x",)))
    assert [tensor.dtype for tensor in found.tensors.values()] == ["fp32", "int8", "fp32"]


def test_the_scenario_reads_a_quarter_of_the_weights() -> None:
    result = simres.simulate(SCENARIO, registry=registry_with(@module@))
    plain = simres.simulate(SCENARIO, overrides={"passes": ["fold_batch_norm"]})
    fewer = plain.program.bytes_read - result.program.bytes_read
    weights = sum(t.nbytes for t in result.scheduled.tensors.values() if t.dtype == "int8")
    assert fewer == 3 * weights > 0
    assert result.makespan_ps < plain.makespan_ps
''',
}
