"""Sweeps on Dask: real worker processes, some of them killed; and every way not to reach a cluster."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from simres import api
from simres.errors import ExitCode, SimresError, SimresWarning
from simres.exploration import cluster as clusters
from simres.exploration import table, worker_processes
from simres.exploration.cluster import cluster, versions_of
from simres.exploration.point_figures import FigureRow
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.exploration.sweep import sweep
from simres.plugins.registry import Registry

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

ROOT = Path(__file__).parents[2]
VARY = {
    "hardware.ddr.bandwidth": "1..4 GB/s log 20",
    "hardware.host.rate": "5..20 GOP/s linear 16",
}

Simres = Callable[..., tuple[int, str, str]]


def study_around(scenario: str, vary: dict[str, str], *, plugins: bool = False) -> Study:
    registry = Registry(external=plugins)
    find = partial(api.find_workload, registry=registry)
    return study_of(api.find_template(scenario), space_of(vary), registry, find, plugins=plugins)


@pytest.fixture(scope="module")
def study() -> Study:
    return study_around("paper", VARY)


@pytest.fixture(scope="module")
def expected(study: Study) -> list[str]:
    count = study.space.size
    return sorted(
        table.line_of(row) for rows in worker_processes.here(study, range(count), count) for row in rows
    )


class Machines:
    """A scheduler and workers, each a process that `dask` would start."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start("scheduler", "--no-dashboard", "--port", "0", "--host", "127.0.0.1")
        deadline = time.monotonic() + 60
        while not self.file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", what, "--scheduler-file", str(self.file), *options],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "--no-nanny", "--nthreads", "1", "--no-dashboard")

    def client(self, workers: int) -> distributed.Client:
        client = distributed.Client(scheduler_file=str(self.file), set_as_default=False)
        client.wait_for_workers(workers, timeout=60)
        return client

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    found = Machines(tmp_path)
    yield found
    found.end()


class Halfway:
    """Watches a sweep and does something once, when half of it is done."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act
        self.points = self.done = self.after = 0
        self.acted = False

    def begin(self, points: int, done: int) -> None:
        self.points = points

    def rows(self, rows: list[FigureRow]) -> None:
        self.done += len(rows)
        if self.acted:
            self.after += len(rows)
        elif 2 * self.done >= self.points:
            self.acted = True
            self.act()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_worker_killed_half_way_leaves_the_table_complete_and_correct(
    machines: Machines, study: Study, expected: list[str], tmp_path: Path
) -> None:
    first, second = machines.worker(), machines.worker()
    with machines.client(2) as client:

        def kill() -> None:
            second.send_signal(signal.SIGKILL)
            second.wait()

        watching = Halfway(kill)
        path = tmp_path / "t.jsonl"
        swept = sweep(study, path, partial(cluster, address=str(machines.file)), watching)
        assert len(client.nthreads()) == 1
    assert first.poll() is None
    assert watching.after
    assert (swept.points, swept.failed) == (len(expected), 0)
    assert sorted(path.read_text().splitlines(keepends=True)) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_sweep_outlives_its_workers_and_waits_for_others(
    machines: Machines, study: Study, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "LOOK_S", 0.1)
    monkeypatch.setattr(clusters, "ALONE_S", 0.1)
    only = machines.worker()
    machines.client(1).close()
    said: list[str] = []

    def warned(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if issubclass(category, SimresWarning):
            said.append(str(message))
            machines.worker()

    with warnings.catch_warnings():
        warnings.simplefilter("always", SimresWarning)
        monkeypatch.setattr(warnings, "showwarning", warned)
        path = tmp_path / "t.jsonl"
        sweep(study, path, partial(cluster, address=str(machines.file)), Halfway(only.kill))
    assert said == ["the cluster has no workers; waiting for some"]
    assert sorted(path.read_text().splitlines(keepends=True)) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_cluster_that_goes_away_is_said_and_the_sweep_taken_up_again(
    machines: Machines, study: Study, expected: list[str], tmp_path: Path
) -> None:
    machines.worker()
    machines.client(1).close()
    path = tmp_path / "t.jsonl"
    with pytest.raises(SimresError, match="lost the cluster"):
        sweep(study, path, partial(cluster, address=str(machines.file)), Halfway(machines.scheduler.kill))
    kept = path.read_text().splitlines(keepends=True)
    assert len(expected) / 2 <= len(kept) < len(expected)
    sweep(study, path, worker_processes.here, Halfway(lambda: None))
    assert sorted(path.read_text().splitlines(keepends=True)) == expected


FATAL = """
import os
from simres.plugins.hooks import Scheduler, hookimpl

@hookimpl
def simres_schedulers():
    yield Scheduler("fatal", "simres_fatal:schedule", "ends its process")

def schedule(workload, chip, parameters):
    os._exit(1)
