"""What tests of the county server share: the server as a process of its own, and calls made by hand."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import msgspec

from storage.archive import Archive
from storage.records import Draft
from sync.county.limits import Limits
from sync.county.office import County
from sync.crypto import Signer
from sync.engine import Transfer, meet
from sync.papers import Request, armour, open_server, write_paper
from sync.requests import Call, authorization
from sync.transports.calls import Patience
from sync.transports.http import HttpStore
from tests.processes import Process

if TYPE_CHECKING:
    from tests.conftest import Station

SERVE = """
import sys
from pathlib import Path
import msgspec
from sync.county.limits import Limits
from sync.county.office import County
from sync.county.server import serve
{before}
county = County(Path(sys.argv[1]))
limits = msgspec.json.decode(sys.argv[3], type=Limits)
serve(county, "127.0.0.1", 0, lambda url: print(url, flush=True), workers=int(sys.argv[2]), limits=limits)
"""
"""A server; what stands at `{before}` can replace its parts."""


IMPATIENT = Patience(tries=2, pause=0.01, connect=5.0, stall=20.0)
"""Gives up soon: what cuts the line in these tests will not mend it."""


def _serve(arguments: Sequence[str]) -> int:
    """Run such a program in a process that has been forked."""
    program, *sys.argv[1:] = arguments
    exec(program, {"__name__": "__main__"})  # noqa: S102 -- ours, of which a test has replaced some parts
    return 0


class Running:
    """A server process."""

    def __init__(self, process: subprocess.Popen[str] | Process, log: Path) -> None:
        assert process.stdout is not None
        self.process = process
        self.url = process.stdout.readline().strip()
        self._log = log

    def log(self, event: str) -> list[dict[str, Any]]:
        """The lines that it wrote about something."""
        lines = [msgspec.json.decode(line) for line in self.text().splitlines()]
        return [line for line in lines if line["event"] == event]

    def text(self) -> str:
        """All that it wrote."""
        return self._log.read_text()

    def stop(self) -> None:
        """Ask it to stop, as systemd does."""
        self.process.terminate()
        assert self.process.wait(30) == 0, self.text()


@contextmanager
def running(folder: Path, *, workers: int = 1, limits: Limits | None = None, before: str = "") -> Iterator[Running]:
    """A server for the county in `folder`; whatever it is asked to do, it is gone afterwards."""
    log = folder.parent / "server.log"
    wanted = msgspec.json.encode(limits or Limits()).decode()
    arguments = [SERVE.format(before=before), str(folder), str(workers), wanted]
    if workers == 1:
        with Process(_serve, arguments, errors=log) as process:
            yield Running(process, log)
        return
    # Its workers are begun by `multiprocessing`, which wants a program that was begun from nothing.
    command, pipe = [sys.executable, "-c", *arguments], subprocess.PIPE
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True) as started,
    ):
        try:
            yield Running(started, log)
        finally:
            started.kill()


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[str]:
    """The address of a server for the county in `folder`, which stops in good order."""
    with running(folder, **options) as server:
        yield server.url
        server.stop()


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that no event tells of."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline


def pinned(county: County) -> ssl.SSLContext:
    """Trusts the county's certificate and nothing else."""
    context = ssl.create_default_context(
        cadata=ssl.DER_cert_to_PEM_cert(open_server(county.server_paper).tls_certificate)
    )
    context.check_hostname = False
    return context


class Served:
    """A station of two devices, its county, and the address of the running server."""

    def __init__(self, station: Station, url: str) -> None:
        self.station = station
        self.county = station.county
        self.url = url

    def store(self, archive: Archive, url: str = "") -> HttpStore:
        server = archive.device.server
        assert server is not None
        return HttpStore(url or self.url, server, archive.device.signer, IMPATIENT)

    def meet(self, archive: Archive, url: str = "") -> Transfer:
        with self.store(archive, url) as store:
            return meet(archive.meeting, store)


class Caller:
    """Makes calls by hand, proved by a device."""

    def __init__(self, county: County, signer: Signer, scope: bytes, url: str) -> None:
        self.signer = signer
        self.scope = scope
        server = open_server(county.server_paper)
        self.server = server.server
        self.client = httpx.Client(base_url=url, verify=pinned(county), trust_env=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def call(
        self, method: str, path: str, body: bytes = b"", *, signer: Signer | None = None, signed: bytes | None = None
    ) -> httpx.Response:
        """Call a path below the scope's; `signed` is the body that the proof is made for."""
        target = f"/v1/scopes/{self.scope.hex()}{path}"
        proof = Call(self.server, method, target, body if signed is None else signed)
        header = authorization(proof, signer or self.signer)
        return self.client.request(method, target, content=body, headers={"Authorization": header})


def refusal(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["problem"]


def add_person(archive: Archive, name: str) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def admit(county: County, device: Signer, scope: bytes, station: str = "站") -> None:
    """Make a device a member of a station whose scope it brings."""
    request = Request(device.id, device.public_key, b"", "设备", station, scope)
    county.admit(armour(write_paper(request, device), Request), station, "station", "request.txt")
