"""Devices and servers that mean harm: a device gets nothing in and nothing out, a server convinces nobody of anything.

The hostile device belongs to the county: somebody stole it, or its owner went astray. What is not signed by anybody whom
the county knows is refused earlier (`test_county_server.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import msgspec
import pytest

from storage.archive import Archive
from storage.records import Draft
from sync import packing
from sync.changes import Change, encode_payload
from sync.county.limits import Limits
from sync.county.office import County
from sync.crypto import SIGNATURE_SIZE, Signer, seal
from sync.engine import Refusal, meet
from sync.ids import new_stream_id
from sync.papers import (
    Agreement,
    Certificate,
    Erasure,
    Founding,
    Grant,
    Receipt,
    Revocation,
    read_paper,
    write_grant,
    write_paper,
)
from sync.scopes import founded_id
from sync.segments import (
    MAX_SEGMENT,
    NO_ENVELOPES,
    Body,
    Envelope,
    Header,
    Point,
    ScopeKey,
    Segment,
    Tail,
    _capsule_bound,
    _capsule_nonce,
    _segment_key,
    read_header,
    seal_segment,
)
from sync.store import FORK, REVOKED, Appended, Overview, SegmentStore, state_digest
from sync.transports.folder import FolderStore
from sync.transports.frames import join, join_segments
from sync.wire import encode
from tests.county.inside import serving_inside
from tests.county.served import Caller, Served, add_person, refusal

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop

ACTOR = b"a" * 16


class Scene(NamedTuple):
    """Two colleagues at a served county, and a device of another station that means them harm."""

    served: Served
    ours: Archive
    colleague: Archive
    hostile: Archive
    caller: Caller

    @property
    def scope(self) -> bytes:
        return self.ours.device.scope

    @property
    def store(self) -> SegmentStore:
        return self.served.county.store


@pytest.fixture(scope="module")
def scene(workshop: Workshop) -> Iterator[Scene]:
    with workshop.station() as station, serving_inside(station.county) as url, workshop.archive(2) as hostile:
        served = Served(station, url)
        workshop.join(hostile, station.county, "别的卫生院")
        ours, colleague = station.archives
        add_person(ours, "李雷")
        for archive in (ours, colleague, ours, colleague, hostile):
            served.meet(archive)
        with Caller(station.county, hostile.device.signer, hostile.device.scope, url) as caller:
            yield Scene(served, ours, colleague, hostile, caller)


@contextmanager
def unharmed(scene: Scene) -> Iterator[None]:
    """Whatever happens inside: what the county has is the same afterwards, and so is what our archives say."""

    def everything() -> list[Any]:
        scopes = [scene.scope, scene.hostile.device.scope]
        held = [msgspec.structs.replace(scene.store.overview(one), receipt=b"") for one in scopes]
        return [held, scene.ours.state_hash(), scene.ours.verify(), scene.served.county.devices()[:2]]

    def without_visits(said: list[Any]) -> list[Any]:
        return [*said[:3], [msgspec.structs.replace(one, seen=None) for one in said[3]]]

    before = without_visits(everything())
    yield
    for archive in (scene.ours, scene.colleague):
        scene.served.meet(archive)
    assert without_visits(everything()) == before


def posted(answer: httpx.Response) -> tuple[int, str]:
    """How many segments were taken, and why not the next one."""
    assert answer.status_code == 200, answer.content
    taken, reason, *_ = msgspec.msgpack.decode(answer.content)
    return taken, reason


def change(archive: Archive, **other: Any) -> Change:
    given = {"record": archive.new_id(), "type": "alert", "person": None, "fields": {"level": "red"}, **other}
    return Change(schema=1, actor=ACTOR, time=1, **given)


def segment(archive: Archive, *changes: Change, tail: Tail | None = None, scope: bytes = b"") -> Segment:
    """A segment by a device, in a stream of its own, or in one that is none of its own."""
    scope_key = archive.device.scopes.key(archive.device.scope)
    assert scope_key is not None
    tail = tail or Tail.of_new(new_stream_id(archive.device.id))
    key = scope_key._replace(scope=scope or scope_key.scope)
    signer = archive.device.signer
    return Segment(
        seal_segment(changes or [change(archive)], tail, scope_key=key, signer=signer, keys={}), NO_ENVELOPES
    )


# ---- a hostile device: nothing goes in ----


def test_a_segment_in_somebody_elses_stream_is_refused_whoever_signs_it(scene: Scene) -> None:
    stream = scene.ours.device.stream[1]
    with unharmed(scene):
        end = scene.store.read(scene.scope, stream, 1)[-1]
        header = read_header(end.data)
        after = Tail(stream, header.seq - 1, header.previous, header.first).after(header, end.data)
        theirs = segment(scene.hostile, tail=after)
        assert posted(scene.caller.call("POST", "/segments", join_segments([theirs]))) == (0, "sync.refused_device")
        crossed = segment(scene.hostile, tail=after, scope=scene.scope)
        assert posted(scene.caller.call("POST", "/segments", join_segments([crossed]))) == (0, "sync.refused_scope")
        # Brought to the laptops themselves, past the server.
        assert scene.ours.meeting.append(scene.scope, [crossed])[:2] == (0, "sync.refused_signature")
        assert scene.ours.meeting.append(scene.scope, [theirs])[:2] == (0, "sync.refused_scope")


def test_a_forged_signature_is_refused_in_a_stream_of_ones_own_as_well(scene: Scene) -> None:
    data = segment(scene.hostile).data
    forged = Segment(data[:-SIGNATURE_SIZE] + secrets.token_bytes(SIGNATURE_SIZE), NO_ENVELOPES)
    with unharmed(scene):
        assert posted(scene.caller.call("POST", "/segments", join_segments([forged]))) == (0, "sync.refused_signature")


def test_calls_into_the_scope_of_another_station_are_refused(scene: Scene) -> None:
    own = scene.caller.scope
    scene.caller.scope = scene.scope
    try:
        with unharmed(scene):
            for method, path, body in (
                ("POST", "/segments", join_segments([segment(scene.hostile)])),
                ("POST", "/papers", join([scene.hostile.device.certificate_paper])),
                ("GET", "", b""),
                ("GET", f"/segments?stream={scene.ours.device.stream[1].hex()}&start=1", b""),
                ("GET", f"/papers?ids={scene.store.overview(scene.scope).papers[0].hex()}", b""),
            ):
                answer = scene.caller.call(method, path, body)
                assert refusal(answer) == (403, "sync.not_a_member"), (method, path)
    finally:
        scene.caller.scope = own


def test_what_is_in_another_scope_cannot_be_read_through_ones_own(scene: Scene) -> None:
    stream, papers = scene.ours.device.stream[1].hex(), scene.store.overview(scene.scope).papers
    assert scene.caller.call("GET", f"/segments?stream={stream}&start=1").content == b""
    wanted = ",".join(paper.hex() for paper in papers)
    assert scene.caller.call("GET", f"/papers?ids={wanted}").content == b""


def test_a_call_of_somebody_else_played_again_does_nothing_new_and_proves_nothing_else(scene: Scene) -> None:
    add_person(scene.ours, "韩梅")
    scene.ours.meeting.seal()
    stream = scene.ours.device.stream[1]
    body = join_segments(scene.ours.meeting.read(scene.scope, stream, 1))
    with Caller(scene.served.county, scene.ours.device.signer, scene.scope, scene.served.url) as caller:
        first = caller.call("POST", "/segments", body)
        proof = first.request.headers["Authorization"]
    assert posted(first)[1] == ""
    target = f"/v1/scopes/{scene.scope.hex()}"
    with unharmed(scene):
        again = scene.caller.client.post(f"{target}/segments", content=body, headers={"Authorization": proof})
        assert posted(again)[1] == ""
        for method, path, content in (
            ("POST", f"{target}/segments", join_segments([segment(scene.hostile)])),
            ("POST", f"{target}/papers", body),
            ("GET", f"{target}/segments?stream={stream.hex()}&start=1", b""),
            ("GET", target, b""),
        ):
            answer = scene.caller.client.request(method, path, content=content, headers={"Authorization": proof})
            assert refusal(answer) == (401, "sync.unknown_device"), path


def test_what_is_too_large_is_refused_and_not_kept(scene: Scene) -> None:
    limit = Limits().body
    huge = Segment(b"XYS1" + bytes(MAX_SEGMENT), NO_ENVELOPES)
    with unharmed(scene):
        assert posted(scene.caller.call("POST", "/segments", join_segments([huge]))) == (0, "sync.refused_unreadable")
        assert refusal(scene.caller.call("POST", "/segments", bytes(limit + 1))) == (413, "sync.too_large")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/scopes/..%2f..%2fetc",
        "/v1/scopes/%2e%2e/segments",
        "/v1/scopes/{scope}/../{other}",
        "/v1/scopes/{other}%00",
        "/v1/scopes/{scope}%2f..%2f{other}",
        "/v1/scopes/{upper}",
        "/v1/scopes/{scope}/segments?stream=../../{stream}&start=1",
        "/v1/scopes/{scope}/segments?stream={stream}%0a&start=1",
        "/v1/scopes/{scope}/segments?stream={stream}&start=1&start=2&stream=x",
        "/v1/scopes/{scope}/papers?ids={other}%0a",
        "/v1/scopes/{scope}/papers?ids=*",
        "/v1/scopes/{scope}/papers?ids=';--",
        "/v1/pieces/..%2f{other}",
    ],
)
def test_tricks_with_paths_lead_nowhere(scene: Scene, target: str) -> None:
    upper = scene.hostile.device.scope.hex().upper()
    names = {"scope": scene.caller.scope.hex(), "other": scene.scope.hex(), "upper": upper}
    path = target.format(**names, stream=scene.ours.device.stream[1].hex())
    with unharmed(scene):
        answer = signed(scene, "GET", path)
        assert answer.status_code in {403, 404, 405, 422}, answer.content
        assert answer.json().keys() == {"problem"}


def signed(scene: Scene, method: str, target: str) -> httpx.Response:
    """A call to any target, as the HTTP library puts it on the line, proved by the hostile device."""
    from sync.requests import Call, authorization

    request = scene.caller.client.build_request(method, target)
    proof = authorization(
        Call(scene.caller.server, method, request.url.raw_path.decode(), b""), scene.hostile.device.signer
    )
    request.headers["Authorization"] = proof
    return scene.caller.client.send(request)


def test_odd_names_on_a_stick_are_passed_over(scene: Scene, tmp_path: Path) -> None:
    for name in ("..%2f..", "A" * 32, "0" * 31, "0" * 33, "papers", "0" * 32 + ".."):
        (tmp_path / "xinyi" / name / "papers").mkdir(parents=True)
        (tmp_path / "xinyi" / name / "papers" / f"{'0' * 32}.ppr").write_bytes(b"XYP1")
    inside = tmp_path / "xinyi" / scene.scope.hex()
    for name in ("papers", "f" * 47, "f" * 48, "F" * 48, "..."):
        (inside / name).mkdir(parents=True, exist_ok=True)
        (inside / name / "00000001.seg").write_bytes(b"XYS1" + bytes(100))
        (inside / name / "00000001.env").write_bytes(bytes(40))
    with unharmed(scene):
        assert meet(scene.ours.meeting, FolderStore(tmp_path)).received == 0


# ---- a hostile colleague: what a member can send is kept, and costs nobody anything ----


@pytest.fixture
def pair(station: Station) -> Station:
    """Two colleagues of whom one means harm."""
    for archive in station.archives * 2:
        meet(archive.meeting, station.server)
    return station


def goes_on(pair: Station) -> None:
    """Everything else goes on for whoever got it."""
    ours, hostile = pair.archives
    person = add_person(ours, "李雷")
    assert meet(ours.meeting, pair.server).refused == []
    assert meet(hostile.meeting, pair.server).refused == []
    assert ours.get("person", person) is not None
    assert hostile.get("person", person) is not None
    assert ours.verify() == []


def packed_body(archive: Archive, payloads: Sequence[bytes], person: bytes | None = None) -> bytes:
    count = len(payloads)
    ids = [archive.new_id() for _ in payloads]
    body = Body(ids, [person] * count, ["alert"] * count, [1] * count, [ACTOR] * count, [1] * count, list(payloads))
    return packing.pack_body(encode(body))


def hand_made(archive: Archive, packed: Callable[[bytes], bytes], count: int = 1) -> Segment:
    """A segment of which the body is whatever `packed` makes for the stream."""
    scope_key = archive.device.scopes.key(archive.device.scope)
    assert scope_key is not None
    tail = Tail.of_new(new_stream_id(archive.device.id))
    header = Header(1, scope_key.scope, tail.stream, 1, tail.hash, 1, count, scope_key.epoch, packing.DICTIONARY, 1)
    encoded = encode(header)
    start = b"XYS1" + len(encoded).to_bytes(2, "big") + encoded
    data = start + seal(_segment_key(scope_key.key, header), packed(tail.stream), start)
    return Segment(data + archive.device.signer.sign(b"xinyi segment 1", data), NO_ENVELOPES)


def test_a_body_that_would_unpack_to_gigabytes_stays_packed(pair: Station) -> None:
    ours, hostile = pair.archives
    bomb = hand_made(hostile, lambda _: packing.pack_body(bytes(200 * 1024 * 1024)))
    assert len(bomb.data) < 64 * 1024
    assert pair.server.append(ours.device.scope, [bomb])[:2] == (1, "")
    meet(ours.meeting, pair.server)
    assert ours.meeting.backlog().locked == 1
    goes_on(pair)


def test_a_capsule_that_would_unpack_to_gigabytes_is_one_change_that_cannot_be_read(pair: Station) -> None:
    ours, hostile = pair.archives
    person = add_person(hostile, "韩梅")
    for archive in (hostile, ours):
        meet(archive.meeting, pair.server)
    (key,) = hostile._connection.execute("SELECT key FROM person_key WHERE person = ?", (person,)).fetchone()
    record = hostile.new_id()

    def packed(stream: bytes) -> bytes:
        capsule = packing.Packer().pack(bytes(200 * 1024 * 1024))
        sealed = seal(key, capsule, _capsule_bound(record, person), _capsule_nonce(stream, 1))
        good = encode_payload({"level": "red"}, {})
        body = Body(
            [record, hostile.new_id()], [person, None], ["alert"] * 2, [1] * 2, [ACTOR] * 2, [1] * 2, [sealed, good]
        )
        return packing.pack_body(encode(body))

    assert pair.server.append(ours.device.scope, [hand_made(hostile, packed, 2)])[:2] == (1, "")
    meet(ours.meeting, pair.server)
    assert ours.meeting.backlog().unreadable == 1
    assert len(ours.find("alert")) == 1, "what stands beside it can be read"
    goes_on(pair)


def test_a_flood_of_envelopes_makes_nobody(pair: Station) -> None:
    ours, hostile = pair.archives
    flood = encode([Envelope(secrets.token_bytes(16), bytes(48)) for _ in range(50_000)])
    poured = Segment(segment(hostile).data, flood)
    assert pair.server.append(ours.device.scope, [poured])[:2] == (1, "")
    meet(ours.meeting, pair.server)
    assert ours._connection.execute("SELECT count(*) FROM person_key").fetchone() == (0,)
    assert len(ours.find("alert")) == 1
    goes_on(pair)


def test_an_epoch_that_would_leave_no_room_for_others_is_not_taken(pair: Station) -> None:
    ours, hostile = pair.archives
    own = ours.device.certificate
    assert own is not None
    far = write_grant(ScopeKey(ours.device.scope, 2**31 - 1, b"e" * 32), own, hostile.device.signer)
    ours.meeting.add_papers(ours.device.scope, [far])
    pair.county.revoke(hostile.device.id.hex())
    add_person(ours, "李雷")
    meet(ours.meeting, pair.server)
    add_person(ours, "韩梅")
    assert {one.reason for one in meet(ours.meeting, pair.server).refused} <= {REVOKED}
    assert ours.meeting.backlog().waiting == 0
    assert b"e" * 32 not in {one.key for one in ours.device.scopes.keys(ours.device.scope).values()}


def test_a_thief_cannot_pass_off_another_past_of_the_device_that_was_stolen(
    pair: Station, workshop: Workshop, tmp_path: Path
) -> None:
    """The revocation names the very segment that is the last to count; a newcomer gets the thief's stick first."""
    ours, stolen = pair.archives
    add_person(stolen, "真的见过的人")
    meet(stolen.meeting, pair.server)
    stream, scope = stolen.device.stream[1], ours.device.scope
    pair.county.revoke(stolen.device.id.hex())
    forged = segment(stolen, tail=Tail.of_new(stream))
    with workshop.open(workshop.copy(tmp_path, 3), 3) as newcomer:
        workshop.join(newcomer, pair.county)
        newcomer.meeting.add_papers(scope, pair.server.read_papers(scope, pair.server.overview(scope).papers))
        assert newcomer.meeting.append(scope, [forged])[:2] == (0, REVOKED)
    with workshop.open(workshop.copy(tmp_path / "later", 4), 4) as unaware:
        workshop.join(unaware, pair.county)
        assert unaware.meeting.append(scope, [forged])[:2] == (1, "")
        for archive in (unaware, ours, unaware):
            meet(archive.meeting, pair.server)
        assert {record.fields["name"] for record in unaware.find("person")} == {"真的见过的人"}
        assert unaware.find("alert") == []
        assert unaware.state_hash() == ours.state_hash()


