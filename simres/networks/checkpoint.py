"""Trained weights: safetensors files whose metadata name the network. Pickled files are never read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from simres.errors import SimresError, install
from simres.files import check_regular
from simres.networks.blocks import BlockFactory
from simres.networks.build import Network, build, build_variant
from simres.networks.network_names import Family, NetworkName, parse
from simres.networks.trust import BY_OPTION, check_factory
from simres.networks.variant import Variant, variant_of
from simres.text import shorten

if TYPE_CHECKING:
    from simres.plugins.registry import Registry


def load_checkpoint(path: Path, registry: Registry | None = None, *, trusted: bool = False) -> Network:
    """Returns the network that a checkpoint names, with its weights.

    A factory that the checkpoint names (`package.module:factory`) is called only if `trusted`: it is code
    of the file's author.

    The metadata must have `network` (the name of a network) and may have the rest
    of a `simres.networks.variant.Variant`, `accuracy` (0 to 1) and `input`. Raises `SimresError`.
    """
    state, metadata = read(path)
    variant = variant_in(path, metadata)
    check_factory(f"checkpoint `{path}`", variant.network, BY_OPTION, trusted=trusted)
    try:
        if parse(variant.network).family is not Family.FACTORY:
            with torch.device("meta"):  # so that a network which the weights do not fit takes no memory
                shapes = build_variant(variant, registry)
                put(shapes.module, state, "it", shapes.name, assign=True)
        network = build_variant(variant, registry)
        put(network.module, state, "it", network.name)
    except SimresError as error:
        raise SimresError(f"checkpoint `{path}`: {error.message}", error.hint) from error
    return Network(
        name=network.name,
        module=network.module,
        input=metadata.get("input") or network.input,
        accuracy=accuracy_in(path, metadata),
        weight_digest=weight_digest(state),
    )


def network_of(
    name: str | NetworkName,
    *,
    block: BlockFactory | None = None,
    shortcut: str | None = None,
    span: int | None = None,
    stem: str | None = None,
    trusted: bool = False,
) -> Network:
    """Returns the network of a name: a checkpoint's with its weights, any other with random ones.

    `trusted` is as in `load_checkpoint`. The other options are those of `simres.networks.build.build`; a
    checkpoint accepts none, as its own are fixed. Raises `SimresError` for an invalid name and for a
    checkpoint that cannot be read.
    """
    parsed = parse(name) if isinstance(name, str) else name
    chosen = block or shortcut or stem or span is not None
    if parsed.family is Family.CHECKPOINT and not chosen:
        return load_checkpoint(Path(parsed.name), trusted=trusted)
    return build(parsed, block=block, shortcut=shortcut, span=span, stem=stem)


def variant_in(path: Path, metadata: Mapping[str, str]) -> Variant:
    """Returns the network variant that a checkpoint's metadata describe. Raises `SimresError`."""
    if "network" not in metadata:
        raise SimresError(
            f"checkpoint `{path}` does not state its network",
            'its metadata need the network, such as {"network": "resnet20"}',
        )
    try:
        named = parse(metadata["network"])
        if named.family is Family.CHECKPOINT:
            raise SimresError(f"it names another checkpoint, `{named}`, as its network")
        return variant_of(metadata)
    except SimresError as error:
        raise SimresError(f"checkpoint `{path}`: {error.message}", error.hint) from error


def put(
    module: nn.Module, state: Mapping[str, torch.Tensor], what: str, name: str, assign: bool = False
) -> None:
    """Loads weights into a module; `what` and `name` are for the error if they do not fit.

    With `assign` the module takes the tensors themselves and not copies, which a module on the meta device
    needs.
    """
    try:
        module.load_state_dict(state, assign=assign)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        raise SimresError(
            f"{what} does not fit `{name}`: {lines[1] if len(lines) > 1 else lines[0]}"
        ) from error


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Returns the tensors and metadata of a safetensors file. Raises `SimresError`."""
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError as error:
        raise SimresError("checkpoints need safetensors", install("torch")) from error
    check_regular(path, "checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no mapping)
            return state, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise SimresError(
            f"`{path}` is not a valid checkpoint: it cannot be read as safetensors",
            "`simres train` writes one; `safetensors.torch.save_file(module.state_dict(), FILE)` another",
        ) from error


def accuracy_in(path: Path, metadata: Mapping[str, str]) -> float | None:
    """Returns the accuracy that a checkpoint states, 0 to 1, or None. Raises `SimresError`."""
    if "accuracy" not in metadata:
        return None
    try:
        accuracy = float(metadata["accuracy"])
    except ValueError:
        accuracy = math.nan
    if not 0 <= accuracy <= 1:
        raise SimresError(
            f"checkpoint `{path}`: accuracy must be from 0 to 1, is `{shorten(metadata['accuracy'])}`"
        )
    return accuracy


def weight_digest(state: Mapping[str, torch.Tensor]) -> str:
    """Returns the SHA-256 of names, types, shapes and bytes of all tensors, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return "sha256:" + digest.hexdigest()
