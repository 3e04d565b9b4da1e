"""Time to the first inference and the interval between inferences of a pipelined run."""

from __future__ import annotations

from dataclasses import dataclass

from simres.program.record import Record, RecordLevel
from simres.program.tasks import Program


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The throughput of a stream of inferences.

    `first_ps` is the end of the first inference. `steady_image_ps` is the time per inference from then on:
    last end less first end, divided by the inferences between them, rounded to the nearest. `bottleneck` is
    the engine with the most busy time per inference, `bottleneck_ps`.
    """

    first_ps: int
    steady_image_ps: int
    bottleneck: str
    bottleneck_ps: int


def pipeline(program: Program, record: Record, batch: int) -> Pipeline | None:
    """The stream in a Record, `batch` inferences per launch; None with fewer than two equal launches.

    An earlier Program that fills the memory is left out. Without a full Record, its work still counts for the
    bottleneck.
    """
    if not record.launches:
        return None
    last = record.launches[-1]
    alike = {
        number
        for number, launched in enumerate(record.launches)
        if (launched.first, launched.past) == (last.first, last.past)
    }
    if len(alike) < 2:
        return None
    ends = [record.launches[number].end_ps for number in alike]
    images = batch * (len(alike) - 1)
    steady = (2 * (max(ends) - min(ends)) + images) // (2 * images)
    if record.level is RecordLevel.FULL:
        working = dict.fromkeys(record.engines, 0)
        for span in record.spans:
            if span.launch in alike:
                working[program.tasks[span.task].engine] += span.working_ps
    else:
        working = {name: engine.working_ps for name, engine in record.engines.items()}
    busiest = max(working, key=lambda name: working[name])
    return Pipeline(min(ends), steady, busiest, working[busiest] // (batch * len(alike)))
