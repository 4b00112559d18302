"""The county server as a process of its own, over HTTPS: who may call it, what it refuses, what happens on bad lines."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
import uvicorn

from app.texts import Texts
from storage.records import Draft
from sync.county.backup import back_up
from sync.county.limits import Limits
from sync.county.office import County
from sync.county.server import _listen
from sync.county.service import create_service
from sync.county.store import CountyStore
from sync.errors import EnvironmentProblem, Problem
from sync.papers import open_server
from sync.requests import Call, authorization
from sync.segments import Segment
from sync.store import REFUSALS, Appended, Overview
from sync.transports.frames import join, join_segments
from sync.transports.http import HttpStore
from tests.county.served import Caller, Served, add_person, refusal, running, serving
from ui.meetings import meet_server, pass_of

if TYPE_CHECKING:
    from tests.conftest import Chain, Workshop

MAX_BODY = Limits().body


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(workshop: Workshop, kept_in: Any, request: pytest.FixtureRequest) -> Iterator[Served]:
    with (
        workshop.station() as station,
        kept_in(request.param, station),
        serving(station.folder / "county") as url,
    ):
        here = Served(station, url)
        for archive in station.archives * 2:
            here.meet(archive)
        yield here


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    device = served.station.archives[0].device
    with Caller(served.county, device.signer, device.scope, served.url) as caller:
        yield caller


# ---- meetings ----


def test_two_devices_get_each_others_work_over_https(served: Served) -> None:
    one, other = served.station.archives
    add_person(one, "李雷")
    add_person(other, "韩梅")
    assert served.meet(one).sent == 1
    assert served.meet(other).sent == 1
    served.meet(one)
    assert one.state_hash() == other.state_hash()
    assert [archive.meeting.backlog().waiting for archive in (one, other)] == [0, 0]
    assert all(device.seen for device in served.county.devices())


def test_a_large_roster_goes_in_several_requests(served: Served) -> None:
    one, other = served.station.archives
    text = "".join(chr(0x4E00 + number) for number in range(20_000))
    one.save([Draft.new("alert", one.new_id(), {"text": f"{number}{text[number:]}"}) for number in range(120)])
    assert served.meet(one).sent == 120
    assert served.meet(other).received == 120
    assert one.state_hash() == other.state_hash()


def test_more_papers_than_fit_into_an_address_are_all_fetched(served: Served) -> None:
    one, _ = served.station.archives
    with served.store(one) as store:
        known = store.overview(one.device.scope).papers
        wanted = [*known, *(number.to_bytes(16, "big") for number in range(3000))]
        assert len(store.read_papers(one.device.scope, wanted)) == len(known) > 0


# ---- who may call ----


def test_anybody_may_ask_who_the_server_is(caller: Caller, served: Served) -> None:
    answer = caller.client.get("/v1/hello")
    assert (answer.status_code, answer.content) == (200, served.county.server_paper)


def test_a_device_that_the_county_does_not_know_is_refused(caller: Caller, chain: Chain) -> None:
    assert refusal(caller.call("GET", "", signer=chain.stranger)) == (401, "sync.unknown_device")


@pytest.mark.parametrize(
    "header", ["", "Xinyi", "Xinyi ab:cd", "Basic dTpw", "Xinyi " + "00" * 16 + ":AAAA", "Xinyi é:é"]
)
def test_a_call_without_a_proof_is_refused(caller: Caller, header: str) -> None:
    headers = [(b"Authorization", header.encode())]
    answer = caller.client.get(f"/v1/scopes/{caller.scope.hex()}", headers=headers)
    assert refusal(answer) == (401, "sync.unknown_device")


def test_a_proof_for_another_call_is_refused(caller: Caller) -> None:
    assert caller.call("GET", "").status_code == 200
    assert refusal(caller.call("POST", "/papers", b"tampered", signed=b"")) == (401, "sync.unknown_device")
    target = f"/v1/scopes/{caller.scope.hex()}"
    for proof in (
        Call(caller.server, "POST", target, b""),
        Call(caller.server, "GET", f"{target}?ids=", b""),
        Call(bytes(16), "GET", target, b""),
    ):
        headers = {"Authorization": authorization(proof, caller.signer)}
        assert refusal(caller.client.get(target, headers=headers)) == (401, "sync.unknown_device")


def test_the_scope_of_another_station_is_closed(served: Served, caller: Caller, workshop: Workshop) -> None:
    with workshop.archive(2) as stranger:
        workshop.join(stranger, served.county, "别的卫生院")
        for method, path in (("GET", ""), ("GET", "/papers?ids="), ("POST", "/segments"), ("POST", "/papers")):
            assert refusal(caller.call(method, path, signer=stranger.device.signer)) == (403, "sync.not_a_member")
        with served.store(stranger) as store, pytest.raises(Problem) as caught:
            store.overview(caller.scope)
        assert (caught.value.key, caught.value.values) == ("sync.not_a_member", {"county": "青禾县"})


def test_a_device_is_told_when_the_county_does_not_know_it(served: Served, chain: Chain) -> None:
    server = open_server(served.county.server_paper)
    with HttpStore(served.url, server, chain.device) as store, pytest.raises(Problem) as caught:
        store.overview(bytes(16))
    assert (caught.value.key, caught.value.values) == ("sync.unknown_device", {"county": "青禾县"})


# ---- what is refused ----


def test_a_body_beyond_the_limit_is_refused(caller: Caller, served: Served) -> None:
    assert caller.call("POST", "/papers", join([bytes(MAX_BODY - 4)])).status_code == 200
    answer = caller.call("POST", "/papers", bytes(MAX_BODY + 1))
    assert refusal(answer) == (413, "sync.too_large")
    one, _ = served.station.archives
    with served.store(one) as store, pytest.raises(Problem) as caught:
        store._post(f"/v1/scopes/{caller.scope.hex()}/papers", bytes(MAX_BODY + 1))
    assert caught.value.key == "sync.too_large"


@pytest.mark.parametrize("body", [b"\0", b"\0\0\0\5abc", join([b"data"]), join([b"data", b"no envelopes"])])
def test_broken_frames_are_refused_whole(caller: Caller, body: bytes) -> None:
    assert refusal(caller.call("POST", "/segments", body)) == (422, "sync.refused_unreadable")


@pytest.mark.parametrize("body", [b"\0\0\0\5abc", bytes(MAX_BODY)])
def test_broken_frames_of_papers_and_empty_ones_by_the_million_are_refused(caller: Caller, body: bytes) -> None:
    assert refusal(caller.call("POST", "/papers", body)) == (422, "sync.refused_unreadable")


def test_what_is_no_segment_or_not_of_a_member_is_refused_and_told_which(caller: Caller, chain: Chain) -> None:
    foreign = chain(1, scope=caller.scope)
    for body, reason in (
        (join([b"junk", b"\x90"]), "sync.refused_unreadable"),
        (join_segments(foreign), "sync.refused_device"),
    ):
        answer = caller.call("POST", "/segments", body)
        assert answer.status_code == 200
        assert msgspec.msgpack.decode(answer.content)[:2] == [0, reason]


def test_papers_that_prove_nothing_are_not_kept(caller: Caller, served: Served, chain: Chain) -> None:
    scope = caller.scope
    before = served.county.store.overview(scope).papers
    papers = [b"junk", b"XYP1" + bytes(200), served.station.archives[0].device.request()]
    assert caller.call("POST", "/papers", join(papers)).status_code == 200
    assert served.county.store.overview(scope).papers == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/segments?stream=xyz&start=1"),
        ("GET", f"/segments?stream={'00' * 24}&start=0"),
        ("GET", f"/segments?stream={'00' * 24}&start=99999999999999999999"),
        ("GET", f"/segments?stream={'00' * 24}"),
        ("GET", "/papers?ids=xyz"),
        ("GET", "/papers"),
        ("GET", "/nothing"),
        ("DELETE", "/segments"),
    ],
)
def test_calls_that_do_not_exist_are_refused_as_documented(caller: Caller, method: str, path: str) -> None:
    answer = caller.call(method, path)
    assert answer.status_code in {404, 405, 422}
    assert answer.json().keys() == {"problem"}


def test_a_stream_or_a_paper_that_is_not_there_is_empty(caller: Caller) -> None:
    for path in (f"/segments?stream={'00' * 24}&start=1", f"/papers?ids={'00' * 16}", "/papers?ids="):
        answer = caller.call("GET", path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_the_name_in_the_host_header_does_not_matter(caller: Caller) -> None:
    target = f"/v1/scopes/{caller.scope.hex()}"
    proof = authorization(Call(caller.server, "GET", target, b""), caller.signer)
    for host in ("xinyi.example", "[::1", "a/b?c", ""):
        answer = caller.client.get(target, headers={"Authorization": proof, "Host": host})
        assert answer.status_code in {200, 400}, host


# ---- lines ----


class Proxy:
    """Passes bytes on between a device and the server; told to, it swallows the next answer and cuts the line."""

    def __init__(self, url: str) -> None:
        self._server = httpx.URL(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.swallow = False
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((self._server.host, self._server.port or 443))
                self._start(self._pass, near, far, True)
                self._start(self._pass, far, near, False)

    def _pass(self, source: socket.socket, target: socket.socket, outward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.swallow and not outward:
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if not outward:
            source.close()
            target.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def proxy(served: Served) -> Iterator[Proxy]:
    proxy = Proxy(served.url)
    yield proxy
    proxy.close()


def test_a_server_reached_under_another_name_is_known_by_its_certificate(served: Served, proxy: Proxy) -> None:
    one, _ = served.station.archives
    assert served.meet(one, proxy.url).refused == []
    assert served.meet(one, served.url.replace("127.0.0.1", "localhost")).refused == []


def test_an_answer_lost_after_the_commit_doubles_nothing(served: Served, proxy: Proxy) -> None:
    one, other = served.station.archives
    person = add_person(one, "林涛")
    one.meeting.seal()
    stream = one.device.stream[1]
    before = served.county.status().changes
    with served.store(one, proxy.url) as store:
        end = store.overview(one.device.scope).vector.get(stream)
        segments = one.meeting.read(one.device.scope, stream, end.seq + 1 if end else 1)
        proxy.swallow = True
        with pytest.raises(EnvironmentProblem) as caught:
            store.append(one.device.scope, segments)
        assert caught.value.key == "sync.broken_off"
        proxy.swallow = False
        assert served.county.status().changes == before + 1, "the server has it, the device does not know"
        assert one.meeting.backlog().waiting > 0
        assert store.append(one.device.scope, segments)[:2] == (len(segments), "")
    assert served.meet(one).sent == 0
    assert one.meeting.backlog().waiting == 0
    served.meet(other)
    assert served.county.status().changes == before + 1
    assert len(other.history(person)) == 1


def test_a_line_that_breaks_during_a_meeting_is_told_and_the_next_one_goes_on(served: Served, proxy: Proxy) -> None:
    one, _ = served.station.archives
    add_person(one, "魏华")
    proxy.swallow = True
    with pytest.raises(EnvironmentProblem) as caught:
        served.meet(one, proxy.url)
    assert caught.value.key in {"sync.broken_off", "sync.no_connection"}
    proxy.swallow = False
    assert served.meet(one, proxy.url).sent == 1
    assert one.meeting.backlog().waiting == 0


def test_where_nobody_listens_there_is_no_connection(served: Served) -> None:
    one, _ = served.station.archives
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(EnvironmentProblem) as caught:
        served.meet(one, url)
    assert caught.value.key == "sync.no_connection"


def test_a_server_with_another_certificate_is_not_ours(served: Served, tmp_path: Path) -> None:
    one, _ = served.station.archives
    add_person(one, "before")
    County.init(tmp_path / "other", "别的县").close()
    with serving(tmp_path / "other") as url, pytest.raises(Problem) as caught:
        served.meet(one, url)
    assert (caught.value.key, caught.value.values) == ("sync.not_our_server", {"county": "青禾县"})
    served.meet(one)


def test_something_else_that_listens_there_is_no_connection(served: Served) -> None:
    """A page over plain HTTP where the server should be."""
    one, _ = served.station.archives

    def answer(listener: socket.socket) -> None:
        near, _ = listener.accept()
        with near:
            near.recv(65536)
            near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        with pytest.raises(EnvironmentProblem) as caught:
            served.meet(one, f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(10)
    assert caught.value.key == "sync.no_connection"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://",
        "https://host garbage",
        "https://a..b",
        f"https://{'a' * 70}.example",
        "https://例子..中国",
        "https://[::1",
        "https://host:abc",
        "https://host:0",
        "https://host:99999",
        "https://h\0st",
        "https：//host",
        "http://host:8443",
        "ftp://host",
        "host:8443",
        "192.168.1.10",
        "C:\\county",
    ],
)
def test_an_address_that_is_none_is_told_before_anything_is_sent(served: Served, address: str) -> None:
    one, _ = served.station.archives
    server = one.device.server
    assert server is not None
    with pytest.raises(Problem) as caught:
        HttpStore(address, server, one.device.signer)
    assert (caught.value.key, caught.value.values) == ("sync.bad_address", {"url": address})


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/?a=b#c"])
def test_what_stands_behind_the_address_does_not_matter(served: Served, ending: str) -> None:
    one, _ = served.station.archives
    with served.store(one, f"  {served.url}{ending} ") as store:
        assert isinstance(store.overview(one.device.scope), Overview)


# ---- servers of other versions ----


class Tomorrow(CountyStore):
    """A server that refuses for a reason which nobody knows today."""

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        del scope, segments
        return Appended(0, "sync.refused_tomorrow")


@contextlib.contextmanager
def serving_here(county: County, store: CountyStore) -> Iterator[str]:
    """The address of a server in a thread of this program."""
    config = uvicorn.Config(
        create_service(store, county.server.id, county.server_paper),
        ssl_keyfile=county.folder / "tls.key",
        ssl_certfile=str(county.folder / "tls.crt"),
        log_level="error",
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def test_a_reason_that_this_version_does_not_know_is_put_into_words_that_it_has(served: Served) -> None:
    one, _ = served.station.archives
    add_person(one, "周敏")
    county = served.county
    with serving_here(county, Tomorrow(county.engine, county.server, bytes(16), b"")) as url:
        (refused,) = served.meet(one, url).refused
    assert refused.reason == "sync.refused_other"
    assert served.meet(one).refused == []


def test_every_reason_that_this_version_knows_has_words() -> None:
    texts = Texts.load()
    assert all(reason in texts for reason in (*REFUSALS, "sync.refused_other"))


# ---- the server itself ----


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_killed_server_has_everything_that_it_acknowledged(workshop: Workshop, kept_in: Any, database: str) -> None:
    with workshop.station() as station, kept_in(database, station):
        folder = station.folder / "county"
        with running(folder) as server:
            here = Served(station, server.url)
            one, other = station.archives
            for number in range(10):
                add_person(one, f"学生{number}")
                here.meet(one)
            assert one.meeting.backlog().waiting == 0
            server.process.kill()
        with serving(folder) as url:
            here = Served(station, url)
            for archive in (other, one, other):
                here.meet(archive)
        assert len(other.find("person")) == 10


def test_a_port_that_is_taken_is_told(served: Served) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        _listen("127.0.0.1", httpx.URL(served.url).port or 0)
    assert caught.value.key == "county.cannot_listen"


def test_names_that_devices_and_stations_have_are_all_that_can_be_read_at_the_server(served: Served) -> None:
    one, _ = served.station.archives
    add_person(one, "欧阳青青青")
    served.meet(one)
    folder = served.station.folder / "county"
    back_up(served.county, folder / "backup")
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    assert one.device.names.station.encode() in content
    for text in ("欧阳青青青", "李雷", "韩梅", "person", "birth_date"):
        assert not any(text.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "gb18030"))


def test_a_meeting_tells_how_far_the_clocks_are_apart(served: Served) -> None:
    archive = served.station.archives[0]
    transfer = meet_server(archive.meeting, served.url, pass_of(archive))
    assert transfer.beside is not None
    assert abs(transfer.beside) < 60_000
