"""Evaluates points on the workers of a Dask cluster, remote or local.

Dask distributes the work and repeats what was lost with a worker; this module schedules nothing.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from simres.errors import RenamedWarning, SimresError, SimresWarning, install
from simres.exploration.chunks import AHEAD, chunks
from simres.exploration.cluster_address import check_greeting, scheduler_in, workers_in
from simres.exploration.point_figures import FigureRow, failed, outcomes
from simres.exploration.study import Study
from simres.planning.evaluate import versions
from simres.plugins.registry import Registry
from simres.sharing.workbench import Workbench
from simres.text import shorten

if TYPE_CHECKING:
    from distributed import Client, Future, Worker

ANSWERS_S = 5
"""Seconds within which a scheduler must answer before it counts as unreachable."""

LOOK_S = 2.0
"""Seconds between checks of the number of workers."""

ALONE_S = 10.0
"""Seconds without any worker after which a warning is given."""

Versions = dict[str, str]
"""The version of each package whose parts a study uses."""


def cluster(study: Study, points: Iterable[int], count: int, address: str) -> Iterator[list[FigureRow]]:
    """Yields the rows of points, evaluated by the cluster at `address`, in order of completion.

    `address` is a scheduler's (`tcp://...`, `tls://...`), the file that a scheduler wrote, or `local:N` for N
    processes of this machine (`local`: one per core). Workers may come and go. The points of a worker that
    dies go to another worker; points that Dask gives up on are evaluated one at a time, and a point that it
    gives up on again is recorded as failed.

    Raises `SimresError` for an invalid address, for one that does not answer within seconds, for workers that
    lack simres or a plugin or have another version of it, and for a cluster that disconnects. Rows yielded
    before the error are valid.
    """
    with ExitStack() as stack:
        client = stack.enter_context(_client(address))
        shared = stack.enter_context(_Shared(client, study))
        suspects: list[int] = []
        coming = chunks(points, count, shared.workers())
        yield from _rows(shared, coming, AHEAD, suspects, address)
        # One at a time, so that a point is not blamed for what another point does to the worker.
        for point in suspects:
            guilty: list[int] = []
            yield from _rows(shared, iter([[point]]), 1, guilty, address)
            for lost in guilty:
                yield [failed(study, lost, "its worker died, each time on another")]


def _rows(
    shared: _Shared, coming: Iterator[list[int]], ahead: int, lost: list[int], address: str
) -> Iterator[list[FigureRow]]:
    """Submits portions and yields rows on completion; points that Dask gives up on are added to `lost`."""
    from distributed import CancelledError, KilledWorker, wait

    under_way: dict[Future, list[int]] = {}
    try:
        while True:
            most = ahead * shared.workers()
            while len(under_way) < most and (portion := next(coming, None)) is not None:
                under_way[shared.submit(portion)] = portion
            if not under_way:
                return
            try:
                with shared.client.as_current():
                    done, _ = wait(list(under_way), timeout=LOOK_S, return_when="FIRST_COMPLETED")
            except TimeoutError:
                continue
            for future in done:
                portion = under_way.pop(future)
                try:
                    found = future.result()
                except KilledWorker:
                    lost += portion
                    continue
                if isinstance(found, str):
                    raise SimresError(
                        found,
                        "scheduler and workers need the same versions of simres and plugins as this machine",
                    )
                yield found
    except (CancelledError, OSError) as error:
        raise SimresError(
            f"lost the cluster at `{shorten(address)}`",
            "no finished row is lost; run the same command again to resume",
        ) from error


class _Shared:
    """A study that every worker of a cluster holds, including workers that join later."""

    def __init__(self, client: Client, study: Study) -> None:
        self.client = client
        self.name = f"simres-{uuid.uuid4().hex}"
        self._study = study
        self._looked = self._seen = time.monotonic()
        self._count = 0
        self._warned = False

    def __enter__(self) -> _Shared:
        from distributed import WorkerPlugin

        class Share(WorkerPlugin):  # type: ignore[misc]
            """Stores the study where tasks find it."""

            def __init__(self, bench: _Bench) -> None:
                self.bench = bench

            def setup(self, worker: Worker) -> None:
                self.worker = worker

        study = self._study
        expected = versions_of(study, Registry(external=study.plugins))
        try:
            self.client.register_plugin(Share(_Bench(study, expected)), name=self.name)
        except Exception as error:
            raise SimresError(
                f"the cluster's workers cannot load the study: {_reason(error)}",
                "scheduler and workers need the same Python, Dask and simres as this machine",
            ) from error
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # if the cluster is gone, so is the study
            self.client.unregister_worker_plugin(self.name)

    def submit(self, portion: Sequence[int]) -> Future:
        """Submits a portion."""
        key = f"{self.name}-{portion[0]}-{uuid.uuid4().hex[:8]}"
        return self.client.submit(_portion, self.name, portion, key=key, pure=False)

    def workers(self) -> int:
        """Returns the number of workers, at least 1. Warns once if there are none for long."""
        if time.monotonic() - self._looked >= LOOK_S:
            self._look()
        return max(1, self._count)

    def _look(self) -> None:
        self._looked = time.monotonic()
        self._count = len(self.client.nthreads())
        if self._count:
            self._seen, self._warned = self._looked, False
        elif self._looked - self._seen >= ALONE_S and not self._warned:
            self._warned = True
            warnings.warn("the cluster has no workers; waiting for some", SimresWarning, stacklevel=2)


class _Bench:
    """Evaluates points on a worker, one point at a time however many threads the worker has."""

    def __init__(self, study: Study, expected: Versions) -> None:
        self.study = study
        self.expected = expected
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._registry: Registry | None = None
        self._shared = Workbench()
        self._differs = ""

    def __getstate__(self) -> tuple[Study, Versions]:
        return self.study, self.expected

    def __setstate__(self, state: tuple[Study, Versions]) -> None:
        self.study, self.expected = state
        self._begin()

    def rows(self, points: Sequence[int]) -> list[FigureRow] | str:
        """Returns the rows of points, or how this process differs from the client."""
        with self._lock:
            if self._registry is None:
                warnings.simplefilter("ignore", RenamedWarning)  # the client says it
                self._registry = Registry(external=self.study.plugins)
                self._differs = _difference(self.expected, versions_of(self.study, self._registry))
            if self._differs:
                return self._differs
            return list(outcomes(self.study, points, self._registry, self._shared))


def _portion(name: str, points: Sequence[int]) -> list[FigureRow] | str:
    from distributed import get_worker

    worker = get_worker()
    found: list[FigureRow] | str = worker.plugins[name].bench.rows(points)
    return f"the worker {worker.address} {found}" if isinstance(found, str) else found


def versions_of(study: Study, registry: Registry) -> Versions:
    """Returns the versions of the packages that the values of all knobs need; missing ones are included."""
    found: Versions = {}
    for at, knob in enumerate(study.space.knobs):
        for place in range(len(knob.values)):
            places = [0] * len(study.space.knobs)
            places[at] = place
            try:
                found |= versions(study.scenario(study.space.point(places), registry), registry)
            except SimresError as error:
                found[f"{knob.key}={knob.values[place]}"] = error.message
    return found


def _difference(expected: Versions, found: Versions) -> str:
    for name in expected | found:
        here, there = expected.get(name), found.get(name)
        if here != there:
            return f"has {name} {there or 'not at all'}, and you have {here or 'none'}"
    return ""


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """Yields a client of the cluster at an address; a cluster that is started for it ends with it."""
    try:
        import distributed
    except ImportError:
        raise SimresError("`--cluster` needs Dask, which is not installed", install("cluster")) from None
    workers = workers_in(address)
    where: Any = "" if workers else scheduler_in(address)
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        if workers:
            where = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
        else:
            check_greeting(where, ANSWERS_S)
        try:
            client = distributed.Client(where, timeout=ANSWERS_S, set_as_default=False)
        except Exception as error:  # of whatever it is that greets as a scheduler does
            raise SimresError(
                f"no answer at `{shorten(str(where))}`: {_reason(error)}",
                "is the scheduler running, and can this machine reach it? `--cluster local` needs none",
            ) from error
        yield stack.enter_context(client)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences Dask's own log; its relevant messages are reported as errors."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
