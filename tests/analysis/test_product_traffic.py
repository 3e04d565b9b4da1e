"""The traffic of large products: its sources by brute force, its formula, and no schedule below it."""

from __future__ import annotations

from itertools import product
from math import ceil, isqrt, prod

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simres.analysis.amounts import sums
from simres.analysis.dependence import dependence
from simres.analysis.lower_bound import lower_bound
from simres.analysis.product_traffic import product_traffic, products
from simres.api import find_workload
from simres.errors import AnswerIsNo
from simres.scheduling.overlapped import Parameters, schedule
from simres.scheduling.serial import schedule as in_turn
from simres.testing import prove, workloads
from simres.workload.footprint import Reach, call_of, to_storage
from tests.analysis.test_lower_bound import machine, network, terms

LARGE = 1 << 60
"""With so much on chip no product counts, so that the bases are inputs and weights."""


def cells(box):
    """The elements of a box."""
    return list(product(*[range(*part) for part in box]))


def needs(workload, name, element, base):
    """The elements of a base without which an element of a tensor cannot be made."""
    found, stack = set(), [(name, tuple((at, at + 1) for at in element))]
    while stack:
        name, box = stack.pop()
        name, box = to_storage(workload, name, box)
        if name == base:
            found |= set(cells(box))
        elif name in workload.producer:
            op = workload.producer[name]
            parts = list(op.parts())
            part = next(part for part in parts if name in part.outputs)
            call = call_of(workload, part)
            for place, read in enumerate(part.inputs):
                there = Reach(workload, part, place, call)(box)
                if there is not None:
                    stack.append((read, there))
    return found


def matched(wanted, own, shared):
    """Whether each of some sets can have `own` members for itself, if `shared` of them may have the same."""
    owner = {}

    def place(number, seen):
        for member in ((one, copy) for one in wanted[number] for copy in range(shared)):
            if member not in seen:
                seen.add(member)
                if member not in owner or place(owner[member], seen):
                    owner[member] = number
                    return True
        return False

    return all(place(number, set()) for number in range(len(wanted)) for _ in range(own))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workloads())
def test_so_many_elements_can_be_made_of_each_of_the_base(workload):
    for name, sources in products(workload, (), LARGE).sources.items():
        for source in sources:
            count = prod(stop - start for start, stop in source.box)
            own, shared = max(1, int(1 / source.each)), max(1, ceil(source.each))
            if source.base != name and count * own <= 150:
                wanted = [needs(workload, name, at, source.base) for at in cells(source.box)]
                assert matched(wanted, own, shared)


def everything(workload):
    return frozenset(sums(dependence(workload)).candidates)


def test_one_product_is_the_known_formula():
    """2 MACs / sqrt(S) elements, less the result and 2 S."""
    workload, capacity = network(256, 512, size=16), 4096
    found = product_traffic(workload, everything(workload), capacity)
    macs, result = 256 * 512 * 16 * 16, 512 * 16 * 16
    assert found.nbytes(1) == isqrt(4 * macs**2 * 32**3 // (8 * capacity)) // 8 - 4 * result - 2 * capacity
    assert found.nbytes(3) == 3 * (found.nbytes(1) + 2 * capacity) - 2 * capacity
    assert found.counted == {"x", "w0"}


def test_it_goes_down_with_more_memory_and_ends():
    workload = network(256, 512, 256, size=16)
    found = [product_traffic(workload, everything(workload), 1 << bits).nbytes(1) for bits in range(8, 24)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 10 * workload.compulsory_bytes
    assert found[-1] == 0


def test_a_product_that_sums_too_little_does_not_count():
    """Of its 4 channels, 64 times as many elements can be made on chip: T is 64 for what reads these."""
    wide, narrow = network(256, 256, 256, size=16), network(256, 4, 256, 256, size=16)
    found = [product_traffic(each, everything(each), 4096) for each in (wide, narrow)]
    assert [one.ops for one in found] == [("conv0", "conv1"), ("conv0", "conv2")]
    macs, bits = 256 * 256 * 16 * 16, 32**3
    each, shared = (isqrt(4 * macs**2 * bits // (8 * 4096 * times)) // 8 - 4 * 256**2 for times in (1, 64))
    few = isqrt(4 * (macs // 64) ** 2 * bits // (8 * 4096)) // 8 - 4 * 4 * 256
    assert [one.nbytes(1) for one in found] == pytest.approx([2 * each - 8192, few + shared - 8192], abs=2)


def test_the_result_says_why():
    (found,) = [
        term
        for term in lower_bound(network(256, 512, 256, size=16), machine(4096)).terms
        if term.name == "products"
    ]
    assert found.operators == ("conv0", "conv1")
    assert found.ps > terms(network(256, 512, 256, size=16), machine(4096))["bytes on ddr"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([24, 32, 48]), min_size=2, max_size=3),
    st.integers(4, 6),
    st.integers(400, 1200),
    st.sampled_from([schedule, in_turn]),
)
def test_no_schedule_moves_less(layers, size, capacity, scheduler):
    workload, on = network(*layers, size=size), machine(capacity)
    found = terms(workload, on)
    assume(found.get("products", 0) > found["bytes on ddr"])
    try:
        program = scheduler(workload, on, Parameters())
    except AnswerIsNo:
        assume(False)
    assert prove(program, on, workload).makespan_ps >= found["products"]
    assert 1000 * (program.bytes_read + program.bytes_written) >= found["products"]


def test_a_transformer_in_a_small_memory():
    workload = find_workload("vit_b_16")
    found = product_traffic(workload, everything(workload), 108 << 10)
    assert len(found.ops) == 45
    assert found.nbytes(1) > 1.9 * workload.compulsory_bytes