# ---- papers of a hostile device ----


def test_nobody_gets_a_key_by_a_paper_of_their_own(scene: Scene) -> None:
    hostile, scope = scene.hostile.device, scene.scope
    own = hostile.certificate
    assert own is not None
    selves = msgspec.structs.replace(own, scope=scope, station_name=scene.ours.device.names.station)
    papers = [
        write_grant(ScopeKey(scope, 1, b"f" * 32), own, hostile.signer),
        write_paper(selves, hostile.signer),
        hostile.certificate_paper,
    ]
    before = {one.recipient for one in scene.ours.device.papers(Grant)}
    with unharmed(scene):
        scene.served.county.store.add_papers(scope, papers)
        scene.ours.meeting.add_papers(scope, papers)
        scene.ours.meeting.settle()
        assert {one.recipient for one in scene.ours.device.papers(Grant)} == before
        assert hostile.id not in {one.device for one in scene.ours.device.papers(Certificate)}


def test_nobody_founds_anything_for_others(scene: Scene) -> None:
    hostile = scene.hostile.device
    assert hostile.certificate is not None
    own = (hostile.certificate.station, hostile.certificate.station_name)
    assert scene.ours.device.certificate is not None
    ours = (scene.ours.device.certificate.station, scene.ours.device.certificate.station_name)
    nonce = b"n" * 16
    scope = founded_id(hostile.id, nonce)
    attempts = {
        "without the founder's station": Founding(scope, "referral", hostile.id, nonce, [ours, (b"t" * 16, "第三家")]),
        "under another name": Founding(scope, "referral", hostile.id, nonce, [(own[0], "县人民医院"), ours]),
        "with a name of ours that is not": Founding(scope, "referral", hostile.id, nonce, [own, (ours[0], "别的名字")]),
        "in place of a station's own": Founding(scene.scope, "referral", hostile.id, nonce, [own, ours]),
        "as if it were a station's own": Founding(scope, "station", hostile.id, nonce, [own, ours]),
        "of a kind that there is not": Founding(scope, "anything", hostile.id, nonce, [own, ours]),
        "in our name": Founding(scope, "referral", scene.ours.device.id, nonce, [own, ours]),
    }
    known = scene.ours.meeting.scopes()
    for how, founding in attempts.items():
        paper = write_paper(founding, hostile.signer)
        with unharmed(scene):
            scene.caller.scope = founding.scope
            scene.caller.call("POST", "/papers", join([paper]))
            scene.caller.scope = hostile.scope
            scene.ours.meeting.add_papers(founding.scope, [hostile.certificate_paper, paper])
            assert scene.ours.meeting.scopes() == known, how
        assert not scene.served.county.store.is_founded(scope), how


