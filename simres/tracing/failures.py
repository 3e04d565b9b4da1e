"""Says in words why a network cannot be exported, and what to do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves

from simres.errors import SimresError
from simres.tracing.input_shapes import SPELLINGS

LONGEST = 300
"""Characters of torch's own message."""

DATA_DEPENDENT = (
    "data-dependent",
    "datadependent",
    "guardondata",
    "unbacked",
    ".item()",
    "control flow",
    "dynamicoutputshape",
)
ONE_GRAPH = (
    "torch.export needs one graph for all data: replace `if` and `while` on tensor values "
    "by torch.where, and avoid .item()"
)


_CONVERTED = re.compile(r"torch\.(ao\.)?nn\.(intrinsic\.)?quantized\.(?!reference)")
"""Modules of packed integers; `FloatFunctional` still computes as usual."""


def check_module(module: object, name: str) -> None:
    """Raises `SimresError` for what torch.export does not take, whatever the inputs."""
    if not isinstance(module, nn.Module):
        raise SimresError(f"`{name}` is a {type(module).__name__}, not a torch.nn.Module")
    for path, child in module.named_modules():
        place = f"`{name}`" if not path else f"`{path}` in `{name}`"
        kind = type(child)
        if isinstance(child, torch.jit.ScriptModule):
            raise SimresError(
                f"cannot trace {place}: it is TorchScript, which torch.export does not support",
                "trace the Python module it was made from, before torch.jit.script or torch.jit.trace",
            )
        if _CONVERTED.match(kind.__module__) and "FloatFunctional" not in kind.__name__:
            raise SimresError(
                f"cannot trace {place}: torch.ao has converted it to {kind.__name__}, "
                "which torch.export does not support",
                "trace the network before its conversion, and use `passes: [quantise_int8]`",
            )


def check_arguments(
    module: nn.Module, name: str, positional: Sequence[object], keywords: Mapping[str, object]
) -> None:
    """Raises `SimresError` if `forward` does not take this many inputs, or these names."""
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
        shown = [one if one.default is one.empty else one.replace(default=...) for one in bare]
        wanted = str(inspect.Signature(shown)).replace("Ellipsis", "...")
        only = [
            one.name
            for one in signature.parameters.values()
            if one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is inspect.Parameter.empty
        ]
        by_name = f"; {', '.join(f'`{one}`' for one in only)} by name alone" if only else ""
        count = len(positional) + len(keywords)
        inputs = "1 input" if count == 1 else f"{count} inputs"
        raise SimresError(
            f"cannot trace `{name}` with {inputs}: {error}; it takes {wanted}{by_name}",
            f"give {SPELLINGS}",
        ) from error


def packed(name: str) -> SimresError:
    """The refusal of packed sequences."""
    return SimresError(
        f"cannot trace `{name}`: it packs sequences (pack_padded_sequence), whose shapes depend on lengths",
        "pass the padded tensor to the recurrent layer: a workload has one shape per tensor",
    )


def rejects(module: nn.Module, positional: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
    """Whether the network fails on such inputs even without torch.export."""
    fakes = tree_leaves((positional, keywords))
    mode = next((one.fake_mode for one in fakes if hasattr(one, "fake_mode")), None)
    with mode or FakeTensorMode(allow_non_fake_inputs=True):
        try:
            module(*positional, **keywords)
        except Exception:
            return True
    return False


def told(error: Exception, what: str, rejected: bool) -> SimresError:
    """The error for a user: `what` failed, why, and a hint; `rejected` as `rejects` says."""
    if _says(error, DATA_DEPENDENT):
        hint = ONE_GRAPH
    elif isinstance(error, RecursionError):
        hint = "torch.export must be able to run the network"
    elif rejected:
        hint = f"give {SPELLINGS}"
    else:
        hint = "torch.export must be able to trace the network; see docs.pytorch.org/docs/stable/export.html"
    reason = _reason(error)
    if rejected and not isinstance(error, RecursionError) and not _says(error, DATA_DEPENDENT):
        reason = f"the network itself does not take it (PyTorch: {reason})"
    return SimresError(f"{what}: {reason}", hint)


def _reason(error: Exception) -> str:
    """The first line of the message that says something, in plainer words where they are known."""
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    if _says(error, DATA_DEPENDENT):
        where = re.search(r'File "(?!.*[/\\]torch[/\\])([^"]+)", line ([0-9]+)', str(error))
        place = f", at {where[1]}:{where[2]}" if where else ""
        return f"its control flow or a shape depends on the values of a tensor{place}"
    lines = (line.strip() for line in str(error).splitlines())
    first = next(
        (line for line in lines if line and not line.startswith(("Failed running", "Unsupported:"))), ""
    )
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _says(error: Exception, signs: tuple[str, ...]) -> bool:
    text = f"{type(error).__name__} {error}".lower()
    return any(sign in text for sign in signs)
