"""What a server lets itself be asked, seen from outside: lines that hang, callers that never stop, what is too large."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select as query

from sync.county import tables
from sync.county.limits import Limits
from sync.county.office import County
from sync.crypto import Signer
from sync.errors import EnvironmentProblem
from sync.papers import open_server
from sync.requests import Call, authorization
from sync.segments import read_header
from sync.transports.calls import Patience
from sync.transports.frames import join, join_segments
from sync.transports.http import HttpStore
from tests.county.served import Caller, Running, admit, pinned, refusal, running, until

if TYPE_CHECKING:
    from tests.conftest import Chain

PATIENCE = 2.0
PATIENT = Limits()


@pytest.fixture
def county(tmp_path: Path, chain: Chain) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县")
    for device in (chain.device, chain.stranger):
        admit(county, device, chain.scope_key.scope)
    yield county
    county.close()


class Place:
    """A served county and those who call there."""

    def __init__(self, county: County, chain: Chain, server: Running) -> None:
        self.county = county
        self.chain = chain
        self.server = server
        self.scope = chain.scope_key.scope

    @contextmanager
    def caller(self, signer: Signer | None = None) -> Iterator[Caller]:
        with Caller(self.county, signer or self.chain.device, self.scope, self.server.url) as caller:
            yield caller

    @contextmanager
    def line(self, buffer: int = 0) -> Iterator[socket.socket]:
        """A connection to the server, and nothing said yet; `buffer` is for what comes and is not read, in bytes."""
        url = httpx.URL(self.server.url)
        with socket.socket() as plain:
            if buffer:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            plain.settimeout(30)
            plain.connect((url.host, url.port or 443))
            with pinned(self.county).wrap_socket(plain) as line:
                yield line

    def post(self, path: str, body: bytes, length: int | None = None) -> bytes:
        """A call as it goes over the line."""
        target = f"/v1/scopes/{self.scope.hex()}{path}"
        proof = Call(open_server(self.county.server_paper).server, "POST", target, body)
        head = [
            f"POST {target} HTTP/1.1",
            "Host: county",
            f"Content-Length: {len(body) if length is None else length}",
            f"Authorization: {authorization(proof, self.chain.device)}",
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@contextmanager
def served(county: County, chain: Chain, limits: Limits) -> Iterator[Place]:
    with running(county.folder, limits=limits) as server:
        yield Place(county, chain, server)
        server.stop()


def read_all(line: socket.socket) -> bytes:
    """What comes until the other side ends."""
    whole = b""
    while data := line.recv(65536):
        whole += data
    return whole


# ---- lines that hang ----


def test_lines_without_progress_are_cut_and_slow_ones_are_not(county: County, chain: Chain) -> None:
    limits = Limits(patience=PATIENCE, idle=1)
    with served(county, chain, limits) as place, place.line() as slow:
        request = place.post("/papers", join([b"a paper that crawls"]))
        slow.settimeout(PATIENCE / 4)
        began = time.monotonic()
        with place.line() as silent, place.line() as half_head, place.line() as half_body:
            half_head.sendall(request[:40])
            half_body.sendall(request[:-1])
            place_to_cut = len(request) - 16
            slow.sendall(request[:place_to_cut])
            for byte in request[place_to_cut:-1]:
                # Nothing comes from the server meanwhile, and the call takes several times as long as its patience.
                with pytest.raises(TimeoutError):
                    slow.recv(1)
                slow.sendall(bytes([byte]))
            assert time.monotonic() - began > 1.5 * PATIENCE
            for hanging in (silent, half_head, half_body):
                assert hanging.recv(1000) == b""
        slow.sendall(request[-1:])
        slow.settimeout(30)
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        # An idle connection is closed after a while, else this waits for more in vain.
        while slow.recv(1000):
            pass
        with place.caller() as caller:
            assert caller.call("GET", "").status_code == 200
        # The answer is there before the line about it.
        until(lambda: len(place.server.log("request")) == 3)
        assert [line["status"] for line in place.server.log("request")] == [499, 200, 200]


def test_somebody_who_asks_and_does_not_read_is_cut_off(county: County, chain: Chain) -> None:
    county.store.append(chain.scope_key.scope, chain(30, size=200_000))
    (stream,) = county.store.overview(chain.scope_key.scope).vector
    with served(county, chain, Limits(answer_patience=PATIENCE)) as place, place.line(buffer=65536) as line:
        target = f"/v1/scopes/{place.scope.hex()}/segments?stream={stream.hex()}&start=1"
        proof = authorization(Call(open_server(county.server_paper).server, "GET", target, b""), chain.device)
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: county\r\nAuthorization: {proof}\r\n\r\n".encode())
        # It is over for the server, and nobody has read a byte.
        until(lambda: place.server.log("request"))
        assert len(read_all(line)) < 1_000_000
        with place.caller() as caller:
            assert len(caller.call("GET", f"/segments?stream={stream.hex()}&start=1").content) > 2_000_000


def test_a_refused_call_may_finish_its_body_and_not_go_on_for_ever(county: County, chain: Chain) -> None:
    head = b"POST /v1/scopes/" + b"00" * 16 + b"/segments HTTP/1.1\r\nHost: county\r\nContent-Length: 100000000\r\n\r\n"
    with served(county, chain, Limits(body=100_000)) as place, place.line() as line:
        line.sendall(head + bytes(50_000))
        assert line.recv(1000).startswith(b"HTTP/1.1 401")
        until(lambda: not goes_on(line))


def goes_on(line: socket.socket) -> bool:
    try:
        line.sendall(bytes(10_000))
    except OSError:
        return False
    return True


# ---- callers who do not stop ----


def test_a_device_that_asks_too_often_is_told_to_wait_and_others_go_on(county: County, chain: Chain) -> None:
    limits = Limits(device_burst=3, device_rate=0.01)
    with served(county, chain, limits) as place, place.caller() as caller:
        assert [caller.call("GET", "").status_code for _ in range(3)] == [200] * 3
        answer = caller.call("GET", "")
        assert refusal(answer) == (429, "sync.busy")
        assert 0 < int(answer.headers["retry-after"]) <= 100
        with place.caller(chain.stranger) as other:
            assert other.call("GET", "").status_code == 200


def test_a_device_that_gives_up_says_that_the_server_is_busy(county: County, chain: Chain) -> None:
    limits = Limits(device_burst=1, device_rate=0.01)
    with served(county, chain, limits) as place:
        once = Patience(tries=1)
        with HttpStore(place.server.url, open_server(county.server_paper), chain.device, once) as store:
            assert store.overview(place.scope).vector == {}
            with pytest.raises(EnvironmentProblem) as caught:
                store.overview(place.scope)
    assert caught.value.key == "sync.busy"


def test_calls_that_prove_nothing_are_limited_for_their_address_alone(county: County, chain: Chain) -> None:
    limits = Limits(stranger_burst=4, stranger_rate=0.01)
    with served(county, chain, limits) as place, place.caller() as caller:
        nobody = Signer.generate()
        assert [caller.call("GET", "", signer=nobody).status_code for _ in range(2)] == [401] * 2
        assert caller.client.get("/v1/hello").status_code == 200
        assert caller.call("POST", "/papers", b"", signed=b"another").status_code == 401
        for answer in (caller.call("GET", "", signer=nobody), caller.client.get("/v1/hello")):
            assert refusal(answer) == (429, "sync.busy")
            assert answer.headers["retry-after"]
        assert caller.call("GET", "").status_code == 200, "a device that proves itself comes from the same address"


def test_a_device_has_few_calls_under_way_at_once(county: County, chain: Chain) -> None:
    with served(county, chain, Limits(requests_of_device=2)) as place, place.caller() as caller:
        half = place.post("/papers", b"", length=100).replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1)
        with place.line() as one, place.line() as other:
            for line in (one, other):
                line.sendall(half)
                assert line.recv(1000).startswith(b"HTTP/1.1 100"), "the server waits for the body"
            answer = caller.call("GET", "")
            assert refusal(answer) == (503, "sync.busy")
            assert int(answer.headers["retry-after"]) > 0
            with place.caller(chain.stranger) as stranger:
                assert stranger.call("GET", "").status_code == 200
        until(lambda: caller.call("GET", "").status_code == 200)


def test_bodies_that_would_fill_the_memory_are_sent_away(county: County, chain: Chain) -> None:
    with served(county, chain, Limits(held=50_000)) as place, place.caller() as caller:
        for _ in range(3):
            assert refusal(caller.call("POST", "/papers", join([bytes(60_000)]))) == (503, "sync.busy")
            assert caller.call("POST", "/papers", join([bytes(40_000)])).status_code == 200


# ---- what is too large ----


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(county: County, chain: Chain) -> None:
    with served(county, chain, PATIENT) as place, place.line() as line:
        line.sendall(place.post("/papers", b"", length=PATIENT.body + 1))
        answer = line.recv(1000)
        while b"}" not in answer:
            answer += line.recv(1000)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b'{"problem":"sync.too_large"}' in answer


@pytest.mark.parametrize(
    "head", [b"GET /v1/hello?" + b"a" * 200_000, b"GET /v1/hello HTTP/1.1\r\nX: " + b"a" * 200_000]
)
def test_endless_addresses_and_headers_are_refused(county: County, chain: Chain, head: bytes) -> None:
    with served(county, chain, PATIENT) as place, place.line() as line, place.caller() as caller:
        answer = b""
        with suppress(OSError):  # the line may be gone before all is said
            line.sendall(head)
            answer = line.recv(1000)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
        assert place.server.log("request") == []
        assert caller.client.get("/v1/hello").status_code == 200


# ---- what was refused ----


def test_what_was_refused_to_a_device_is_written_down_once_and_the_newest_are_kept(
    county: County, chain: Chain
) -> None:
    segments = chain(3)
    foreign = chain(1, signer=Signer.generate())
    with served(county, chain, Limits(refusals=3)) as place, place.caller() as caller:
        for body in (join_segments(segments[1:]), join_segments(foreign), join_segments(segments[1:])):
            assert caller.call("POST", "/segments", body).status_code == 200
        assert refusals(county) == [
            (chain.device.id, read_header(foreign[0].data).stream, 1, "sync.refused_device"),
            (chain.device.id, read_header(segments[0].data).stream, 2, "sync.refused_gap"),
        ]
        assert caller.call("POST", "/segments", b"junk").status_code == 422
        assert caller.call("POST", "/segments", join_segments(segments[2:])).status_code == 200
        assert [(seq, reason) for *_, seq, reason in refusals(county)] == [
            (2, "sync.refused_gap"),
            (None, "sync.refused_unreadable"),
            (3, "sync.refused_gap"),
        ]


def refusals(county: County) -> list[tuple[object, ...]]:
    columns = tables.refusal.c
    with county.engine.connect() as connection:
        found = connection.execute(
            query(columns.device, columns.stream, columns.seq, columns.reason).order_by(columns.no)
        )
        return [tuple(row) for row in found]


def test_a_server_that_stops_does_not_wait_for_somebody_who_thinks(county: County, chain: Chain) -> None:
    with served(county, chain, Limits(grace=600)) as place, place.line() as thinking, place.line() as silent:
        thinking.sendall(place.post("/papers", join([b"no paper"])))
        assert thinking.recv(1000).startswith(b"HTTP/1.1 200")
        place.server.stop()
        for line in (thinking, silent):
            with suppress(OSError):
                while line.recv(1000):
                    pass


HELD = """
import asyncio.sslproto, gc, socket
from sync.county import lines
def held():
    protocols = [one for one in gc.get_objects() if isinstance(one, asyncio.sslproto.SSLProtocol)]
    return sorted({len(value) for one in protocols for value in vars(one).values() if isinstance(value, bytearray)})
def connected(self, transport, made=lines.Line.connection_made):
    made(self, transport)
    at_once = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    print("held", held(), "at once", bool(at_once), flush=True)
lines.Line.connection_made = connected
"""


def test_a_connection_holds_little_memory_and_lets_every_answer_go_at_once(county: County, chain: Chain) -> None:
    with running(county.folder, before=HELD) as server:
        place = Place(county, chain, server)
        with place.line():
            assert server.process.stdout is not None
            assert server.process.stdout.readline() == "held [32768] at once True\n"