def test_nobody_erases_the_people_of_another_station(scene: Scene) -> None:
    (person, *_) = [record.id for record in scene.ours.find("person")]
    hostile, scope = scene.hostile.device, scene.scope
    papers = [
        write_paper(Erasure(scope, person, hostile.id), hostile.signer),
        write_paper(Erasure(scope, person, scene.ours.device.id), hostile.signer),
        write_paper(Erasure(hostile.scope, person, hostile.id), hostile.signer),
    ]
    before = [
        segment for stream in scene.store.overview(scope).vector for segment in scene.store.read(scope, stream, 1)
    ]
    scene.caller.call("POST", "/papers", join(papers))
    scene.served.county.store.add_papers(scope, papers)
    scene.ours.meeting.add_papers(scope, papers)
    with unharmed(scene):
        after = [part for stream in scene.store.overview(scope).vector for part in scene.store.read(scope, stream, 1)]
        assert after == before
        assert scene.ours.get("person", person) is not None


# ---- a hostile server ----


class Lying:
    """A server that says and does what it is told to, and is honest otherwise."""

    def __init__(self, store: SegmentStore, **lies: Callable[..., Any]) -> None:
        self._store = store
        self._lies = lies

    def __getattr__(self, name: str) -> Any:
        return self._lies.get(name) or getattr(self._store, name)


