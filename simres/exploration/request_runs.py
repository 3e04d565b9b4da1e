"""Runs of requests at many rates: kept, and shared out among processes where they take long."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Self

from simres.exploration.request_rates import Ran, Traffic

Key = tuple[int, int]
"""A rate in requests per thousand seconds, and the number of a replication."""

WORTH_S = 4.0
"""Seconds of work left for which processes are started; each needs about one to begin."""

_traffic: Traffic | None = None
"""What this process runs, if it is a worker."""


class RequestRuns:
    """The runs of a Traffic by rate and replication, each made once, by up to `workers` processes.

    `expected` is the number of runs that there will be, `done` is called with the runs so far and that.
    """

    def __init__(
        self, traffic: Traffic, workers: int, expected: int, done: Callable[[int, int], None]
    ) -> None:
        self._traffic = traffic
        self._workers = workers
        self._expected = expected
        self._done = done
        self._pool: ProcessPoolExecutor | None = None
        self.made: dict[Key, Ran] = {}
        self.latest: tuple[int, Ran] | None = None
        """The last run made, with its rate."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
            self._pool.shutdown(cancel_futures=True)

    def at(self, per_ks: int, replication: int) -> Ran:
        """One run."""
        self.make([(per_ks, replication)])
        return self.made[per_ks, replication]

    def make(self, keys: Iterable[Key]) -> None:
        """Makes those runs that are not there."""
        missing = [key for key in dict.fromkeys(keys) if key not in self.made]
        while missing and self._pool is None:
            started = time.monotonic()
            self._keep(missing[0], self._traffic.run(*missing.pop(0)))
            left = (time.monotonic() - started) * (self._expected - len(self.made))
            if self._workers > 1 and left > WORTH_S:
                self._pool = _pool(self._traffic, self._workers)
        if self._pool is not None:
            try:
                futures = {self._pool.submit(_run, key): key for key in missing}
                for future in as_completed(futures):
                    self._keep(futures[future], future.result())
            except BrokenProcessPool:  # a machine or a program where they cannot start
                self._pool, self._workers = None, 1
                self.make(missing)

    def _keep(self, key: Key, ran: Ran) -> None:
        self.made[key] = ran
        self.latest = key[0], ran
        self._done(len(self.made), self._expected)


def _pool(traffic: Traffic, workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=(traffic,))


def _begin(traffic: Traffic) -> None:
    """Initialises a worker: ignores Ctrl-C, and ends with its parent."""
    global _traffic
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _traffic = traffic


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _run(key: Key) -> Ran:
    assert _traffic is not None
    return _traffic.run(*key)
