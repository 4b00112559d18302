"""What was written once must be read for ever: fixed bytes in `tests/vectors`, and what they say.

A test that fails here means that archives, sticks and servers in use could not be read any more.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from storage.fold import MODULUS, Stored, fold
from storage.keys import RECOVERY_SLOT, Unlocked, open_recovery, open_slots, read_slots, trust_mark
from storage.notebook import fingerprint, holder_id, open_note, own_key, seal_note, take
from storage.recovery_code import read
from sync.changes import Change, ChangeId
from sync.crypto import Recipient, Signer, digest, key_id
from sync.engine import Refusal, reconcile
from sync.papers import (
    Admission,
    Agreement,
    Certificate,
    Erasure,
    Founding,
    Grant,
    PaperBody,
    Receipt,
    Request,
    Revocation,
    Server,
    armour,
    ends_since,
    open_certificate,
    open_founding,
    open_grant,
    open_paper,
    open_request,
    open_revocation,
    paper_id,
    paper_kind,
    unarmour,
    write_paper,
)
from sync.requests import Call, authorization, claimed_device, is_genuine
from sync.scopes import founded_id, new_record, prefix_in, prefix_of
from sync.segments import (
    Opened,
    Point,
    ScopeKey,
    Segment,
    Tail,
    check_signature,
    open_envelopes,
    open_segment,
    read_header,
    seal_envelopes,
)
from sync.store import REFUSALS, Gate, Overview, end_of, state_digest
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Station

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
KINDS: dict[str, type[PaperBody]] = {
    "request": Request,
    "certificate": Certificate,
    "server": Server,
    "receipt": Receipt,
    "admission": Admission,
}
LATER_KINDS: dict[str, type[PaperBody]] = {
    "revocation": Revocation,
    "founding": Founding,
    "agreement": Agreement,
    "erasure": Erasure,
}


def vector(name: str) -> dict[str, Any]:
    return msgspec.json.decode((VECTORS / name).read_bytes(), type=dict[str, Any])


def value(written: Any) -> Any:
    """JSON has no bytes; they are written as an object with the one name ``hex``."""
    if isinstance(written, dict):
        if written.keys() == {"hex"}:
            return bytes.fromhex(written["hex"])
        return {name: value(inner) for name, inner in written.items()}
    return [value(inner) for inner in written] if isinstance(written, list) else written


def change(written: dict[str, Any]) -> Change:
    return Change(
        record=bytes.fromhex(written["record"]),
        type=written["type"],
        schema=written["schema"],
        person=bytes.fromhex(written["person"]) if written["person"] else None,
        actor=bytes.fromhex(written["actor"]),
        time=written["time"],
        fields=value(written["fields"]),
        base={
            field: tuple(ChangeId(bytes.fromhex(stream), ordinal) for stream, ordinal in ids)
            for field, ids in written["base"].items()
        },
    )


@pytest.mark.parametrize(("name", "dictionary"), [("segment-1.json", 1), ("segment-2.json", 2)])
def test_a_segment_opens_whatever_dictionary_it_was_packed_with(name: str, dictionary: int) -> None:
    said = vector(name)
    data, envelopes = bytes.fromhex(said["data"]), bytes.fromhex(said["envelopes"])
    scope_key = ScopeKey(bytes.fromhex(said["scope"]), said["epoch"], bytes.fromhex(said["scope_key"]))
    keys = {bytes.fromhex(person): bytes.fromhex(key) for person, key in said["person_keys"].items()}

    check_signature(data, bytes.fromhex(said["device_public_key"]))
    header = read_header(data)
    before = Tail(bytes.fromhex(said["stream"]), said["seq"] - 1, bytes.fromhex(said["previous"]), said["first"])
    assert before.continued_by(header)
    assert before.after(header, data).hash.hex() == said["hash"]
    assert (header.scope, header.epoch, header.suite, header.schema) == (scope_key.scope, scope_key.epoch, 1, 2)
    assert header.dictionary == dictionary
    assert open_envelopes(envelopes, scope_key) == keys
    assert seal_envelopes(keys, scope_key) == envelopes
    opened = open_segment(data, scope_key=scope_key.key, keys_of=lambda _: keys)
    changes = [change(written) for written in said["changes"]]
    assert opened == [Opened(said["first"] + place, one.record, one) for place, one in enumerate(changes)]


@pytest.mark.parametrize("name", KINDS)
def test_a_paper_of_the_first_format_opens(name: str) -> None:
    said = vector("papers-1.json")["papers"][name]
    data, kind = bytes.fromhex(said["data"]), KINDS[name]
    body = open_paper(data, kind, bytes.fromhex(said["signed_by"]))
    assert (paper_kind(data), paper_id(data).hex()) == (said["kind"], said["id"])
    fields = {field: getattr(body, field) for field in body.__struct_fields__}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fields)) == value(said["body"])


def test_papers_are_signed_over_the_same_bytes_as_ever() -> None:
    said = vector("segment-1.json"), vector("papers-1.json")
    device = Signer(bytes.fromhex(said[0]["device_private_key"]))
    data = bytes.fromhex(said[1]["papers"]["request"]["data"])
    assert write_paper(open_request(data), device) == data


@pytest.mark.parametrize("name", LATER_KINDS)
def test_a_paper_of_the_later_kinds_opens_and_is_written_the_same(name: str) -> None:
    said = vector("papers-2.json")["papers"][name]
    data, kind = bytes.fromhex(said["data"]), LATER_KINDS[name]
    body = open_paper(data, kind, bytes.fromhex(said["signed_by"]))
    assert (paper_kind(data), paper_id(data).hex()) == (said["kind"], said["id"])
    fields = {field: getattr(body, field) for field in body.__struct_fields__}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fields)) == value(said["body"])
    assert write_paper(body, Signer(digest(f"xinyi vector {said['seed']}".encode()))) == data


@pytest.mark.parametrize("name", vector("papers-2.json")["ends"])
def test_the_streams_of_a_device_that_was_revoked_several_times_end_where_they_ever_did(name: str) -> None:
    said = vector("papers-2.json")["ends"][name]
    revocations = [
        Revocation(bytes(16), bytes(16), paper["serial"], list(points(paper["ends"]).items()), paper["extends"])
        for paper in said["revocations"]
    ]
    expected = None if said["ends"] is None else points(said["ends"])
    assert ends_since(said["certified"], revocations) == expected
    assert ends_since(said["certified"], revocations[::-1]) == expected


def points(written: list[tuple[str, int, str]]) -> dict[bytes, Point]:
    return {bytes.fromhex(stream): Point(seq, bytes.fromhex(mark)) for stream, seq, mark in written}


def test_a_revocation_and_a_founding_are_believed_by_whom_they_must_be_signed() -> None:
    said = vector("papers-2.json")
    county = bytes.fromhex(said["papers"]["revocation"]["signed_by"])
    revocation = open_revocation(bytes.fromhex(said["papers"]["revocation"]["data"]), county)
    certificate = open_certificate(bytes.fromhex(said["certificate"]), county)
    assert revocation.device == certificate.device
    assert revocation.serial > certificate.serial
    founding = open_founding(bytes.fromhex(said["papers"]["founding"]["data"]), certificate)
    assert founding.scope.hex() == said["founded"]["scope"]


def test_the_id_of_a_scope_and_the_beginning_of_its_records_follow_as_ever() -> None:
    said = vector("papers-2.json")
    founded, prefix = said["founded"], said["prefix"]
    scope = founded_id(bytes.fromhex(founded["founder"]), bytes.fromhex(founded["nonce"]))
    assert scope.hex() == founded["scope"] == prefix["scope"]
    assert prefix_of(scope).hex() == prefix["record"]
    record = new_record(scope, 0)
    assert prefix_in(record) == bytes.fromhex(prefix["record"]) == record[:8]


def test_the_next_epoch_is_a_number_of_the_next_generation(station: Station) -> None:
    said = vector("papers-2.json")["epochs"]
    (ours, _), scopes = station.archives, station.archives[0].device.scopes
    assert [*scopes.keys(ours.device.scope)] == [said["first"]]
    for place in said["next"]:
        scopes.add_key(ScopeKey(ours.device.scope, place["newest"], bytes(32)))
        ours.meeting.membership._begin_epoch(ours.device.scope)
        assert place["least"] <= max(scopes.keys(ours.device.scope)) <= place["greatest"]


def test_what_two_hold_who_hold_the_same_has_the_same_digest_as_ever() -> None:
    said = vector("papers-2.json")["state"]
    overviews = {
        bytes.fromhex(one["scope"]): Overview(
            points(one["vector"]),
            [bytes.fromhex(paper) for paper in one["papers"]],
        )
        for one in said["overviews"]
    }
    assert state_digest(overviews).hex() == said["digest"]
    turned = {
        scope: Overview(dict(reversed(one.vector.items())), one.papers[::-1], b"any receipt")
        for scope, one in reversed(overviews.items())
    }
    assert state_digest(turned).hex() == said["digest"]


# ---- what is refused, and why ----

REFUSED = vector("refusals-1.json")


@pytest.mark.parametrize("name", REFUSED["offers"])
def test_a_store_says_the_same_as_ever_to_a_segment(name: str) -> None:
    offer = REFUSED["offers"][name]
    verdict = gate().examine(Segment(bytes.fromhex(offer["data"]), bytes.fromhex(offer["envelopes"])))
    assert (verdict if isinstance(verdict, str) else "") == offer["reason"]


def gate() -> Gate:
    """In front of a store that holds what the vector says."""
    tails: dict[bytes, Tail] = {}
    stored: dict[tuple[bytes, int], bytes] = {}
    for data in map(bytes.fromhex, REFUSED["stored"]):
        header = read_header(data)
        tails[header.stream] = tails.get(header.stream, Tail.of_new(header.stream)).after(header, data)
        stored[header.stream, header.seq] = data
    ends = {bytes.fromhex(device): points(streams) for device, streams in REFUSED["ends"].items()}
    keys = {key_id(key): key for key in map(bytes.fromhex, REFUSED["members"])}
    return Gate(
        bytes.fromhex(REFUSED["scope"]),
        tail_of=lambda stream: tails.get(stream, Tail.of_new(stream)),
        key_of=keys.get,
        stored=lambda stream, seq: stored.get((stream, seq)),
        end_of=lambda stream: end_of(ends, stream),
    )


class Promising(FolderStore):
    """Says that it has a segment of a stream."""

    promised: dict[bytes, Point]

    def overview(self, scope: bytes) -> Overview:
        return msgspec.structs.replace(super().overview(scope), vector=self.promised)


def test_a_segment_that_a_store_speaks_of_and_does_not_give_is_missing(tmp_path: Path) -> None:
    said = REFUSED["missing"]
    stream, (seq, mark) = bytes.fromhex(said["stream"]), said["says"]
    theirs = Promising(tmp_path)
    theirs.promised = {stream: Point(seq, bytes.fromhex(mark))}
    transfer = reconcile(FolderStore(tmp_path), theirs, bytes.fromhex(REFUSED["scope"])).transfer
    assert transfer.refused == [Refusal(stream, 1, said["reason"])]


def test_there_is_a_vector_for_every_reason() -> None:
    given = {offer["reason"] for offer in REFUSED["offers"].values()} | {REFUSED["missing"]["reason"]}
    assert given - {"", "known"} == REFUSALS


def test_a_grant_of_the_first_format_opens() -> None:
    said = vector("papers-1.json")["papers"]["grant"]
    data, expected = bytes.fromhex(said["data"]), said["opens_to"]
    recipient = Recipient(bytes.fromhex(said["recipient_private_key"]))
    scope_key = open_grant(data, bytes.fromhex(said["signed_by"]), recipient)
    assert (scope_key.scope.hex(), scope_key.epoch, scope_key.key.hex()) == tuple(expected.values())
    assert (paper_kind(data), paper_id(data).hex()) == (Grant.KIND, said["id"])


def test_a_request_file_of_the_first_format_is_read_and_written_the_same() -> None:
    said = vector("papers-1.json")
    data = bytes.fromhex(said["papers"]["request"]["data"])
    assert unarmour(said["armour"], Request) == data
    assert armour(data, Request) == said["armour"]


def test_a_call_of_the_first_protocol_is_genuine() -> None:
    said = vector("papers-1.json")["request"]
    device = Signer(bytes.fromhex(said["device_private_key"]))
    call = Call(bytes.fromhex(said["server"]), said["method"], said["target"], bytes.fromhex(said["body"]))
    assert authorization(call, device) == said["authorization"]
    claimed = claimed_device(said["authorization"])
    assert claimed is not None
    assert claimed[0] == device.id
    assert is_genuine(call, claimed[1], device.public_key)


def test_a_key_file_of_the_first_format_opens(tmp_path: Path) -> None:
    said = vector("keys-1.json")
    path = tmp_path / "a.keys"
    path.write_bytes(bytes.fromhex(said["data"]))
    expected = Unlocked(*(bytes.fromhex(said[name]) for name in ("archive", "raw_key", "user_id", "private_key")))
    assert open_slots(path, said["user"], said["password"]) == expected
    opened = open_recovery(path, read(said["recovery_code"]))
    assert (opened.archive, opened.key) == (expected.archive, expected.key)
    recovery = read_slots(path, expected.key).of_kind(RECOVERY_SLOT)
    assert recovery is not None
    assert trust_mark(expected.archive, expected.private, recovery).hex() == said["trust"]


def test_a_note_of_the_first_format_opens_for_its_author_and_another_reader() -> None:
    said = vector("notebook-1.json")
    writer, reader = (Recipient(bytes.fromhex(said[f"{who}_private_key"])) for who in ("writer", "reader"))
    book, session, person, sealed, wrapped, key = (
        bytes.fromhex(said[name]) for name in ("notebook", "session", "person", "sealed", "wrapped", "key")
    )
    assert holder_id(writer.public_key).hex() == said["holder"]
    assert fingerprint(writer.public_key) == said["fingerprint"]
    assert own_key(writer, book) == take(reader, book, wrapped) == key
    plain = msgspec.msgpack.encode(said["note"])
    assert open_note(key, session, person, sealed) == plain
    assert seal_note(key, session, person, plain) == sealed


def test_the_state_hash_of_a_record_is_the_same_as_ever() -> None:
    said = vector("state-1.json")
    changes = [
        Stored(ChangeId(bytes.fromhex(written["id"][0]), written["id"][1]), change(written))
        for written in said["changes"]
    ]
    share = fold(changes, lambda _: None).digest
    assert share.to_bytes(32, "big").hex() == said["digest"]
    assert (2 * share % MODULUS).to_bytes(32, "big").hex() == said["twice"]