def receipt_by(signer: Signer, scope: bytes, points: Iterable[tuple[bytes, Point]]) -> bytes:
    return write_paper(Receipt(signer.id, b"i" * 16, scope, sorted(points)), signer)


def test_a_server_that_says_it_took_what_it_threw_away_is_sent_it_again(pair: Station) -> None:
    """It cannot sign for what it has without having it: the points of its receipt are those of the real segments."""
    ours, _ = pair.archives
    add_person(ours, "李雷")

    def throw_away(scope: bytes, segments: Sequence[Segment]) -> Appended:
        return Appended(len(segments), "", pair.server.overview(scope).receipt)

    meet(ours.meeting, Lying(pair.server, append=throw_away))
    assert ours.meeting.backlog().waiting == 1
    assert meet(ours.meeting, pair.server).sent == 1
    assert ours.meeting.backlog().waiting == 0


def test_receipts_and_agreements_that_are_forged_or_about_something_else_promise_nothing(pair: Station) -> None:
    ours, colleague = pair.archives
    add_person(ours, "李雷")
    ours.meeting.seal()
    scope, stream = ours.device.scope, ours.device.stream[1]
    here = ours.meeting.overviews({})
    true, thief, server = here[scope].vector[stream], Signer.generate(), pair.county.server
    agreement = Agreement(server.id, b"i" * 16, state_digest(here))
    for lie in (
        receipt_by(thief, scope, [(stream, true)]),
        receipt_by(colleague.device.signer, scope, [(stream, true)]),
        receipt_by(server, b"o" * 16, [(stream, true)]),
        receipt_by(server, scope, [(stream, true._replace(mark=b"another!"))]),
        receipt_by(server, scope, [(stream, Point(99, true.mark))]),
        receipt_by(server, scope, [(b"s" * 24, true)]),
        write_paper(agreement, thief),
        write_paper(msgspec.structs.replace(agreement, state=state_digest({})), server),
        write_paper(msgspec.structs.replace(agreement, state=bytes(32)), server),
        b"XYP1" + bytes(200),
    ):
        ours.meeting.acknowledge(lie)
        assert ours.meeting.backlog().waiting == 1
    ours.meeting.acknowledge(write_paper(agreement, server))
    assert ours.meeting.backlog().waiting == 0, "the honest one counts"


