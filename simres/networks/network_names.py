"""Parses the name of a network: family, network and input. Does not import torch."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from simres.errors import SimresError

CHECKPOINT_SUFFIX = ".safetensors"
"""The only kind of checkpoint that is read."""
OTHER_TOOLS = {
    ".tflite": "TensorFlow Lite",
    ".h5": "Keras",
    ".keras": "Keras",
    ".pb": "TensorFlow",
    ".mlmodel": "Core ML",
}
"""Whose files end so."""
RUN_CHECKPOINT = "checkpoint.safetensors"
"""Its name in the folder of a training run."""

DEEPEST = 1202
"""Layers of the deepest CIFAR network that He et al. trained."""

_CLASSIFIERS = """
alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121 densenet161
densenet169 densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3
efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2_l efficientnet_v2_m
efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3
mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_16gf regnet_x_1_6gf regnet_x_32gf
regnet_x_3_2gf regnet_x_400mf regnet_x_800mf regnet_x_8gf regnet_y_128gf regnet_y_16gf
regnet_y_1_6gf regnet_y_32gf regnet_y_3_2gf regnet_y_400mf regnet_y_800mf regnet_y_8gf resnet101
resnet152 resnet18 resnet34 resnet50 resnext101_32x8d resnext101_64x4d resnext50_32x4d
shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0 squeezenet1_0
squeezenet1_1 swin_b swin_s swin_t swin_v2_b swin_v2_s swin_v2_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16
vgg16_bn vgg19 vgg19_bn vit_b_16 vit_b_32 vit_h_14 vit_l_16 vit_l_32 wide_resnet101_2
wide_resnet50_2
"""
TORCHVISION = tuple(_CLASSIFIERS.split())
"""torchvision's image classifiers. Its other models can be named with the prefix."""

