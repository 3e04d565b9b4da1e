"""What schedulers take for granted is a rule of workloads, with its place; passes assume nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simres import api
from simres.errors import SimresError
from simres.passes.fold_batch_norm import fold_batch_norm
from simres.passes.fold_bias import fold_bias
from simres.passes.quantise import to_int8
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from simres.workload.batches import scaled
from simres.workload.rules import problems_of_workload


def network(*ops: Op, **shapes: tuple[int, ...]) -> Workload:
    """A workload of these operators; tensors that none makes are inputs, or weights if they are called so."""
    made = {name for op in ops for name in op.outputs}
    tensors = {
        name: Tensor(
            name,
            Role.ACTIVATION if name in made else Role.WEIGHT if name.startswith("w") else Role.INPUT,
            shape,
        )
        for name, shape in shapes.items()
    }
    return Workload("made", tensors, ops, ops[-1].outputs)


RELU = Op("relu", "relu", Unit.HOST, ("x",), ("y",), vector_ops=1)
LINEAR = Op("fc", "linear", Unit.MATRIX, ("x", "w"), ("y",), macs=48, loops=Loops(n=3, c=16))
CONV = Op(
    "conv",
    "conv",
    Unit.MATRIX,
    ("x", "w"),
    ("y",),
    macs=2 * 8 * 2 * 5 * 5 * 9,
    loops=Loops(n=2, m=8, c=2, p=5, q=5, r=3, s=3),
    window=Window((3, 3), padding=(1, 1, 1, 1)),
)
CONVOLVED = {"x": (2, 2, 5, 5), "w": (8, 2, 3, 3), "y": (2, 8, 5, 5)}


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        (network(RELU, x=(2, 3), y=(2, 0)), "ops[0].outputs[0]: `y` has no elements"),
        (network(RELU, x=(2, 0), y=(2, 3)), "ops[0].inputs[0]: `x` has no elements"),
        (
            network(replace(LINEAR, inputs=("x",)), x=(3, 16), y=(3, 1)),
            "ops[0].inputs: a product has two operands, and these are 1",
        ),
        (
            network(LINEAR, x=(3, 4, 2, 2), w=(1, 16), y=(3, 1)),
            "ops[0].loops.c: sums over 16 elements, and `x`, of shape [3, 4, 2, 2], has 2 along",
        ),
    ],
    ids=["makes nothing", "reads nothing", "one operand", "not along an axis"],
)
def test_what_cannot_be_cut_is_refused_with_its_place(workload: Workload, said: str) -> None:
    assert [problem for problem in problems_of_workload(workload) if problem.startswith(said)]


def test_an_empty_part_may_be_concatenated() -> None:
    concat = Op("cat", "concat", Unit.MOVE, ("w", "x"), ("y",), attributes={"dim": 1})
    workload = network(concat, w=(2, 0), x=(2, 3), y=(2, 3))
    assert list(problems_of_workload(workload)) == []
    for scheduler in ("serial", "overlapped"):
        assert api.simulate(workload, chip="paper", overrides={"scheduler": scheduler}).makespan_ps > 0


@pytest.mark.parametrize("kind", ["batch_norm", "bias"])
@pytest.mark.parametrize("others", [(), ("w1",), ("w1", "w2"), ("w1", "w2", "w3")])
def test_passes_take_any_number_of_inputs(kind: str, others: tuple[str, ...]) -> None:
    after = Op("after", kind, Unit.HOST, ("y", *others), ("z",), vector_ops=400)
    vectors = dict.fromkeys(others, (8,))
    workload = network(CONV, after, **CONVOLVED, **vectors, z=CONVOLVED["y"])
    assert list(problems_of_workload(workload)) == []
    for rewrite in (fold_batch_norm, fold_bias, to_int8):
        assert list(problems_of_workload(rewrite(workload))) == []
    passes = ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues", "batch_3"]
    found = api.simulate(workload, chip="paper", overrides={"passes": passes, "scheduler": "serial"})
    assert found.makespan_ps > 0


def test_a_batch_of_a_product_without_a_second_operand() -> None:
    lonely = replace(LINEAR, kind="of.a.plugin", inputs=("x",))
    assert scaled(network(lonely, x=(3, 16), y=(3, 1)), 2).macs == 96


def test_a_scheduler_is_not_asked(tmp_path) -> None:
    from simres.workload.json import write

    path = tmp_path / "w.json"
    write(network(RELU, x=(2, 0), y=(2, 3)), path)
    with pytest.raises(SimresError, match="has no elements"):
        api.simulate(str(path), chip="paper")


@pytest.mark.parametrize(
    ("op", "shapes", "said"),
    [
        (
            replace(CONV, loops=None, macs=0),
            CONVOLVED | {"x": (2, 4, 5, 5)},
            ".inputs: sums over 4 elements of `x`, but over 2 of `w`",
        ),
        (
            replace(CONV, window=Window((3, 1), padding=(1, 1, 0, 0))),
            CONVOLVED,
            ".window.kernel: is [3, 1], and `w` has the taps [3, 3]",
        ),
        (
            replace(CONV, unit=Unit.HOST),
            CONVOLVED,
            ".macs: 7200, but only the unit `matrix` multiplies and accumulates, not `host`",
        ),
        (
            Op("sum", "sum", Unit.HOST, (), ("y",), vector_ops=1),
            {"y": (2, 2)},
            ".inputs: must name at least one tensor, as a `sum` reads one",
        ),
    ],
    ids=["sums", "taps", "unit", "no input"],
)
def test_operands_that_do_not_go_together(op: Op, shapes: dict[str, tuple[int, ...]], said: str) -> None:
    assert f"ops[0]{said}" in list(problems_of_workload(network(op, **shapes)))


def test_a_batch_of_what_has_none_is_refused() -> None:
    """The first axis of a convolution without a batch are its channels."""
    alone = network(
        replace(CONV, loops=replace(CONV.loops, n=1), macs=CONV.macs // 2),
        x=(2, 5, 5),
        w=(8, 2, 3, 3),
        y=(8, 5, 5),
    )
    assert list(problems_of_workload(alone)) == []
    with pytest.raises(SimresError, match="is not a valid workload after the passes batch_3"):
        api.simulate(alone, chip="paper", overrides={"passes": ["batch_3"]})
