"""A network as it computes in int8: quantised after training, through its exported graph.

Weights are rounded per output channel (symmetric, -127 to 127), what is stored between operators per tensor
(affine, 256 levels). Batch norms are folded into the convolutions before them. Sums and biases keep their
precision, as in accumulators of 32 bits. This is the usual scheme of integer inference (Jacob et al. 2018,
arXiv:1712.05877), computed in fp32 on rounded values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor, fx, nn

from simres.errors import SimresError
from simres.tracing.densities import arguments
from simres.tracing.export import export
from simres.tracing.input_shapes import input_shapes
from simres.training.datasets import Dataset
from simres.training.trained_network import Trained

BATCH = 250
"""Images that run at once."""
SAMPLE = 1 << 14
"""Values of each tensor and batch by which a range is chosen."""
CALIBRATION = 500
"""Training images that ranges are measured on."""
SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Shares of a tensor's whole range that are tried; the one of the least square error is taken."""

aten = torch.ops.aten
WEIGHTED = (aten.convolution.default, aten.linear.default)
NORM = aten._native_batch_norm_legit_no_training.default
IN_PLACE = (aten.relu.default, aten.hardtanh.default)
"""Computed on sums before they are stored."""
MOVES = (
    aten.view.default,
    aten.reshape.default,
    aten.slice.Tensor,
    aten.constant_pad_nd.default,
    aten.permute.default,
    aten.expand.default,
    aten.clone.default,
    aten.cat.default,
)
"""Move values that are rounded already."""


