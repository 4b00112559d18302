"""Papers, requests and frames: what one side writes the other reads, and nothing else gets through."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto import Recipient, Signer, Unsealed, wrap
from sync.papers import (
    Admission,
    Certificate,
    Grant,
    PaperBody,
    Receipt,
    Request,
    Server,
    UnreadablePaper,
    armour,
    open_certificate,
    open_grant,
    open_paper,
    open_request,
    open_server,
    paper_id,
    read_paper,
    unarmour,
    write_grant,
    write_paper,
)
from sync.requests import Call, authorization, claimed_device, is_genuine
from sync.segments import Point, ScopeKey, Segment
from sync.transports.frames import BrokenFrames, join, join_segments, split, split_segments
from tests.effort import examples

DEVICE, COUNTY, OTHER = (Signer(bytes([number]) * 32) for number in range(1, 4))
RECIPIENT = Recipient(bytes(range(96)))
SCOPE = b"s" * 16

names = st.text(max_size=30)
ids = st.binary(min_size=16, max_size=16)
points = st.tuples(
    st.binary(min_size=24, max_size=24), st.builds(Point, st.integers(0, 2**31 - 1), st.binary(max_size=8))
)

requests = st.builds(
    Request,
    device=st.just(DEVICE.id),
    signing_key=st.just(DEVICE.public_key),
    sealing_key=st.binary(max_size=50),
    device_name=names,
    station_name=names,
    scope=ids,
)
certificates = st.builds(
    Certificate,
    county=st.just(COUNTY.id),
    device=st.just(DEVICE.id),
    signing_key=st.just(DEVICE.public_key),
    sealing_key=st.just(RECIPIENT.public_key),
    device_name=names,
    station=ids,
    station_name=names,
    role=names,
    scope=ids,
    serial=st.integers(0, 2**63 - 1),
    issued=st.dates().map(str),
    expires=st.dates().map(str),
)
servers = st.builds(
    Server,
    county=st.just(COUNTY.id),
    county_name=names,
    county_key=st.just(COUNTY.public_key),
    server=st.just(OTHER.id),
    server_key=st.just(OTHER.public_key),
    tls_certificate=st.binary(max_size=50),
)
receipts = st.builds(
    Receipt,
    server=ids,
    incarnation=ids,
    scope=ids,
    points=st.lists(points, max_size=3, unique_by=lambda point: point[0]),
)
admissions = st.builds(
    Admission,
    server=st.binary(max_size=50),
    certificate=st.binary(max_size=50),
    members=st.lists(st.binary(max_size=50)),
)
papers = st.one_of(requests, certificates, servers, receipts, admissions)


# ---- papers ----


@given(papers)
def test_a_paper_says_what_was_written(body: PaperBody) -> None:
    data = write_paper(body, DEVICE)
    assert open_paper(data, type(body), DEVICE.public_key) == read_paper(data, type(body)) == body


@given(papers, st.data())
def test_a_flipped_bit_in_a_paper_is_always_noticed(body: PaperBody, data: st.DataObject) -> None:
    whole = write_paper(body, DEVICE)
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:place] + bytes([whole[place] ^ 1 << data.draw(st.integers(0, 7))]) + whole[place + 1 :]
    with pytest.raises(UnreadablePaper):
        open_paper(broken, type(body), DEVICE.public_key)
    assert paper_id(broken) != paper_id(whole)


@given(papers, st.data())
def test_a_paper_cut_short_is_always_noticed(body: PaperBody, data: st.DataObject) -> None:
    whole = write_paper(body, DEVICE)
    with pytest.raises(UnreadablePaper):
        read_paper(whole[: data.draw(st.integers(0, len(whole) - 1))], type(body))


@given(papers)
def test_nobody_can_sign_for_another(body: PaperBody) -> None:
    with pytest.raises(UnreadablePaper):
        open_paper(write_paper(body, OTHER), type(body), DEVICE.public_key)


@given(papers, papers)
def test_a_paper_is_never_taken_for_another_kind(body: PaperBody, other: PaperBody) -> None:
    if body.KIND != other.KIND:
        with pytest.raises(UnreadablePaper):
            read_paper(write_paper(body, DEVICE), type(other))


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"XYP1" + rest))
def test_any_bytes_are_refused_as_a_paper(data: bytes) -> None:
    for kind in (Request, Certificate, Grant, Server, Receipt, Admission):
        with pytest.raises(UnreadablePaper):
            open_paper(data, kind, DEVICE.public_key)


@given(requests, certificates, servers)
def test_papers_about_somebody_must_fit_the_keys_that_they_name(
    request: Request, certificate: Certificate, server: Server
) -> None:
    assert open_request(write_paper(request, DEVICE)) == request
    assert open_certificate(write_paper(certificate, COUNTY), COUNTY.public_key) == certificate
    assert open_server(write_paper(server, COUNTY)) == server
    for changed in (
        msgspec.structs.replace(request, device=OTHER.id),
        msgspec.structs.replace(request, signing_key=OTHER.public_key),
    ):
        with pytest.raises(UnreadablePaper):
            open_request(write_paper(changed, DEVICE))
    for other in (
        msgspec.structs.replace(certificate, device=OTHER.id),
        msgspec.structs.replace(certificate, county=OTHER.id),
    ):
        with pytest.raises(UnreadablePaper):
            open_certificate(write_paper(other, COUNTY), COUNTY.public_key)
    for third in (msgspec.structs.replace(server, server=DEVICE.id), msgspec.structs.replace(server, county=OTHER.id)):
        with pytest.raises(UnreadablePaper):
            open_server(write_paper(third, COUNTY))


@pytest.mark.parametrize("epoch", [-1, 0, 2**31, 2**64 - 1])
def test_a_grant_for_an_epoch_that_no_database_could_keep_is_refused(epoch: int) -> None:
    grant = write_paper(Grant(1, SCOPE, epoch, RECIPIENT_ID, DEVICE.id, b""), DEVICE)
    with pytest.raises(UnreadablePaper):
        read_paper(grant, Grant)


RECIPIENT_ID = OTHER.id


# ---- grants ----


@examples(30)
@given(certificates, ids, st.integers(1, 2**31 - 1), st.binary(min_size=32, max_size=32))
def test_the_recipient_gets_the_scope_key_out_of_a_grant(to: Certificate, scope: bytes, epoch: int, key: bytes) -> None:
    scope_key = ScopeKey(scope, epoch, key)
    assert open_grant(write_grant(scope_key, to, COUNTY), COUNTY.public_key, RECIPIENT) == scope_key


def test_a_grant_opens_for_nobody_else() -> None:
    wrapped = write_grant(ScopeKey(SCOPE, 1, b"k" * 32), to_recipient(), COUNTY)
    with pytest.raises(UnreadablePaper):
        open_grant(wrapped, COUNTY.public_key, Recipient.generate())
    with pytest.raises(UnreadablePaper):
        open_grant(wrapped, OTHER.public_key, RECIPIENT)


def test_a_grant_cannot_be_passed_off_as_one_for_another_scope_epoch_or_device() -> None:
    grant = read_paper(write_grant(ScopeKey(SCOPE, 1, b"k" * 32), to_recipient(), COUNTY), Grant)
    for changed in (
        msgspec.structs.replace(grant, scope=b"t" * 16),
        msgspec.structs.replace(grant, epoch=2),
        msgspec.structs.replace(grant, recipient=OTHER.id),
        msgspec.structs.replace(grant, wrapped=grant.wrapped[:-1]),
        msgspec.structs.replace(grant, wrapped=b""),
        msgspec.structs.replace(grant, sender=OTHER.id),
        msgspec.structs.replace(grant, suite=2),
    ):
        with pytest.raises(UnreadablePaper):
            open_grant(write_paper(changed, COUNTY), COUNTY.public_key, RECIPIENT)


def to_recipient() -> Certificate:
    return Certificate(
        county=COUNTY.id,
        device=DEVICE.id,
        signing_key=DEVICE.public_key,
        sealing_key=RECIPIENT.public_key,
        device_name="",
        station=bytes(16),
        station_name="",
        role="station",
        scope=SCOPE,
        serial=1,
        issued="2026-01-01",
        expires="2029-01-01",
    )


@given(st.binary(max_size=40) | st.binary(min_size=1210, max_size=1220))
def test_bytes_that_are_no_key_get_nothing_wrapped_to_them(key: bytes) -> None:
    try:
        wrap(key, b"secret", b"info")
    except Unsealed:
        return
    assert len(key) == len(RECIPIENT.public_key)


# ---- papers as files ----


@given(admissions, st.text(max_size=20), st.sampled_from(["\n", "\r\n", "\n  ", "\r\n\t", "\n\u3000"]))
def test_a_paper_survives_being_pasted_into_a_message(body: Admission, around: str, line_end: str) -> None:
    data = write_paper(body, COUNTY)
    text = armour(data, Admission).replace("\n", line_end)
    assert unarmour(f"\ufeff{around}\n{text}{around}", Admission) == data


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_an_armoured_paper_or_refused(text: str, framed: bool) -> None:
    if framed:
        text = f"-----BEGIN XINYI REQUEST-----\n{text}\n-----END XINYI REQUEST-----"
    try:
        data = unarmour(text, Request)
    except UnreadablePaper:
        return
    with pytest.raises(UnreadablePaper):
        open_request(data)


def test_an_admission_is_not_taken_for_a_request() -> None:
    text = armour(write_paper(Admission(b"", b"", []), COUNTY), Admission)
    with pytest.raises(UnreadablePaper):
        unarmour(text, Request)


# ---- requests to the server ----

calls = st.builds(Call, ids, st.sampled_from(["GET", "POST"]), st.text(max_size=40), st.binary(max_size=40))


@given(calls, calls)
def test_a_proof_holds_for_its_own_call_and_its_own_device_alone(call: Call, other: Call) -> None:
    claimed = claimed_device(authorization(call, DEVICE))
    assert claimed is not None
    device, signature = claimed
    assert device == DEVICE.id
    assert is_genuine(call, signature, DEVICE.public_key)
    assert not is_genuine(call, signature, OTHER.public_key)
    assert is_genuine(other, signature, DEVICE.public_key) == (other == call)


@given(st.text(max_size=100) | st.text(max_size=60).map(lambda rest: f"Xinyi {rest}"))
def test_any_header_is_a_claim_or_none(header: str) -> None:
    claimed = claimed_device(header)
    assert claimed is None or not is_genuine(Call(bytes(16), "GET", "/", b""), claimed[1], DEVICE.public_key)


# ---- frames ----

parts = st.lists(st.binary(max_size=50), max_size=6)


@given(parts)
def test_frames_come_apart_as_they_were_joined(frames: list[bytes]) -> None:
    assert split(join(frames)) == frames


@given(st.lists(st.builds(Segment, st.binary(max_size=50), st.binary(max_size=50)), max_size=4))
def test_segments_come_apart_as_they_were_joined(segments: list[Segment]) -> None:
    assert split_segments(join_segments(segments)) == segments


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6), st.data())
def test_frames_cut_short_are_noticed_or_end_between_two(frames: list[bytes], data: st.DataObject) -> None:
    whole = join(frames)
    short = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = split(short)
    except BrokenFrames:
        return
    assert found == frames[: len(found)]
    assert join(found) == short


@given(st.binary(max_size=60))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    try:
        found = split(data)
    except BrokenFrames:
        return
    assert join(found) == data


def test_half_a_segment_is_refused() -> None:
    with pytest.raises(BrokenFrames):
        split_segments(join([b"data", b"envelopes", b"data"]))
