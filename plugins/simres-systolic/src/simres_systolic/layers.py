"""The scheduler `row_stationary`: convolutions in passes, as Eyeriss does them, one layer after the other.

A layer reads its input from off-chip memory and leaves its output there. Of a convolution, what stays in the
buffer is chosen by `simres_systolic.blocking`; elementwise operators with one input that follow work on its
sums before they leave. Any other operator runs as `serial` would run it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simres.hardware.chip import Chip
from simres.program import Program
from simres.program.draft import work_of
from simres.program.roles import ComponentRole
from simres.program.tenants import concatenated
from simres.scheduling import serial
from simres.scheduling.parameters import NoParameters
from simres.scheduling.unfused import unfused
from simres.sharing.workbench import Workbench
from simres.workload import BITS, Op, Role, Unit, Workload
from simres.workload.footprint import is_elementwise
from simres_systolic.array import ArraySpec
from simres_systolic.blocking import Blocking, Sizes, best_blocking
from simres_systolic.mapping import Dataflow
from simres_systolic.passes import Passes


def schedule(
    workload: Workload, chip: Chip, parameters: NoParameters, bench: Workbench | None = None
) -> Program:
    """The Program of `workload`, layer after layer.

    Raises `AnswerIsNo`, with the memory that would do, when an operator does not fit however it is cut.
    """
    bench = bench or Workbench()
    parts = unfused(workload)
    programs, told = [], []
    for ops in _layers(parts):
        found = None if (blocking := _blocking(ops[0], parts, chip)) is None else Passes(parts, chip, ops)
        if found is None or blocking is None:
            programs += [serial.schedule(_alone(op, parts), chip, parameters, bench) for op in ops]
        else:
            programs.append(found.program(blocking))
            told.append(f"`{ops[0].name}` {blocking.filters} x {blocking.rows} x {blocking.images}")
    if not programs:
        return serial.schedule(workload, chip, parameters, bench)
    joined = _one_after_the_other(programs)
    decisions = {
        "order": "layer after layer, convolutions in passes",
        "sums kept, filters x rows x images": "; ".join(told) or "none",
    }
    return replace(joined, scheduler="row_stationary", workload=workload.digest, decisions=decisions)


def _layers(workload: Workload) -> list[list[Op]]:
    """Convolutions with the operators that work on their sums; every other operator by itself."""
    readers: dict[str, int] = {}
    for op in workload.ops:
        for name in op.inputs:
            readers[name] = readers.get(name, 0) + 1
    found: list[list[Op]] = []
    for op in workload.ops:
        if op.unit is Unit.VIEW:
            continue
        last = found[-1][-1] if found else None
        follows = (
            last is not None
            and found[-1][0].kind == "conv"
            and op.unit is Unit.HOST
            and op.inputs == last.outputs
            and readers[op.inputs[0]] == 1
            and op.inputs[0] not in workload.outputs
            and len(op.outputs) == 1
            and is_elementwise(workload, op)
            and workload.tensors[op.outputs[0]].dtype == workload.tensors[op.inputs[0]].dtype
        )
        if follows:
            found[-1].append(op)
        else:
            found.append([op])
    return found


def _blocking(op: Op, workload: Workload, chip: Chip) -> Blocking | None:
    """What of a convolution stays in the buffer; None where it is none, or the array is of another kind."""
    loops, window = op.loops, op.window
    if op.kind != "conv" or loops is None or window is None or not loops.macs:
        return None
    work = work_of(op, workload)[2]
    spec = chip.engines[chip.fastest(ComponentRole.MATRIX, work)]
    data, weights, made = (workload.tensors[name] for name in (*op.inputs[:2], op.outputs[0]))
    plain = len(data.shape) == 4 and not op.attributes.get("transposed")
    if not isinstance(spec, ArraySpec) or spec.dataflow is not Dataflow.ROW_STATIONARY or not plain:
        return None
    if window.dilation[0] > 1:
        return None
    of_inputs, of_weights, of_sums = (-(-BITS[tensor.dtype] // 8) for tensor in (data, weights, made))
    sizes = Sizes(of_inputs, of_weights, of_sums, data.shape[2], data.shape[3], window.stride[0])
    return best_blocking(replace(loops, groups=1), sizes, spec.row_stationary, _room(op, workload, chip))


def _room(op: Op, workload: Workload, chip: Chip) -> int:
    """Bytes for a convolution's passes: the buffer without what comes for each output channel."""
    _, memory = chip.scratchpad()
    beside = sum(memory.occupied(workload.tensors[name].nbytes) for name in op.inputs[2:])
    return memory.capacity - beside


def _alone(op: Op, workload: Workload) -> Workload:
    """The network of one operator, with the views it reads by; it finds all it reads off chip."""
    found = [op]
    for one in found:
        for name in one.inputs:
            maker = workload.producer.get(name)
            if workload.tensors[name].view_of is not None and maker is not None and maker not in found:
                found.append(maker)
    ops = tuple(one for one in workload.ops if one in found)
    made = {name for one in ops for name in one.outputs}
    tensors = {}
    for name in dict.fromkeys(name for one in ops for name in (*one.inputs, *one.outputs)):
        tensor = workload.tensors[name]
        outside = tensor.role is Role.ACTIVATION and name not in made
        tensors[name] = replace(tensor, role=Role.INPUT) if outside else tensor
    return Workload(workload.name, tensors, ops, op.outputs, 0)


def _one_after_the_other(programs: Sequence[Program]) -> Program:
    """Programs that leave nothing on chip, each after the last task of the one before."""
    joined = concatenated(programs)
    tasks = list(joined.tasks)
    first = 0
    for program in programs:
        for number in range(first, first + len(program.tasks)) if first else ():
            task = tasks[number]
            if not task.needs and not task.after:
                tasks[number] = replace(task, after=(first - 1,))
        first += len(program.tasks)
    return replace(joined, tasks=tuple(tasks))
