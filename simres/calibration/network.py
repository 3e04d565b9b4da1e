"""Runs a traced network for real and times the whole of it, and each operator of its workload."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils._pytree import tree_leaves

from simres.calibration.machine import machine
from simres.calibration.measure import Weights
from simres.calibration.own_cache import own
from simres.calibration.timing import Timing, clock, repeated, synchronise, timing
from simres.plugins.hooks import Operator
from simres.tracing.export import DTYPES, export, quiet
from simres.tracing.graph_reader import GraphReader
from simres.tracing.input_shapes import InputShape, InputShapes, arranged, input_shapes
from simres.tracing.lowering import Lowering
from simres.workload.graph import Workload

IMAGES = 30
"""The number of runs of the network, whole and operator by operator."""
MARK = "simres:"
"""The prefix of the ranges of operators in a profile."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call into torch: the operators that it computes, and the torch function of most of its time."""

    operators: tuple[str, ...]
    timing: Timing
    ran: str


@dataclass(frozen=True, slots=True)
class NetworkRun:
    """A network's workload and its times: `total` for an inference of the unchanged module, and each call of
    the traced program separately."""

    workload: Workload
    total: Timing
    calls: tuple[Call, ...]


@torch.inference_mode()
def run(
    module: nn.Module,
    input_shape: InputShapes,
    device: torch.device,
    name: str,
    operators: Mapping[str, Lowering | Operator] | None = None,
    told: Callable[[int, int], None] = lambda _done, _whole: None,
) -> NetworkRun:
    """Runs `module` on one image at a time, unchanged and operator by operator.

    Before each run the caches are emptied and a twin of the module runs: the program and the buffers are then
    as in a process that has run for a while, and the weights in memory, as in a simulation.

    Raises as `simres.tracing.trace` does; `told` is called with the number of finished images and of all
    images.
    """
    shapes = input_shapes(input_shape)
    program = export(module, shapes, 1, name).program
    reader = GraphReader(program, module, name, operators, allow_unmodelled=False)
    workload = reader.workload({"network": name, "torch": torch.__version__})
    torch.manual_seed(0)
    inputs, named = arranged(shapes, lambda shape: _random(shape, module, device))
    module = module.to(device).eval()
    twin = copy.deepcopy(module)
    weights = Weights(own(machine(device), device).cache, device)
    images = 2 * IMAGES + 3

    through = 0

    def before() -> None:
        nonlocal through
        weights.flush()
        twin(*inputs, **named)
        told(through := through + 1, images)

    total = timing(
        repeated(lambda: module(*inputs, **named), device, before=before, least=IMAGES, most=IMAGES)
    )
    arguments = _arguments(program, tree_leaves((inputs, named)), device)
    calls = reader.operators()
    one_by_one = _OneByOne(program.graph_module, calls, device)
    for number in range(IMAGES + 1):
        before()
        synchronise(device)
        one_by_one.run(*arguments)
        if not number:
            one_by_one.times.clear()
    ran = _profiled(one_by_one, arguments, device)
    return NetworkRun(
        workload,
        total,
        tuple(
            Call(names, timing(one_by_one.times[node]), ran.get(node, "")) for node, names in calls.items()
        ),
    )


class _OneByOne(fx.Interpreter):
    """Runs a program and measures the time of each call named in `calls`."""

    def __init__(self, module: fx.GraphModule, calls: Mapping[str, object], device: torch.device) -> None:
        super().__init__(module)
        self._calls, self._device, self._now = calls, device, clock(device)
        self._node = ""
        self.times: dict[str, list[float]] = {}
        self.profiled = False

    def run_node(self, n: fx.Node) -> Any:
        self._node = n.name
        return super().run_node(n)

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        node, device = self._node, self._device
        if node not in self._calls:
            return super().call_function(target, args, kwargs)
        if self.profiled:
            with record_function(MARK + node):
                result = super().call_function(target, args, kwargs)
                synchronise(device)
            return result
        start = self._now()
        result = super().call_function(target, args, kwargs)
        synchronise(device)
        self.times.setdefault(node, []).append(self._now() - start)
        return result


def _profiled(program: _OneByOne, arguments: Sequence[Any], device: torch.device) -> dict[str, str]:
    """Returns the torch function with the longest time of its own in each call:
    `aten::mkldnn_convolution`."""
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    program.profiled = True
    with quiet(), _silenced(), profile(activities=activities) as profiler:
        program.run(*arguments)
    program.profiled = False
    found = {}
    for event in profiler.events() or ():
        if event.name.startswith(MARK):
            inside = [event]
            for outer in inside:
                inside += outer.cpu_children
            most = max(inside[1:], key=lambda inner: inner.self_cpu_time_total, default=None)
            if most is not None:
                found[event.name.removeprefix(MARK)] = most.name
    return found


@contextmanager
def _silenced() -> Iterator[None]:
    """Silences the profiler's library, which writes its own messages directly to file descriptor 2."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _random(shape: InputShape, module: nn.Module, device: torch.device) -> Tensor:
    """Returns an image of noise, or zeros for an integer input: an index that always exists."""
    weights = next((p for p in module.parameters() if p.is_floating_point()), None)
    own = weights.dtype if weights is not None else torch.float32
    dtype = next((known for known, name in DTYPES.items() if name == shape.dtype), own)
    if dtype.is_floating_point:
        return torch.rand(1, *shape.dims, dtype=dtype, device=device)
    return torch.zeros(1, *shape.dims, dtype=dtype, device=device)


def _arguments(program: ExportedProgram, inputs: Sequence[Tensor], device: torch.device) -> list[Any]:
    """Returns the arguments of the program, in order: weights, constants, and the inputs."""
    known: dict[str, Any] = {**program.constants, **program.state_dict}
    given = iter(inputs)

    def argument(kind: InputKind, target: object) -> Any:
        if kind is InputKind.USER_INPUT:
            return next(given)
        value = known.get(str(target))
        return value.to(device) if isinstance(value, Tensor) else value

    return [argument(spec.kind, spec.target) for spec in program.graph_signature.input_specs]
