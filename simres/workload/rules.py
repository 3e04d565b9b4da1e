"""Rules that a workload must satisfy beyond the types of its fields."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simres.workload.graph import Ledger, Workload
from simres.workload.operators import BITS, Loops, Op, Role, Tensor, Unit, Window
from simres.workload.reaches import Along, LookUp

MOST = 2**62
"""Bytes and operations beyond that are a slip: four exbibytes, or a century at 1 TFLOP/s."""

GROWING_VIEWS = frozenset({"expand", "unfold", "as_strided", "view_as_real"})
"""Kinds of view that may show one element more than once, or its parts, so have more elements than what they
view."""


def problems_of_workload(workload: Workload) -> Iterator[str]:
    """Everything wrong with a graph, each with its path (`ops[3].inputs[0]`)."""
    yield from _name_and_numbers(workload)
    for index, (key, tensor) in enumerate(workload.tensors.items()):
        for problem in _tensor(key, tensor, workload):
            yield f"tensors[{index}] (`{key}`){problem}"
    cyclic = _cyclic_views(workload)
    for name in cyclic:
        yield f"tensor `{name}`: is a view of itself, by way of view_of"
    inside = {name for op in workload.ops for name in _between(op)}
    yield from _ops(workload, cyclic, inside)
    if not workload.outputs:
        yield "outputs: must name at least one tensor"
    for index, name in enumerate(workload.outputs):
        if name not in workload.tensors:
            yield f"outputs[{index}]: no tensor `{name}`"
        elif name in inside:
            yield f"outputs[{index}]: `{name}` lies inside a fused operator, so it is never whole in memory"


def problems_of_ledger(ledger: Ledger) -> Iterator[str]:
    """Everything wrong with a ledger."""
    if not ledger.rows:
        yield "rows: must have at least one"
    names = set()
    for index, row in enumerate(ledger.rows):
        if not row.name or row.name in names:
            yield f"rows[{index}].name: `{row.name}` is empty or taken by an earlier row"
        names.add(row.name)
        for field in ("coefficient_bytes", "ifmap_bytes", "ofmap_bytes", "macs", "host_ops"):
            yield from _count(f"rows[{index}].{field}", getattr(row, field))


def _name_and_numbers(workload: Workload) -> Iterator[str]:
    yield from _count("parameters", workload.parameters)
    if workload.accuracy is not None and not math.isfinite(workload.accuracy):
        yield f"accuracy: must be a finite number, is {workload.accuracy}"
    if sum(op.macs for op in workload.ops) > MOST or sum(op.vector_ops for op in workload.ops) > MOST:
        yield "ops: more than 2^62 operations in all"


def _count(place: str, value: int) -> Iterator[str]:
    if value < 0:
        yield f"{place}: must not be negative, is {value}"
    elif value > MOST:
        yield f"{place}: must be at most 2^62, is larger"


def _tensor(key: str, tensor: Tensor, workload: Workload) -> Iterator[str]:
    if not tensor.name or tensor.name != key:
        yield f".name: must be a text of its own, is `{tensor.name}`"
    if tensor.dtype not in BITS:
        yield f".dtype: unknown `{tensor.dtype}`; known: {', '.join(BITS)}"
    elif any(size < 0 for size in tensor.shape):
        yield f".shape: must not be negative, is {list(tensor.shape)}"
    elif tensor.role is Role.INPUT and tensor.shape[:1] == (0,):
        yield ".shape: an input without a single image"
    elif tensor.nbytes > MOST:
        yield ".shape: more than 2^62 bytes"
    if tensor.density is not None and not 0 <= tensor.density <= 1:  # NaN too
        yield f".density: must be from 0 to 1, is {tensor.density}"
    if tensor.deviation is not None and not 0 <= tensor.deviation < math.inf:
        yield f".deviation: must be a finite number from 0, is {tensor.deviation}"
    if tensor.view_of is not None:
        if tensor.view_of not in workload.tensors:
            yield f".view_of: no tensor `{tensor.view_of}`"
        if tensor.role is not Role.ACTIVATION:
            yield f".view_of: a view is made by an operator, so its role is activation, not {tensor.role}"


def _cyclic_views(workload: Workload) -> list[str]:
    """Tensors from which following `view_of` never ends."""
    ends: set[str] = set()
    cyclic: dict[str, None] = {}
    for start in workload.tensors:
        path: dict[str, None] = {}
        name: str | None = start
        while name is not None and name in workload.tensors and name not in ends and name not in cyclic:
            if name in path:
                cyclic |= path
                break
            path[name] = None
            name = workload.tensors[name].view_of
        else:
            if name in cyclic:
                cyclic |= path
            ends.update(path)
    return list(cyclic)


def _ops(workload: Workload, cyclic: list[str], inside: set[str]) -> Iterator[str]:
    """Names, order and producers; then each operator's own figures."""
    from simres.workload.form_rules import problems_of_form  # loads the table, which no ledger needs

    names: set[str] = set()
    negative_sizes = any(min(tensor.shape, default=0) < 0 for tensor in workload.tensors.values())
    makers = {output: op.name for op in reversed(workload.ops) for output in op.outputs}
    made: dict[str, str] = {}
    for index, op in enumerate(workload.ops):
        place = f"ops[{index}]"
        if not op.name or op.name in names:
            yield f"{place}.name: `{op.name}` is empty or taken by an earlier operator"
        names.add(op.name)
        if not op.kind.isprintable():
            yield f"{place}.kind: must be of characters that can be printed"
        for position, name in enumerate(op.inputs):
            tensor = workload.tensors.get(name)
            if tensor is None:
                yield f"{place}.inputs[{position}]: no tensor `{name}`"
            elif tensor.role is Role.ACTIVATION and name not in made and name in makers:
                yield f"{place}.inputs[{position}]: `{name}` is made only later, by `{makers[name]}`"
            elif name in inside:
                yield f"{place}.inputs[{position}]: `{name}` lies inside a fused operator"
        if not op.outputs:
            yield f"{place}.outputs: must name at least one tensor"
        for position, name in enumerate(op.outputs):
            tensor = workload.tensors.get(name)
            if tensor is None:
                yield f"{place}.outputs[{position}]: no tensor `{name}`"
            elif tensor.role is not Role.ACTIVATION:
                yield f"{place}.outputs[{position}]: `{name}` is an {tensor.role}, which no operator makes"
            elif name in made:
                yield f"{place}.outputs[{position}]: `{name}` is made already, by `{made[name]}`"
            made.setdefault(name, op.name)
        sound = all(name in workload.tensors for name in (*op.inputs, *op.outputs)) and not negative_sizes
        found = [
            *_figures(op),
            *_weights(op, workload),
            *_sizes(op, workload),
            *_reads(op, workload),
            *_fused(op, workload),
        ]
        if sound and not found:
            found += problems_of_form(op, workload)
        for problem in found:
            yield f"{place}{problem}"
        yield from _views(place, op, workload, cyclic)
    for index, (name, tensor) in enumerate(workload.tensors.items()):
        if tensor.role is Role.ACTIVATION and name not in made and name not in inside:
            yield f"tensors[{index}] (`{name}`): an activation that no operator makes"


