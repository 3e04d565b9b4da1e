"""Exports a module to a graph of aten operators, and explains failures."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.export import ExportedProgram

from simres.errors import SimresError
from simres.tracing.input_shapes import InputShape

DTYPES: dict[torch.dtype, str] = {
    torch.float64: "fp64",
    torch.float32: "fp32",
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.int64: "int64",
    torch.int32: "int32",
    torch.int16: "int16",
    torch.int8: "int8",
    torch.uint8: "uint8",
    torch.bool: "bool",
}
"""torch's data types by the names that workloads use."""

WHOLE = (
    "linear",
    "hardswish",
    "hardsigmoid",
    "silu",
    "leaky_relu",
    "prelu",
    "_prelu_kernel",
    "elu",
    "celu",
    "selu",
    "softplus",
    "mish",
    "rms_norm",
    "_fused_rms_norm",
    "_safe_softmax",
    "rsub",
    "upsample_nearest1d",
    "upsample_nearest2d",
    "upsample_linear1d",
    "upsample_bilinear2d",
    "upsample_bicubic2d",
    "reflection_pad1d",
    "reflection_pad2d",
    "reflection_pad3d",
    "replication_pad1d",
    "replication_pad2d",
    "replication_pad3d",
    "roll",
)
"""Operators that are not taken apart: each is one pass over its data on any host, and the price table
prices it as one. None of them but `linear` holds a multiply-accumulate, and `linear` is priced as the
product it is, so MACs are those of the fully decomposed program."""


def export(
    module: nn.Module,
    inputs: Sequence[InputShape],
    batch: int | None,
    name: str,
    whole: Sequence[str] = WHOLE,
) -> ExportedProgram:
    """The exported program in evaluation mode, taken apart into aten's core operators and those in `whole`.

    `batch` is put before every input's shape; None takes the shapes as they are. Raises `SimresError`
    when the module rejects such inputs or cannot be exported.
    """
    if not isinstance(module, nn.Module):
        raise SimresError(f"`{name}` is a {type(module).__name__}, not a torch.nn.Module")
    shown = ", ".join(shape_text(shape, batch) for shape in inputs)
    with _evaluation(module), torch.no_grad(), quiet():
        try:
            # Inputs of no substance: a batch of a million images takes no memory to trace.
            with FakeTensorMode(allow_non_fake_inputs=True):
                examples = tuple(_example(module, shape, batch) for shape in inputs)
            program = torch.export.export(module, examples, strict=False)
            taken_apart: ExportedProgram = program.run_decompositions(_decompositions(whole))
        except SimresError:
            raise
        except Exception as error:
            raise SimresError(
                f"cannot trace `{name}` with input {shown}: {_reason(error)}", _hint(error)
            ) from error
    return taken_apart


def shape_text(shape: InputShape, batch: int | None) -> str:
    """`1x3x32x32`, batch first."""
    return str(InputShape(shape.dims if batch is None else (batch, *shape.dims), shape.dtype))


def _example(module: nn.Module, shape: InputShape, batch: int | None) -> torch.Tensor:
    known = {name: dtype for dtype, name in DTYPES.items()}
    weights = next((p for p in module.parameters() if p.is_floating_point()), None)
    default = weights.dtype if weights is not None else torch.float32
    if shape.dtype is not None and shape.dtype not in known:
        raise SimresError(f"torch has no data type {shape.dtype}")
    dtype = known[shape.dtype] if shape.dtype is not None else default
    size = shape.dims if batch is None else (batch, *shape.dims)
    return torch.zeros(size, dtype=dtype, device=weights.device if weights is not None else None)


def _decompositions(whole: Sequence[str]) -> Any:
    table: Any = torch.export.default_decompositions()
    for name in whole:
        packet = getattr(torch.ops.aten, name, None)
        for overload in packet.overloads() if packet is not None else ():
            table.pop(getattr(packet, overload), None)
    return table


@contextmanager
def _evaluation(module: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; each submodule gets its own mode back."""
    modes = [(child, child.training) for child in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for child, mode in modes:
            child.training = mode


@contextmanager
def quiet() -> Iterator[None]:
    """torch's warnings, logs and dumps of its own insides are nothing to a person tracing a network."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


DATA_DEPENDENT = ("data-dependent", "datadependent", "guardondata", "unbacked", ".item()", "control flow")
WRONG_INPUT = ("size", "shape", "channels", "dimension", "expected", "positional argument", "dtype", "index")


def _reason(error: Exception) -> str:
    """The first line of the message that says something, in plainer words where they are known."""
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    if _says(error, DATA_DEPENDENT):
        where = re.search(r'File "(?!.*[/\\]torch[/\\])([^"]+)", line ([0-9]+)', str(error))
        place = f", at {where[1]}:{where[2]}" if where else ""
        return f"its control flow or a shape depends on the values of a tensor{place}"
    lines = (line.strip() for line in str(error).splitlines())
    first = next(
        (line for line in lines if line and not line.startswith(("Failed running", "Unsupported:"))), ""
    )
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."


def _says(error: Exception, signs: tuple[str, ...]) -> bool:
    text = f"{type(error).__name__} {error}".lower()
    return any(sign in text for sign in signs)


def _hint(error: Exception) -> str:
    if _says(error, DATA_DEPENDENT):
        return (
            "torch.export needs one graph for all data: replace `if` and `while` on tensor values "
            "by torch.where or torch.cond, and avoid .item()"
        )
    if _says(error, WRONG_INPUT):
        return "does the network take such an input? give --input 3x224x224 for each (128:int64 for indices)"
    return "torch.export must be able to trace the network; see docs.pytorch.org/docs/stable/export.html"
