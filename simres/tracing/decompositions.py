"""Takes operators apart that torch keeps whole, where their parts are what the table of costs knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

aten: Any = torch.ops.aten


def _scaled(product: Any) -> Callable[..., Any]:
    """`beta x + alpha (a b)`: the product, and a multiplication for each factor that is not 1."""

    def apart(x: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Any:
        if alpha == 1 and beta == 1 and product not in (aten.mv.default, _summed):
            return NotImplemented
        found = product(a, b)
        if alpha != 1:
            found = found * alpha
        return found if beta == 0 else found + (x if beta == 1 else x * beta)

    return apart


def _summed(a: Tensor, b: Tensor) -> Tensor:
    """The sum of a batch of products (n, p, m) (n, m, q): one product over m and n together."""
    return aten.mm.default(a.transpose(0, 1).reshape(a.shape[1], -1), b.reshape(-1, b.shape[2]))  # type: ignore[no-any-return]


def _bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,  # noqa: ARG001 - as the operator has it
    mode: int = 0,
    sparse: bool = False,  # noqa: ARG001
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int = -1,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows are looked up, and each is added to its bag (mode 0, of 1 the mean), or compared with it (2)."""
    bags = offsets.shape[0] - int(include_last_offset)
    rows = weight.index_select(0, indices)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[:, None]
    places = torch.arange(indices.shape[0], device=indices.device, dtype=offsets.dtype)
    bag = torch.bucketize(places, offsets[:bags], right=True) - 1
    if padding_idx >= 0:
        rows = rows.masked_fill((indices == padding_idx)[:, None], 0.0)
    empty = torch.zeros((bags, weight.shape[1]), device=weight.device, dtype=rows.dtype)
    found = (
        empty.index_add(0, bag, rows)
        if mode < 2
        else empty.index_reduce(0, bag, rows, "amax", include_self=False)
    )
    size = torch.zeros((bags,), device=bag.device, dtype=bag.dtype)
    if mode == 1:
        ends = torch.cat([offsets[1:bags], torch.full_like(offsets[:1], indices.shape[0])])
        found = found / (ends - offsets[:bags]).clamp(min=1)[:, None].to(found.dtype)
    return found, bag, size, size


def _observed(
    x: Tensor,
    observer_on: Tensor,  # noqa: ARG001 - as the operator has it
    fake_quant_on: Tensor,  # noqa: ARG001
    least: Tensor,
    most: Tensor,
    scale: Tensor,
    zero: Tensor,
    averaging: float,  # noqa: ARG001
    low: int,
    high: int,
    axis: int,
    per_row: bool = False,
    symmetric: bool = False,  # noqa: ARG001
) -> tuple[Tensor, ...]:
    """A fake quantisation that watches its range in training: after it, the range is as it was."""
    quantise = aten.fake_quantize_per_channel_affine_cachemask if per_row else None
    if quantise is not None:
        found = quantise.default(x, scale, zero, axis, low, high)
    else:
        on = torch.ones((1,), device=x.device, dtype=torch.int64)
        whole = aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams.default
        found = whole(x, scale, zero, on, low, high)
    return (*found, least, most, scale, zero)


def _trilinear(
    a: Tensor,
    weight: Tensor,
    b: Tensor,
    expand1: list[int],
    expand2: list[int],
    expand3: list[int],
    sumdim: list[int],
    unroll_dim: int = 1,  # noqa: ARG001
) -> Any:
    """nn.Bilinear: x W y for each output, (n, i) (o, i, j) (n, j), as two products."""
    if (
        a.dim() != 2
        or weight.dim() != 3
        or (expand1, expand2, expand3, sumdim) != ([1, 3], [0], [1, 2], [2, 3])
    ):
        return NotImplemented
    outputs, rows, columns = weight.shape
    first = a @ weight.permute(1, 0, 2).reshape(rows, outputs * columns)
    return torch.bmm(first.reshape(-1, outputs, columns), b[:, :, None])[:, :, 0]


def _deformed(
    x: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    offset_groups: int,
    use_mask: bool,
) -> Tensor:
    """A deformable convolution (Zhu et al., 2019): its taps are sampled where offsets say, then multiplied.

    Offsets are (n, offset groups, taps, rows and columns, p, q).
    """
    n, channels, height, width = x.shape
    rows, columns = weight.shape[2:]
    p, q = offset.shape[2:]
    taps, each = rows * columns, channels // offset_groups

    def place(axis: int, count: int, stride: int, pad: int, dilation: int, size: int) -> Tensor:
        """Where taps lie along one axis, from -1 to 1 as `grid_sample` takes it."""
        made = torch.arange((p, q)[axis], device=x.device, dtype=x.dtype) * stride - pad
        tap = torch.arange(count, device=x.device, dtype=x.dtype) * dilation
        made = made[:, None] if axis == 0 else made[None, :]
        tap = tap[:, None] if axis == 0 else tap[None, :]
        base = tap.expand(rows, columns).reshape(taps, 1, 1) + made.expand(p, q)
        shift = offset.view(n, offset_groups, taps, 2, p, q)[:, :, :, axis]
        return (shift + base) * (2 / size) + (1 / size - 1)

    y = place(0, rows, stride_h, pad_h, dilation_h, height)
    z = place(1, columns, stride_w, pad_w, dilation_w, width)
    grid = torch.stack([z, y], -1).view(n * offset_groups, taps * p, q, 2)
    found = aten.grid_sampler_2d(x.reshape(n * offset_groups, each, height, width), grid, 0, 0, False)
    if use_mask:
        found = found * mask.view(n * offset_groups, 1, taps * p, q)
    sampled = found.view(n, groups, (channels // groups) * taps, p * q)
    matrix = weight.view(groups, weight.shape[0] // groups, -1)
    made: Tensor = (matrix @ sampled).view(n, weight.shape[0], p, q)
    return made + bias[:, None, None]


def _of_scaled(
    a: Tensor,
    b: Tensor,
    scale_a: Tensor,
    scale_b: Tensor,
    bias: Tensor | None = None,
    scale_result: Tensor | None = None,  # noqa: ARG001 - as the operator has it
    out_dtype: torch.dtype | None = None,
    use_fast_accum: bool = False,  # noqa: ARG001
) -> Tensor:
    """A product of narrow numbers, scaled."""
    product: Tensor = aten.mm.default(a, b)
    wide = out_dtype or torch.float32
    found = product.to(wide) * (scale_a * scale_b).to(wide)
    return found if bias is None else found + bias


def decompositions() -> dict[Any, Callable[..., Any]]:
    """By operator: the function that takes it apart."""
    return _torchvision() | {
        aten.addmm.default: _scaled(aten.mm.default),
        aten.baddbmm.default: _scaled(aten.bmm.default),
        aten.addmv.default: _scaled(aten.mv.default),
        aten.addbmm.default: _scaled(_summed),
        aten._embedding_bag.default: _bag,
        aten._embedding_bag_forward_only.default: _bag,
        aten._fused_moving_avg_obs_fq_helper_functional.default: _observed,
        aten._trilinear.default: _trilinear,
        aten._scaled_mm.default: _of_scaled,
    }


def _torchvision() -> dict[Any, Callable[..., Any]]:
    """Operators of torchvision, where a network brought them along."""
    room = torch.ops.torchvision
    return {room.deform_conv2d.default: _deformed} if hasattr(room, "deform_conv2d") else {}
