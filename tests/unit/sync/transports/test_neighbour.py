"""Two laptops side by side: who recognises whom, what people compare, and what moves once they agree."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from app.texts import Texts
from storage.archive import Archive
from storage.records import Draft
from sync.county.office import County
from sync.engine import Transfer
from sync.engine import meet as engine_meet
from sync.errors import Problem
from sync.ids import new_id
from sync.segments import Segment
from sync.store import Appended
from sync.transports import handshake, neighbour
from sync.transports.handshake import Party
from sync.transports.line import Broken, Line
from sync.transports.nearby import Browser, Neighbour, split_address
from sync.transports.neighbour import Host, Visitor, ephemeral_identity
from sync.transports.peer import PeerStore
from sync.wire import encode
from ui.meetings import party_of

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop

T = TypeVar("T")
WAIT = 60.0
VECTORS = Path(__file__).resolve().parents[3] / "vectors"


class Laptop:
    """An archive with a thread of its own, on which everything is done."""

    def __init__(self, open_archive: Callable[[], Archive]) -> None:
        self._thread = ThreadPoolExecutor(1)
        self.archive = self._thread.submit(open_archive).result(WAIT)
        self.party: Party = self.ask(party_of)

    def ask(self, work: Callable[[Archive], T]) -> T:
        return self._thread.submit(work, self.archive).result(WAIT)

    def begin(self, work: Callable[[Archive], T]) -> Future[T]:
        return self._thread.submit(work, self.archive)

    def add(self, name: str) -> bytes:
        def save(archive: Archive) -> bytes:
            person = archive.new_id()
            archive.save([Draft.new("person", person, {"name": name})])
            return person

        return self.ask(save)

    def state(self) -> bytes:
        return self.ask(lambda archive: archive.state_hash())

    def close(self) -> None:
        self._thread.submit(self.archive.close).result(WAIT)
        self._thread.shutdown()


@contextlib.contextmanager
def laptops(workshop: Workshop, station: Station) -> Iterator[list[Laptop]]:
    """The devices of a station, each on a thread of its own."""
    for archive in station.archives:
        archive.close()
    paths = [station.folder / str(number) / workshop.file for number in range(len(station.archives))]
    ready = [Laptop(partial(workshop.open, path, number)) for number, path in enumerate(paths)]
    try:
        yield ready
    finally:
        for one in ready:
            one.close()


@pytest.fixture
def pair(workshop: Workshop, station: Station) -> Iterator[tuple[Laptop, Laptop]]:
    """Two devices of one station. The second one has not got the station's key yet."""
    with laptops(workshop, station) as (one, other):
        yield one, other


class Side:
    """One side of a meeting, and what its screen shows; `says` is what the person there does with the digits."""

    def __init__(self, laptop: Laptop, says: str = "confirm") -> None:
        self._laptop = laptop
        self._says = says
        self.shown: list[tuple[str, str]] = []
        self.meeting: Host | Visitor | None = None
        self.moved: list[tuple[int, int]] = []

    def show(self, code: str, peer: str) -> None:
        self.shown.append((code, peer))
        assert self.meeting is not None
        if self._says:
            getattr(self.meeting, self._says)()

    def host(self, **options: Any) -> Host:
        self.meeting = Host(self._laptop.party, self.show, "", address="127.0.0.1", **options)
        return self.meeting

    def visitor(self, *addresses: str) -> Visitor:
        self.meeting = Visitor(self._laptop.party, self.show, addresses)
        return self.meeting

    def run(self) -> Future[Transfer]:
        assert self.meeting is not None
        run = self.meeting.run
        return self._laptop.begin(lambda archive: run(archive.meeting, lambda *step: self.moved.append(step)))


def meet(one: Side, other: Side, through: Callable[[int], int] | None = None) -> tuple[Any, Any]:
    """What came of a meeting for host and visitor: a transfer, or the key of the problem."""
    with one.host() as host:
        waiting = one.run()
        other.visitor(f"127.0.0.1:{through(host.port) if through else host.port}")
        going = other.run()
        if going.exception(WAIT) and not waiting.done():
            # Somebody who broke off was perhaps nobody: the host goes on waiting.
            with contextlib.suppress(TimeoutError):
                waiting.exception(1)
            host.cancel()
        return outcome(waiting), outcome(going)


