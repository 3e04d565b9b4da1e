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


def decompositions() -> dict[Any, Callable[..., Any]]:
    """By operator: the function that takes it apart."""
    return {
        aten.addmm.default: _scaled(aten.mm.default),
        aten.baddbmm.default: _scaled(aten.bmm.default),
        aten.addmv.default: _scaled(aten.mv.default),
        aten.addbmm.default: _scaled(_summed),
        aten._embedding_bag.default: _bag,
        aten._embedding_bag_forward_only.default: _bag,
        aten._fused_moving_avg_obs_fq_helper_functional.default: _observed,
        aten._trilinear.default: _trilinear,
    }
