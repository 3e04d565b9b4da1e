"""Combines the Programs, workloads and Records of tenants into one of each.

Tenants are distinguished by name: the matrix unit as `left` sees it is the engine `matrix.left`, its layers,
tensors and operators are `left.conv1`. A single network has the empty name, and its engines and layers keep
their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from simres.program.names import EngineName
from simres.program.record import Launched, Record, Span, StreamTotals
from simres.program.tasks import Buffer, Layer, Program, Region, Task
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Op

ONLY = ""
"""The name of a network that is alone on the chip."""

_Key = tuple[object, ...]
_W = TypeVar("_W", bound=Workload | Ledger)


def concatenated(programs: Sequence[Program]) -> Program:
    """The Programs in sequence, tasks and buffers numbered through; the decisions of the last one.

    A buffer that one leaves in memory and a later one finds there is the same buffer. Programs with the
    same layers share them. A single Program is returned as it is.
    """
    if len(programs) == 1:
        return programs[0]
    tasks: list[Task] = []
    buffers: list[Buffer] = []
    layers: tuple[Layer, ...] = ()
    found_there: list[int] = []
    left: dict[_Key, list[int]] = {}
    for program in programs:
        shared = program.layers == layers
        first_layer = 0 if shared else len(layers)
        layers += () if shared else program.layers
        first = len(tasks)
        numbers = range(first, first + len(program.tasks))
        place: list[int] = []
        for number, buffer in enumerate(program.buffers):
            freed = buffer.freed([numbers[task] for task in buffer.freed_by])
            same = left.get(_key(buffer)) if number in program.resident_in else None
            if same:
                place.append(same.pop(0))
                buffers[place[number]] = freed
                continue
            place.append(len(buffers))
            buffers.append(freed)
            if number in program.resident_in:
                found_there.append(place[number])
        for number in program.resident_out:
            left.setdefault(_key(program.buffers[number]), []).append(place[number])
        known: dict[int, Region] = {}
        tasks += [task.renumbered(numbers, place, known, first_layer) for task in program.tasks]
    return replace(
        programs[-1],
        tasks=tuple(tasks),
        buffers=tuple(buffers),
        layers=layers,
        resident_in=tuple(found_there),
        resident_out=tuple(number for number, buffer in enumerate(buffers) if not buffer.freed_by),
    )


def _key(buffer: Buffer) -> _Key:
    return (buffer.tensor, buffer.memory, buffer.nbytes, buffer.box)


def view_name(name: str, tenant: str) -> str:
    """The name of a tenant's view of an engine or a memory; just `name` for a network that is alone."""
    return str(EngineName.parse(name).of(tenant))


def combined_program(programs: Mapping[str, Program]) -> Program:
    """The Programs of tenants, by name, in one; a single network's as it is."""
    if ONLY in programs:
        return programs[ONLY]
    whole = concatenated([_belonging(program, tenant) for tenant, program in programs.items()])
    return replace(
        whole,
        scheduler=", ".join(dict.fromkeys(program.scheduler for program in programs.values())),
        workload="",
        decisions={
            f"{tenant}, {what}": how
            for tenant, program in programs.items()
            for what, how in program.decisions.items()
        },
    )


def _belonging(program: Program, tenant: str) -> Program:
    """A Program with everything in it named after its tenant."""

    def regions(found: Iterable[Region]) -> tuple[Region, ...]:
        return tuple(replace(region, tensor=f"{tenant}.{region.tensor}") for region in found)

    return replace(
        program,
        tasks=tuple(
            replace(
                task,
                engine=view_name(task.engine, tenant),
                reads=regions(task.reads),
                writes=regions(task.writes),
            )
            for task in program.tasks
        ),
        buffers=tuple(
            replace(buffer, tensor=f"{tenant}.{buffer.tensor}", memory=view_name(buffer.memory, tenant))
            for buffer in program.buffers
        ),
        layers=tuple(replace(layer, name=f"{tenant}.{layer.name}") for layer in program.layers),
    )


