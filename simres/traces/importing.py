"""Makes the Result of a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from simres import __version__
from simres.analysis.bounds import Bounds
from simres.errors import SimresError
from simres.program.record import Record
from simres.program.tasks import Program
from simres.result import Result
from simres.result.data import EngineDescription, Origin, Traced
from simres.traces.dependencies import Dependency, rebuild
from simres.traces.events import Columns, Events, Flow, Frame, LaneKind, Moment, Slice
from simres.traces.labels import OUTSIDE, Labels
from simres.traces.lanes import Nesting
from simres.traces.own import of_simres, result_of
from simres.traces.reading import read_events
from simres.traces.record import program_and_record
from simres.traces.selection import WHOLE, Window, select
from simres.traces.stream import EventStream
from simres.traces.tasks import Ordered, ordered
from simres.workload.graph import Ledger, Row


def import_trace(path: Path, window: Window = WHOLE) -> Result:
    """The Result of a trace, or of a range of it, with a full Record.

    Raises `SimresError` for a file that is not a trace, and for an empty range.

    A trace of simres is always read whole: it is a run, and a range of it is not.
    """
    name = path.name
    for ending in (".gz", ".json", ".trace", ".pt"):
        name = name.removesuffix(ending)
    stream = EventStream(path, frozenset(("otherData",)))
    events = iter(stream)
    begun = list(islice(events, 1))  # what is said of the whole file comes before its events
    own = of_simres(str(path), stream.head.get("otherData"))
    if own is not None:
        if window != WHOLE:
            raise SimresError(f"`{path}` is a run of simres, which --from and --to cannot cut")
        return result_of(str(path), path.name, own, chain(begun, events))
    return _result(read_events(chain(begun, events), str(path)), name or "trace", path, window)


def _result(events: Events, name: str, path: Path, window: Window) -> Result:
    nesting = Nesting(Labels())
    first, slices = select(events, window, str(path))
    events.columns = Columns()  # they may be large
    timeline_of = _add_lanes(events, nesting, slices)
    flows = list(_flows(events, timeline_of, first))
    rebuilt = rebuild(nesting, flows, events.waits)
    untraced = nesting.labels.number(OUTSIDE)
    found = ordered(nesting.timelines, rebuilt, untraced)
    if not found.tasks:
        raise SimresError(f"`{path}` has no slice with a duration: there is nothing to explain")
    layers = nesting.labels.layers
    program, record = program_and_record(name, found, nesting.timelines, layers)
    counts, edges = _dependencies(program, found, nesting)
    unknown = Counter(events.left_out) + Counter(rebuilt.unknown)
    unknown["slices that overlap another on their lane, and lie on a lane of their own"] += nesting.beside
    unknown["named stretches and functions that end within another, and go on after it"] += nesting.split
    unknown["slices that overlap another by a rounding, and were moved"] += nesting.moved
    return Result(
        name=name,
        workload=Ledger(name, (Row(name, 0, 0, 0, 0, 0),)),
        chip={
            timeline.name: EngineDescription(timeline.kind.value, timeline.kind.value)
            for timeline in nesting.timelines
            if timeline.pieces
        },
        program=program,
        record=record,
        bounds=Bounds({}, _chain_ps(program, record)),
        origin=Origin({}, "", {"simres": __version__}, 0),
        trace=Traced(path.name, counts, edges, {what: count for what, count in unknown.items() if count}),
    )


def _add_lanes(events: Events, nesting: Nesting, slices: list[list[Slice]]) -> dict[int, int]:
    """Adds the lanes to `nesting`, threads first; returns the number of the timeline of each lane."""
    _without_pollers(events, slices)
    found = {}
    kinds = list(LaneKind)
    for number in sorted(range(len(slices)), key=lambda number: kinds.index(events.lanes[number].kind)):
        if slices[number]:
            found[number] = len(nesting.timelines)
            nesting.add(events.lanes[number], slices[number])
    return found


def _without_pollers(events: Events, slices: list[list[Slice]]) -> None:
    """Leaves out threads that call a runtime, launch nothing and run no operator: they look whether others
    are done, such as NCCL's watchdog, and nothing waits for them."""
    launched = {own.correlation for each in slices for own in each if own.frame is Frame.DEVICE}
    for own in slices:
        if own and all(each.frame is Frame.CALL and each.correlation not in launched for each in own):
            what = "calls of threads that only look whether others are done, and were left out"
            events.left_out[what] = events.left_out.get(what, 0) + len(own)
            own.clear()


def _flows(events: Events, timeline_of: dict[int, int], first: int) -> Iterator[Flow]:
    for flow in events.flows:
        source, target = (timeline_of.get(moment.lane) for moment in (flow.source, flow.target))
        if source is not None and target is not None:
            yield Flow(
                flow.category,
                Moment(source, flow.source.ps - first),
                Moment(target, flow.target.ps - first),
            )


def _dependencies(
    program: Program, found: Ordered, nesting: Nesting
) -> tuple[dict[str, int], dict[str, tuple[tuple[int, int], ...]]]:
    """How many dependencies there are of each kind, and the pairs of those between engines."""
    on: Counter[LaneKind] = Counter()
    kinds = {timeline.name: timeline.kind for timeline in nesting.timelines}
    seen: set[str] = set()
    for task in program.tasks:
        if task.engine in seen:
            on[kinds[task.engine]] += 1
        seen.add(task.engine)
    counts = {
        Dependency.THREAD_ORDER: on[LaneKind.THREAD],
        Dependency.NESTING: nesting.nested,
        Dependency.STREAM_ORDER: on[LaneKind.STREAM] + on[LaneKind.COPIES],
    }
    for kind, pairs in found.edges.items():
        counts[kind] = counts.get(kind, 0) + len(pairs)
    edges = {kind.value: tuple(pairs) for kind, pairs in found.edges.items()}
    return {kind.value: count for kind, count in counts.items() if count}, edges


def _chain_ps(program: Program, record: Record) -> int:
    """The longest chain of tasks of which each waits for the one before it, whatever their engines."""
    ends = [0] * len(program.tasks)
    working = {span.task: span.working_ps for span in record.rows}
    for number, task in enumerate(program.tasks):
        ends[number] = max((ends[other] for other in task.needs), default=0) + working[number]
    return max(ends, default=0)
