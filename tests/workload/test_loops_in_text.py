"""What repeats in a workload's lists is written once, and read as it was."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import InvalidFile
from simres.testing.graphs import graphs
from simres.workload import Op, Role, Tensor, Unit, Workload
from simres.workload import json as workload_json
from simres.workload.loops_in_text import FEWEST, NoLoopError, folded, unfolded

WORDS = st.sampled_from(["add", "a{1+1}", "007", "x_9", "é4", '"1"', "{}", "%d", "\x1f3", "7%"])


@st.composite
def lists(draw: st.DrawFn) -> list[dict[str, object]]:
    """Lists in which something grows from turn to turn, with strange things before and in them."""
    found: list[dict[str, object]] = [{"name": draw(WORDS)} for _ in range(draw(st.integers(0, 3)))]
    body = draw(st.lists(st.tuples(WORDS, st.integers(-3, 3), st.integers(-2, 2)), min_size=1, max_size=4))
    for turn in range(draw(st.integers(1, 3 * FEWEST))):
        for word, first, step in body:
            number = first + step * turn
            more = {"from": number, "step": [1.5 * number, True, {"x": f"{word}_{number}"}]}
            found.append({"name": f"{word}_{abs(number)}.{word}", "more": more, "at": number})
    if found and draw(st.booleans()):
        found[draw(st.integers(0, len(found) - 1))] = {"name": draw(WORDS)}
    return found


@settings(max_examples=150, deadline=None)
@given(lists())
def test_a_list_is_read_as_it_was_written(entries: list[dict[str, object]]) -> None:
    written = json.loads(json.dumps(folded(entries)))
    assert unfolded(written, len(entries)) == entries


@given(st.integers(FEWEST, 200), st.integers(-2, 5), st.integers(1, 9))
def test_a_loop_is_written_once(turns: int, step: int, length: int) -> None:
    first = 3 * turns
    entries = [
        {"name": f"n{first + turn * step}_{place}", "place": place * (turn + 1)}
        for turn in range(turns)
        for place in range(length)
    ]
    written = folded(entries)
    assert len(written) == 1
    assert written[0]["repeat"] * len(written[0]["of"]) == len(entries)


def test_what_is_written_of_a_loop() -> None:
    entries = [{"name": f"step_{5 * turn + 2}", "end": 7, "start": 90 - turn} for turn in range(FEWEST)]
    body = {"name": "step_{2+5}", "end": 7, "start": {"from": 90, "step": -1}}
    assert folded(entries[:-1]) == entries[:-1]
    around = [{"name": "head"}, *entries, {"name": "tail"}]
    assert folded(around) == [around[0], {"repeat": FEWEST, "of": [body]}, around[-1]]
    assert unfolded([{"repeat": FEWEST, "of": [body]}], FEWEST) == entries


def chain(steps: int) -> Workload:
    names = ["x", *(f"relu_{step}" for step in range(steps))]
    tensors = {
        name: Tensor(name, Role.ACTIVATION if step else Role.INPUT, (1, 4)) for step, name in enumerate(names)
    }
    ops = tuple(
        Op(made, "relu", Unit.HOST, (read,), (made,), vector_ops=4)
        for read, made in itertools.pairwise(names)
    )
    return Workload("chain", tensors, ops, (names[-1],))


def test_a_thousand_steps_take_a_few_lines_of_text() -> None:
    workload = chain(1000)
    text = workload_json.dumps(workload)
    assert text.count("\n") < 30
    assert '  {"repeat": 999, "of": [\n   {"name": "relu_{1+1}", ' in text
    read = workload_json.loads(text)
    assert read == workload
    assert read.digest == workload.digest


@given(graphs())
@settings(max_examples=20, deadline=None)
def test_networks_that_do_not_repeat_are_written_as_they_are(workload: Workload) -> None:
    assert '{"repeat": ' not in workload_json.dumps(workload)


WRONG = {
    "no body": ({"repeat": 3}, r"ops\[0\].of: must be a list of entries"),
    "an empty body": ({"repeat": 3, "of": []}, r"ops\[0\].of: must be a list of entries"),
    "a text": ({"repeat": 3, "of": "ab"}, r"ops\[0\].of: must be a list of entries"),
    "never": ({"repeat": 0, "of": [{}]}, r"ops\[0\].repeat: must be a number from 1"),
    "true": ({"repeat": True, "of": [{}]}, r"ops\[0\].repeat: must be a number from 1"),
    "more": ({"repeat": 3, "of": [{}], "name": "x"}, r"ops\[0\].name: unknown field beside repeat and of"),
    "in another": ({"repeat": 3, "of": [{"repeat": 3, "of": [{}]}]}, "a loop in a loop is not read"),
    "endless": ({"repeat": 10**9, "of": [{}]}, r"ops\[0\].repeat: at most 150000 entries are read"),
    "a large body": ({"repeat": 150_000, "of": [{"name": "x" * 10_000}]}, "64 million characters"),
    "no operators": ({"repeat": 3, "of": [{"name": "a{1+1}"}]}, r"ops\[0\].kind: field required"),
    "of one name": (
        {"repeat": 2, "of": [{"name": "a", "kind": "relu", "unit": "host", "inputs": [], "outputs": []}]},
        r"ops\[1\].name: `a` is empty or taken by an earlier operator",
    ),
    "a huge number": (
        {"repeat": 2, "of": [{"name": {"from": 10**30, "step": 1}, "kind": "relu"}]},
        r"ops\[0\].name: must be a valid string",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_loop_is_refused_with_its_place(name: str) -> None:
    loop, said = WRONG[name]
    document = json.loads(workload_json.dumps(chain(2))) | {"ops": [loop]}
    with pytest.raises(InvalidFile, match=said):
        workload_json.loads(json.dumps(document))


def test_entries_that_are_no_objects_are_left_to_whoever_reads_them() -> None:
    assert unfolded([3, None, {"name": "x"}], 1) == [3, None, {"name": "x"}]
    with pytest.raises(NoLoopError, match="at most 1 entries"):
        unfolded([{"repeat": 2, "of": [{}]}], 1)
