"""Prepares torch, a device, threads and images for the commands that train, evaluate or calibrate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from simres.errors import SimresError, install

if TYPE_CHECKING:
    import torch

    from simres.training.datasets import Dataset


@contextmanager
def prepared(device: str = "auto", threads: int | None = None) -> Iterator[torch.device]:
    """The device to work on, with torch set up for it; out of memory there is said in words.

    Raises `SimresError` without torch, for an unknown device, or for more threads than there are cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads is not None and threads > cores:
        raise SimresError(f"{threads} threads, more than the {cores} cores of this machine")
    try:
        import torch
    except ModuleNotFoundError as error:
        raise SimresError("this needs PyTorch, which is not installed", install("torch")) from error
    if device not in ("auto", "cpu", "cuda") and not device.startswith("cuda:"):
        raise SimresError(f"unknown device `{device}`", "known: cpu, cuda, cuda:1 ..., auto")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise SimresError("PyTorch finds no GPU here", "`--device cpu`, or leave it out")
    found = torch.device(
        "cuda" if device == "auto" and torch.cuda.is_available() else device.replace("auto", "cpu")
    )
    if found.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        found = torch.device("cuda", found.index if found.index is not None else local)
        if found.index >= torch.cuda.device_count():
            raise SimresError(f"there are {torch.cuda.device_count()} GPUs, and none is `{found}`")
        torch.cuda.set_device(found)
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    torch.set_num_threads(threads or max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    try:
        yield found
    except torch.OutOfMemoryError as error:
        raise SimresError("the accelerator is out of memory", "use a smaller `--batch`") from error


def open_images(name: str, size: int | None = None) -> Dataset:
    """A data set, decoded with a bar to look at if that has to be done. Raises `SimresError`."""
    try:
        from simres.training.datasets import open_dataset
    except ModuleNotFoundError as error:
        raise SimresError(f"images need {error.name}, which is not installed", install("torch")) from error
    from simres.reporting.text.console import stderr

    output = stderr()
    if not output.is_terminal:
        return open_dataset(name, size=size)
    from rich.progress import Progress

    with Progress(console=output.console, transient=True) as bar:
        task = bar.add_task("decoding images", total=None)
        return open_dataset(
            name, size=size, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
