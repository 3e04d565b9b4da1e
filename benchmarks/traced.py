"""What-ifs on traces of this machine against the changed networks, which are measured too.

Eight networks of torchvision run on the CPU with one thread, under torch.profiler. Two questions are put to
the trace of each: what if batch norm were folded into the convolutions, and what if the widest stage had
half its channels? Both changes are then made, and the changed network is traced in the same way. A module
with a fraction of the MACs is scaled to that fraction, one without MACs to its fraction of elements: that is
what somebody who asks knows before.

Others share the machine, and what they leave of it changes from second to second. So a network and
the changed one run in turn, for `SECONDS` a question; each turn gives a prediction and a measurement, and
the turn with the median error is the one that is stated. Where batch norm is asked about, both networks run
as graphs of `torch.fx`, which folds it.

`python benchmarks/traced.py [NETWORK...]`; needs the extra [torch].
"""

from __future__ import annotations

import copy
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
import torch.fx
import torchvision
from torch.profiler import ProfilerActivity, profile, record_function

from simres.exploration.work_changes import WorkChange, change_work
from simres.result import Result
from simres.traces.importing import import_trace

SECONDS, LEAST, WARM = 20, 15, 2
"""How long a network and the changed one take turns, how often at least, and the turns that do not count."""
SIDE = 160
resnet = torchvision.models.resnet


def _resnet(block: Any, counts: Sequence[int], planes: int, **settings: Any) -> Any:
    """A ResNet whose last stage has so many planes."""
    net = resnet.ResNet(block, list(counts), **settings)
    net.inplanes = 256 * block.expansion
    net.layer4 = net._make_layer(block, planes, counts[3], stride=2)
    net.fc = torch.nn.Linear(planes * block.expansion, 1000)
    return net


