"""Fused epilogues, data types and batches: what every pass keeps, on every shipped network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.passes.application import apply
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.testing import paper_chip, prove, workloads
from simres.workload import Op, Role, Unit, Workload
from simres.workload.json import dumps, loads, read
from simres.workload.rules import problems_of_workload

BUILT_IN = Registry(external=False)
NETWORKS = sorted(name for name in shipped.workloads() if name != "paper")
PASSES = [
    *(name for name, declared in BUILT_IN.passes().items() if not declared.numbered),
    "batch_1",
    "batch_3",
]
ALL = ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues"]


def network(name: str) -> Workload:
    found = read(shipped.workload(name))
    assert isinstance(found, Workload)
    return found


def passed(workload: Workload, *names: str) -> Workload:
    return apply(names, workload, BUILT_IN)


def kept(before: Workload, after: Workload, images: int = 1) -> None:
    """MACs, shapes and the graph's rules hold, and the JSON form too."""
    assert list(problems_of_workload(after)) == []
    assert loads(dumps(after)) == after
    assert after.macs == images * before.macs
    assert len(after.outputs) == len(before.outputs)
    for name in after.tensors.keys() & before.tensors.keys():
        old, new = before.tensors[name], after.tensors[name]
        shape = old.shape
        if old.role is not Role.WEIGHT and images > 1:
            shape = (old.shape[0] * images, *old.shape[1:])
        assert new.shape == shape
    old_ops = {op.name: op for op in before.ops}
    for op in after.ops:
        for part in (op, *op.fused):
            assert part.macs == images * old_ops[part.name].macs
            assert part.window == old_ops[part.name].window


@pytest.mark.parametrize("name", NETWORKS)
def test_every_pass_keeps_macs_and_shapes(name: str) -> None:
    before = network(name)
    for one in PASSES:
        kept(before, passed(before, one), images=3 if one == "batch_3" else 1)
    for order in (ALL, ALL[::-1], [*ALL, "batch_3"], ["batch_3", *ALL]):
        kept(before, passed(before, *order), images=3 if "batch_3" in order else 1)


@given(workloads(), st.permutations(ALL))
def test_random_networks_after_all_passes(before: Workload, order: list[str]) -> None:
    after = passed(before, *order)
    kept(before, after)
    assert after.vector_ops <= before.vector_ops
    chip = paper_chip(capacity="1 MiB")
    prove(schedule(after, chip, NoParameters()), chip, after)


@pytest.mark.parametrize(
    ("name", "dtype", "weights", "vectors", "given_bytes", "lb0"),
    [
        ("resnet20", "fp32", 1073344, 2792, 12288, 1088464),
        ("resnet20", "int8", 268336, 5584, 3072, 277032),
        ("resnet18", "fp32", 46715648, 23200, 602112, 47344960),
        ("resnet18", "int8", 11678912, 46400, 150528, 11879840),
    ],
)
def test_the_bytes_of_the_designs_table(
    name: str, dtype: str, weights: int, vectors: int, given_bytes: int, lb0: int
) -> None:
    after = passed(network(name), "fold_batch_norm", *(["quantise_int8"] if dtype == "int8" else []))
    by_axes = {
        many: sum(
            tensor.nbytes
            for tensor in after.tensors.values()
            if tensor.role is Role.WEIGHT and (len(tensor.shape) > 1) is many
        )
        for many in (True, False)
    }
    assert (by_axes[True], by_axes[False]) == (weights, vectors)
    assert after.weight_bytes == weights + vectors
    assert after.bytes_in == weights + vectors + given_bytes
    assert after.compulsory_bytes == lb0


@pytest.mark.parametrize(("name", "host_ops"), [("resnet20", 278528), ("resnet18", 4892160)])
def test_what_is_left_for_the_host(name: str, host_ops: int) -> None:
    assert passed(network(name), "fold_batch_norm", "fold_bias").vector_ops == host_ops


def test_fused_operators_keep_their_order_windows_and_second_operands() -> None:
    after = passed(network("resnet18"), "fold_batch_norm", "fuse_epilogues")
    ops = {op.name: op for op in after.ops}
    stem = ops["conv1"]
    assert stem.label == "conv+relu+max_pool"
    assert stem.fused[1].window is not None
    assert stem.outputs == ("maxpool",)
    assert stem.vector_ops == sum(part.vector_ops for part in stem.fused)
    second = ops["layer2.0.conv2"]
    assert second.label == "conv+add+relu"
    assert second.inputs == (
        "layer2.0.relu",
        "layer2.0.conv2.weight",
        "layer2.0.bn2.shift",
        "layer2.0.downsample.1",
    )
    names = [op.name for op in after.ops]
    assert names.index("layer2.0.downsample.0") < names.index("layer2.0.conv2")
    assert after.producer["maxpool"] is stem
    assert "bn1" not in after.producer
    assert after.consumers["bn1"] == ()
    assert after.coverage == "50 of 50 ops, 100 % of MACs"


