"""Measures copies, products, convolutions and elementwise operators on this machine, in fp32.

As in a network, an operator finds its data in cache, where the previous operator left it, and its weights in
memory: every call takes weights from a block many times as large as the last cache, at a place not read for a
whole round. In a network, other operators have used the caches since its last run, so before every call other
data is read: much of torch's own code is then no longer near, which accounts for most of the time of a small
operator in a network. Before a convolution or product that fills half of the last cache, as many operators
lie between two of a kind. Elementwise operators are of few kinds, and one other operator lies between two of
them: it fills the cache that the core has to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from simres.calibration.machine import Machine, machine
from simres.calibration.own_cache import own
from simres.calibration.shapes import HostShape, MatrixShape
from simres.calibration.timing import Timing, repeated, synchronise, timing
from simres.tracing.prices import vector_ops
from simres.units import PS_PER_S

BLOCK_CACHES, LEAST_BLOCK = 6, 192 << 20
"""The block of weights has this many times the size of the last cache, and at least this many bytes."""
ROUNDS = 4
"""The number of repetitions of all measurements, so that a disturbance of some seconds does not remain."""
PIECE = 2 << 20
"""Elements copied or read at once to measure the rate of memory: about a millisecond, which is seldom
interrupted by another process."""
ON_CHIP_BYTES = 1 << 20
"""Bytes copied to measure the rate of copies within the caches."""
KEPT_BYTES = 31 << 20
"""Just below the size that glibc (M_MMAP_THRESHOLD, at most 32 MiB) maps and unmaps on every allocation."""
CHANNELS = 48
"""Channels of the inputs of elementwise operators."""

Told = Callable[[int, int], None]
"""Called with the number of finished measurements and of all measurements."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """The measurements: rates in bytes per second, and a Timing of every operator and shape.

    A copy's bytes count twice, read and written. A launch is the call of a module on one number, and `call`
    is the part of it that torch's function takes without the module. `vector_ops` are those of each host
    shape.
    """

    machine: Machine
    copy_rate: int
    copy_rate_one_thread: int
    read_rate: int
    on_chip_rate: int
    matrix_launch: Timing
    matrix_call: Timing
    host_launch: Timing
    host_call: Timing
    matrix: dict[MatrixShape, Timing]
    host: dict[HostShape, Timing]
    vector_ops: dict[HostShape, int]
    small_input: int | None = None
    """Values up to which torch does convolutions in another way."""

    def kind(self, shape: MatrixShape) -> str:
        """Whether a shape is a `product`, a `conv`, or one that torch does in its way for small ones."""
        small = self.small_input is not None and shape.input_elements <= self.small_input
        dense = shape.operator == "conv" and shape.groups == 1 and shape.kernel <= 3
        return "small_conv" if small and dense else shape.operator

    @property
    def spread(self) -> float:
        """The median of the spreads: a measure of other activity on the machine."""
        spreads = sorted(timing.spread for timing in (*self.matrix.values(), *self.host.values()))
        return spreads[len(spreads) // 2] if spreads else 0.0


class Weights:
    """A block of numbers in memory, handed out piece by piece and cyclically."""

    def __init__(self, cache: int, device: torch.device, largest: int = 0, private_cache: int = 0) -> None:
        elements = max(BLOCK_CACHES * cache, LEAST_BLOCK, 4 * largest) // 4
        self.block = torch.empty(elements, device=device).uniform_(-0.1, 0.1)
        self.half = cache // 8
        """Elements that fill half of the last cache."""
        self.private = min(self.half, private_cache // 4) if private_cache else self.half
        """Elements that fill the cache of one core."""
        self._next = 0
        # glibc returns tensors to the system, and their pages are made anew each time, until a larger one
        # has been freed: here, as in any long-running process, one has.
        torch.empty(KEPT_BYTES, dtype=torch.uint8, device=device)

    def take(self, shape: Sequence[int], elements: int) -> Tensor:
        """Returns a tensor that was not read for a round, aligned to a cache line."""
        if self._next + elements > self.block.numel():
            self._next = 0
        start = self._next
        self._next += -(-elements // 16) * 16
        return self.block[start : start + elements].view(*shape)

    def flush(self) -> None:
        """Fills the caches with other data."""
        self.block.sum()

    def make_way(self, x: Tensor, elements: int) -> None:
        """Leaves the caches as other operators do that read so many elements, and of which `x` is the last
        output."""
        self.take([elements], elements).sum()
        x.mul_(1.0)


@torch.inference_mode()
def measure(
    device: torch.device,
    matrix: Sequence[MatrixShape],
    host: Sequence[HostShape],
    told: Told = lambda _done, _whole: None,
) -> Measurements:
    """Measures the device with the threads that torch is set to; `told` is called with the progress."""
    whole = ROUNDS * (len(matrix) + len(host) + 1)
    here = own(machine(device), device)
    largest = max((shape.weight_elements for shape in matrix), default=0)
    weights = Weights(here.cache, device, largest, here.private_cache)
    torch.manual_seed(0)
    times: dict[object, list[float]] = {}
    operations: dict[HostShape, int] = {}

    def took(what: object, found: list[float]) -> None:
        times.setdefault(what, []).extend(found)

    done = 0
    for _ in range(ROUNDS):
        _basics(weights, device, took)
        told(done := done + 1, whole)
        for shape in matrix:
            took(shape, _matrix(shape, weights, device))
            told(done := done + 1, whole)
        for asked in host:
            x = _image(asked, device)
            call, operations[asked] = _host(asked.operator, x)
            took(asked, repeated(call, device, before=partial(weights.make_way, x, weights.private)))
            told(done := done + 1, whole)
    found = {what: timing(those) for what, those in times.items()}

    def rate(what: str, nbytes: int) -> int:
        return nbytes * PS_PER_S // found[what].ps

    return Measurements(
        machine=here,
        copy_rate=rate("copy", 8 * PIECE),
        copy_rate_one_thread=rate("copy alone", 8 * PIECE),
        read_rate=rate("read", 4 * PIECE),
        on_chip_rate=rate("on chip", ON_CHIP_BYTES),
        matrix_launch=found["linear"],
        matrix_call=found["linear function"],
        host_launch=found["relu"],
        host_call=found["relu function"],
        matrix={shape: found[shape] for shape in matrix},
        host={shape: found[shape] for shape in host},
        vector_ops=operations,
        small_input=_small_input(device),
    )


def _small_input(device: torch.device) -> int | None:
    """The largest input that torch convolves in its own way rather than in oneDNN's, for one image and a
    3 x 3 kernel (`use_mkldnn` in its Convolution.cpp); None where size does not decide."""
    select = getattr(torch._C, "_select_conv_backend", None)
    if device.type != "cpu" or select is None:
        return None
    weight = torch.empty(1, 1, 3, 3)

    def own(values: int) -> bool:
        x = torch.empty(1, 1, 1, values)
        found = select(x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1)
        return "Slow2d" in str(found)

    low, high = 1, 1 << 24
    if not own(low) or own(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if own(middle) else (low, middle)
    return low


def _basics(weights: Weights, device: torch.device, took: Callable[[str, list[float]], None]) -> None:
    """Measures copies, reads, and calls of operators on one number."""
    threads = torch.get_num_threads()
    took("copy", _copies(weights, device))
    torch.set_num_threads(1)
    took("copy alone", _copies(weights, device))
    torch.set_num_threads(threads)
    took("read", _reads(weights, device))
    small = [torch.rand(ON_CHIP_BYTES // 4, device=device) for _ in range(2)]
    took("on chip", repeated(lambda: small[0].copy_(small[1]), device))
    one = torch.ones(1, 1, device=device)
    linear, relu = nn.Linear(1, 1, bias=False).to(device).eval(), nn.ReLU()
    calls: dict[str, Callable[[], Tensor]] = {
        "linear": lambda: linear(one),
        "linear function": lambda: functional.linear(one, one),
        "relu": lambda: relu(one),
        "relu function": one.relu,
    }
    for name, call in calls.items():
        between = weights.half if name.startswith("linear") else weights.private
        took(name, repeated(call, device, before=partial(weights.make_way, one, between)))


def _copies(weights: Weights, device: torch.device) -> list[float]:
    to = of = weights.block[:0]

    def before() -> None:
        nonlocal to, of
        to, of = weights.take([PIECE], PIECE), weights.take([PIECE], PIECE)

    return repeated(lambda: to.copy_(of), device, before=before)


def _reads(weights: Weights, device: torch.device) -> list[float]:
    piece = weights.block[:0]

    def before() -> None:
        nonlocal piece
        piece = weights.take([PIECE], PIECE)

    return repeated(lambda: piece.sum(), device, before=before)


def _matrix(shape: MatrixShape, weights: Weights, device: torch.device) -> list[float]:
    if shape.operator == "conv":
        side = shape.side * shape.stride
        x = torch.rand(1, shape.groups * shape.c, side, side, device=device)
        form = [shape.groups * shape.m, shape.c, shape.kernel, shape.kernel]
    else:
        x = torch.rand(shape.side, shape.c, device=device)
        form = [shape.m, shape.c]
    w = weights.block[:0]

    def before() -> None:
        nonlocal w
        w = weights.take(form, shape.weight_elements)
        weights.make_way(x, weights.half)

    def call() -> Tensor:
        if shape.operator == "conv":
            return torch.conv2d(x, w, None, shape.stride, shape.kernel // 2, 1, shape.groups)
        return functional.linear(x, w)

    synchronise(device)
    return repeated(call, device, before=before)


def _image(shape: HostShape, device: torch.device) -> Tensor:
    """Returns numbers around 0 with smooth neighbourhoods, as in pictures: an unpredictable branch of a
    comparison costs more. Input of a maximum has passed a ReLU, as in networks."""
    side = max(2, round((shape.elements / CHANNELS) ** 0.5))
    noise = torch.rand(1, CHANNELS, side, side, device=device) - 0.5
    image = functional.avg_pool2d(noise, 3, 1, 1)
    return image.relu() if shape.operator.startswith("max_pool") else image


def _host(kind: str, x: Tensor) -> tuple[Callable[[], Tensor], int]:
    """Returns the operator on `x` as a call, and its vector operations in a workload."""
    count, device = x.numel(), x.device
    if kind.startswith("max_pool"):
        k, padding = (2, 0) if kind.endswith("2x2") else (3, 1)
        stride = 1 if kind.endswith("stride_1") else 2
        made = functional.max_pool2d(x, k, stride, padding).numel()
        work = vector_ops("max_pool", made, window=k * k * made)
        return lambda: functional.max_pool2d(x, k, stride, padding), work
    if kind in ("avg_pool", "mean"):
        axes = [2, 3] if kind == "avg_pool" else [1]
        return lambda: x.mean(axes), vector_ops(kind, 0, inputs=count, window=count)
    if kind == "batch_norm":
        one = torch.ones(CHANNELS, device=device)
        zero = torch.zeros(CHANNELS, device=device)
        return lambda: functional.batch_norm(x, zero, one, one, zero), vector_ops(kind, count)
    if kind == "softmax":
        rows = x.view(CHANNELS, -1)
        return lambda: rows.softmax(1), vector_ops(kind, count)
    if kind == "layer_norm":
        rows = x.view(CHANNELS, -1)
        return lambda: functional.layer_norm(rows, rows.shape[1:]), vector_ops(kind, count)
    calls: dict[str, Callable[[], Tensor]] = {
        "add": lambda: x + x,
        "mul": lambda: x * x,
        "relu": x.relu,
        "clamp": lambda: x.clamp(0.0, 6.0),
        "sigmoid": x.sigmoid,
        "silu": lambda: functional.silu(x),
        "gelu": lambda: functional.gelu(x),
        "hardswish": lambda: functional.hardswish(x),
        "hardsigmoid": lambda: functional.hardsigmoid(x),
    }
    return calls[kind], vector_ops(kind, count)
