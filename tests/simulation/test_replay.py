"""The event loop against closed forms: what queues, buffers and engines must do, to the picosecond."""

from __future__ import annotations

import pytest

from simres.errors import InvariantViolation
from simres.hardware.engine import Done, Engine, Stall
from simres.hardware.specs import BusSpec, HostSpec
from simres.program import Buffer, Program, Region
from simres.program.record import SIMULATED, Cause, RecordLevel
from simres.simulation.invariants import BrokenInvariant
from simres.simulation.run import run, run_stream
from simres.testing import behaviours, chip, prove
from tests.support.nanoseconds import NS, compute, host, load, nanosecond_chip


def test_waits_are_blamed_on_their_cause_and_holder():
    tasks = (
        load(10, reserves=(0,), writes=(Region("a", 0),)),
        compute(7, needs=(0,), reads=(Region("a", 0),)),
        load(5, reserves=(1,), writes=(Region("b", 1),)),  # no space until the computation is done
        host(3, needs=(2,), reads=(Region("b", 1),)),
        host(2, after=(1,)),
        compute(1, after=(4,)),
    )
    buffers = (Buffer("a", 60, "sram", (1,)), Buffer("b", 60, "sram", (3,)))
    record = prove(Program("test", "", tasks, buffers), nanosecond_chip(100))
    spans = {span.task: span for span in record.spans}
    assert spans[2].space_holder == 1
    assert (spans[2].ready, spans[2].granted) == (10 * NS, 17 * NS)
    assert spans[5].holder == 4
    waiting = {name: engine.waiting_ps for name, engine in record.engines.items()}
    assert waiting["ddr"][Cause.SPACE] == 7 * NS
    assert waiting["matrix"] == dict.fromkeys(SIMULATED, 0) | {Cause.DATA: 10 * NS, Cause.ORDER: 10 * NS}
    assert waiting["host"][Cause.DATA] == 22 * NS
    assert record.makespan_ps == 28 * NS


def test_latency_is_waiting_not_work():
    machine = chip({"ddr": BusSpec(kind="ddr", bandwidth="1 GB/s", latency="50 ns")})
    program = Program("test", "", (load(10), load(20)))
    record, _ = run(program, machine, behaviours(machine))
    engine = record.engines["ddr"]
    assert (engine.working_ps, engine.waiting_ps[Cause.LATENCY]) == (30 * NS, 100 * NS)
    assert record.makespan_ps == 130 * NS


def fill_and_use():
    fill = Program(
        "test",
        "",
        (load(30, reserves=(0,), writes=(Region("w", 0),)),),
        (Buffer("w", 30, "sram"),),
        resident_out=(0,),
    )
    use = Program(
        "test",
        "",
        (
            load(4, reserves=(1,), writes=(Region("x", 1),)),
            compute(9, needs=(0,), reads=(Region("w", 0), Region("x", 1))),
        ),
        (Buffer("w", 30, "sram"), Buffer("x", 4, "sram", (1,))),
        resident_in=(0,),
        resident_out=(0,),
    )
    return fill, use


def test_a_stream_of_requests_keeps_its_weights():
    """The weights come in once; then a request every 9 ns, the load hidden behind the computation."""
    fill, use = fill_and_use()
    machine = nanosecond_chip(100)
    record, _ = run_stream([(fill, 0)] + [(use, 0)] * 50, machine, behaviours(machine))
    assert record.makespan_ps == (30 + 4 + 50 * 9) * NS
    assert record.memories["sram"].left == 30
    assert record.engines["ddr"].moved_bytes == 30 + 50 * 4
    assert record.unfinished == 0


def test_a_program_must_find_what_it_expects_in_memory():
    fill, use = fill_and_use()
    machine = nanosecond_chip(100)
    nothing = Program("test", "", (host(1),))
    with pytest.raises(InvariantViolation, match="expects other buffers"):
        run_stream([(fill, 0), (nothing, 0), (use, 5)], machine, behaviours(machine))


