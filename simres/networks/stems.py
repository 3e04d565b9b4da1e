"""Adapts torchvision's networks to small images: a stem that keeps their resolution."""

from __future__ import annotations

import re
from operator import attrgetter

from torch import nn

from simres.errors import SimresError

STEMS = {
    r"(wide_)?res(net|next).*": ("conv1", "maxpool"),
    r"densenet.*": ("features.conv0", "features.pool0"),
    r"mobilenet_v[23].*": ("features.0.0", None),
    r"efficientnet.*": ("features.0.0", None),
    r"regnet.*": ("stem.0", None),
    r"shufflenet.*": ("conv1.0", "maxpool"),
    r"mnasnet.*": ("layers.0", None),
    r"vgg.*": ("features.0", None),
}
"""The first convolution of each family and the pooling directly behind it."""


def adapt(module: nn.Module, name: str, stem: str | None, channels: int) -> None:
    """Changes the first convolution of torchvision's `name` in place.

    With `stem` `cifar` it becomes 3 x 3 with stride 1, and the pooling behind it is omitted, as is usual for
    images of 32 x 32 pixels. `channels` is the number of channels of the images. Raises `SimresError`.
    """
    if stem not in (None, "cifar"):
        raise SimresError(f"unknown stem `{stem}`", "known: cifar")
    found = next((paths for form, paths in STEMS.items() if re.fullmatch(form, name)), None)
    if found is None:
        raise SimresError(
            f"`torchvision:{name}` has no stem for small images",
            "its kind of network cannot take 32 x 32 pixels; networks with resnet, densenet, vgg, mobilenet, "
            "efficientnet, regnet, shufflenet or mnasnet in their name can",
        )
    path, pooling = found
    old = attrgetter(path)(module)
    size = (3, 3) if stem else old.kernel_size
    new = nn.Conv2d(
        channels,
        old.out_channels,
        size,
        (1, 1) if stem else old.stride,
        (1, 1) if stem else old.padding,
        bias=old.bias is not None,
    )
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    _put(module, path, new)
    if stem and pooling:
        _put(module, pooling, nn.Identity())


def _put(module: nn.Module, path: str, new: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(module.get_submodule(parent), name, new)