def test_old_answers_played_again_make_work_wait_again_and_never_look_safe(pair: Station) -> None:
    ours, _ = pair.archives
    add_person(ours, "李雷")
    meet(ours.meeting, pair.server)
    old = {ours.device.scope: pair.server.overview(ours.device.scope)}
    add_person(ours, "韩梅")
    meet(ours.meeting, pair.server)
    assert ours.meeting.backlog().waiting == 0
    add_person(ours, "林涛")

    def forgets(scope: bytes, segments: Sequence[Segment]) -> Appended:
        return Appended(len(segments), "", old[scope].receipt)

    meet(ours.meeting, Lying(pair.server, overviews=lambda _: old, append=forgets))
    assert ours.meeting.backlog().waiting == 2, "one that it once had and one that it never had"
    meet(ours.meeting, pair.server)
    assert ours.meeting.backlog().waiting == 0


def test_a_server_that_keeps_segments_back_is_told_of(pair: Station) -> None:
    ours, colleague = pair.archives
    add_person(colleague, "韩梅")
    meet(colleague.meeting, pair.server)
    refused = meet(ours.meeting, Lying(pair.server, read=lambda *_: [])).refused
    assert refused == [Refusal(colleague.device.stream[1], 1, "sync.refused_missing")]
    assert ours.find("person") == []
    meet(ours.meeting, pair.server)
    assert len(ours.find("person")) == 1