"""


def test_a_point_that_kills_its_workers_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "simres_fatal.py").write_text(FATAL)
    about = tmp_path / "simres_fatal-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: simres-fatal\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[simres]\nfatal = simres_fatal\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.setenv("SIMRES_LOAD_PLUGINS", "simres-fatal")
    vary = {
        "scheduler": "serial,fatal,overlapped",
        "hardware.ddr.bandwidth": "1,2 GB/s",
        "workload": "tiny-ad",
    }
    study = study_around("resnet20", vary, plugins=True)
    monkeypatch.setattr(clusters, "ALONE_S", 600)  # on a busy machine both workers are gone for long
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        found = [row for rows in cluster(study, range(6), 6, "local:2") for row in rows]
    failed = [row for row in found if row["error"] is not None]
    assert len(found) == 6
    assert {row["scheduler"] for row in failed} == {"fatal"}
    assert len(failed) == 2
    assert {row["error"] for row in failed} == {"its worker died, each time on another"}


def test_the_command_makes_the_same_table_on_processes_it_starts(simres: Simres, tmp_path: Path) -> None:
    space = ("--vary", "hardware.ddr.bandwidth=1..4 GB/s log 12")
    code, out, err = simres("sweep", "paper", *space, "--cluster", "local:2", "-o", tmp_path / "a.jsonl")
    assert code == ExitCode.OK, err
    assert "Pareto front" in out
    assert simres("sweep", "paper", *space, "--workers", 1, "-o", tmp_path / "b.jsonl")[0] == ExitCode.OK
    a, b = (sorted((tmp_path / name).read_text().splitlines()) for name in ("a.jsonl", "b.jsonl"))
    assert a == b


def test_workers_with_other_versions_are_refused(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    real = versions_of(study, Registry(external=False))
    assert {"simres", "simpy"} <= set(real)
    monkeypatch.setattr(clusters, "versions_of", lambda study, registry: real | {"simres": "0.0.1"})
    with pytest.raises(SimresError, match=r"has simres .*, and you have 0\.0\.1"):
        list(cluster(study, range(4), 4, "local:1"))


def nobody() -> str:
    """An address at which nothing listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://", "not a cluster address"),
        ("tcp://:8786", "names no machine"),
        ("tcp://host", "not a cluster address"),
        ("foo://host:1", "not a cluster address"),
        ("host", "not a cluster address"),
        ("tls://127.0.0.1:8786", "certificates"),
        ("local:0", "how many processes"),
        ("local:", "how many processes"),
        ("local:two", "how many processes"),
        ("local:999999", "more than 1024 processes"),
        ("local:" + "9" * 5000, "more than 1024 processes"),
        ("ucx://a:1", "the protocol `ucx` is none of tcp, tls"),
        ("ws://127.0.0.1:1", "the protocol `ws` is none of tcp, tls"),
        ("inproc://a/1", "the protocol `inproc` is none of tcp, tls"),
        ("zero.json", "not a regular file"),
        ("giant.json", "too large for a scheduler file"),
        ("deep.json", "not a JSON document"),
        ("missing.json", "`dask scheduler --scheduler-file missing.json` writes it"),
        ("empty.json", "not a scheduler file"),
        ("tcp://127.0.0.1:PORT", "no answer"),
    ],
)
def test_an_address_that_leads_nowhere_is_an_error(
    address: str, said: str, simres: Simres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clusters, "ANSWERS_S", 0.5)
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with (tmp_path / "giant.json").open("wb") as giant:
        giant.truncate(5 << 30)
    space = ("--vary", "hardware.ddr.bandwidth=1,2 GB/s")
    address = nobody() if address.endswith("PORT") else address
    code, _, err = simres("sweep", "paper", *space, "--cluster", address)
    assert code == ExitCode.BAD_INPUT
    assert said in err
    assert "hint:" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"", "nothing within 0.5 s"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a Dask scheduler"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "is not a Dask scheduler"),
        (b"\0" * 8, "is not a Dask scheduler"),
        (None, "is not a Dask scheduler"),
    ],
    ids=["silent", "http", "ssh", "zeros", "closes"],
)
def test_what_answers_and_is_no_scheduler(
    greeting: bytes | None, said: str, simres: Simres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket
    import threading

    monkeypatch.setattr(clusters, "ANSWERS_S", 0.5)
    kept = []

    def answer(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                stream, _ = server.accept()
                if greeting is None:
                    stream.close()
                else:
                    stream.sendall(greeting)
                    kept.append(stream)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        space = ("--vary", "hardware.ddr.bandwidth=1,2 GB/s", "-o", tmp_path / "t.jsonl")
        code, _, err = simres("sweep", "paper", *space, "--cluster", address)
        server.shutdown(socket.SHUT_RDWR)
    for stream in kept:
        stream.close()
    assert code == ExitCode.BAD_INPUT
    assert said in err
    assert "Traceback" not in err


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificates")
def test_a_cluster_behind_tls(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=here"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = "distributed.comm.tls"
    settings = {f"{tls}.ca-file": str(certificate), "distributed.comm.require-encryption": True}
    for role in ("scheduler", "worker", "client"):
        settings |= {f"{tls}.{role}.cert": str(certificate), f"{tls}.{role}.key": str(key)}
    options = {"n_workers": 1, "processes": False, "protocol": "tls://", "dashboard_address": None}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(security=distributed.Security(), **options) as there,
    ):
        assert there.scheduler_address.startswith("tls://")
        rows = [row for found in cluster(study, range(2), 2, there.scheduler_address) for row in found]
        assert len(rows) == 2
        plain = there.scheduler_address.replace("tls://", "tcp://")
        monkeypatch.setattr(clusters, "ANSWERS_S", 0.5)
        with pytest.raises(SimresError, match=r"no answer|not a Dask scheduler"):
            list(cluster(study, range(2), 2, plain))


def test_workers_are_not_asked_for_twice(simres: Simres, tmp_path: Path) -> None:
    space = ("--vary", "hardware.ddr.bandwidth=1,2 GB/s")
    path = tmp_path / "t.jsonl"
    code, _, err = simres("sweep", "paper", *space, "--cluster", "local", "--workers", 2, "-o", path)
    assert code == ExitCode.BAD_INPUT
    assert "--workers" in err
