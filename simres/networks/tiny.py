"""The four networks of the benchmark MLPerf Tiny, from the layer tables of its reference models.

C. Banbury et al., "MLPerf Tiny Benchmark", NeurIPS 2021 Datasets and Benchmarks; shapes and counts as in the
reference int8 models (mlcommons/tiny, `benchmark/training`). Where a stride of two leaves an odd row or
column of padding, it lies before the map here and behind it there: sizes, bytes and counts are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
"""Strides of the depthwise convolutions of MobileNet v1 (Howard et al. 2017, table 1)."""
QUARTER = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
"""Filters of its 1 x 1 convolutions, a quarter of the published width."""
LIVE = (16, 32, 32, 64, 60, 106, 57, 30, 19, 17, 27, 31, 22)
"""The filters that are not all zero in the reference int8 model and whose result is read."""


def _unit(
    c: int,
    m: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    padding: int | tuple[int, int] | None = None,
    groups: int = 1,
) -> nn.Sequential:
    """Convolution, batch norm, ReLU: (N, c, h, w) -> (N, m, ceil(h / stride), ceil(w / stride))."""
    if padding is None:
        padding = (kernel if isinstance(kernel, int) else max(kernel)) // 2
    convolution = nn.Conv2d(c, m, kernel, stride, padding, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(m), nn.ReLU())


def _separable(c: int, m: int, stride: int = 1) -> nn.Sequential:
    """A depthwise 3 x 3 and a 1 x 1 convolution."""
    return nn.Sequential(_unit(c, c, 3, stride, groups=c), _unit(c, m, 1))


class _Residual(nn.Module):
    """Two 3 x 3 convolutions and a shortcut, by a 1 x 1 convolution where the shape changes."""

    def __init__(self, c: int, m: int, stride: int) -> None:
        super().__init__()
        self.first = _unit(c, m, 3, stride)
        self.second = nn.Sequential(nn.Conv2d(m, m, 3, padding=1, bias=False), nn.BatchNorm2d(m))
        self.shortcut = nn.Identity() if c == m and stride == 1 else nn.Conv2d(c, m, 1, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, h, w) -> (N, m, h / stride, w / stride)."""
        result: Tensor = self.relu(self.second(self.first(x)) + self.shortcut(x))
        return result


def image_classification() -> nn.Module:
    """`ic`: a ResNet of three blocks on CIFAR-10, (N, 3, 32, 32) -> probabilities (N, 10)."""
    return nn.Sequential(
        _unit(3, 16, 3),
        _Residual(16, 16, 1),
        _Residual(16, 32, 2),
        _Residual(32, 64, 2),
        nn.AvgPool2d(8),
        nn.Flatten(),
        nn.Linear(64, 10),
        nn.Softmax(1),
    )


def keyword_spotting() -> nn.Module:
    """`kws`: DS-CNN (Zhang et al. 2017) on 49 x 10 features, (N, 1, 49, 10) -> probabilities (N, 12)."""
    return nn.Sequential(
        _unit(1, 64, (10, 4), 2, padding=(5, 1)),
        *(_separable(64, 64) for _ in range(4)),
        nn.AvgPool2d((25, 5)),
        nn.Flatten(),
        nn.Linear(64, 12),
        nn.Softmax(1),
    )


def visual_wake_words(filters: Sequence[int] = QUARTER) -> nn.Module:
    """`vww`: MobileNet v1 with a quarter of its filters, (N, 3, 96, 96) -> probabilities (N, 2)."""
    widths = (8, *filters)
    return nn.Sequential(
        _unit(3, 8, 3, 2),
        *(_separable(c, m, stride) for c, m, stride in zip(widths, filters, STRIDES, strict=False)),
        nn.AvgPool2d(3),
        nn.Flatten(),
        nn.Linear(widths[-1], 2),
        nn.Softmax(1),
    )


def live_visual_wake_words() -> nn.Module:
    """`vww_live`: `vww` without the filters that are all zero in the reference int8 model: half the work."""
    return visual_wake_words(LIVE)


def anomaly_detection() -> nn.Module:
    """`ad`: an autoencoder of ten linear layers, (N, 640) -> (N, 640)."""
    widths = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128)
    layers: list[nn.Module] = []
    for c, m in pairwise(widths):
        layers += [nn.Linear(c, m), nn.BatchNorm1d(m), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 640))


TINY: dict[str, Callable[[], nn.Module]] = {
    "ic": image_classification,
    "kws": keyword_spotting,
    "vww": visual_wake_words,
    "vww_live": live_visual_wake_words,
    "ad": anomaly_detection,
}
"""Constructors by name."""
