"""Exports a module to a graph of aten operators, and explains failures."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.export import ExportedProgram
from torch.nn.modules import transformer
from torch.nn.utils import rnn

from simres.errors import SimresError
from simres.tracing import failures
from simres.tracing.decompositions import decompositions
from simres.tracing.input_shapes import InputShape, arranged
from simres.tracing.outputs import plain_outputs
from simres.tracing.recurrent_calls import whole_layers

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
    torch.complex64: "complex64",
    torch.complex128: "complex128",
    torch.float8_e4m3fn: "fp8_e4m3",
    torch.float8_e5m2: "fp8_e5m2",
    **{
        getattr(torch, name): named
        for name, named in (
            ("float8_e4m3fnuz", "fp8_e4m3"),
            ("float8_e5m2fnuz", "fp8_e5m2"),
            ("float8_e8m0fnu", "fp8_e8m0"),
        )
        if hasattr(torch, name)  # newer versions have it
    },
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


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported program, and in words what of the network's results is left out of it."""

    program: ExportedProgram
    left_out: tuple[str, ...]


def export(
    module: nn.Module,
    inputs: Sequence[InputShape],
    batch: int | None,
    name: str,
    whole: Sequence[str] = WHOLE,
) -> Exported:
    """Exports in evaluation mode, taken apart into aten's core operators and those in `whole`.

    `batch` is put before every input's shape; None takes the shapes as they are. Raises `SimresError`
    when the module rejects such inputs or cannot be exported.
    """
    failures.check_module(module, name)
    with _evaluation(module), torch.no_grad(), quiet(), _one_path(name), plain_outputs(module) as left_out:
        # Inputs of no substance: a batch of a million images takes no memory to trace.
        with FakeTensorMode(allow_non_fake_inputs=True):
            positional, keywords = arranged(inputs, lambda shape: _example(module, shape, batch))
        failures.check_arguments(module, name, positional, keywords)
        try:
            with whole_layers() if whole else nullcontext():
                program = torch.export.export(module, positional, keywords, strict=False)
            taken_apart: ExportedProgram = program.run_decompositions(_decompositions(whole))
        except SimresError:
            raise
        except Exception as error:
            shown = f"{', '.join(map(str, inputs))} and batch {'none' if batch is None else batch}"
            rejected = failures.rejects(module, positional, keywords)
            raise failures.told(error, f"cannot trace `{name}` with input {shown}", rejected) from error
    return Exported(taken_apart, tuple(left_out))


def shape_text(shape: InputShape, batch: int | None) -> str:
    """`1x3x32x32`, batch first: as `--batch none` takes it."""
    return str(shape if batch is None else replace(shape, dims=(batch, *shape.dims)))


def _example(module: nn.Module, shape: InputShape, batch: int | None) -> torch.Tensor:
    known = {name: dtype for dtype, name in reversed(DTYPES.items())}
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
    for operator, apart in decompositions().items():
        table[operator] = apart
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
def _one_path(name: str) -> Iterator[None]:
    """torch's own layers take the one way that is right whatever the data.

    Transformer layers do not look into a mask first. Packed sequences, which have no such way, are refused.
    """

    def refuse(*_: object) -> None:
        raise failures.packed(name)

    def causal(_mask: object, is_causal: bool | None = None, _size: object = None) -> bool:
        return is_causal is True

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            patch.object(rnn, "_VF", SimpleNamespace(_pack_padded_sequence=refuse)),
            patch.object(transformer, "_detect_is_causal_mask", causal),
        ):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def quiet() -> Iterator[None]:
    """Hides torch's warnings, logs and internal dumps."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
