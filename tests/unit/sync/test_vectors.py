"""What was written once must be read for ever: fixed bytes in `tests/vectors`, and what they say.

A test that fails here means that archives, sticks and servers in use could not be read any more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from storage.fold import MODULUS, Stored, fold
from storage.keys import RECOVERY_SLOT, Unlocked, open_recovery, open_slots, read_slots, trust_mark
from storage.notebook import fingerprint, holder_id, open_note, own_key, seal_note, take
from storage.recovery_code import read
from sync.changes import Change, ChangeId
from sync.crypto import Recipient, Signer
from sync.papers import (
    Admission,
    Certificate,
    Grant,
    PaperBody,
    Receipt,
    Request,
    Server,
    armour,
    open_grant,
    open_paper,
    open_request,
    paper_id,
    paper_kind,
    unarmour,
    write_paper,
)
from sync.requests import Call, authorization, claimed_device, is_genuine
from sync.segments import (
    Opened,
    ScopeKey,
    Tail,
    check_signature,
    open_envelopes,
    open_segment,
    read_header,
    seal_envelopes,
)

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
KINDS: dict[str, type[PaperBody]] = {
    "request": Request,
    "certificate": Certificate,
    "server": Server,
    "receipt": Receipt,
    "admission": Admission,
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


def test_a_segment_of_the_first_format_opens() -> None:
    said = vector("segment-1.json")
    data, envelopes = bytes.fromhex(said["data"]), bytes.fromhex(said["envelopes"])
    scope_key = ScopeKey(bytes.fromhex(said["scope"]), said["epoch"], bytes.fromhex(said["scope_key"]))
    keys = {bytes.fromhex(person): bytes.fromhex(key) for person, key in said["person_keys"].items()}

    check_signature(data, bytes.fromhex(said["device_public_key"]))
    header = read_header(data)
    before = Tail(bytes.fromhex(said["stream"]), said["seq"] - 1, bytes.fromhex(said["previous"]), said["first"])
    assert before.continued_by(header)
    assert before.after(header, data).hash.hex() == said["hash"]
    assert (header.scope, header.epoch, header.suite, header.schema) == (scope_key.scope, scope_key.epoch, 1, 2)
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
