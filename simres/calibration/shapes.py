"""The synthetic shapes that calibration measures, on a coarse grid independent of any network.

Channels are multiples of 16, which suits vector units, and sides are multiples of 3: common networks have
powers of 2 and multiples of 7, so none of their layers is a point of this grid, and their simulated times are
interpolated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MOST_MACS = 1_500_000_000
"""Larger shapes are omitted: rates no longer change, and networks at batch size 1 hardly have any."""


@dataclass(frozen=True, slots=True)
class MatrixShape:
    """A convolution (`conv`) of `side` x `side` output pixels, or a `product` of `side` rows.

    `c` input and `m` output channels in each of `groups`; the kernel is `kernel` x `kernel`.
    """

    operator: str
    groups: int
    stride: int
    kernel: int
    c: int
    m: int
    side: int

    @property
    def pixels(self) -> int:
        """Output pixels, or rows of a product."""
        return self.side * self.side if self.operator == "conv" else self.side

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.groups * self.kernel**2 * self.c * self.m * self.pixels

    @property
    def input_elements(self) -> int:
        """Values that it reads, without weights."""
        pixels = self.pixels * self.stride**2 if self.operator == "conv" else self.side
        return self.groups * self.c * pixels

    @property
    def weight_elements(self) -> int:
        """Weights."""
        return self.groups * self.kernel**2 * self.c * self.m


@dataclass(frozen=True, slots=True)
class HostShape:
    """An elementwise or pooling operator, by its kind in a workload, on about this number of elements."""

    operator: str
    elements: int


def matrix_shapes(quick: bool = False) -> tuple[MatrixShape, ...]:
    """Returns every measured shape of a convolution or product; with `quick` a handful."""
    found = _few() if quick else _convolutions() + _products()
    return tuple(shape for shape in found if shape.macs <= MOST_MACS)


def _few() -> tuple[MatrixShape, ...]:
    dense = [MatrixShape("conv", 1, 1, 3, c, c, side) for c in (16, 96) for side in (6, 24)]
    return (*dense, *(MatrixShape("product", 1, 1, 1, 192, 192, rows) for rows in (1, 48)))


def _convolutions() -> tuple[MatrixShape, ...]:
    channels, sides = (16, 48, 96, 192, 384, 768), (3, 6, 9, 12, 18, 24, 48, 96)
    many = (16, 48, 96, 192, 288, 384, 576, 768)  # torch's method for 3 x 3 depends on the channels, too

    def grid(
        stride: int, kernel: int, cs: tuple[int, ...], ms: tuple[int, ...], over: tuple[int, ...]
    ) -> Iterator[MatrixShape]:
        for c in cs:
            for m in ms:
                for side in over:
                    yield MatrixShape("conv", 1, stride, kernel, c, m, side)

    def depthwise(stride: int, kernel: int, groups: tuple[int, ...]) -> Iterator[MatrixShape]:
        for count in groups:
            for side in (6, 12, 24, 48, 96):
                yield MatrixShape("conv", count, stride, kernel, 1, 1, side)

    some, image = (16, 96, 384), (16, 48, 96)
    return (
        *grid(1, 1, channels, channels, sides),
        *grid(1, 3, many, many, sides),
        *grid(2, 1, (16, 48, 192, 768), (48, 192, 768), (3, 6, 12, 24, 48)),
        *grid(2, 3, (16, 48, 192, 768), (48, 192, 768), (3, 6, 12, 24, 48)),
        *grid(1, 5, some, some, (6, 12, 24)),
        *grid(1, 3, (3,), image, (24, 48, 96, 192)),
        *grid(2, 3, (3,), image, (24, 48, 96, 192)),
        *grid(2, 7, (3,), image, (24, 48, 96, 192)),
        *grid(4, 11, (3,), image, (12, 48, 96)),
        *depthwise(1, 3, (48, 192, 768)),
        *depthwise(2, 3, (48, 192, 768)),
        *depthwise(1, 5, (96, 768)),
        *depthwise(2, 5, (96, 768)),
    )


def _products() -> tuple[MatrixShape, ...]:
    sizes = (96, 384, 1536, 6144)
    return tuple(
        MatrixShape("product", 1, 1, 1, c, m, rows) for c in sizes for m in sizes for rows in (1, 12, 192)
    )


HOST_OPERATORS = (
    "add",
    "mul",
    "relu",
    "batch_norm",
    "max_pool",
    "max_pool_2x2",
    "max_pool_stride_1",
    "avg_pool",
    "mean",
    "clamp",
    "sigmoid",
    "silu",
    "gelu",
    "hardswish",
    "hardsigmoid",
    "softmax",
    "layer_norm",
)
"""The measured kinds of operators; every other kind is assumed to be as fast as `add`."""


def host_shapes(quick: bool = False) -> tuple[HostShape, ...]:
    """Returns every measured operator and size; with `quick` a handful."""
    if quick:
        return tuple(HostShape(kind, n) for kind in ("add", "relu") for n in (12_288, 196_608))
    sizes = (3_072, 12_288, 49_152, 196_608, 786_432, 3_145_728)
    return tuple(HostShape(kind, n) for kind in HOST_OPERATORS for n in sizes)