def _figures(op: Op) -> Iterator[str]:
    yield from _count(".macs", op.macs)
    yield from _count(".vector_ops", op.vector_ops)
    if op.loops is not None:
        counts = {name: getattr(op.loops, name) for name in Loops.__dataclass_fields__}
        negative = [name for name, count in counts.items() if count < 0]
        if negative:
            yield f".loops.{negative[0]}: must not be negative, is {counts[negative[0]]}"
        elif max(counts.values()) > MOST:
            yield ".loops: counts must be at most 2^62, and one is larger"
        elif op.loops.macs != op.macs:
            yield f".macs: {op.macs}, but its loops make {op.loops.macs}"
    if op.window is not None:
        yield from _window(op.window)
    for name, value in op.attributes.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield f".attributes.{name}: must be a finite number, is {value}"


def _weights(op: Op, workload: Workload) -> Iterator[str]:
    """Convolutions and linear layers have as many weights as their loops use: tiles are cut by the loops."""
    weight = workload.tensors.get(op.inputs[1]) if len(op.inputs) > 1 else None
    if op.loops is None or op.kind not in ("conv", "linear") or weight is None:
        return
    counts = op.loops
    used = counts.groups * counts.m * counts.c * counts.r * counts.s
    if weight.role is Role.WEIGHT and 0 <= used <= MOST and weight.elements != used:
        has = "another number" if weight.elements > MOST else f"{weight.elements}"
        yield f".loops: use {used} weights, and `{weight.name}` has {has}"


def _sizes(op: Op, workload: Workload) -> Iterator[str]:
    """The loops of products make and read as many elements as the tensors have: tiles are cut by them."""
    counts = op.loops
    if counts is None or op.kind not in ("conv", "linear", "matmul") or not op.inputs or not op.outputs:
        return
    read = workload.tensors.get(op.inputs[0])
    made = workload.tensors.get((*_between(op), *op.outputs)[0])
    if read is None or made is None or any(getattr(counts, name) < 0 for name in counts.__slots__):
        return
    reads, makes = counts.groups * counts.n * counts.c, counts.groups * counts.n * counts.m
    pixels = counts.p * counts.q
    if op.kind != "conv":
        sizes = [("elements", reads, read, read.elements), ("elements", makes * pixels, made, made.elements)]
    else:
        weight = workload.tensors.get(op.inputs[1]) if len(op.inputs) > 1 else None
        axes = len(weight.shape) - 2 if weight is not None else 0
        if axes < 1:
            return
        # A transposed convolution multiplies once for each pixel that it reads, others for each they make.
        slid = read if op.attributes.get("transposed") else made
        sizes = [
            ("input channels", reads, read, math.prod(read.shape[:-axes])),
            ("output channels", makes, made, math.prod(made.shape[:-axes])),
            ("pixels", pixels, slid, math.prod(slid.shape[-axes:])),
        ]
    for what, wanted, tensor, has in sizes:
        if has != wanted and tensor.elements != 1:  # a filled tensor is stored as its one value
            yield f".loops: have {wanted} {what}, and `{tensor.name}` has {has}"


