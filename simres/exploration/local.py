"""Points evaluated by processes of this machine, or in this one."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from types import TracebackType
from typing import Self

from simres.errors import SimresError
from simres.exploration.outcome import Row, failed, outcome
from simres.exploration.study import Study
from simres.plugins import Registry

LARGEST = 32
"""Points that a process gets at once; while there are few they are spread evenly."""

AHEAD = 3
"""Portions for each process that are under way, so that none waits for the next."""

TRIES = 2
"""How often a point may end its process before it counts as failed."""

GARBAGE = 100_000
"""New objects after which a process looks for garbage: evaluating makes many, and hardly any in circles."""

_worker: tuple[Study, Registry] | None = None
"""What this process evaluates, where it is a worker."""


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def portions(points: Iterable[int], count: int, workers: int) -> Iterator[list[int]]:
    """`count` points in portions for `workers`: neighbours together, the last ones small."""
    following = iter(points)
    left = count
    while portion := list(islice(following, max(1, min(LARGEST, left // (4 * workers))))):
        left -= len(portion)
        yield portion


def here(study: Study, points: Iterable[int], count: int) -> Iterator[list[Row]]:  # noqa: ARG001
    """The rows of points, evaluated in this process, one by one."""
    registry = Registry(external=study.plugins)
    for point in points:
        yield [outcome(study, point, registry)]


def processes(study: Study, points: Iterable[int], count: int, workers: int) -> Iterator[list[Row]]:
    """The rows of points, evaluated by so many processes, as they come.

    Processes that die are replaced. The points that were under way are then evaluated one at a time, and one
    that takes its process with it again is recorded as failed. Leaving the iterator ends the processes at
    once. Raises `SimresError` where processes cannot be started.
    """
    coming = portions(points, count, workers)
    while True:
        with _Pool(study, workers) as pool:
            try:
                yield from pool.rows(coming)
                return
            except BrokenProcessPool:
                lost = [point for portion in pool.under_way for point in portion]
        yield from _singly(study, lost)


def _singly(study: Study, points: Iterable[int]) -> Iterator[list[Row]]:
    """The rows of points of which some may end the process that evaluates them."""
    left = deque(points)
    deaths: Counter[int] = Counter()
    while left:
        with _Pool(study, 1, ahead=1) as pool:
            try:
                for rows in pool.rows([point] for point in tuple(left)):
                    left.popleft()
                    yield rows
            except BrokenProcessPool:
                deaths[left[0]] += 1
                if deaths[left[0]] == TRIES:
                    yield [failed(study, left.popleft(), f"its process died, {TRIES} times")]


class _Pool:
    """Processes, and the portions that are under way."""

    def __init__(self, study: Study, workers: int, ahead: int = AHEAD) -> None:
        self.most = ahead * workers
        self.under_way: list[list[int]] = []
        context = get_context("spawn")
        self.executor = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(study,))

    def __enter__(self) -> Self:
        try:
            self.executor.submit(os.getpid).result()
        except BrokenProcessPool:
            self.executor.shutdown(wait=False)
            raise SimresError(
                "worker processes end as soon as they start",
                "`--workers 1` does without; a Python program that sweeps needs `if __name__ == '__main__':`",
            ) from None
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self.under_way:
            self.executor.shutdown()
        else:
            self._end()

    def rows(self, coming: Iterator[list[int]]) -> Iterator[list[Row]]:
        """Gives out portions and yields rows as they come."""
        futures: dict[Future[list[Row]], list[int]] = {}
        while True:
            while len(futures) < self.most and (portion := next(coming, None)) is not None:
                self.under_way.append(portion)
                futures[self.executor.submit(_portion, portion)] = portion
            if not futures:
                return
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            for future in done:
                rows = future.result()
                self.under_way.remove(futures.pop(future))
                yield rows

    def _end(self) -> None:
        """Ends the processes, whatever they are at."""
        running = list((self.executor._processes or {}).values())
        self.executor.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
        for process in running:
            process.join()


def _begin(study: Study) -> None:
    """What a worker does first: it takes the study, leaves Ctrl-C to its parent, and ends with it."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(GARBAGE)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _worker = study, Registry(external=study.plugins)
    gc.freeze()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _portion(points: Sequence[int]) -> list[Row]:
    assert _worker is not None
    study, registry = _worker
    return [outcome(study, point, registry) for point in points]