def test_what_a_server_keeps_back_without_a_word_comes_by_any_other_way(pair: Station) -> None:
    """A revocation as well: it is the county's word, whoever brings it."""
    ours, lost = pair.archives
    scope = ours.device.scope
    before = pair.server.overviews({scope: pair.server.overview(scope)})
    pair.county.revoke(lost.device.id.hex())
    meet(ours.meeting, Lying(pair.server, overviews=lambda _: before))
    assert ours.meeting.membership.ends(scope) == {}
    (pair.folder / "stick").mkdir()
    stick = FolderStore(pair.folder / "stick")
    stick.add_papers(scope, pair.server.read_papers(scope, pair.server.overview(scope).papers))
    meet(ours.meeting, stick)
    assert set(ours.meeting.membership.ends(scope)) == {lost.device.id}


def test_two_pasts_of_one_stream_are_noticed_as_soon_as_two_who_were_told_them_meet(
    workshop: Workshop, tmp_path: Path
) -> None:
    """The server knows both sides of a fork, and tells each colleague another one."""
    with workshop.station(3) as station:
        ours, other, cloned = station.archives
        for archive in station.archives * 2:
            meet(archive.meeting, station.server)
        scope, tail = ours.device.scope, Tail.of_new(cloned.device.stream[1])
        sides = [segment(cloned, tail=tail) for _ in range(2)]
        for archive, side in zip((ours, other), sides, strict=True):
            told = Overview({tail.stream: tail.after(read_header(side.data), side.data).point}, [])
            lies: Mapping[str, Any] = {
                "overviews": lambda _, told=told: {scope: told},
                "read": lambda *_, side=side: [side],
                "append": lambda *_: Appended(0, "sync.refused_gap"),
            }
            meet(archive.meeting, Lying(station.server, **lies))
        stick = FolderStore(tmp_path)
        assert meet(ours.meeting, stick).refused == []
        assert Refusal(tail.stream, 1, FORK) in meet(other.meeting, stick).refused
        assert Refusal(tail.stream, 1, FORK) in meet(other.meeting, ours.meeting).refused
        assert [len(archive.find("alert")) for archive in (ours, other)] == [1, 1]


