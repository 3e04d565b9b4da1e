"""Builds the module of a network's name, with random weights; nothing is ever downloaded."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

from torch import nn

from simres.errors import SimresError, install
from simres.networks import network_names as names
from simres.networks.blocks import SHORTCUTS, BasicBlock, BlockFactory, PlainBlock, trait
from simres.networks.cifar import CifarNet
from simres.networks.network_names import Family, NetworkName
from simres.networks.small import SMALL
from simres.networks.stems import adapt
from simres.networks.tiny import TINY
from simres.networks.variant import Variant
from simres.networks.without_blocks import remove
from simres.plugins.registry import Registry, default_registry, resolve


@dataclass(frozen=True, slots=True)
class Network:
    """A module and the properties of its name. `input` is without the batch, None where it is unknown."""

    name: str
    module: nn.Module
    input: str | None
    accuracy: float | None = None
    weight_digest: str | None = None


def build(
    name: str | NetworkName,
    *,
    block: BlockFactory | None = None,
    shortcut: str | None = None,
    span: int | None = None,
    stem: str | None = None,
    classes: int | None = None,
    channels: int | None = None,
) -> Network:
    """Returns the network of that name (see `simres.networks.network_names.parse`), in evaluation mode.

    `block` makes the residual blocks of a CIFAR network, called as (in_channels, out_channels, stride);
    `shortcut` is `padded` (no parameters) or `projection`; `span` the number of layers that a shortcut skips.
    `stem` `cifar` adapts a torchvision network to small images. `classes` and `channels` (of the input) are
    those of the data, by default those that the name implies. Raises `SimresError`.
    """
    parsed = names.parse(name) if isinstance(name, str) else name
    residual = parsed.family is Family.CIFAR and parsed.name.startswith("resnet")
    if (block or shortcut) and not residual:
        raise SimresError(f"`{parsed}` has a fixed block and shortcut", "only `cifar:resnetN` does")
    if span is not None and not (residual or (parsed.family is Family.CIFAR and names.depth(parsed.name))):
        raise SimresError(f"`{parsed}` has no skip span", "only `cifar:resnetN` has")
    if stem is not None and parsed.family is not Family.TORCHVISION:
        raise SimresError(f"`{parsed}` has a fixed stem", "only torchvision's networks do")
    if parsed.family is Family.CHECKPOINT:
        raise SimresError(f"`{parsed}` is a checkpoint, whose network is fixed", "name it alone")
    shape = parsed.input
    if parsed.family is Family.CIFAR:
        if parsed.name in SMALL:
            module: nn.Module = SMALL[parsed.name](classes or 10, channels or 3)
        else:
            module = _cifar(parsed, block, shortcut, span, classes or 10, channels or 3)
        shape = shape and f"{channels or 3}{shape[1:]}"
    elif parsed.family is Family.TINY:
        if classes is not None or channels is not None:
            raise SimresError(
                f"`{parsed}` has fixed classes and input, those of its benchmark", "leave both out"
            )
        module = TINY[parsed.name]()
    elif parsed.family is Family.TORCHVISION:
        module = _torchvision(parsed.name, classes)
        if stem is not None or (channels or 3) != 3:
            adapt(module, parsed.name, stem, channels or 3)
            shape = f"{channels or 3}x32x32" if stem else shape
    else:
        module = _from_factory(parsed.name)
        shape = _stated_shape(module)
    return Network(str(parsed), module.eval(), shape)


def build_variant(variant: Variant, registry: Registry | None = None) -> Network:
    """Returns the network of a variant, with random weights. Raises `SimresError`."""
    registry = registry or default_registry()
    network = build(
        variant.network,
        block=resolve(registry.block(variant.block).target) if variant.block else None,
        shortcut=variant.shortcut,
        span=variant.span,
        stem=variant.stem,
        classes=variant.classes,
        channels=variant.channels,
    )
    for block in variant.removed:
        remove(network.module, block)
    return network


def _stated_shape(module: nn.Module) -> str | None:
    shape = getattr(module, "input_shape", None)
    text = "x".join(str(size) for size in shape) if isinstance(shape, list | tuple) else shape
    return text if isinstance(text, str) else None


def _cifar(
    parsed: NetworkName,
    block: BlockFactory | None,
    shortcut: str | None,
    span: int | None,
    classes: int,
    channels: int,
) -> CifarNet:
    kind, depth = names.depth(parsed.name) or ("", 0)
    if shortcut is not None and shortcut not in SHORTCUTS:
        raise SimresError(f"unknown shortcut `{shortcut}`", "known: " + ", ".join(SHORTCUTS))
    chosen = block or (PlainBlock if kind == "plain" else BasicBlock)
    options: dict[str, object] = {}
    if shortcut is not None:
        options["shortcut"] = shortcut
    if span is not None:
        options["layers"] = span
    for option, word in (("shortcut", "shortcut"), ("layers", "skip span")):
        if option in options and option not in _keywords(chosen):
            raise SimresError(f"the block of `{parsed}` brings its own {word}", f"leave the {word} out")
    if options:
        chosen = partial(chosen, **options)
    per_block = int(trait(chosen, "layers", 2))
    blocks, rest = divmod((depth - 2) // 3, per_block)
    if rest:
        unit = 6 if per_block <= 2 else 6 * per_block // 2 if per_block % 2 == 0 else 6 * per_block
        fitting = sorted({2 + unit * max(1, (depth - 2) // unit), 2 + unit * ((depth - 2) // unit + 1)})
        raise SimresError(
            f"`{parsed}` has {(depth - 2) // 3} layers a stage, which blocks of {per_block} do not fill",
            "nearest: " + " or ".join(f"`cifar:{kind}{layers}`" for layers in fitting),
        )
    try:
        return CifarNet(blocks, chosen, classes, channels)
    except SimresError:
        raise
    except Exception as error:
        raise SimresError(f"the block failed when `{parsed}` was built: {_reason(error)}") from error


def _keywords(block: BlockFactory) -> set[str]:
    try:
        return set(inspect.signature(block).parameters)
    except (TypeError, ValueError):
        return set()


def _torchvision(name: str, classes: int | None) -> nn.Module:
    try:
        import torchvision
    except ModuleNotFoundError as error:
        raise SimresError(
            f"`torchvision:{name}` needs torchvision, which is not installed", install("torch")
        ) from error

    known = torchvision.models.list_models()
    if name not in known:
        raise names.unknown_torchvision(name, known)
    builder: Callable[..., Any] = torchvision.models.get_model_builder(name)
    options: dict[str, object] = {"weights": None}
    if classes is not None:
        options["num_classes"] = classes
    if "weights_backbone" in inspect.signature(builder).parameters:
        options["weights_backbone"] = None  # torchvision would download it
    if name in ("googlenet", "inception_v3"):
        options |= {"aux_logits": False, "init_weights": False}
    try:
        module = builder(**options)
    except Exception as error:
        raise SimresError(f"torchvision cannot build `{name}`: {_reason(error)}") from error
    assert isinstance(module, nn.Module)
    return module


def _from_factory(text: str) -> nn.Module:
    """Loads `package.module:factory`: a Module, or a callable without arguments that returns one."""
    module_name, _, attribute = text.partition(":")
    if module_name.partition(".")[0] in sys.stdlib_module_names:  # a checkpoint may name `os:abort`
        raise SimresError(f"`{text}` is no network: `{module_name}` is a module of Python itself")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = attrgetter(attribute)(import_module(module_name))
        made = found if isinstance(found, nn.Module) else found()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # includes a script that calls sys.exit() when imported
        raise SimresError(
            f"cannot build a network from `{text}`: {_reason(error)}", _hint(error, text)
        ) from error
    if not isinstance(made, nn.Module):
        raise SimresError(f"`{text}` makes an object of type `{type(made).__name__}`, not a torch.nn.Module")
    return made


def _hint(error: BaseException, text: str) -> str | None:
    module_name, _, attribute = text.partition(":")
    if isinstance(error, ModuleNotFoundError) and error.name in (module_name, module_name.split(".")[0]):
        return f"`{module_name}` is looked for in the current directory and among the installed packages"
    if isinstance(error, AttributeError) and attribute in str(error):
        return f"does `{module_name}` define `{attribute.split('.')[-1]}`?"
    if isinstance(error, TypeError) and "argument" in str(error):
        return "the factory is called without arguments: write a function that fills them in"
    return None


def _reason(error: BaseException) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
