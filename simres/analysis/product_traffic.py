"""The bytes that large products move through a small memory, whatever the schedule.

The least traffic of one product of matrices is known (Hong and Kung 1981; Irony, Toledo and Tiskin 2004; the
constant 2: Smith, Lowery, Langou and van de Geijn 2019): 2 MACs / sqrt(S) elements, with S of them on chip.
Here several products may be fused, what lies between them recomputed, and results never stored.

**Count.** Cut a schedule into segments of I = 2 S bytes, counted as the bytes loaded plus, each time that an
element of a product's result is begun, that element. In one segment at most S + I = 3 S bytes of elements can
be used: those on chip at its start, those loaded, those begun. With a elements of a product's data, b of its
weights and c of its result, at most sqrt(T a b c) multiply-accumulates are possible (Loomis and Whitney),
where an element of the data meets at most T taps of a filter.

**Fusion.** Data that is made on chip counts as well: at most so many of its elements can be made of each
element of a *base*, an input or the result of an earlier product of these (`simres.analysis.sources`); that
factor is part of T. So a product joins its base and its result. If no three are joined to each other, the
sum of sqrt(a b c) over products is at most (Y / 3)^1.5 with Y bytes in all (Motzkin and Straus 1965: the sum
of a c over joined pairs is at most a quarter of the square of their sum), as for a single product.

**Sum.** An element that is begun costs its bytes, and brings the K multiply-accumulates that it sums; where
2 K / sqrt(T S) is more than 1, making it again only adds traffic. So

    bytes loaded >= sum over products of (2 MACs / sqrt(T S) - elements of the result) - 2 S,

with S and the elements in bytes, and each byte of the data and weights weighed by its type. Products that
bring nothing, and those of which this cannot be shown, are left out; what else must be loaded, and what must
be stored, comes on top.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import isqrt, prod

from simres.analysis.sources import Source, of_concatenation, own, through_part, through_view
from simres.workload import reading
from simres.workload.boxes import elements
from simres.workload.footprint import Reach, call_of
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import BITS, Op, Role, Unit, Window


@dataclass(frozen=True, slots=True)
class ProductTraffic:
    """What some operators load at least, in bytes, for one inference and, of `once`, for all of them.

    `counted` are the weights and inputs that are part of it.
    """

    each: int = 0
    once: int = 0
    ops: tuple[str, ...] = ()
    counted: frozenset[str] = frozenset()

    def nbytes(self, repeats: int) -> int:
        """The bytes loaded at least for so many inferences."""
        return max(0, self.each * repeats - self.once)


@dataclass(frozen=True, slots=True)
class _Product:
    """A product that counts: its operator, weight, result and bases, and the bits that it adds."""

    op: str
    weight: str
    result: str
    bases: frozenset[str]
    bits: int


@dataclass(slots=True)
class Products:
    """What is known of each tensor, and the products counted so far."""

    sources: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    joined: set[frozenset[str]] = field(default_factory=set)
    tables: dict[str, str] = field(default_factory=dict)
    """By tensor of rows that are looked up: the table."""
    counted: list[_Product] = field(default_factory=list)


def product_traffic(workload: Workload, needed: Container[int], capacity: int) -> ProductTraffic:
    """The least bytes that large products load with `capacity` bytes on chip.

    `needed` are the numbers of operators every element of which the outputs need.
    """
    return _summed(products(workload, needed, capacity), workload, capacity)


def products(workload: Workload, needed: Container[int], capacity: int) -> Products:
    """The products that can be counted together, and the sources of each tensor."""
    tensors = workload.tensors
    matrix = [op for op in workload.ops if op.unit is Unit.MATRIX]
    wide = [tensors[name] for op in matrix for name in (op.inputs[0], *op.outputs)]
    found = Products()
    if not wide or capacity <= 0:
        return found
    least = min(BITS[tensor.dtype] for tensor in wide)
    """Bits of an element of data or of a result, in whatever form it is on chip."""
    users = Counter(workload.storage(name) for op in workload.ops for name in set(op.inputs))
    for name, tensor in tensors.items():
        if tensor.role is not Role.ACTIVATION and BITS[tensor.dtype] >= least and tensor.view_of is None:
            found.sources[name] = own(name, tensor.shape)
    for number, op in enumerate(workload.ops):
        if op.unit is Unit.VIEW:
            view = tensors[op.outputs[0]]
            if view.view_of in found.sources:
                base = tensors[view.view_of]
                found.sources[view.name] = through_view(op, found.sources[base.name], base.shape, view.shape)
            continue
        for part in op.parts():
            made = tensors[part.outputs[0]]
            if len(part.outputs) != 1 or BITS[made.dtype] < least:
                continue
            joins = bool(part.macs) and number in needed and _joins(found, workload, part, users)
            bits = _loads(found, workload, part, least, capacity) if joins else 0
            if bits > 0:
                bases = {source.base for source in found.sources[part.inputs[0]]}
                found.joined |= {frozenset((base, made.name)) for base in bases}
                weight = workload.storage(part.inputs[1])
                found.counted.append(_Product(op.name, weight, made.name, frozenset(bases), bits))
                found.sources[made.name] = own(made.name, made.shape)
            elif table := _looked_up(workload, part):
                found.tables[made.name] = table
                found.sources[made.name] = own(made.name, made.shape)
            else:
                found.sources[made.name] = _derived(found, workload, part)
    return found


def _summed(found: Products, workload: Workload, capacity: int) -> ProductTraffic:
    """The sum over products; one that no other builds on counts only if it adds more than its weight has."""
    used: set[str] = set()
    counted: set[str] = set()
    ops: list[str] = []
    bits = 0
    for product in reversed(found.counted):
        if product.result not in used and product.bits < 8 * workload.tensors[product.weight].nbytes:
            continue
        used |= product.bases
        counted.add(product.weight)
        ops.append(product.op)
        bits += product.bits
    loaded = {found.tables.get(name, name) for name in used}
    counted |= {name for name in loaded if workload.tensors[name].role is not Role.ACTIVATION}
    return ProductTraffic(bits // 8, 2 * capacity, tuple(reversed(ops)), frozenset(counted))


def _looked_up(workload: Workload, part: Op) -> str:
    """The table of which an operator copies rows, none of them twice; empty if it does something else."""
    if part.unit is not Unit.MOVE or (part.name, 0) not in workload.looked_up:
        return ""
    table = workload.storage(part.inputs[0])
    tensors = workload.tensors
    if tensors[table].role is Role.ACTIVATION or tensors[part.outputs[0]].elements > tensors[table].elements:
        return ""
    return table


def _derived(found: Products, workload: Workload, part: Op) -> tuple[Source, ...]:
    """The sources of an operator's result: those of the input that says most."""
    made = workload.tensors[part.outputs[0]].shape
    call = call_of(workload, part)
    ways = []
    for place, name in enumerate(part.inputs):
        sources = found.sources.get(name, ())
        if not sources:
            continue
        ways.append(through_part(part, place, Reach(workload, part, place, call), sources))
    if kind_of(part).reads is reading.concatenation:
        return of_concatenation(ways)
    return max(ways, key=lambda way: _told(way, made), default=())