def test_papers_that_a_server_makes_up_change_nobodys_standing(pair: Station, tmp_path: Path) -> None:
    ours, colleague = pair.archives
    scope, server = ours.device.scope, pair.county.server
    own = ours.device.certificate
    assert own is not None
    elsewhere = County.init(tmp_path / "elsewhere", "别的县")
    foreign = Signer((elsewhere.folder / "county.key").read_bytes())
    elsewhere.close()
    spy = Signer.generate()
    made_up = msgspec.structs.replace(own, device=spy.id, signing_key=spy.public_key, serial=2**62)
    revoked = Revocation(own.county, colleague.device.id, 2**62, [], extends=False)
    papers = [
        *(write_paper(made_up, signer) for signer in (server, foreign, spy)),
        write_paper(msgspec.structs.replace(made_up, county=foreign.id), foreign),
        *(write_paper(revoked, signer) for signer in (server, foreign, colleague.device.signer)),
        write_paper(msgspec.structs.replace(revoked, county=foreign.id), foreign),
        write_paper(Erasure(scope, ours.new_id(), colleague.device.id), server),
        receipt_by(server, scope, []),
        pair.county.server_paper,
    ]
    before = ours.meeting.overview(scope), ours.meeting.membership.standings(scope)
    meet(ours.meeting, Lying(pair.server, read_papers=lambda *_: papers))
    ours.meeting.add_papers(scope, papers)
    ours.meeting.settle()
    assert (ours.meeting.overview(scope), ours.meeting.membership.standings(scope)) == before
    assert [read_paper(papers[0], Certificate).device, ours.meeting.membership.is_revoked()] == [spy.id, False]


