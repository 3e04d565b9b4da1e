"""Workload: sizes, storage, what must be moved, digests."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.workload import BITS, Ledger, Loops, Op, Role, Row, Tensor, Unit, Workload

SIZES = st.integers(0, 50)


def network() -> Workload:
    """x -> conv(w) -> relu -> view -> out, with a weight that nothing reads."""
    tensors = [
        Tensor("x", Role.INPUT, (1, 3, 8, 8)),
        Tensor("w", Role.WEIGHT, (4, 3, 3, 3)),
        Tensor("spare", Role.WEIGHT, (1000,)),
        Tensor("conv", Role.ACTIVATION, (1, 4, 8, 8)),
        Tensor("relu", Role.ACTIVATION, (1, 4, 8, 8)),
        Tensor("flat", Role.ACTIVATION, (1, 256), view_of="relu"),
    ]
    ops = (
        Op(
            "conv",
            "conv",
            Unit.MATRIX,
            ("x", "w"),
            ("conv",),
            6912,
            loops=Loops(m=4, c=3, p=8, q=8, r=3, s=3),
        ),
        Op("relu", "relu", Unit.HOST, ("conv",), ("relu",), vector_ops=256),
        Op("flat", "reshape", Unit.VIEW, ("relu",), ("flat",)),
    )
    return Workload("net", {tensor.name: tensor for tensor in tensors}, ops, ("flat",), parameters=1108)


@given(st.lists(SIZES, max_size=4).map(tuple), st.sampled_from(sorted(BITS)))
def test_a_tensor_takes_its_bits_rounded_up_to_bytes(shape: tuple[int, ...], dtype: str) -> None:
    tensor = Tensor("t", Role.INPUT, shape, dtype)
    bits = prod(shape) * BITS[dtype]
    assert bits <= 8 * tensor.nbytes < bits + 8


@given(st.lists(SIZES, min_size=8, max_size=8))
def test_macs_are_the_product_of_the_loops(counts: list[int]) -> None:
    assert Loops(*counts).macs == prod(counts)


def test_compulsory_bytes_are_used_weights_input_and_output() -> None:
    net = network()
    assert net.bytes_in == 4 * (3 * 64 + 4 * 27)
    assert net.bytes_out == 4 * 256
    assert net.compulsory_bytes == net.bytes_in + net.bytes_out
    assert net.weight_bytes == 4 * 108


def test_a_view_is_stored_where_its_base_is() -> None:
    assert network().storage("flat") == "relu"
    assert network().storage("x") == "x"


def test_a_view_of_a_weight_counts_the_weight_once() -> None:
    net = network()
    tensors = dict(net.tensors) | {"half": Tensor("half", Role.ACTIVATION, (2, 3, 3, 3), view_of="w")}
    ops = (Op("half", "slice", Unit.VIEW, ("w",), ("half",)), *net.ops)
    assert replace(net, tensors=tensors, ops=ops).bytes_in == net.bytes_in


def test_an_output_that_is_an_input_is_not_written() -> None:
    net = network()
    assert replace(net, outputs=("flat", "x")).bytes_out == net.bytes_out


def test_producers_and_consumers() -> None:
    net = network()
    assert net.producer["relu"].name == "relu"
    assert [op.name for op in net.consumers["relu"]] == ["flat"]
    assert net.consumers["spare"] == ()


def test_the_digest_ignores_name_and_origin_and_nothing_else() -> None:
    net = network()
    assert replace(net, name="other", origin={"torch": "9"}).digest == net.digest
    changed = [
        replace(net, outputs=("relu",)),
        replace(net, ops=net.ops[:2], outputs=("relu",)),
        replace(net, parameters=1),
        replace(net, accuracy=0.9),
        replace(net, tensors={**net.tensors, "x": replace(net.tensors["x"], dtype="int8")}),
        replace(net, ops=(*net.ops[:1], replace(net.ops[1], vector_ops=1), net.ops[2])),
    ]
    digests = {other.digest for other in changed}
    assert len(digests) == len(changed)
    assert net.digest not in digests


def test_unmodelled_operators_show_in_the_coverage() -> None:
    net = network()
    assert net.coverage == "3 of 3 ops, 100 % of MACs"
    some = replace(net, ops=(*net.ops[:2], replace(net.ops[2], unit=Unit.UNMODELLED)))
    assert some.coverage.startswith("2 of 3 ops")
    assert [op.name for op in some.unmodelled] == ["flat"]


@pytest.mark.parametrize("field", ["coefficient_bytes", "ifmap_bytes", "ofmap_bytes", "macs", "host_ops"])
def test_a_ledger_s_digest_covers_every_figure(field: str) -> None:
    row = Row("r", 1, 2, 3, 4, 5)
    assert Ledger("l", (row,)).digest != Ledger("l", (replace(row, **{field: 77}),)).digest
    assert Ledger("l", (row,)).digest == Ledger("other", (row,)).digest


def test_what_was_measured_comes_off() -> None:
    plain = network()
    tensors = {name: replace(tensor, density=0.5, deviation=2.0) for name, tensor in plain.tensors.items()}
    measured = replace(plain, tensors=tensors, accuracy=0.75, weight_digest="sha256:0")
    assert measured.digest != plain.digest
    assert measured.unmeasured == plain