COMMON = ("resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "plain20", "plain56")
"""CIFAR networks suggested for a misspelt name."""


SMALL = {"lenet5": "3x32x32", "alexnet": "3x64x64"}
"""Networks for small images other than the CIFAR networks by depth, and the input that each requires."""

TINY = {"ic": "3x32x32", "kws": "1x49x10", "vww": "3x96x96", "vww_live": "3x96x96", "ad": "640"}
"""Networks of the benchmark MLPerf Tiny, and the input that each requires."""


class Family(StrEnum):
    """The source of a network."""

    CIFAR = "cifar"
    TINY = "tiny"
    TORCHVISION = "torchvision"
    FACTORY = "factory"
    CHECKPOINT = "checkpoint"


_NAMED = (Family.CIFAR, Family.TINY, Family.TORCHVISION)
"""Families whose networks simres knows by name."""


@dataclass(frozen=True, slots=True)
class NetworkName:
    """A parsed network name: `name` is without the family; `str` gives the canonical form."""

    family: Family
    name: str

    def __str__(self) -> str:
        return f"{self.family}:{self.name}" if self.family in _NAMED else self.name

    @property
    def input(self) -> str | None:
        """The default input (`3x32x32`, without the batch), None where unknown."""
        if self.family is Family.CIFAR:
            return SMALL.get(self.name, "3x32x32")
        if self.family is Family.TINY:
            return TINY[self.name]
        if self.family is Family.TORCHVISION:
            return "3x299x299" if self.name == "inception_v3" else "3x224x224"
        return None

    @property
    def shipped(self) -> str | None:
        """The name of the workload that simres would ship; None for a user's code and checkpoints."""
        return self.file_stem if self.family in _NAMED else None

    @property
    def file_stem(self) -> str:
        """The stem of its workload file: the bare name, where only one family can have it."""
        if self.family in _NAMED:
            alone = self.family is not Family.TINY and not _ambiguous(self.name)
            return self.name if alone else f"{self.family}-{self.name}"
        last = self.name.rpartition(":")[2] if self.family is Family.FACTORY else Path(self.name).stem
        return re.sub(r"[^\w.-]", "_", last)


def short(name: str) -> str:
    """The name of a workload without its family, where that leaves no doubt: `resnet20`, `tiny-kws`."""
    if name.partition(":")[0] not in _NAMED:
        return name
    with suppress(SimresError):
        return parse(name).file_stem
    return name


def parse(text: str) -> NetworkName:
    """Parses `resnet20`, `torchvision:resnet50`, `package.module:factory` or the path of a checkpoint.

    The folder of a training run stands for the checkpoint in it; a name without a path never stands for a
    folder. Raises `SimresError`, with the nearest names, for an ambiguous or unknown name.
    """
    text = text.strip()
    if Path(text).suffix.lower() == ".onnx":
        raise SimresError(
            f"`{text}` is an ONNX model, which the package simres-onnx reads",
            f"pip install simres-onnx, then: simres import onnx {text} -o DIR, and "
            f"simres simulate DIR/{Path(text).stem}.json --chip NAME",
        )
    if Path(text).suffix.lower() in OTHER_TOOLS:
        raise SimresError(
            f"`{text}` is a network of {OTHER_TOOLS[Path(text).suffix.lower()]}, which simres does not read",
            "export it to ONNX, which the package simres-onnx reads, or trace its PyTorch module",
        )
    family, colon, name = text.partition(":")
    in_run = os.path.join(text, RUN_CHECKPOINT)  # noqa: PTH118  (any text may be asked for, Path minds some)
    if text != os.path.basename(text) and os.path.isfile(in_run):  # noqa: PTH113, PTH119
        return NetworkName(Family.CHECKPOINT, in_run)
    if Path(text).suffix in (CHECKPOINT_SUFFIX, ".pt", ".pth", ".ckpt", ".bin"):
        return _checkpoint(text)
    if family == Family.CIFAR and colon:
        _check_depth(name)
        return NetworkName(Family.CIFAR, name)
    if family == Family.TINY and colon:
        if name not in TINY:
            raise _unknown(name, tuple(TINY), "tiny:")
        return NetworkName(Family.TINY, name)
    if family == Family.TORCHVISION and colon:
        return NetworkName(Family.TORCHVISION, _torchvision(name))
    if colon:
        return _factory(text)
    return _bare(text)


def canonical(text: str) -> str:
    """Returns `cifar:resnet20` for `resnet20`. Raises as `parse` does."""
    return str(parse(text))


def depth(name: str) -> tuple[str, int] | None:
    """Returns ("resnet", 20) for `resnet20`; None where `name` is not of that form."""
    match = re.fullmatch(r"(resnet|plain)([0-9]{1,9})", name, flags=re.ASCII)
    return (match[1], int(match[2])) if match else None


def valid_depth(layers: int) -> bool:
    """Whether the number of layers is 6n + 2 from 8 to 1202."""
    return 8 <= layers <= DEEPEST and layers % 6 == 2


def _ambiguous(name: str) -> bool:
    if name in SMALL:
        return name in TORCHVISION
    found = depth(name)
    return found is not None and valid_depth(found[1]) and name in TORCHVISION


def _bare(name: str) -> NetworkName:
    if _ambiguous(name):
        raise SimresError(
            f"`{name}` could be two networks: torchvision's for ImageNet, or the one for small images",
            f"say `torchvision:{name}` or `cifar:{name}`",
        )
    if name in TORCHVISION:
        return NetworkName(Family.TORCHVISION, name)
    if name in SMALL:
        return NetworkName(Family.CIFAR, name)
    if depth(name) is None:
        raise _unknown(name, (*COMMON, *SMALL, *TORCHVISION))
    _check_depth(name)
    return NetworkName(Family.CIFAR, name)


def _check_depth(name: str) -> None:
    if name in SMALL:
        return
    found = depth(name)
    if found is None:
        close = get_close_matches(name, (*COMMON, *SMALL), n=1, cutoff=0.5)
        raise SimresError(
            f"unknown CIFAR network `{name}`",
            (f"did you mean `cifar:{close[0]}`? " if close else "")
            + "there are `cifar:resnetN` and `cifar:plainN` with N = 8, 14, 20, 26, 32 ...",
        )
    kind, layers = found
    if not valid_depth(layers):
        n = min(max((layers - 2) // 6, 1), (DEEPEST - 2) // 6 - 1)
        nearest = " or ".join(f"`cifar:{kind}{6 * k + 2}`" for k in (n, n + 1))
        also = [other for other in TORCHVISION if kind == "resnet" and re.fullmatch(r"resnet[0-9]+", other)]
        beside = (
            f"; torchvision has {', '.join(sorted(also, key=lambda item: int(item[6:])))}" if also else ""
        )
        raise SimresError(
            f"no CIFAR network has {layers} layers: a depth is 6n + 2, from 8 to {DEEPEST}",
            f"nearest: {nearest}{beside}",
        )


def _torchvision(name: str) -> str:
    if not re.fullmatch(r"\w+", name, flags=re.ASCII):
        raise _unknown(name, TORCHVISION, "torchvision:")
    return name


def _factory(text: str) -> NetworkName:
    module, _, attribute = text.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise SimresError(
            f"`{text}` is not a network",
            "write `resnet20`, `torchvision:resnet50`, `package.module:factory` or a checkpoint's path",
        )
    return NetworkName(Family.FACTORY, text)


def _checkpoint(text: str) -> NetworkName:
    if not text.endswith(CHECKPOINT_SUFFIX):
        raise SimresError(
            f"`{text}` may hold pickled code, which simres never loads",
            "save the weights with safetensors, with the network's name in the metadata:\n"
            '  safetensors.torch.save_file(module.state_dict(), "net.safetensors", {"network": "resnet20"})',
        )
    return NetworkName(Family.CHECKPOINT, text)


def _unknown(name: str, known: tuple[str, ...], prefix: str = "") -> SimresError:
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = (
        "did you mean " + " or ".join(f"`{prefix}{item}`" for item in close) + "?"
        if close
        else "write `resnet20`, `torchvision:resnet50`, `package.module:factory` or a checkpoint's path"
    )
    return SimresError(f"unknown network `{prefix}{name}`", hint)


def unknown_torchvision(name: str, known: list[str]) -> SimresError:
    """Returns the error for a name that the installed torchvision does not have."""
    return _unknown(name, tuple(known), "torchvision:")