def _told(way: tuple[Source, ...], made: tuple[int, ...]) -> tuple[bool, Fraction]:
    covered = sum(elements(source.box) for source in way) == prod(made)
    return covered, -_each(way)


def _each(sources: Iterable[Source]) -> Fraction:
    return max((source.each for source in sources), default=Fraction(1))


def _joins(found: Products, workload: Workload, part: Op, users: Mapping[str, int]) -> bool:
    """Whether a product joins bases of its data to its result, and no three would be joined to each other."""
    if len(part.inputs) < 2:
        return False
    tensors, (data, weight) = workload.tensors, part.inputs[:2]
    stored = workload.storage(weight)
    if tensors[stored].role is not Role.WEIGHT or users[stored] > 1 or workload.storage(data) == stored:
        return False
    if tensors[weight].elements != tensors[stored].elements:
        return False
    sources = found.sources.get(data, ())
    if sum(elements(source.box) for source in sources) != tensors[data].elements:
        return False
    bases = {source.base for source in sources}
    if len(bases) < len(sources):
        return False
    return not any(
        frozenset((one, other)) in found.joined for one in bases for other in bases if one != other
    )


def _loads(found: Products, workload: Workload, part: Op, least: int, capacity: int) -> int:
    """What a product adds, in bits: of its multiply-accumulates, less the elements of its result; or 0."""
    reads, tensors = kind_of(part).reads, workload.tensors
    if reads not in (reading.convolution, reading.linear, reading.matmul):
        return 0
    if reads is reading.convolution and part.attributes.get("transposed"):
        return 0
    call = call_of(workload, part)
    made = prod(call.output)
    data = Reach(workload, part, 0, call)
    if data.summed is None or not made:
        return 0
    summed = call.inputs[0][data.summed]
    if reads is reading.convolution:
        summed = summed // (part.loops.groups if part.loops else 1)
    total, fewest, meets = made * summed, summed, Fraction(1)
    if reads is reading.convolution:
        if part.window is None:
            return 0
        axes = len(call.inputs[1]) - 2
        for axis in range(axes):
            at = axis - axes
            pairs, least_pairs, most = _taps(part.window, at, call.inputs[0][at], call.output[at])
            total = total // call.output[at] * pairs
            fewest, meets = fewest * least_pairs, meets * most
    if total > part.macs or not meets:
        return 0
    weight = BITS[tensors[workload.storage(part.inputs[1])].dtype]
    meets = _each(found.sources[part.inputs[0]]) * meets

    def moved(macs: int) -> int:
        return isqrt(int(4 * macs**2 * least**2 * weight / (meets * 8 * capacity)))

    return moved(total) - made * least if moved(fewest) > least else 0


@lru_cache(maxsize=1024)
def _taps(window: Window, axis: int, size: int, count: int) -> tuple[int, int, int]:
    """Along an axis: pairs of an output and a tap that meet an input; the fewest of an output; the most of
    an input."""
    kernel, stride, dilation = window.kernel[axis], window.stride[axis], window.dilation[axis]
    before = window.padding[2 * (len(window.kernel) + axis)]
    met = [0] * size
    fewest = kernel
    for place in range(count):
        first = place * stride - before
        inside = [at for at in range(first, first + kernel * dilation, dilation) if 0 <= at < size]
        fewest = min(fewest, len(inside))
        for at in inside:
            met[at] += 1
    return sum(met), fewest, max(met, default=0)