def test_a_server_that_rolls_back_shows_as_work_that_waits_and_gets_it_again(pair: Station) -> None:
    ours, colleague = pair.archives
    person = add_person(ours, "李雷")
    meet(ours.meeting, pair.server)
    scope = ours.device.scope
    fate = ours.fates.of(person)
    assert fate is not None
    assert fate.state == "received"
    empty = Overview({}, [], receipt_by(pair.county.server, scope, []))
    lost = Lying(pair.server, overviews=lambda _: {scope: empty}, append=lambda *_: Appended(0, "sync.refused_gap"))
    refused = meet(ours.meeting, lost).refused
    assert Refusal(ours.device.stream[1], 1, "sync.refused_gap") in refused
    fate = ours.fates.of(person)
    assert fate is not None
    assert (ours.meeting.backlog().waiting, fate.state) == (1, "unsent")
    meet(ours.meeting, pair.server)
    assert ours.meeting.backlog().waiting == 0
    meet(colleague.meeting, pair.server)
    assert len(colleague.find("person")) == 1


def test_a_server_learns_nothing_of_what_it_carries(pair: Station) -> None:
    ours, _ = pair.archives
    person = add_person(ours, "欧阳青青青")
    ours.save([Draft.new("alert", ours.new_id(), {"level": "red", "why": "想过不如死了算了"}, person=person)])
    meet(ours.meeting, pair.server)
    scope = ours.device.scope
    held = [part for stream in pair.server.overview(scope).vector for part in pair.server.read(scope, stream, 1)]
    content = b"".join(part.data + part.envelopes for part in held)
    for text in ("欧阳青青青", "想过不如死了算了", "person", "alert", "level"):
        assert text.encode() not in content
    assert ours.user not in content
