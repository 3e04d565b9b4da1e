"""Whole training against the bare step: `python benchmarks/training.py [--seconds 60] [--threads 1]`.

`--variants` instead times the bare step in fp32 and bf16, with channels first and last, compiled and not.

The bare loop is forward, loss, backward and optimiser step on one random batch, over and over. Whole training
is `simres.training.loop.fit` on as many images: order, augmentation, step, sums of loss and errors, and the
display. Both take turns in slices of some seconds, so that a busy machine slows both alike; of each pair of
slices the ratio is taken, and of the ratios the median.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)

from simres.networks.build import build_variant
from simres.networks.variant import Variant
from simres.reporting.progress import TrainingProgress
from simres.reporting.text.console import Output
from simres.training.datasets import About, Dataset
from simres.training.loop import fit
from simres.training.optimiser import Stepper
from simres.training.precision import settled
from simres.training.recipe import Precision, Recipe, recipe
from simres.training.training_run import TrainingRun

IMAGES = 50_000


class Bare:
    """The step that training cannot do without."""

    def __init__(self, network: str, made: Recipe, device: torch.device) -> None:
        batch, self.bf16, self.device = made.batch, made.precision is Precision.BF16, device
        self.module = build_variant(Variant(network, classes=10)).module.to(device).train()
        self.x = torch.randn(batch, 3, 32, 32, device=device)
        if made.channels_last:
            self.module = self.module.to(memory_format=torch.channels_last)
            self.x = self.x.to(memory_format=torch.channels_last)
        self.labels = torch.randint(0, 10, (batch,), device=device)
        self.stepper = Stepper(self.module, made)
        self.model = torch.compile(self.module) if made.compile else self.module

    def step(self) -> float:
        """One step; the loss is looked at, as any loop that would notice a NaN has to."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            loss = F.cross_entropy(self.model(self.x), self.labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self.stepper.step(0.1)
        return float(loss.detach())

    def rate(self, steps: int) -> float:
        """Images a second over so many steps."""
        started = time.perf_counter()
        for _ in range(steps):
            self.step()
        return steps * len(self.labels) / (time.perf_counter() - started)


class Turns(TrainingProgress):
    """The usual display; after every `every` steps of training it lets the bare loop do as many."""

    def __init__(self, bare: Bare, every: int, seconds: float) -> None:
        super().__init__(Output(io.StringIO()))
        self.bare, self.every, self.until = bare, every, time.perf_counter() + seconds
        self.pairs: list[tuple[float, float]] = []
        self.started = 0.0

    def step(self, step: int, loss: float | None, lr: float) -> None:
        """Counts, and takes turns."""
        super().step(step, loss, lr)
        if step % self.every == 0:
            now = time.perf_counter()
            if self.started:
                whole = self.every * len(self.bare.labels) / (now - self.started)
                self.pairs.append((whole, self.bare.rate(self.every)))
            if now > self.until:
                raise KeyboardInterrupt
            self.started = time.perf_counter()


def variants(network: str, device: torch.device, rounds: int = 12) -> None:
    """Prints milliseconds a step of each way to compute it: the median of some rounds, taken in turns."""
    ways = [
        recipe("fast", {"precision": precision, "channels_last": last, "compile": compiled})
        for compiled in (False, True)
        for last in (False, True)
        for precision in (Precision.FP32, Precision.BF16)
    ]
    bares = [Bare(network, way, device) for way in ways]
    for bare in bares:
        bare.rate(2)
    times = [[bare.rate(1) for bare in bares] for _ in range(rounds)]
    batch = ways[0].batch
    print(f"{network}, {torch.get_num_threads()} threads, {device}, {batch} images a step")
    for way, rates in zip(ways, zip(*times, strict=True), strict=True):
        layout = "channels last" if way.channels_last else "channels first"
        how = f"{way.precision.value}, {layout}{', compiled' if way.compile else ''}"
        rate = statistics.median(rates)
        print(f"{how:<32} {1000 * batch / rate:6.0f} ms  {rate:6.0f} images/s")


def main() -> None:
    """Prints images a second of both, the share, and the peak of memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--variants", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    if options.variants:
        return variants(options.network, device)
    made = settled(recipe("fast"), device)
    bare = Bare(options.network, made, device)
    bare.rate(3)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, 32, 32, 3), np.uint8)
    labels = random.integers(0, 10, IMAGES)
    about = About("random", tuple("0123456789"), (32, 32, 3), IMAGES, 1000, (0.5,) * 3, (0.3,) * 3, "none")
    dataset = Dataset(about, images, labels, images[:1000], labels[:1000])
    run = TrainingRun(Variant(options.network, classes=10), made, "random", "none")
    turns = Turns(bare, options.every, options.seconds)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        fit(run, dataset, Path(folder) / "run", device=device, observer=turns)
    whole, alone = zip(*turns.pairs, strict=True)
    shares = [mine / bare_rate for mine, bare_rate in turns.pairs]
    print(
        f"{options.network}, {options.threads} threads, {options.device}, {made.precision.value}, "
        f"{len(shares)} pairs"
    )
    print(f"bare step       {statistics.median(alone):8.0f} images/s")
    print(f"whole training  {statistics.median(whole):8.0f} images/s")
    print(f"share           {statistics.median(shares):8.1%}  (at least 95 %)")
    print(f"peak memory     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MiB")
    return None


if __name__ == "__main__":
    main()