def outcome(future: Future[Transfer]) -> Any:
    problem = future.exception(WAIT)
    if problem is None:
        return future.result()
    assert isinstance(problem, Problem), problem
    assert Texts.load("en").problem(problem)
    return problem.key.removeprefix("neighbour.")


# ---- two that belong together ----


def test_two_laptops_of_a_station_get_each_others_work_without_a_server(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    person, second = one.add("李雷"), other.add("韩梅")
    host, visitor = Side(one), Side(other)
    waited, went = meet(host, visitor)
    assert waited == went == Transfer(1, 1)
    assert one.state() == other.state()
    assert one.ask(lambda archive: archive.history(second)), "the key came first, then what it opens"
    assert other.ask(lambda archive: archive.history(person))
    assert host.moved
    assert visitor.moved


def test_it_does_not_matter_which_of_the_two_has_the_key_of_the_station(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    one.add("李雷")
    other.add("韩梅")
    waited, went = meet(Side(other), Side(one))
    assert waited == went == Transfer(1, 1)
    assert one.state() == other.state()


def test_both_show_the_same_six_digits_and_the_name_of_the_other(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    host, visitor = Side(one), Side(other)
    meet(host, visitor)
    ((code, peer),), ((same, back),) = host.shown, visitor.shown
    assert code == same
    assert code.replace(" ", "").isdigit()
    assert len(code) == 7
    assert (peer, back) == ("第1台", "第0台")


def test_the_digits_are_others_every_time(pair: tuple[Laptop, Laptop]) -> None:
    codes = set()
    for _ in range(4):
        host = Side(pair[0])
        meet(host, Side(pair[1]))
        codes.add(host.shown[0][0])
    assert len(codes) > 1


def test_what_was_brought_by_a_third_laptop_goes_on(workshop: Workshop) -> None:
    with workshop.station(3) as station, laptops(workshop, station) as (one, other, third):
        person = one.add("李雷")
        meet(Side(one), Side(other))
        meet(Side(other), Side(third))
        assert third.ask(lambda archive: archive.history(person))


# ---- people decide ----


@pytest.mark.parametrize("asked", ["host", "visitor"])
def test_where_one_side_says_no_nothing_moves_and_the_other_is_told(pair: tuple[Laptop, Laptop], asked: str) -> None:
    one, other = pair
    one.add("李雷")
    before = other.ask(lambda archive: archive.meeting.overview(archive.device.scope))
    says = {"host": "confirm", "visitor": "confirm", asked: "deny"}
    waited, went = meet(Side(one, says["host"]), Side(other, says["visitor"]))
    assert {waited, went} == {"different", "they_denied"}
    assert (waited if asked == "host" else went) == "different"
    assert other.ask(lambda archive: archive.meeting.overview(archive.device.scope)) == before


def test_nothing_is_served_before_the_host_has_confirmed(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    one.add("李雷")
    host = Side(one, says="")
    with host.host() as waiting:
        running = host.run()
        with connected(waiting.port, other.party) as line:
            line.send(b"agreed", 5)
            store = PeerStore(line, new_id(0))
            asking = ThreadPoolExecutor(1).submit(store.overview, new_id(0))
            with pytest.raises(TimeoutError):
                asking.result(1)
            assert not running.done()
            waiting.deny()
            assert asking.exception(WAIT) is not None
        assert outcome(running) == "different"


def test_whoever_cancels_while_the_other_thinks_is_not_waited_for(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    waited, went = meet(Side(one, says="cancel"), Side(other))
    assert (waited, went) == ("stopped", "they_denied")


def test_a_host_whom_nobody_visits_can_be_cancelled(pair: tuple[Laptop, Laptop]) -> None:
    side = Side(pair[0])
    with side.host() as host:
        running = side.run()
        host.cancel()
        assert outcome(running) == "stopped"


def test_people_who_never_answer_end_it(pair: tuple[Laptop, Laptop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "CONFIRM_SECONDS", 0.3)
    waited, went = meet(Side(pair[0], says=""), Side(pair[1], says=""))
    assert "too_late" in {waited, went}
    assert {waited, went} <= {"too_late", "broken_off"}


# ---- who is refused ----


def foreigner(workshop: Workshop, number: int, county: County, station: str) -> Laptop:
    def make() -> Archive:
        path = workshop.copy(Path(tempfile.mkdtemp(dir=workshop._folder)), number)
        archive = workshop.open(path, number)
        workshop.join(archive, county, station)
        return archive

    return Laptop(make)


def test_a_laptop_of_another_station_is_refused_on_both_screens(workshop: Workshop, station: Station) -> None:
    foreign = foreigner(workshop, 2, station.county, "别的卫生院")
    with laptops(workshop, station) as (one, _), contextlib.closing(foreign):
        assert meet(Side(one), Side(foreign)) == ("other_station", "they_other_station")
        assert meet(Side(foreign), Side(one)) == ("other_station", "they_other_station")


def test_a_laptop_of_another_county_is_refused_on_both_screens(
    workshop: Workshop, station: Station, tmp_path_factory: pytest.TempPathFactory
) -> None:
    county = County.init(tmp_path_factory.mktemp("county") / "other", "别的县")
    foreign = foreigner(workshop, 2, county, "青禾镇卫生院")
    county.close()
    with laptops(workshop, station) as (one, _), contextlib.closing(foreign):
        assert meet(Side(one), Side(foreign)) == ("other_county", "they_other_county")
        assert meet(Side(foreign), Side(one)) == ("other_county", "they_other_county")


def test_a_revoked_laptop_is_refused_by_whoever_knows(workshop: Workshop, station: Station) -> None:
    county = station.county
    with laptops(workshop, station) as (one, other):
        county.revoke(other.party.signer.id.hex())
        one.ask(lambda archive: engine_meet(archive.meeting, county.store))
        one.party = one.ask(party_of)
        assert meet(Side(one), Side(other)) == ("revoked", "they_revoked")
        assert meet(Side(other), Side(one)) == ("they_revoked", "revoked")


def test_a_copy_of_the_same_archive_is_refused(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    other.party = one.party
    assert meet(Side(one), Side(other)) == ("same_device", "they_same_device")


def test_a_certificate_without_its_key_is_not_enough(pair: tuple[Laptop, Laptop], workshop: Workshop) -> None:
    one, other = pair
    with workshop.archive(2) as thief:
        stolen = other.party._replace(signer=thief.device.signer)
    other.party = stolen
    waited, went = meet(Side(one), Side(other))
    assert (waited, went) == ("not_genuine", "they_not_genuine")


def test_a_program_of_another_version_is_told(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    side = Side(one)
    with side.host() as host:
        running = side.run()
        context = neighbour._visiting_context()
        with context.wrap_socket(socket.create_connection(("127.0.0.1", host.port), 10)) as connection:
            line = Line(connection)
            line.send(encode([2, other.party.certificate, bytes(32), "something new"]), 5)
            assert handshake.read_refusal(line.receive(WAIT)) == "they_newer"
        assert outcome(running) == "newer"


# ---- somebody in between ----


@contextlib.contextmanager
def connected(port: int, party: Party) -> Iterator[Line]:
    """A line that has shaken hands with the host at `port`."""
    context = neighbour._visiting_context()
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        line = Line(connection)
        handshake.visit(line, party, connection.getpeercert(binary_form=True) or b"")
        yield line


class Eavesdropper:
    """Ends TLS in the middle, passes everything on, and reads along."""

    def __init__(self) -> None:
        self.context, _ = ephemeral_identity()
        self.heard = bytearray()
        self._threads: list[threading.Thread] = []

    def between(self, port: int) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._serve, listener, port)
        return int(listener.getsockname()[1])

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _serve(self, listener: socket.socket, port: int) -> None:
        with listener:
            plain, _ = listener.accept()
        near = self.context.wrap_socket(plain, server_side=True)
        far = neighbour._visiting_context().wrap_socket(socket.create_connection(("127.0.0.1", port)))
        with near, far, contextlib.suppress(OSError):
            # One thread: OpenSSL lets nobody read and write one connection at the same time.
            while self._passed(near, far) and self._passed(far, near):
                pass

    def _passed(self, source: ssl.SSLSocket, target: ssl.SSLSocket) -> bool:
        """Pass on what there is; False at the end."""
        source.settimeout(0.02)
        try:
            data = source.recv(65536)
        except TimeoutError:
            return True
        self.heard += data
        target.settimeout(WAIT)
        target.sendall(data)
        return bool(data)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(WAIT)
            assert not thread.is_alive()


def test_whoever_ends_tls_in_the_middle_is_noticed_and_hears_nothing(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    one.add("李雷")
    ear = Eavesdropper()
    host, visitor = Side(one), Side(other)
    waited, went = meet(host, visitor, ear.between)
    ear.join()
    assert (waited, went) == ("not_genuine", "they_not_genuine")
    assert host.shown == []
    assert visitor.shown == []
    segments = one.ask(lambda archive: archive.meeting.read(archive.device.scope, archive.device.stream[1], 1))
    assert ear.heard
    assert not any(segment.data in ear.heard for segment in segments)


def test_a_nonce_that_was_not_the_one_promised_is_refused(
    pair: tuple[Laptop, Laptop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever could choose the nonce after seeing the host's could try until the digits are those of another line."""
    one, other = pair
    host = Side(one)
    with host.host() as waiting:
        running = host.run()
        real = handshake._commitment
        monkeypatch.setattr(
            handshake,
            "_commitment",
            lambda nonce, certificate: (
                bytes(32) if threading.current_thread() is threading.main_thread() else real(nonce, certificate)
            ),
        )
        with pytest.raises((Problem, Broken)), connected(waiting.port, other.party):
            pass
        assert outcome(running) == "not_genuine"
    assert host.shown == []


def test_what_is_said_and_shown_follows_from_the_same_bytes_in_every_version() -> None:
    vector = json.loads((VECTORS / "neighbour-1.json").read_text("utf-8"))
    part = {name: bytes.fromhex(value) for name, value in vector.items() if name != "digits"}
    said = handshake._transcript(
        part["tls_certificate"],
        (part["visitor_certificate"], part["host_certificate"]),
        (part["visitor_nonce"], part["host_nonce"]),
    )
    assert said == part["transcript"]
    assert handshake._commitment(part["visitor_nonce"], part["visitor_certificate"]) == part["commitment"]
    assert handshake._digits(said).replace(" ", "") == vector["digits"]


# ---- lines ----


def test_visitors_that_are_none_do_not_end_the_waiting(
    pair: tuple[Laptop, Laptop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "SECONDS", 0.2)
    monkeypatch.setattr(neighbour, "SECONDS", 0.2)
    one, other = pair
    host, visitor = Side(one), Side(other)
    with host.host() as waiting:
        running = host.run()
        for junk in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(100)):
            with socket.create_connection(("127.0.0.1", waiting.port)) as plain:
                plain.sendall(junk)
        for junk in (b"", b"\xff\xff\xff\xff", b"\0\0\0\x05hello", b"\0\0\0\1\x90"):
            context = neighbour._visiting_context()
            with context.wrap_socket(socket.create_connection(("127.0.0.1", waiting.port))) as connection:
                connection.sendall(junk)
        visitor.visitor(f"127.0.0.1:{waiting.port}")
        going = visitor.run()
        assert outcome(going) == outcome(running) == Transfer()


class Vanishing:
    """A home that is gone after so many segments were handed to it."""

    def __init__(self, archive: Archive, leave: Callable[[], None]) -> None:
        self._home = archive.meeting
        self._leave = leave

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home, name)

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        answer = self._home.append(scope, segments[:1])
        self._leave()
        return answer


@pytest.mark.parametrize("gone", ["host", "visitor"])
def test_a_laptop_that_vanishes_midway_costs_nothing_that_has_moved(pair: tuple[Laptop, Laptop], gone: str) -> None:
    one, other = pair
    meet(Side(one), Side(other))
    sender, taker = (other, one) if gone == "host" else (one, other)
    persons = [sender.add(f"学生{number}") for number in range(3)]
    host, visitor = Side(one), Side(other)
    leaver = host if gone == "host" else visitor
    with host.host() as waiting:
        visitor.visitor(f"127.0.0.1:{waiting.port}")
        run = leaver.meeting.run  # type: ignore[union-attr]
        leave = leaver.meeting.cancel  # type: ignore[union-attr]
        stays = (visitor if gone == "host" else host).run()
        leaves = taker.begin(lambda archive: run(Vanishing(archive, leave)))
        assert outcome(leaves) == "stopped"
        assert outcome(stays) == "broken_off"
    got = [person for person in persons if taker.ask(methodcaller("history", person))]
    assert got == persons, "one segment, and it is opened although the line broke"
    assert isinstance(meet(Side(one), Side(other))[0], Transfer)
    assert one.state() == other.state()


def test_where_nobody_waits_there_is_a_sentence(pair: tuple[Laptop, Laptop]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    visitor = Side(pair[0])
    visitor.visitor(f"127.0.0.1:{port}", f"localhost:{port}")
    assert outcome(visitor.run()) == "nobody"


def test_of_several_addresses_the_one_that_answers_is_taken(pair: tuple[Laptop, Laptop]) -> None:
    one, other = pair
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    host, visitor = Side(one), Side(other)
    with host.host() as waiting:
        running = host.run()
        visitor.visitor(f"127.0.0.1:{closed}", f"127.0.0.1:{waiting.port}")
        assert outcome(visitor.run()) == outcome(running) == Transfer()


def test_a_port_that_is_taken_is_told(pair: tuple[Laptop, Laptop]) -> None:
    with Side(pair[0]).host() as host, pytest.raises(Problem) as caught:
        Side(pair[1]).host(port=host.port)
    assert (caught.value.key, caught.value.values) == ("neighbour.cannot_listen", {"port": host.port})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("192.168.1.7:53211", ("192.168.1.7", 53211)),
        (" 192.168.1.7：53211 ", ("192.168.1.7", 53211)),
        ("１９２.１６８.１.７:５３２１１", ("192.168.1.7", 53211)),
        ("[fe80::1]:8000", ("fe80::1", 8000)),
        ("laptop.local:1", ("laptop.local", 1)),
    ],
)
def test_an_address_is_read_as_people_type_it(text: str, meant: tuple[str, int]) -> None:
    assert split_address(text) == meant


@pytest.mark.parametrize("text", ["", "192.168.1.7", ":80", "host:", "host:0", "host:65536", "host:x", "host:-1"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(Problem) as caught:
        split_address(text)
    assert caught.value.key == "neighbour.bad_address"


# ---- finding each other ----


def test_a_laptop_that_waits_is_found_by_its_name_and_gone_when_it_stops(pair: tuple[Laptop, Laptop]) -> None:
    found: dict[str, Neighbour] = {}
    came, went = threading.Event(), threading.Event()

    # Others may be waiting on the same network just now.
    name, shown = "护士站.一号", "护士站·一号"

    def add(one: Neighbour) -> None:
        found[one.name] = one
        if one.name == shown:
            came.set()

    def remove(name: str) -> None:
        if found.pop(name, None) and name == shown:
            went.set()

    with Browser(add, remove, "127.0.0.1"):
        side = Side(pair[0])
        with Host(side._laptop.party, side.show, name, address="127.0.0.1") as host:
            assert host.is_announced
            assert came.wait(WAIT)
            assert found[shown] == Neighbour(shown, [f"127.0.0.1:{host.port}"])
        assert went.wait(WAIT)