def test_what_has_another_reader_is_not_fused() -> None:
    before = network("resnet20")
    branch = Op("spy", "relu", Unit.HOST, ("layers.0.conv1",), ("spy",), vector_ops=16384)
    seen = replace(before.tensors["layers.0.conv1"], name="spy")
    spied = replace(
        before,
        tensors={**before.tensors, "spy": seen},
        ops=(*before.ops, branch),
        outputs=(*before.outputs, "spy"),
    )
    after = passed(spied, "fuse_epilogues", "fold_batch_norm")
    ops = {op.name: op for op in after.ops}
    assert ops["layers.0.conv1"].fused == ()
    assert "layers.0.bn1" in ops


def test_an_output_is_not_fused_away() -> None:
    before = network("resnet20")
    shown = replace(before, outputs=(*before.outputs, "layers.0.conv1"))
    after = passed(shown, "fuse_epilogues")
    assert list(problems_of_workload(after)) == []
    assert {op.name: op for op in after.ops}["layers.0.conv1"].fused == ()
    hidden = replace(passed(before, "fuse_epilogues"), outputs=shown.outputs)
    assert list(problems_of_workload(hidden)) == [
        "outputs[1]: `layers.0.conv1` lies inside a fused operator, so it is never whole in memory"
    ]
    reader = Op("spy", "relu", Unit.HOST, ("layers.0.conv1",), ("spy",), vector_ops=16384)
    tensors = {**hidden.tensors, "spy": replace(before.tensors["layers.0.conv1"], name="spy")}
    spied = replace(hidden, tensors=tensors, ops=(*hidden.ops, reader), outputs=(*before.outputs, "spy"))
    (problem,) = problems_of_workload(spied)
    assert problem.endswith(".inputs[0]: `layers.0.conv1` lies inside a fused operator")


def test_a_bias_between_convolution_and_batch_norm_goes_into_the_shift() -> None:
    before = network("resnet20")
    ops = []
    for op in before.ops:
        if op.name == "bn":
            bias = Op("bias", "bias", Unit.HOST, ("conv", "conv.bias"), ("biased",), vector_ops=16384)
            ops.append(bias)
            op = replace(op, inputs=("biased", *op.inputs[1:]))
        ops.append(op)
    tensors = {
        **before.tensors,
        "biased": replace(before.tensors["conv"], name="biased"),
        "conv.bias": replace(before.tensors["bn.shift"], name="conv.bias"),
    }
    biased = replace(before, tensors=tensors, ops=tuple(ops))
    expected = passed(before, "fold_batch_norm")
    assert passed(biased, "fold_batch_norm") == expected
    assert passed(biased, "fold_bias", "fold_batch_norm") == passed(expected, "fold_bias")
    scaled = passed(biased, "fold_bias", "quantise_int8")
    after = {op.name: op for op in passed(scaled, "fold_batch_norm").ops}
    assert "bn" in after, "a start and a scale leave no place for its shift"
    assert after["conv"] == {op.name: op for op in scaled.ops}["conv"]


def test_shared_weights_keep_their_batch_norms() -> None:
    before = network("resnet20")
    ops = tuple(
        replace(op, inputs=(op.inputs[0], "layers.0.conv1.weight")) if op.name == "layers.0.conv2" else op
        for op in before.ops
    )
    after = passed(replace(before, ops=ops), "fold_batch_norm")
    assert {op.name for op in after.ops if op.kind == "batch_norm"} == {"layers.0.bn1", "layers.0.bn2"}


def test_a_broken_chain_is_found() -> None:
    after = passed(network("resnet20"), "fuse_epilogues")
    first = after.ops[0]
    for wrong in (
        replace(first, fused=first.fused[::-1]),
        replace(first, fused=first.fused[:1]),
        replace(first, vector_ops=1),
        replace(first, fused=(replace(first.fused[0], inputs=("nothing",)), *first.fused[1:])),
        replace(first, fused=(first, *first.fused[1:])),
    ):
        assert list(problems_of_workload(replace(after, ops=(wrong, *after.ops[1:]))))


def test_a_batch_shares_its_weights() -> None:
    before = network("resnet20")
    after = passed(before, "batch_64")
    assert after.weight_bytes == before.weight_bytes
    assert after.images == 64
    assert after.vector_ops == 64 * before.vector_ops
    assert after.tensors["reshape"].shape == after.ops[-3].attributes["size"]


@pytest.mark.parametrize("name", ["batch_N", "batch_0", "batch_", "batch_08", "fold_8", "quantise_int4"])
def test_a_wrong_name(name: str) -> None:
    with pytest.raises(SimresError, match=name):
        passed(network("resnet20"), name)


def test_half_the_bytes() -> None:
    before = network("vit_b_16")
    for name in ("quantise_fp16", "quantise_bf16"):
        assert 2 * passed(before, name).compulsory_bytes == before.compulsory_bytes


def test_serial_runs_what_is_fused() -> None:
    chip = paper_chip(capacity="64 MiB")
    before = network("resnet20")
    after = passed(before, *ALL)
    program = schedule(after, chip, NoParameters())
    prove(program, chip, after)
    assert program.bytes_read + program.bytes_written == 277032
