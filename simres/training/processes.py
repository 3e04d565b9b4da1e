"""The processes of a distributed run, as `torchrun` starts them."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch
import torch.distributed as dist
from torch import Tensor, nn

from simres.errors import SimresError


class Processes:
    """The processes that train together. With a single process, every method is free of cost."""

    def __init__(self) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.local_rank = int(os.environ.get("LOCAL_RANK", "0"))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and messages."""
        return self.rank == 0

    @contextmanager
    def joined(self, device: torch.device) -> Iterator[None]:
        """Connects the processes, and disconnects them at the end."""
        if self.count == 1:
            yield
            return
        try:
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        except (ValueError, RuntimeError) as error:
            raise SimresError(
                f"cannot connect {self.count} processes: {error}", "start them with `torchrun`"
            ) from error
        try:
            yield
        finally:
            # The network's wrapper refers to itself and to the group, whose threads would live on and
            # abort the process when Python ends (https://github.com/pytorch/pytorch/pull/179291).
            gc.collect()
            dist.destroy_process_group()

    def part(self, count: int) -> slice:
        """Returns this process's part of a batch of `count` images: one of every `self.count`."""
        return slice(self.rank, count, self.count)

    def share(self, count: int) -> range:
        """Returns this process's contiguous part of `count` images to evaluate."""
        return range(count * self.rank // self.count, count * (self.rank + 1) // self.count)

    def wrapped(self, module: nn.Module) -> nn.Module:
        """Returns the module with gradients averaged over all processes."""
        return module if self.count == 1 else nn.parallel.DistributedDataParallel(module)

    def add_up(self, tensor: Tensor) -> Tensor:
        """Sums over all processes, in place."""
        if self.count > 1:
            dist.all_reduce(tensor)
        return tensor

    def any(self, told: bool, device: torch.device) -> bool:
        """Whether `told` is true in any process."""
        if self.count == 1:
            return told
        return bool(self.add_up(torch.tensor(int(told), device=device)).item())


class Interrupts:
    """Defers Ctrl-C and SIGTERM to the end of the step; a second one ends the process at once."""

    def __init__(self) -> None:
        self.told = False

    @contextmanager
    def caught(self) -> Iterator[Interrupts]:
        """Handles signals within the context. Outside the main thread, signals are left alone."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def note(number: int, _: FrameType | None) -> None:
            if self.told:
                signal.signal(number, signal.SIG_DFL)
                raise KeyboardInterrupt
            self.told = True

        try:
            for number in before:
                signal.signal(number, note)
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
