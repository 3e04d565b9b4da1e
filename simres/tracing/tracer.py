"""`trace`: a PyTorch module and its input shapes become a `Workload`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from torch import nn

from simres.errors import SimresError
from simres.networks.blocks import BlockFactory
from simres.networks.checkpoint import network_of
from simres.networks.network_names import NetworkName
from simres.plugins.hooks import Operator
from simres.tracing.export import export, shape_text
from simres.tracing.graph_reader import GraphReader
from simres.tracing.input_shapes import SPELLINGS, InputShapes, input_shapes
from simres.tracing.lowering import Lowering
from simres.workload.graph import Workload
from simres.workload.rules import problems_of_workload


def trace(
    module: nn.Module,
    input_shape: InputShapes,
    *,
    name: str | None = None,
    batch: int | None = 1,
    operators: Mapping[str, Lowering | Operator] | None = None,
    allow_unmodelled: bool = False,
) -> Workload:
    """Traces `module` in evaluation mode, as one image (or `batch` of them) passes through it.

    `input_shape` leaves out the batch: (3, 32, 32) or "3x32x32", or a list of these for several inputs;
    "128:int64" for indices, "scalar:int64" for one number an image, a dictionary for inputs by name
    (`simres.tracing.input_shapes`). With `batch=None` the shapes are taken as they are. `operators` are
    lowering functions beyond the built-in ones, or plugins' declarations of such, by operator
    (`aten.gelu.default`); left out, those that installed plugins provide. Values are never looked at, so the
    same network gives the same digest every time.

    Raises `AnswerIsNo` where an operator has no price (unless `allow_unmodelled`), `SimresError` where the
    module cannot be exported or rejects its inputs.
    """
    label = name or type(module).__name__
    shapes = input_shapes(input_shape)
    exported = export(module, shapes, batch, label)
    reader = GraphReader(exported.program, module, label, operators, allow_unmodelled)
    origin = {
        "network": label,
        "input": ", ".join(shape_text(shape, batch) for shape in shapes),
        **{package: _version(package) for package in ("torch", "torchvision", "simres")},
    }
    workload = reader.workload(origin)
    warnings = [f"left out of the outputs: {what}" for what in exported.left_out]
    workload = replace(
        workload, warnings=(*warnings, *workload.warnings), batched=workload.batched and batch is not None
    )
    if problem := next(problems_of_workload(workload), None):
        raise SimresError(f"`{label}` gives no valid workload: {problem}")
    return workload


def trace_network(
    name: str | NetworkName,
    *,
    input_shape: InputShapes | None = None,
    batch: int | None = 1,
    block: BlockFactory | None = None,
    shortcut: str | None = None,
    span: int | None = None,
    stem: str | None = None,
    operators: Mapping[str, Lowering | Operator] | None = None,
    allow_unmodelled: bool = False,
    trusted: bool = False,
) -> Workload:
    """Builds the network of that name and traces it; `input_shape` defaults to what the name implies.

    A checkpoint's accuracy and the digest of its weights go along. Raises as `network_of` and `trace` do.
    """
    network = network_of(name, block=block, shortcut=shortcut, span=span, stem=stem, trusted=trusted)
    shape = network.input if input_shape is None else input_shape
    if shape is None:
        raise SimresError(
            f"`{network.name}` does not state its input shape",
            f"give {SPELLINGS}",
        )
    try:
        workload = trace(
            network.module,
            shape,
            name=network.name,
            batch=batch,
            operators=operators,
            allow_unmodelled=allow_unmodelled,
        )
    except SimresError as error:
        if input_shape is not None and network.input is not None and "does not take it" in error.message:
            error.hint = f"usual is `--input {network.input}`, without the batch; {error.hint}"
        raise
    return replace(workload, accuracy=network.accuracy, weight_digest=network.weight_digest)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
