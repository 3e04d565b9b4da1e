"""A task in time: its waits fill the time before its work, and it is the same in a longer Record."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from simres.program.record import STALLS, Cause, Span

PS = st.integers(0, 10**15) | st.just(0)
OTHERS = st.integers(-1, 10**6)


@st.composite
def spans(draw):
    since = draw(PS)
    ready = since + draw(PS)
    granted = ready + draw(PS)
    latency_ps, bus_ps, engine_ps = draw(PS), draw(PS), draw(PS)
    return Span(
        launch=draw(st.integers(0, 99)),
        task=draw(st.integers(0, 10**6)),
        since=since,
        ready=ready,
        granted=granted,
        end=granted + latency_ps + bus_ps + engine_ps + draw(PS),
        latency_ps=latency_ps,
        bus_ps=bus_ps,
        holder=draw(OTHERS),
        space_holder=draw(OTHERS),
        engine_ps=engine_ps,
    )


@given(spans(), st.sets(OTHERS))
def test_waits_and_work_fill_the_time_of_a_span(span, needs):
    waits = list(span.waits(needs))
    moments = [span.since, *(moment for wait in waits for moment in (wait.start_ps, wait.end_ps)), span.begun]
    assert all(first == second for first, second in zip(moments[::2], moments[1::2], strict=True))
    assert all(wait.start_ps < wait.end_ps for wait in waits)
    assert span.begun + span.working_ps == span.end
    took = {wait.cause: wait.end_ps - wait.start_ps for wait in waits}
    assert len(took) == len(waits)
    assert took.get(Cause.DATA, 0) + took.get(Cause.ORDER, 0) == span.ready - span.since
    assert took.get(Cause.SPACE, 0) == span.granted - span.ready
    assert tuple(took.get(cause, 0) for cause in STALLS) == span.stalls_ps
    assert [cause for cause in took if cause in STALLS] == [cause for cause in STALLS if cause in took]
    assert (Cause.DATA in took) <= (span.holder in needs) <= (Cause.ORDER not in took)
    assert all(earlier.end_ps == later.start_ps for earlier, later in pairwise(waits))


@given(spans(), st.integers(0, 99), st.integers(0, 10**6))
def test_a_shifted_span_names_the_same_tasks(span, launch, task):
    shifted = span.shifted(launch=launch, task=task)
    assert type(shifted) is Span
    assert (shifted.launch, shifted.task) == (span.launch + launch, span.task + task)
    for before, after in ((span.holder, shifted.holder), (span.space_holder, shifted.space_holder)):
        assert after == (before + task if before >= 0 else -1)
    same = {name: getattr(span, name) for name in ("launch", "task", "holder", "space_holder")}
    assert shifted._replace(**same) == span


@given(spans())
def test_a_document_has_a_span_as_a_list_of_its_columns(span):
    adapter = TypeAdapter(Span)
    document = adapter.dump_json(span)
    assert document == str(list(span)).replace(" ", "").encode()
    read = adapter.validate_json(document)
    assert (read, type(read)) == (span, Span)


@given(spans(), st.integers(0, len(Span._field_defaults)))
def test_a_span_of_an_older_simres_has_the_defaults_of_later_columns(span, missing):
    read = TypeAdapter(Span).validate_python(list(span)[: len(span) - missing])
    later = Span._fields[len(span) - missing :]
    assert read == span._replace(**{name: Span._field_defaults[name] for name in later})


FEWEST = len(Span._fields) - len(Span._field_defaults)
MOST = len(Span._fields)


@pytest.mark.parametrize(
    "columns", [(), (0,) * (FEWEST - 1), (0,) * (MOST + 1), ("a",) * MOST, (0.5,) * MOST]
)
def test_other_lists_are_no_spans(columns):
    with pytest.raises(ValidationError):
        TypeAdapter(Span).validate_python(columns)
