"""The contract of a residual block: it can be built, trained, traced and simulated. Needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simres.errors import SimresError, install
from simres.plugins.hooks import Block
from simres.plugins.registry import default_registry
from simres.testing.contract import ContractBroken, described, hold, load_target, same

if TYPE_CHECKING:
    import torch
    from torch import nn

SHAPES = ((16, 16, 1), (16, 32, 2), (32, 64, 2), (64, 64, 1))
"""Channels in and out, and stride, as in the stages of a CIFAR network."""

SEED = 2015


def check_block(block: str | Block) -> None:
    """Checks a residual block, by name or as declared, against the contract of blocks.

    At every place in a CIFAR network, it makes (N, out, ceil(H / stride), ceil(W / stride)) of (N, in, H, W),
    also for odd sizes; in evaluation each image is processed independently and deterministically; every
    parameter gets a finite gradient. In a network, a few steps of training lower the loss; the trace has a
    cost for every operator and is reproducible; and the network runs on the paper's chip without breaking an
    invariant.

    Raises `ContractBroken`, or the invariant that was broken.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        hint = install("torch")
        raise SimresError(f"a block is tried with torch, which is not installed: {hint}", hint) from error
    if isinstance(block, str):
        block = default_registry().block(block)
    described(block)
    make = load_target(block)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)  # for such small tensors, more threads only wait for each other
    try:
        for channels_in, channels_out, stride in SHAPES:
            torch.manual_seed(SEED)
            widened = int(getattr(make, "expansion", 1))
            _alone(make, channels_in * widened, channels_out * widened, stride)
        torch.manual_seed(SEED)
        network = _network(make)
        _learns(network)
        _simulates(network)
    finally:
        torch.random.set_rng_state(state)
        torch.set_num_threads(threads)


def _alone(make: Any, channels_in: int, channels_out: int, stride: int) -> None:
    import torch

    place = f"as ({channels_in}, {channels_out}, {stride}) "
    try:
        module: nn.Module = make(channels_in, channels_out, stride)
    except Exception as error:
        raise ContractBroken(f"{place}it cannot be built: {type(error).__name__}: {error}") from error
    hold(isinstance(module, torch.nn.Module), f"{place}it makes no torch.nn.Module")
    for height, width in ((8, 8), (7, 5)):
        x = torch.randn(3, channels_in, height, width)
        module.eval()
        with torch.no_grad():
            y = module(x)
            wanted = (3, channels_out, -(-height // stride), -(-width // stride))
            hold(tuple(y.shape) == wanted, f"{place}it makes {tuple(y.shape)}, not {wanted}")
            hold(torch.equal(y, module(x)), f"{place}two evaluations of one input differ")
            alone = torch.cat([module(image[None]) for image in x])
            hold(torch.allclose(y, alone, atol=1e-4), f"{place}one image's result depends on the others")
    _gradients(module, torch.randn(3, channels_in, 8, 8), place)


def _gradients(module: nn.Module, x: torch.Tensor, place: str) -> None:
    wanted = {name: each for name, each in module.named_parameters() if each.requires_grad}
    x.requires_grad_()
    module.train()
    for _ in range(50):  # a randomly dropped part has no gradient in a single pass
        module(x).square().mean().backward()
        if all(parameter.grad is not None for parameter in wanted.values()):
            break
    for name, parameter in wanted.items():
        if parameter.grad is None:
            raise ContractBroken(f"{place}`{name}` gets no gradient: is it in use?")
        hold(bool(parameter.grad.isfinite().all()), f"{place}`{name}` gets a gradient that is no number")


def _network(make: Any) -> nn.Module:
    from simres.networks.cifar import CifarNet

    try:
        return CifarNet(1, make)
    except SimresError as error:
        raise ContractBroken(f"no network can be built of it: {error.message}") from error


def _learns(network: nn.Module) -> None:
    """Checks that training on sixteen images halves the loss; a network that learns can memorise them."""
    import torch
    import torch.nn.functional as F  # noqa: N812  (torch's own convention)

    images, labels = torch.randn(16, 3, 8, 8), torch.arange(16) % 10
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    network.train()
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    start, end = losses[0], sum(losses[-5:]) / 5
    said = f"the loss of 16 images goes from {start:.3g} to {end:.3g}"
    hold(end < start / 2, f"a network of it does not learn: {said}")


def _simulates(network: nn.Module) -> None:
    from simres.scheduling import serial
    from simres.scheduling.parameters import NoParameters
    from simres.testing.random_workloads import paper_chip, prove
    from simres.tracing import trace

    network.eval()
    try:
        workload = trace(network, (3, 32, 32), name="contract")
    except SimresError as error:
        raise ContractBroken(f"a network of it cannot be traced: {error.message}") from error
    same(workload.digest, trace(network, (3, 32, 32), name="contract").digest, "the traced network")
    system = paper_chip(capacity="64 MiB")
    prove(serial.schedule(workload, system, NoParameters()), system, workload)