@dataclass(slots=True)
class _Range:
    """The values of a tensor that were seen, then the scale and zero point to round by."""

    low: float = 0.0
    high: float = 0.0
    seen: list[Tensor] = field(default_factory=list)
    scale: float = 0.0
    zero: int = 0

    def see(self, value: Tensor) -> None:
        flat = value.detach().reshape(-1)
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        self.seen.append(flat[:: max(1, flat.numel() // SAMPLE)])

    def settle(self) -> None:
        values = torch.cat(self.seen)
        best = float("inf")
        for share in SHARES:
            low, high = share * self.low, share * self.high
            scale = max((high - low) / 255, 1e-12)
            zero = max(-128, min(127, round(-128 - low / scale)))
            error = float((self._rounded(values, scale, zero) - values).square().mean())
            if error < best:
                best, self.scale, self.zero = error, scale, zero
        self.seen.clear()

    def rounded(self, value: Tensor) -> Tensor:
        return self._rounded(value, self.scale, self.zero)

    @staticmethod
    def _rounded(value: Tensor, scale: float, zero: int) -> Tensor:
        return torch.fake_quantize_per_tensor_affine(value, scale, zero, -128, 127)


class Int8Network(nn.Module):
    """Computes what `module` would in int8: images (N, channels, rows, columns) -> the module's output.

    `calibration` are batches of images that ranges are measured on. Raises `SimresError` where there are
    none, or where the module cannot be exported.
    """

    def __init__(self, module: nn.Module, input_shape: str, calibration: Iterable[Tensor]) -> None:
        super().__init__()
        # The interpreter and its weights are no submodules: this network is not trained or moved.
        runner = _Runner(module.cpu().eval(), input_shape)
        self._held = (runner,)
        for x in calibration:
            for part, count in _batches(x):
                runner.images(part, count)
        runner.settle()

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, rows, columns) -> the output for each image."""
        runner = self._held[0]
        return torch.cat([runner.images(part, count) for part, count in _batches(x)])


def of_trained(found: Trained, dataset: Dataset) -> Int8Network:
    """Returns a checkpoint's network in int8, its ranges measured on training images.

    Raises `SimresError` where there are none.
    """
    if not dataset.about.train:
        raise SimresError(f"`{dataset.about.name}` has no training images to measure the ranges of int8 on")
    images = found.choosing(dataset, CALIBRATION)
    return Int8Network(found.module, found.input, [images.plain(0, len(images))[0]])


def _batches(x: Tensor) -> Iterator[tuple[Tensor, int]]:
    """Batches of one size, the last filled up with its first image, and how many of each count."""
    for start in range(0, len(x), BATCH):
        part = x[start : start + BATCH]
        count = len(part)
        filling = part[:1].expand(BATCH - count, *part.shape[1:])
        yield torch.cat([part, filling]), count


class _Runner(fx.Interpreter):
    """Runs the exported graph; before `settle` it measures ranges, after it rounds."""

    def __init__(self, module: nn.Module, input_shape: str) -> None:
        program = export(module, input_shapes(input_shape), BATCH, type(module).__name__).program
        super().__init__(program.graph_module)
        self._program = program
        self._ranges: dict[str, _Range] = {}
        self._settled = False
        places = [node for node in program.graph.nodes if node.op == "placeholder"]
        images = torch.zeros(0)
        self._given: dict[fx.Node, Any] = dict(zip(places, arguments(program, images), strict=True))
        self._images = {node for node, value in self._given.items() if value is images}
        self._folded: dict[fx.Node, fx.Node] = {}
        """The batch norm that each convolution takes in."""
        for node in program.graph.nodes:
            users = list(node.users)
            if node.target == aten.convolution.default and [user.target for user in users] == [NORM]:
                self._folded[node] = users[0]
        self._weights = {
            node: self._rounded_weights(node) for node in program.graph.nodes if node.target in WEIGHTED
        }

    @torch.no_grad()
    def images(self, x: Tensor, count: int) -> Tensor:
        """The output of a whole batch, of its first `count` images."""
        outputs = self.run(*arguments(self._program, x))
        result: Tensor = outputs[0]
        return result[:count]

    def settle(self) -> None:
        """Fixes all ranges."""
        if not self._ranges:
            raise SimresError("no images to measure the ranges of int8 with")
        for known in self._ranges.values():
            known.settle()
        self._settled = True

    def run_node(self, n: fx.Node) -> Any:
        result: Any
        if n in self._weights and self._weights[n] is not None:
            result = self._weighted(n)
        elif n in self._folded.values():
            args, _ = self.fetch_args_kwargs_from_env(n)
            result = (args[0], None, None)
        else:
            result = super().run_node(n)
        if isinstance(result, Tensor) and result.is_floating_point() and self._is_stored(n):
            known = self._ranges.setdefault(n.name, _Range())
            if self._settled:
                return known.rounded(result)
            known.see(result)
        return result

    def _weighted(self, node: fx.Node) -> Tensor:
        (weights, bias), (args, _) = self._weights[node], self.fetch_args_kwargs_from_env(node)
        if node.target == aten.linear.default:
            return F.linear(args[0], weights, bias)
        result: Tensor = aten.convolution.default(args[0], weights, bias, *args[3:])
        return result

    def _rounded_weights(self, node: fx.Node) -> Any:
        """Weights (rounded) and bias of a layer, its batch norm folded in; None where they are computed."""
        values = [self._given.get(part) if isinstance(part, fx.Node) else None for part in node.args[1:3]]
        weights, bias = values[0], values[1] if len(values) > 1 else None
        if weights is None:
            return None
        weights = weights.detach()
        norm = self._folded.get(node)
        if norm is not None:
            parts: Any = norm.args
            scale, shift, mean, variance = (self._value(part) for part in parts[1:5])
            factor = scale / (variance + parts[6]).sqrt()
            weights = weights * factor.reshape(-1, *[1] * (weights.ndim - 1))
            bias = (0 if bias is None else bias.detach()) * factor + shift - mean * factor
        step = weights.abs().amax(tuple(range(1, weights.ndim))).clamp_min(1e-12) / 127
        zeros = torch.zeros(len(step), dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weights, step, zeros, 0, -127, 127), bias

    def _value(self, part: Any) -> Tensor:
        value: Tensor = self._given[part]
        return value.detach()

    def _is_stored(self, node: fx.Node) -> bool:
        """Whether a result goes to memory: not where it is moved only, an output, or the next operator
        takes it as a sum."""
        if node.op == "placeholder":
            return node in self._images
        if node.target in MOVES or node in self._folded:
            return False
        users = list(node.users)
        return not any(user.op == "output" or user.target in IN_PLACE for user in users)
