"""Names to modules. Weights are random, except a checkpoint's: nothing is ever downloaded."""

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

from simres.errors import SimresError
from simres.networks import names
from simres.networks.cifar import SHORTCUTS, BasicBlock, BlockFactory, CifarNet, PlainBlock
from simres.networks.names import Family, NetworkName


@dataclass(frozen=True, slots=True)
class Network:
    """A module with what its name says of it. `input` is without the batch, None where nobody said."""

    name: str
    module: nn.Module
    input: str | None
    accuracy: float | None = None
    weight_digest: str | None = None


def build(
    name: str | NetworkName, *, block: BlockFactory | None = None, shortcut: str | None = None
) -> Network:
    """The network of that name (see `simres.networks.names.parse`), in evaluation mode.

    `block` makes the residual blocks of a CIFAR network, called as (in_channels, out_channels, stride);
    `shortcut` is `padded` (no parameters) or `projection`, for the built-in block. Raises `SimresError`.
    """
    parsed = names.parse(name) if isinstance(name, str) else name
    if (block or shortcut) and not (parsed.family is Family.CIFAR and parsed.name.startswith("resnet")):
        raise SimresError(f"`{parsed}` takes no other block or shortcut", "only `cifar:resnetN` does")
    if parsed.family is Family.CHECKPOINT:
        from simres.networks.checkpoint import load

        return load(Path(parsed.name))
    if parsed.family is Family.CIFAR:
        module: nn.Module = _cifar(parsed, block, shortcut)
    elif parsed.family is Family.TORCHVISION:
        module = _torchvision(parsed.name)
    else:
        module = _from_factory(parsed.name)
    shape = parsed.input or getattr(module, "input_shape", None)
    text = "x".join(str(size) for size in shape) if isinstance(shape, list | tuple) else shape
    return Network(str(parsed), module.eval(), text if isinstance(text, str) else None)


def _cifar(parsed: NetworkName, block: BlockFactory | None, shortcut: str | None) -> CifarNet:
    kind, layers = names.depth(parsed.name) or ("", 0)
    if block is not None and shortcut is not None:
        raise SimresError("a block of your own brings its own shortcut; give one or the other")
    if shortcut is not None and shortcut not in SHORTCUTS:
        raise SimresError(f"unknown shortcut `{shortcut}`", "known: " + ", ".join(SHORTCUTS))
    chosen: BlockFactory = (
        PlainBlock if kind == "plain" else partial(BasicBlock, shortcut=shortcut or "padded")
    )
    try:
        return CifarNet((layers - 2) // 6, block or chosen)
    except SimresError:
        raise
    except Exception as error:
        raise SimresError(f"the block failed when `{parsed}` was built: {_reason(error)}") from error


def _torchvision(name: str) -> nn.Module:
    try:
        import torchvision
    except ModuleNotFoundError as error:
        hint = "pip install 'simres[torch]'"
        raise SimresError(f"`torchvision:{name}` needs torchvision, which is not installed", hint) from error

    known = torchvision.models.list_models()
    if name not in known:
        raise names.unknown_torchvision(name, known)
    builder: Callable[..., Any] = torchvision.models.get_model_builder(name)
    options: dict[str, object] = {"weights": None}
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
    """`package.module:factory`: a Module, or whatever makes one when called without arguments."""
    module_name, _, attribute = text.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = attrgetter(attribute)(import_module(module_name))
        made = found if isinstance(found, nn.Module) else found()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a script that calls sys.exit() when imported, too
        raise SimresError(
            f"cannot make a network from `{text}`: {_reason(error)}", _hint(error, text)
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