def _vgg(channels: int) -> Any:
    vgg = torchvision.models.vgg
    plan = [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", channels, channels, "M"]
    net = vgg.VGG(vgg.make_layers(plan, batch_norm=True))
    net.classifier[0] = torch.nn.Linear(channels * 49, 4096)
    return net


def _mobilenet(channels: int) -> Any:
    plan = [
        [1, 16, 1, 1],
        [6, 24, 2, 2],
        [6, 32, 3, 2],
        [6, 64, 4, 2],
        [6, 96, 3, 1],
        [6, 160, 3, 2],
        [6, channels, 1, 1],
    ]
    return torchvision.models.MobileNetV2(inverted_residual_setting=plan)


def _shufflenet(channels: int) -> Any:
    return torchvision.models.ShuffleNetV2([4, 8, 4], [24, 116, 232, channels, 1024])


NETWORKS: dict[str, tuple[Callable[[int], Any], int]] = {
    "resnet18": (lambda planes: _resnet(resnet.BasicBlock, (2, 2, 2, 2), planes), 512),
    "resnet34": (lambda planes: _resnet(resnet.BasicBlock, (3, 4, 6, 3), planes), 512),
    "resnet50": (lambda planes: _resnet(resnet.Bottleneck, (3, 4, 6, 3), planes), 512),
    "resnext50": (
        lambda planes: _resnet(resnet.Bottleneck, (3, 4, 6, 3), planes, groups=32, width_per_group=4),
        512,
    ),
    "wide_resnet50": (
        lambda planes: _resnet(resnet.Bottleneck, (3, 4, 6, 3), planes, width_per_group=128),
        512,
    ),
    "vgg11_bn": (_vgg, 512),
    "mobilenet_v2": (_mobilenet, 320),
    "shufflenet_v2": (_shufflenet, 464),
}
"""By name: the network with so many channels in its widest stage, and how many it has."""


def folded(net: Any) -> Any:
    """The network with its batch norms folded into the convolutions before them."""
    from torch.fx.experimental.optimization import fuse

    return fuse(copy.deepcopy(net))


def leaves(net: Any) -> Iterator[tuple[str, Any]]:
    """Yields the modules that have none inside, by name."""
    return ((name, module) for name, module in net.named_modules() if name and not [*module.children()])


@contextmanager
def named(net: Any) -> Iterator[None]:
    """Names each call of a module in the trace."""
    handles, opened = [], []

    def enter(name: str) -> Callable[..., None]:
        def begin(*_: object) -> None:
            opened.append(record_function(name))
            opened[-1].__enter__()  # type: ignore[no-untyped-call]

        return begin

    def leave(*_: object) -> None:
        opened.pop().__exit__(None, None, None)

    for name, module in leaves(net):
        handles.append(module.register_forward_pre_hook(enter(name)))
        handles.append(module.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def amounts(net: Any, image: torch.Tensor) -> dict[str, int]:
    """The MACs of each module, or where it has none, the elements that it makes."""
    found: dict[str, int] = {}

    def note(name: str) -> Callable[..., None]:
        def take(module: Any, _given: object, made: torch.Tensor) -> None:
            weight = getattr(module, "weight", None)
            each = 1
            if isinstance(module, torch.nn.Conv2d | torch.nn.Linear) and weight is not None:
                each = math.prod(weight.shape[1:])
            found[name] = found.get(name, 0) + made.numel() * each

        return take

    handles = [module.register_forward_hook(note(name)) for name, module in leaves(net)]
    net(image)
    for handle in handles:
        handle.remove()
    return found


def traced(net: Any, image: torch.Tensor, path: Path) -> Result:
    """One inference."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        net(image)
    profiler.export_chrome_trace(str(path))
    return import_trace(path)


def median_turn(
    nets: tuple[Any, Any], image: torch.Tensor, changes: Sequence[WorkChange], path: Path
) -> tuple[int, int, int]:
    """The picoseconds before, predicted and measured, of the turn with the median error."""
    found: list[tuple[int, int, int]] = []
    until = time.perf_counter() + SECONDS
    while len(found) < LEAST + WARM or time.perf_counter() < until:
        base, changed = (traced(net, image, path) for net in nets)
        predicted = change_work(base, changes).after[-1].result.makespan_ps
        found.append((base.makespan_ps, predicted, changed.makespan_ps))
    return sorted(found[WARM:], key=lambda turn: turn[1] / turn[2])[(len(found) - WARM) // 2]


def measured(name: str, folder: Path) -> list[tuple[str, int, int, int]]:
    """Per what-if: its name, and the picoseconds before, predicted, and measured."""
    make, channels = NETWORKS[name]
    torch.manual_seed(0)
    image = torch.randn(1, 3, SIDE, SIDE)
    whole, half = make(channels).eval(), make(channels // 2).eval()
    path = folder / "trace.json"
    with torch.inference_mode():
        before, after = amounts(whole, image), amounts(half, image)
        scaled = [
            WorkChange(module, Fraction(after[module], amount))
            for module, amount in before.items()
            if after[module] != amount
        ]
        without = [WorkChange("batch_norm", Fraction(0))]
        folding = median_turn((torch.fx.symbolic_trace(whole), folded(whole)), image, without, path)
        with named(whole), named(half):  # only where the question is about modules: names take time too
            halving = median_turn((whole, half), image, scaled, path)
    return [("batch norm folded", *folding), ("half the channels", *halving)]


def main(wanted: Sequence[str]) -> None:
    """Prints every prediction beside its measurement, and what the errors come to."""
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    errors = []
    print("| network | what if | before, ms | predicted, ms | measured, ms | error |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted or NETWORKS:
            for what, before, predicted, took in measured(name, Path(folder)):
                error = predicted / took - 1
                errors.append(abs(error))
                times = " | ".join(f"{ps / 1e9:.2f}" for ps in (before, predicted, took))
                print(f"| {name} | {what} | {times} | {100 * error:+.1f} % |", flush=True)
    median, most = statistics.median(errors), max(errors)
    print(f"\n{len(errors)} what-ifs: error {100 * median:.1f} % in the median, {100 * most:.1f} % at most")


if __name__ == "__main__":
    main(sys.argv[1:])