@pytest.mark.parametrize("bus", [{"bandwidth": "3 GB/s"}, {"bandwidth": "1 GB/s", "channels": 2}])
def test_what_comes_late_follows_nothing(bus):
    """An engine that has had nothing to do begins when the request comes, not where it left off."""
    spec = BusSpec.model_validate({"kind": "ddr", **bus})
    machine = chip({"ddr": spec})
    lane = spec.lanes("ddr")[0]
    program = Program("test", "", (load(300, engine=lane),))
    alone, _ = run(program, machine, behaviours(machine))
    record, _ = run_stream([(program, 0), (program, 10**6 + 1)], machine, behaviours(machine))
    first, second = record.spans
    assert first.end == alone.makespan_ps
    assert (second.granted, second.end) == (10**6 + 1, 10**6 + 1 + alone.makespan_ps)


class Odd(Engine):
    """Does what an engine must not do."""

    def __init__(self, env, spec, begin):
        super().__init__(env, spec)
        self._begin = begin

    def begin(self, work, duration_ps, queued):
        return self._begin(self.env, duration_ps)


def raising(_environment, _ps):
    raise ZeroDivisionError("oops")


def failing(environment, _ps):
    return environment.event().fail(RuntimeError("oops"))


def fired(environment, _ps):
    event = environment.event().succeed()
    event.callbacks = None
    return event


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (raising, "an engine failed after 10000 ps, ZeroDivisionError: oops"),
        (failing, "an engine failed after 10000 ps"),
        (fired, "an engine failed after 10000 ps"),
        (lambda *_: None, "an engine failed after 10000 ps, AttributeError"),
        (lambda environment, ps: Done(environment, ps, "no stall"), "an engine failed"),
        (lambda environment, _: environment.event(), "2 tasks never ended"),
        (lambda environment, ps: Done(environment, ps // 2), "`matrix` has 7000 ps of work|a chain of"),
        (lambda environment, _: Done(environment, -3000), "no whole picoseconds from 0 on"),
        (lambda environment, ps: Done(environment, float(ps)), "no whole picoseconds from 0 on"),
        (lambda environment, ps: Done(environment, ps, Stall(latency_ps=2 * ps)), "from 0 on"),
        (lambda environment, _: Done(environment, float("nan")), "a task of `matrix` ends after no whole"),
        (lambda environment, _: Done(environment, float("inf")), "a task of `matrix` ends after no whole"),
    ],
)
def test_an_engine_that_misbehaves_is_found_out_and_the_record_kept(begin, message):
    program = Program("test", "", (load(10), compute(7, needs=(0,)), host(3, needs=(1,))))
    machine = nanosecond_chip()
    odd = behaviours(machine) | {"matrix": lambda env, spec: Odd(env, spec, begin)}
    with pytest.raises(BrokenInvariant, match=message) as caught:
        run(program, machine, odd)
    assert caught.value.record.rows[0][:2] == (0, 0)


@pytest.mark.parametrize("price", [-1, 1.5, None, "1 ns"])
def test_a_price_that_is_no_time_is_refused(price):
    class Dear(HostSpec):
        def duration_ps(self, work):
            return price

    machine = chip({"host": Dear(kind="dear", rate="1 GFLOP/s")})
    with pytest.raises(InvariantViolation, match=f"kind `dear` gives {price!r}"):
        run(Program("test", "", (host(1),)), machine, behaviours(machine))


def test_levels_agree_on_totals():
    fill, use = fill_and_use()
    machine = nanosecond_chip(100)
    starts = [(fill, 0)] + [(use, at * NS) for at in range(0, 300, 7)]
    full, aggregate, none = (
        run_stream(starts, machine, behaviours(machine), level)[0] for level in RecordLevel
    )
    assert full.engines == aggregate.engines == none.engines
    assert full.memories == aggregate.memories == none.memories
    assert len(full.rows) == 1 + 2 * 43
    assert aggregate.rows == none.rows == ()
    assert sum(ps for _, ps in aggregate.layer_working_ps["matrix"]) == full.engines["matrix"].working_ps


def test_two_runs_are_identical():
    fill, use = fill_and_use()
    machine = nanosecond_chip(100)
    starts = [(fill, 0)] + [(use, at * NS) for at in range(0, 300, 7)]
    assert run_stream(starts, machine, behaviours(machine)) == run_stream(
        starts, machine, behaviours(machine)
    )
