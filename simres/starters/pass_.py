"""Template: a pass."""

from __future__ import annotations

SUMMARY = "weights of one byte each, activations unchanged"
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
"""Makes every weight one byte: a pure function that does not change its argument."""

from dataclasses import replace

from simres.workload import Role, Tensor, Workload

FLOATS = ("fp64", "fp32", "fp16", "bf16")


def rewrite(workload: Workload) -> Workload:
    """The same network with weights of two or more axes in int8, as in weight-only quantisation.

    Vectors (biases, scales) keep their type. Accuracy is not modelled.
    """

    def rewritten(tensor: Tensor) -> Tensor:
        stored = workload.tensors[workload.storage(tensor.name)]  # the tensor that a view refers to
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
"""The effect of the pass, and a simulation with it."""

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
