"""Segments and envelopes: what is sealed comes out again, and what anybody changed on the way does not."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sync import packing
from sync.changes import Change, ChangeId, UnreadablePayload, decode_payload, encode_payload, open_payload
from sync.crypto import SIGNATURE_SIZE, Signer, derive, digest, seal
from sync.ids import new_stream_id
from sync.segments import (
    MAGIC,
    MAX_SEGMENT,
    Body,
    Header,
    ScopeKey,
    Tail,
    UnreadableSegment,
    check_signature,
    open_envelopes,
    open_segment,
    read_envelopes,
    read_header,
    seal_envelopes,
    seal_segment,
)
from tests.effort import examples

SIGNER = Signer(bytes(range(32)))
STREAM = new_stream_id(SIGNER.id)
SCOPE_KEY = ScopeKey(b"s" * 16, 1, b"k" * 32)
PERSONS = {bytes([number]) * 16: bytes([number]) * 32 for number in range(1, 4)}

ids = st.binary(min_size=16, max_size=16)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
contents = st.dictionaries(st.text(max_size=8), json_like, max_size=4)
change_ids = st.builds(ChangeId, st.binary(min_size=24, max_size=24), st.integers(1, 2**31 - 1))
bases = st.dictionaries(
    st.text(max_size=8), st.lists(change_ids, min_size=1, max_size=3, unique=True).map(sorted).map(tuple), max_size=3
)
changes = st.builds(
    Change,
    record=ids,
    type=st.text(max_size=8),
    schema=st.integers(1, 2**31 - 1),
    person=st.sampled_from([None, *PERSONS]),
    actor=ids,
    time=st.integers(0, 2**63 - 1),
    fields=contents,
    base=bases,
)
batches = st.lists(changes, min_size=1, max_size=5)


def known(persons: set[bytes]) -> dict[bytes, bytes]:
    return {person: PERSONS[person] for person in persons if person in PERSONS}


def nobody(_persons: set[bytes]) -> Mapping[bytes, bytes]:
    return {}


def sealed(batch: list[Change], tail: Tail | None = None) -> bytes:
    return seal_segment(batch, tail or Tail.of_new(STREAM), scope_key=SCOPE_KEY, signer=SIGNER, keys=PERSONS)


def opened(data: bytes) -> list[Change | None]:
    return [one.change for one in open_segment(data, scope_key=SCOPE_KEY.key, keys_of=known)]


# ---- payloads ----


@given(contents, bases)
def test_a_payload_comes_out_as_it_went_in(fields: dict[str, Any], base: Any) -> None:
    assert open_payload(encode_payload(fields, base)) == decode_payload(encode_payload(fields, base)) == (fields, base)


@given(contents, bases)
def test_equal_content_has_equal_bytes(fields: dict[str, Any], base: Any) -> None:
    turned = {key: fields[key] for key in reversed(fields)}
    assert encode_payload(turned, {key: base[key] for key in reversed(base)}) == encode_payload(fields, base)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_payload_or_refused(data: bytes) -> None:
    try:
        fields, base = open_payload(data)
    except UnreadablePayload:
        return
    assert encode_payload(fields, base) == data


@pytest.mark.parametrize(
    "payload",
    [
        b"\x92\x81\xa1a" + b"\x91" * 100_000 + b"\x90\x90",  # nested beyond what any reader can follow
        b"\x92\x81\xa1a\x81\x01\x02\x90",  # a number as a key
        b"\x92\x82\xa1a\x01\xa1a\x02\x90",  # the same field twice
        b"\x92\x82\xa1b\x01\xa1a\x02\x90",  # fields out of order
        b"\x92\x81\xa1a\xcd\x00\x01\x90",  # a number longer than it needs to be
    ],
)
def test_a_payload_that_could_not_be_written_again_is_refused(payload: bytes) -> None:
    with pytest.raises(UnreadablePayload):
        open_payload(payload)


# ---- segments ----


@examples(40)
@given(batches, st.integers(1, 2**30), st.integers(1, 2**30), st.binary(min_size=32, max_size=32))
def test_changes_come_out_of_a_segment_as_they_went_in(
    batch: list[Change], seq: int, first: int, previous: bytes
) -> None:
    tail = Tail(STREAM, seq, previous, first)
    data = sealed(batch, tail)
    check_signature(data, SIGNER.public_key)
    header = read_header(data)
    assert opened(data) == batch
    assert tail.continued_by(header)
    assert tail.after(header, data) == Tail(STREAM, seq + 1, digest(data), first + len(batch))
    assert header.schema == max(change.schema for change in batch)


@examples(40)
@given(batches)
def test_without_a_persons_key_only_that_persons_changes_stay_closed(batch: list[Change]) -> None:
    found = [one.change for one in open_segment(sealed(batch), scope_key=SCOPE_KEY.key, keys_of=nobody)]
    assert found == [None if change.person else change for change in batch]


@examples(40)
@given(batches, st.data())
def test_a_flipped_bit_is_always_noticed(batch: list[Change], data: st.DataObject) -> None:
    whole = sealed(batch)
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:place] + bytes([whole[place] ^ 1 << data.draw(st.integers(0, 7))]) + whole[place + 1 :]
    with pytest.raises(UnreadableSegment):
        check_signature(broken, SIGNER.public_key)
    if place < len(whole) - SIGNATURE_SIZE:
        with pytest.raises(UnreadableSegment):
            opened(broken)


@examples(40)
@given(batches, st.data())
def test_a_segment_cut_short_is_always_noticed(batch: list[Change], data: st.DataObject) -> None:
    whole = sealed(batch)
    short = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(UnreadableSegment):
        check_signature(short, SIGNER.public_key)
    with pytest.raises(UnreadableSegment):
        opened(short)


@examples(40)
@given(batches, st.binary(min_size=32, max_size=32))
def test_another_key_opens_nothing(batch: list[Change], other: bytes) -> None:
    assume(other not in {SCOPE_KEY.key, SIGNER.public_key})
    data = sealed(batch)
    with pytest.raises(UnreadableSegment):
        open_segment(data, scope_key=other, keys_of=known)
    with pytest.raises(UnreadableSegment):
        check_signature(data, other)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda rest: MAGIC + b"\x00\x90" + rest))
def test_any_bytes_have_a_header_or_are_refused(data: bytes) -> None:
    try:
        header = read_header(data)
    except UnreadableSegment:
        return
    assert (len(header.scope), len(header.stream), len(header.previous)) == (16, 24, 32)


PLAIN = Header(
    suite=1,
    scope=SCOPE_KEY.scope,
    stream=STREAM,
    seq=1,
    previous=bytes(32),
    first=1,
    count=1,
    epoch=1,
    dictionary=1,
    schema=1,
)
ONE = Body(
    records=[b"r" * 16],
    persons=[None],
    types=["alert"],
    schemas=[1],
    actors=[b"a" * 16],
    times=[1],
    payloads=[encode_payload({}, {})],
)


def forged(header: Header = PLAIN, body: Body = ONE, packed: bytes | None = None) -> bytes:
    """A segment that a member signed and sealed properly, whatever it says."""
    encoded = msgspec.msgpack.encode(header)
    start = MAGIC + len(encoded).to_bytes(2, "big") + encoded
    info = b"xinyi segment key 1" + header.seq.to_bytes(8, "big")
    key = derive(SCOPE_KEY.key, salt=header.stream, info=info)
    content = seal(key, packing.pack_body(msgspec.msgpack.encode(body)) if packed is None else packed, start)
    return start + content + SIGNER.sign(b"xinyi segment 1", start + content)


def test_a_forged_segment_can_be_opened_where_it_says_nothing_odd() -> None:
    assert [change and change.record for change in opened(forged())] == [b"r" * 16]


@pytest.mark.parametrize(
    "oddity",
    [
        {"scope": b"short"},
        {"stream": b"short"},
        {"previous": b""},
        {"seq": 0},
        {"seq": -1},
        {"first": 0},
        {"first": 2**63},
        {"count": 0},
        {"count": 2**31},
        {"epoch": -1},
        {"epoch": 2**64 - 1},
    ],
)
def test_a_header_with_what_no_database_could_keep_is_refused(oddity: dict[str, Any]) -> None:
    encoded = msgspec.msgpack.encode(msgspec.structs.replace(PLAIN, **oddity))
    with pytest.raises(UnreadableSegment):
        read_header(MAGIC + len(encoded).to_bytes(2, "big") + encoded + bytes(200))


@pytest.mark.parametrize(
    "oddity",
    [
        {"records": []},
        {"records": [b"r" * 16] * 2},
        {"records": [b"short"]},
        {"persons": [b"short"]},
        {"actors": [b""]},
        {"schemas": [-1]},
        {"schemas": [2**63]},
        {"payloads": []},
    ],
)
def test_columns_that_do_not_fit_are_refused(oddity: dict[str, Any]) -> None:
    with pytest.raises(UnreadableSegment):
        opened(forged(body=msgspec.structs.replace(ONE, **oddity)))


@pytest.mark.parametrize("times", [[-1, 6], [2**63, -(2**63) + 5], [2**64 - 1, -(2**63)]])
def test_a_stamp_outside_of_time_makes_its_change_unreadable_and_nothing_else(times: list[int]) -> None:
    two = {name: getattr(ONE, name) * 2 for name in ONE.__struct_fields__}
    body = Body(**{**two, "times": times})
    found = opened(forged(msgspec.structs.replace(PLAIN, count=2), body))
    assert [change is None for change in found] == [True, False]


def test_a_newer_suite_is_kept_closed() -> None:
    with pytest.raises(UnreadableSegment):
        opened(forged(msgspec.structs.replace(PLAIN, suite=2)))


def test_a_dictionary_that_this_version_lacks_keeps_a_segment_closed() -> None:
    with pytest.raises(UnreadableSegment):
        opened(forged(msgspec.structs.replace(PLAIN, dictionary=999)))


def test_a_body_that_claims_to_be_enormous_is_not_unpacked() -> None:
    packed = packing.pack_body(bytes(packing.MAX_BODY + 1))
    assert len(packed) < 2000
    with pytest.raises(UnreadableSegment):
        opened(forged(packed=packed))


def test_a_segment_larger_than_any_of_ours_is_refused() -> None:
    with pytest.raises(UnreadableSegment):
        read_header(forged() + bytes(MAX_SEGMENT))


# ---- envelopes ----


@given(st.dictionaries(ids, st.binary(min_size=32, max_size=32), max_size=4))
def test_content_keys_come_out_of_their_envelopes(keys: dict[bytes, bytes]) -> None:
    assert open_envelopes(seal_envelopes(keys, SCOPE_KEY), SCOPE_KEY) == keys


@given(st.dictionaries(ids, st.binary(min_size=32, max_size=32), min_size=1, max_size=4), st.data())
def test_a_flipped_bit_costs_no_more_than_its_own_person(keys: dict[bytes, bytes], data: st.DataObject) -> None:
    whole = seal_envelopes(keys, SCOPE_KEY)
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:place] + bytes([whole[place] ^ 1 << data.draw(st.integers(0, 7))]) + whole[place + 1 :]
    try:
        found = open_envelopes(broken, SCOPE_KEY)
    except UnreadableSegment:
        return
    assert found.items() <= keys.items()
    assert len(found) == len(keys) - 1


@given(st.binary(max_size=100))
def test_any_bytes_are_envelopes_or_refused(data: bytes) -> None:
    try:
        found = read_envelopes(data)
    except UnreadableSegment:
        return
    assert open_envelopes(data, SCOPE_KEY) == {}
    assert all(isinstance(one.person, bytes) for one in found)


def test_an_envelope_of_another_scope_or_epoch_stays_closed() -> None:
    envelopes = seal_envelopes({b"p" * 16: b"c" * 32}, SCOPE_KEY)
    for other in (SCOPE_KEY._replace(scope=b"t" * 16), SCOPE_KEY._replace(epoch=2), SCOPE_KEY._replace(key=bytes(32))):
        assert open_envelopes(envelopes, other) == {}


# ---- packing ----


@settings(suppress_health_check=[HealthCheck.data_too_large])
@given(st.binary(max_size=5000), st.integers(1, 100))
def test_packed_bytes_come_out_again(data: bytes, times: int) -> None:
    packer = packing.Packer()
    assert packer.unpack(packer.pack(data * times)) == data * times
    assert packing.unpack_body(packing.pack_body(data * times)) == data * times


def test_a_large_payload_comes_out_again_and_an_enormous_one_is_refused() -> None:
    packer = packing.Packer()
    assert packer.unpack(packer.pack(bytes(packing.MAX_CAPSULE))) == bytes(packing.MAX_CAPSULE)
    with pytest.raises(packing.NotPackedError):
        packer.unpack(packer.pack(bytes(packing.MAX_CAPSULE + 1)))


def test_a_capsule_cannot_ask_for_more_room_than_there_is() -> None:
    claims_petabytes = b"\xe6\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
    with pytest.raises(packing.NotPackedError):
        packing.Packer().unpack(claims_petabytes)


@given(st.binary(max_size=100))
def test_any_bytes_are_packed_or_refused(data: bytes) -> None:
    for unpack in (packing.Packer().unpack, packing.unpack_body):
        try:
            unpack(data)
        except packing.NotPackedError:
            continue
