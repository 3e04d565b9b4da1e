"""Evaluates points in processes of this machine, or in the current process."""

from __future__ import annotations

import gc
import os
import signal
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Self

from simres.errors import RenamedWarning, SimresError
from simres.exploration.chunks import AHEAD, Shares
from simres.exploration.point_figures import FigureRow, failed, outcomes
from simres.exploration.study import Study
from simres.plugins.registry import Registry
from simres.sharing.workbench import Workbench

TRIES = 2
"""The number of processes that a point may end before it counts as failed."""

GARBAGE = 1_000_000
"""New objects between garbage collections: evaluation makes many, of which hardly any are in cycles."""

_worker: tuple[Study, Registry, Workbench] | None = None
"""The study, the registry and the workbench of this process, if it is a worker."""


def cores() -> int:
    """Returns the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def here(
    study: Study,
    points: Iterable[int],
    count: int,  # noqa: ARG001
    bench: Workbench | None = None,
) -> Iterator[list[FigureRow]]:
    """Yields the rows of points, evaluated in this process, one by one."""
    registry = Registry(external=study.plugins)
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE)
    try:
        for row in outcomes(study, points, registry, bench or Workbench()):
            yield [row]
    finally:
        gc.set_threshold(*usual)


def processes(study: Study, points: Iterable[int], count: int, workers: int) -> Iterator[list[FigureRow]]:  # noqa: ARG001
    """Yields the rows of points, evaluated by `workers` processes, in order of completion.

    Processes that die are replaced. The points that were in progress are then evaluated one at a time, and
    one that ends its process again is recorded as failed. Leaving the iterator ends the processes at once.
    Raises `SimresError` where processes cannot be started.
    """
    shares = Shares(points, workers)
    while True:
        with _Pool(study, workers) as pool:
            try:
                yield from pool.rows(shares.portion)
                return
            except BrokenProcessPool:
                lost = [point for portion in pool.under_way for point in portion]
        yield from _singly(study, lost)


def _singly(study: Study, points: Iterable[int]) -> Iterator[list[FigureRow]]:
    """Yields the rows of points of which some may end the process that evaluates them."""
    left = deque(points)
    deaths: Counter[int] = Counter()
    while left:
        coming = iter(tuple(left))
        with _Pool(study, 1, ahead=1) as pool:
            try:
                for rows in pool.rows(lambda _: list(islice(coming, 1))):  # noqa: B023
                    left.popleft()
                    yield rows
            except BrokenProcessPool:
                deaths[left[0]] += 1
                if deaths[left[0]] == TRIES:
                    yield [failed(study, left.popleft(), f"its process died, {TRIES} times")]


class _Pool:
    """Worker processes, each with its own queue, and the portions in progress."""

    def __init__(self, study: Study, workers: int, ahead: int = AHEAD) -> None:
        self.ahead = ahead
        self.under_way: list[list[int]] = []
        context = get_context("spawn")
        self.executors = [
            ProcessPoolExecutor(1, context, initializer=_begin, initargs=(study,)) for _ in range(workers)
        ]

    def __enter__(self) -> Self:
        try:
            for first in [executor.submit(os.getpid) for executor in self.executors]:
                first.result()
        except BrokenProcessPool:
            self._end()
            raise SimresError(
                "worker processes exit as soon as they start",
                "`--workers 1` needs none; a Python program that sweeps needs `if __name__ == '__main__':`",
            ) from None
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def rows(self, portion_of: Callable[[int], list[int]]) -> Iterator[list[FigureRow]]:
        """Submits portions for each worker, and yields rows on completion."""
        futures: dict[Future[list[FigureRow]], tuple[int, list[int]]] = {}
        idle = [worker for _ in range(self.ahead) for worker in range(len(self.executors))]
        while True:
            for worker in idle:
                if portion := portion_of(worker):
                    self.under_way.append(portion)
                    futures[self.executors[worker].submit(_portion, portion)] = worker, portion
            if not futures:
                return
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            idle = []
            for future in done:
                rows = future.result()
                worker, portion = futures.pop(future)
                self.under_way.remove(portion)
                idle.append(worker)
                yield rows

    def _end(self) -> None:
        """Ends the processes at once."""
        running = [process for executor in self.executors for process in (executor._processes or {}).values()]
        for process in running:
            process.terminate()
        for executor in self.executors:
            executor.shutdown(cancel_futures=True)


def _begin(study: Study) -> None:
    """Initialises a worker: stores the study, ignores Ctrl-C, and ends the worker with its parent."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(GARBAGE)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    warnings.simplefilter("ignore", RenamedWarning)  # said when the study was made, of every value
    _worker = study, Registry(external=study.plugins), Workbench()
    gc.freeze()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _portion(points: Sequence[int]) -> list[FigureRow]:
    assert _worker is not None
    study, registry, bench = _worker
    return list(outcomes(study, points, registry, bench))
