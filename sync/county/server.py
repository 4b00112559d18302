"""Runs the county server until it is told to stop: in this process, or in several that share one address."""

from __future__ import annotations

import secrets
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from sync.county.ledger import Ledger
from sync.county.limits import Limits
from sync.county.lines import keep_buffers_small, lines_within
from sync.county.logs import Log, libraries_write_to
from sync.county.metrics import shared_numbers
from sync.county.office import TLS_CERTIFICATE, TLS_KEY, County
from sync.county.service import create_service
from sync.county.status_page import add_status_page
from sync.county.workers import Crew, Place, follow
from sync.errors import EnvironmentProblem, Problem
from sync.files import replace_file

METRICS_TOKEN = "metrics.token"  # noqa: S105 -- the name of a file
_TOKEN_BYTES = 32


def serve(
    county: County,
    host: str,
    port: int,
    announce: Callable[[str], None],
    *,
    workers: int = 1,
    limits: Limits | None = None,
) -> None:
    """Listen until SIGTERM or Ctrl+C; requests under way are finished.

    Args:
        county: the opened county.
        host: address to listen on.
        port: port, 0 for any free one.
        announce: told the address once connections are accepted.
        workers: processes that share the work.
        limits: how much may be asked.

    Raises:
        Problem: several workers on an embedded database.
        EnvironmentProblem: the address cannot be used, the folder not be written.
    """
    limits = limits or Limits()
    if workers > 1 and county.engine.dialect.name == "sqlite":
        raise Problem("county.workers_need_postgresql", workers=workers)
    _keep_token(county.folder)
    listener = _listen(host, port, limits)
    bound_host, bound_port = listener.getsockname()[:2]
    url = f"https://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
    with listener:
        if workers == 1:
            run(county, listener, limits, lambda _stop: announce(url))
        else:
            place = Place(county.folder, county.engine.url.render_as_string(hide_password=False), limits)
            with (
                tempfile.TemporaryDirectory() as numbers,
                shared_numbers(Path(numbers)),
                _stopping() as stop,
                Crew(work, place, listener, workers, Log()) as crew,
            ):
                announce(url)
                crew.keep_going(stop)


def work(place: Place, listener: socket.socket) -> None:
    """What a worker process does."""
    county = County(place.folder, place.database_url)
    try:
        run(county, listener, place.limits, follow)
    finally:
        county.close()


def run(county: County, listener: socket.socket, limits: Limits, begin: Callable[[Callable[[], None]], None]) -> None:
    """Serve on a socket that listens, in this process.

    Args:
        county: the opened county.
        listener: the socket.
        limits: how much may be asked.
        begin: called once signals are heeded, with a function that ends the serving.
    """
    keep_buffers_small()
    log = Log()
    server = uvicorn.Server(_config(county, limits, log))

    def stop() -> None:
        server.should_exit = True

    # In force before uvicorn sets its own, and again when it has finished and raises the signal that stopped it.
    with _signals(stop), libraries_write_to(log):
        begin(stop)
        server.run(sockets=[listener])


def _config(county: County, limits: Limits, log: Log) -> uvicorn.Config:
    service = create_service(
        county.store,
        county.server.id,
        county.server_paper,
        limits=limits,
        ledger=Ledger(county.engine, limits.refusals),
        log=log,
        metrics_token=(county.folder / METRICS_TOKEN).read_text("ascii").strip(),
    )
    add_status_page(service, county.engine, county.folder, county.folder / TLS_CERTIFICATE)
    return uvicorn.Config(
        service,
        http=lines_within(limits),
        ws="none",
        lifespan="off",
        ssl_keyfile=county.folder / TLS_KEY,
        ssl_certfile=str(county.folder / TLS_CERTIFICATE),
        access_log=False,
        log_config=None,
        log_level="warning",
        # Whom a call comes from is what the connection says; a header could say anything.
        proxy_headers=False,
        server_header=False,
        limit_concurrency=limits.connections,
        h11_max_incomplete_event_size=limits.head,
        timeout_keep_alive=limits.idle,
        timeout_graceful_shutdown=limits.grace,
    )


def _keep_token(folder: Path) -> None:
    """Make the token that opens /metrics, unless there is one."""
    file = folder / METRICS_TOKEN
    try:
        if not file.exists():
            replace_file(file, f"{secrets.token_hex(_TOKEN_BYTES)}\n".encode())
    except OSError as error:
        raise EnvironmentProblem("county.cannot_write_file", file=file) from error


@contextmanager
def _stopping() -> Iterator[socket.socket]:
    """A socket that can be read once this process was told to stop."""
    told, teller = socket.socketpair()
    with told, teller, _signals(lambda: teller.send(b"!")):
        yield told


@contextmanager
def _signals(stop: Callable[[], object]) -> Iterator[None]:
    """While this lasts, SIGTERM and Ctrl+C call `stop` and nothing else: whoever called us still has to close."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread
        return
    before = {one: signal.signal(one, lambda *_: stop()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _listen(host: str, port: int, limits: Limits | None = None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio lets every answer go at once; else each waits some 40 ms for the client's system.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, (limits or Limits()).send_buffer)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise EnvironmentProblem("county.cannot_listen", host=host, port=port) from error
    return listener
