"""The address of a cluster: how it is written, and whether a Dask scheduler answers there."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from pathlib import Path

from simres.errors import SimresError
from simres.exploration.worker_processes import cores
from simres.files import read_json
from simres.text import shorten, what_failed

FORMS = "`tcp://HOST:PORT`, `tls://HOST:PORT`, a scheduler file (`scheduler.json`), `local` or `local:4`"
PROTOCOLS = ("tcp", "tls")
LARGEST_FILE = 1 << 20
"""Bytes of the largest scheduler file."""
MOST_LOCAL = 1024
"""The largest number of processes on this machine; more is an error."""
LARGEST_GREETING = 1 << 20
"""Bytes of the largest message with which a scheduler greets; real ones have a few hundred."""


def workers_in(address: str) -> int:
    """Returns the number of processes that `local` or `local:N` asks for; 0 for another address."""
    if address == "local":
        return cores()
    kind, _, number = address.partition(":")
    if kind != "local":
        return 0
    if not (number.isascii() and number.isdigit() and number.strip("0")):
        raise SimresError(f"`{shorten(address)}` does not say how many processes", "such as `local:4`")
    if len(number) > 9 or int(number) > MOST_LOCAL:
        raise SimresError(
            f"`{shorten(address)}` asks for more than {MOST_LOCAL} processes",
            f"`local` starts one for each core of this machine, {cores()}",
        )
    return int(number)


def scheduler_in(address: str) -> str:
    """Returns the scheduler's address: the given one, or the one in the given file. Raises `SimresError`."""
    from distributed import Security
    from distributed.comm import parse_address

    if address.endswith(".json"):
        address = _address_in(Path(address))
    try:
        scheme, _ = parse_address(address, strict=True)
        if scheme not in PROTOCOLS:
            raise ValueError(f"the protocol `{scheme}` is none of {', '.join(PROTOCOLS)}")
        host, port = _place(address)
    except (ValueError, TypeError) as error:
        raise SimresError(
            f"`{shorten(address)}` is not a cluster address: {shorten(error, 200)}", f"write {FORMS}"
        ) from None
    if not host or not port:
        raise SimresError(f"`{shorten(address)}` names no machine", f"write {FORMS}")
    if scheme == "tls" and not Security().get_connection_args("client").get("ssl_context"):
        raise SimresError(
            f"`{shorten(address)}` needs certificates",
            "name them in Dask's configuration, `distributed.comm.tls`",
        )
    return address


def check_greeting(address: str, within_s: float) -> None:
    """Raises `SimresError` unless a Dask scheduler answers at the address within `within_s` seconds.

    Dask's own client would take any other answer as the length of a message, and allocate that much memory.
    Both sides of its protocol start with a message whose first eight bytes are its length.
    """
    host, port = _place(address)
    try:
        plain = socket.create_connection((host, port), timeout=within_s)
        with closing(plain), closing(_secured(plain) if address.startswith("tls:") else plain) as stream:
            greeting = b""
            while len(greeting) < 8 and (more := stream.recv(8 - len(greeting))):
                greeting += more
    except (OSError, ValueError) as error:
        silent = isinstance(error, TimeoutError)
        raise SimresError(
            f"no answer at `{shorten(address)}`: "
            f"{f'nothing within {within_s:g} s' if silent else shorten(what_failed(error), 200)}",
            "is the scheduler running, and can this machine reach it? `--cluster local` needs none",
        ) from None
    if len(greeting) < 8 or not 0 < int.from_bytes(greeting, "little") <= LARGEST_GREETING:
        raise SimresError(
            f"the server at `{shorten(address)}` is not a Dask scheduler",
            "the scheduler's log has its address; the dashboard has another port",
        )


def _secured(stream: socket.socket) -> ssl.SSLSocket:
    from distributed import Security

    context: ssl.SSLContext = Security().get_connection_args("client")["ssl_context"]
    return context.wrap_socket(stream)


def _place(address: str) -> tuple[str, int]:
    from distributed.comm import parse_address, parse_host_port

    host, port = parse_host_port(parse_address(address, strict=True)[1])
    return str(host), int(port or 0)


def _address_in(path: Path) -> str:
    hint = f"`dask scheduler --scheduler-file {path}` writes it, some seconds after it was started"
    document = read_json(path, "scheduler file", hint, LARGEST_FILE)
    address = document.get("address") if isinstance(document, dict) else None
    if not isinstance(address, str):
        raise SimresError(f"`{path}` is not a scheduler file: it names no address", hint)
    return address
