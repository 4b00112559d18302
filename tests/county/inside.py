"""A county's server in a thread of the tests' own program: the same service over HTTPS, ready at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from sync.county.ledger import Ledger
from sync.county.office import County
from sync.county.service import create_service
from sync.county.store import CountyStore


@contextmanager
def serving_inside(county: County, store: CountyStore | None = None) -> Iterator[str]:
    """The address of a server for a county; `store` can be another than the county's own."""
    config = uvicorn.Config(
        create_service(store or county.store, county.server.id, county.server_paper, ledger=Ledger(county.engine, 50)),
        ssl_keyfile=county.folder / "tls.key",
        ssl_certfile=str(county.folder / "tls.crt"),
        log_level="error",
    )
    server = uvicorn.Server(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