def combined_workload(workloads: Mapping[str, _W]) -> Workload | _W:
    """The networks of tenants, by name, as one graph of separate parts; a single one as it is. Tenants are
    graphs."""
    if ONLY in workloads:
        return workloads[ONLY]
    parts = [_named(workload, tenant) for tenant, workload in workloads.items()]
    return Workload(
        name=" + ".join(workload.name for workload in workloads.values()),
        tensors={name: tensor for each in parts for name, tensor in each.tensors.items()},
        ops=tuple(op for each in parts for op in each.ops),
        outputs=tuple(name for each in parts for name in each.outputs),
        parameters=sum(each.parameters for each in parts),
        warnings=tuple(f"{tenant}: {said}" for tenant, own in workloads.items() for said in own.warnings),
    )


def _named(workload: Workload | Ledger, tenant: str) -> Workload:
    assert isinstance(workload, Workload)

    def named(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"{tenant}.{name}" for name in names)

    def op(one: Op) -> Op:
        return replace(
            one,
            name=f"{tenant}.{one.name}",
            inputs=named(one.inputs),
            outputs=named(one.outputs),
            fused=tuple(op(inner) for inner in one.fused),
        )

    tensors = {
        f"{tenant}.{name}": replace(
            tensor,
            name=f"{tenant}.{name}",
            view_of=None if tensor.view_of is None else f"{tenant}.{tensor.view_of}",
        )
        for name, tensor in workload.tensors.items()
    }
    ops = tuple(op(one) for one in workload.ops)
    return replace(workload, tensors=tensors, ops=ops, outputs=named(workload.outputs))


def combined_record(records: Mapping[str, Record], programs: Mapping[str, Program]) -> Record:
    """The Records of tenants, by name, as one: of `combined_program(programs)`.

    Its engines and memories are the tenants' views of them, one tenant after the other; its spans are in
    order of their end. A single network's Record is returned as it is.
    """
    if ONLY in records:
        return records[ONLY]
    first_task = first_layer = first_launch = 0
    layers: dict[str, tuple[tuple[int, int], ...]] = {}
    launches: list[Launched] = []
    streams: list[StreamTotals] = []
    rows: list[tuple[int, Span]] = []
    holders: dict[int, list[tuple[str, int]]] = {}
    for number, (tenant, record) in enumerate(records.items()):
        program = programs[tenant]
        for engine, sums in record.layer_working_ps.items():
            layers[view_name(engine, tenant)] = tuple((first_layer + layer, ps) for layer, ps in sums)
        before = len(rows)
        shifted = [span.shifted(launch=first_launch, task=first_task) for span in record.spans]
        rows += enumerate(shifted, start=before)
        for row_number, who, ps in record.bus_holders:
            holders.setdefault(before + row_number, []).append((who, ps))
        launches += [
            launched._replace(
                first=launched.first + first_task, past=launched.past + first_task, tenant=number
            )
            for launched in record.launches
        ]
        streams += [
            replace(
                stream,
                tenant=number,
                served=tuple(
                    one._replace(first=one.first + first_task, past=one.past + first_task)
                    for one in stream.served
                ),
            )
            for stream in record.streams
        ]
        first_task += len(program.tasks)
        first_layer += len(program.layers)
        first_launch += len(record.launches)
    rows.sort(key=lambda numbered: numbered[1].end)
    some = next(iter(records.values()))
    return Record(
        level=some.level,
        makespan_ps=some.makespan_ps,
        engines={
            view_name(name, t): own for t, record in records.items() for name, own in record.engines.items()
        },
        memories={
            view_name(name, t): own for t, record in records.items() for name, own in record.memories.items()
        },
        unfinished=sum(record.unfinished for record in records.values()),
        layer_working_ps=layers,
        rows=tuple(span for _, span in rows),
        bus_holders=tuple(
            (place, who, ps) for place, (old, _) in enumerate(rows) for who, ps in holders.get(old, ())
        ),
        masters=some.masters,
        launches=tuple(launches),
        streams=tuple(streams),
    )