def _reads(op: Op, workload: Workload) -> Iterator[str]:
    """A stated reach has a rule for each axis of an input, about axes that the output has."""
    if len(op.reads) > len(op.inputs):
        yield f".reads: {len(op.reads)} inputs, but it reads {len(op.inputs)}"
        return
    output = workload.tensors.get(op.outputs[0]) if op.outputs else None
    for position, (rules, name) in enumerate(zip(op.reads, op.inputs, strict=False)):
        tensor, place = workload.tensors.get(name), f".reads[{position}]"
        if tensor is None or output is None:
            return
        if rules and len(rules) != len(tensor.shape):
            yield f"{place}: {len(rules)} rules, but `{name}` has {len(tensor.shape)} axes"
        for axis, rule in enumerate(rules):
            named = (rule.axis,) if isinstance(rule, Along) else rule.axes if isinstance(rule, LookUp) else ()
            if any(not 0 <= one < len(output.shape) for one in named):
                yield f"{place}[{axis}]: names an axis that `{output.name}` does not have"
            if isinstance(rule, Along) and (min(rule.over, rule.each) < 1 or rule.times < 0):
                yield f"{place}[{axis}]: `over` and `each` must be at least 1, and `times` not negative"
            elif isinstance(rule, Along) and rule.first >= rule.last + rule.over:
                yield f"{place}[{axis}]: reads nothing, as `first` is `over` or more past `last`"


def _between(op: Op) -> tuple[str, ...]:
    """Tensors inside a fused operator, each made and read there and never whole in memory."""
    inner = (name for part in op.fused for name in (*part.inputs, *part.outputs))
    return tuple(dict.fromkeys(name for name in inner if name not in op.inputs and name not in op.outputs))


def _fused(op: Op, workload: Workload) -> Iterator[str]:
    """A chain: each part reads what the one before made, and the last makes the operator's outputs."""
    if not op.fused:
        return
    if op.vector_ops != (vector_ops := sum(part.vector_ops for part in op.fused)):
        yield f".vector_ops: {op.vector_ops}, but its fused operators have {vector_ops}"
    inside = _between(op)
    if len(inside) != len(op.fused):
        yield f".fused: {len(op.fused)} operators take {len(op.fused)} tensors between, not {len(inside)}"
    chain = (*inside, *op.outputs)
    for index, part in enumerate(op.fused):
        place = f".fused[{index}]"
        if part.fused or part.macs or part.unit is not Unit.HOST:
            yield f"{place}: must be a host operator that has no fused ones itself"
        if unknown := [name for name in (*part.inputs, *part.outputs) if name not in workload.tensors]:
            yield f"{place}: no tensor `{unknown[0]}`"
        read = [name for name in part.inputs if name in inside]
        if set(read) != set(chain[index : index + 1]) or part.outputs != chain[index + 1 : index + 2]:
            yield f"{place}: must read what the one before makes, and make what the next one reads"
        for problem in _figures(part):
            yield f"{place}{problem}"


def _window(window: Window) -> Iterator[str]:
    axes = len(window.kernel)
    if axes < 2:
        yield f".window.kernel: must have an entry for rows and one for columns, has {axes}"
    for name, entries in (("stride", axes), ("dilation", axes), ("padding", 2 * axes)):
        if (found := len(getattr(window, name))) != entries:
            yield f".window.{name}: must have {entries} entries for a kernel of {axes} axes, has {found}"
            return
    for name in ("kernel", "stride", "dilation"):
        if min(getattr(window, name), default=1) < 1:
            yield f".window.{name}: must be at least 1, is {list(getattr(window, name))}"
    if min(window.padding, default=0) < 0:
        yield f".window.padding: must not be negative, is {list(window.padding)}"


def _views(place: str, op: Op, workload: Workload, cyclic: list[str]) -> Iterator[str]:
    """A view operator makes views of what it reads, within its bytes; no other operator makes views."""
    for position, name in enumerate(op.outputs):
        tensor = workload.tensors.get(name)
        if tensor is None or name in cyclic:
            continue
        where = f"{place}.outputs[{position}]: `{name}`"
        if (tensor.view_of is not None) != (op.unit is Unit.VIEW):
            yield f"{where} must be a view exactly if its operator's unit is `view`"
        elif tensor.view_of is not None and tensor.view_of not in op.inputs:
            yield f"{where} is a view of `{tensor.view_of}`, which its operator does not read"
        elif tensor.view_of is not None and tensor.view_of in workload.tensors:
            base = workload.tensors[tensor.view_of]
            if tensor.elements > base.elements and op.kind not in GROWING_VIEWS:
                yield f"{where} has more elements than `{base.name}`, which it is a view of"
