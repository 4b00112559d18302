"""Runs the county server until it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from sync.county.office import TLS_CERTIFICATE, TLS_KEY, County
from sync.county.service import create_service
from sync.errors import EnvironmentProblem

GRACE_SECONDS = 10


def serve(county: County, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Listen until SIGTERM or Ctrl+C; requests under way are finished.

    Args:
        county: the opened county.
        host: address to listen on.
        port: port, 0 for any free one.
        announce: told the address once connections are accepted.
    """
    listener = _listen(host, port)
    service = create_service(county.store, county.server.id, county.server_paper)
    config = uvicorn.Config(
        service,
        ssl_keyfile=county.folder / TLS_KEY,
        ssl_certfile=str(county.folder / TLS_CERTIFICATE),
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    bound_host, bound_port = listener.getsockname()[:2]
    announce(f"https://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}")
    with _signals_end_here():
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _signals_end_here() -> Iterator[None]:
    """Once it has finished, uvicorn raises the signal again that stopped it; whoever called us still has to close."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread, and uvicorn leaves them alone in any other
        return
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise EnvironmentProblem("county.cannot_listen", host=host, port=port) from error
    return listener
