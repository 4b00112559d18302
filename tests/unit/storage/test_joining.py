"""Joining a county and a station: who is let in, who gets the key, and what becomes of what was recorded before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from storage.archive import Archive
from storage.errors import Problem
from storage.records import Draft
from sync.county.office import County
from sync.crypto import Recipient, Signer
from sync.engine import Refusal, Transfer, meet
from sync.papers import (
    Admission,
    Certificate,
    Grant,
    Request,
    armour,
    open_server,
    read_paper,
    write_grant,
    write_paper,
)
from sync.segments import ScopeKey
from sync.store import Overview
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Chain, Workshop


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县")
    yield county
    county.close()


@pytest.fixture
def second(workshop: Workshop) -> Iterator[Archive]:
    with workshop.archive(1) as opened:
        yield opened


def add_person(archive: Archive, name: str) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def names(archive: Archive) -> set[str]:
    return {record.fields["name"] for record in archive.find("person")}


def refusal(archive: Archive, admission: bytes) -> Problem:
    """An admission that is refused changes nothing."""
    before = archive.info(), archive.device.certificate
    with pytest.raises(Problem) as caught:
        archive.accept(admission)
    assert (archive.info(), archive.device.certificate) == before
    return caught.value


# ---- the first device and the others ----


def test_the_first_device_brings_its_scope_and_keeps_working_in_it(
    workshop: Workshop, archive: Archive, county: County
) -> None:
    add_person(archive, "李雷")
    scope, state = archive.device.scope, archive.state_hash()
    workshop.join(archive, county)
    assert (archive.device.scope, archive.state_hash()) == (scope, state)
    assert archive.info().county == "青禾县"
    assert meet(archive.meeting, county.store) == Transfer(sent=1)
    assert archive.meeting.backlog().waiting == 0


def test_a_later_device_keeps_and_shares_what_it_recorded_before_it_joined(
    workshop: Workshop, archive: Archive, second: Archive, county: County
) -> None:
    add_person(archive, "李雷")
    early = add_person(second, "韩梅")
    second.save([Draft.new("screening", second.new_id(), {"score": 9}, person=early)])
    own_history = second.history(early)
    workshop.join(archive, county)
    workshop.join(second, county)
    assert second.device.scope == archive.device.scope
    assert (names(second), second.history(early)) == ({"韩梅"}, own_history)

    assert meet(second.meeting, county.store).sent == 0, "it has no key yet"
    between = add_person(second, "林涛")
    assert second.meeting.backlog().waiting == 3
    meet(archive.meeting, county.store)
    assert meet(second.meeting, county.store) == Transfer(sent=3, received=1)
    meet(archive.meeting, county.store)
    assert names(archive) == names(second) == {"李雷", "韩梅", "林涛"}
    assert archive.state_hash() == second.state_hash()
    assert archive.history(early) == own_history
    assert archive.history(between) == second.history(between)
    assert [device.meeting.backlog().waiting for device in (archive, second)] == [0, 0]


def test_all_that_was_recorded_alone_is_shared_even_where_it_was_sealed_already(
    workshop: Workshop, archive: Archive, second: Archive, county: County
) -> None:
    for name in ("甲", "乙"):
        add_person(second, name)
        second.meeting.seal()
    workshop.join(archive, county)
    workshop.join(second, county)
    for device in (archive, second, archive):
        meet(device.meeting, county.store)
    assert names(archive) == {"甲", "乙"}
    assert [device.verify() for device in (archive, second)] == [[], []]


def test_the_station_is_called_as_the_county_calls_it(workshop: Workshop, archive: Archive, county: County) -> None:
    workshop.join(archive, county, "青禾镇中心卫生院")
    assert archive.device.names.station == "青禾镇中心卫生院"
    assert archive.device.names.device == workshop.names(0).device


def test_the_key_reaches_a_later_device_by_a_stick_as_well(
    workshop: Workshop, archive: Archive, second: Archive, county: County, tmp_path: Path
) -> None:
    workshop.join(archive, county)
    add_person(archive, "李雷")
    workshop.join(second, county)
    add_person(second, "韩梅")
    stick = FolderStore(tmp_path)
    for device in (archive, second, archive, second, archive):
        meet(device.meeting, stick)
    assert names(archive) == names(second) == {"李雷", "韩梅"}


def test_a_device_that_is_admitted_again_goes_on_as_before(
    workshop: Workshop, archive: Archive, second: Archive, county: County
) -> None:
    workshop.join(archive, county)
    workshop.join(second, county)
    add_person(archive, "李雷")
    workshop.join(archive, county)
    for device in (archive, second, archive, second):
        meet(device.meeting, county.store)
    assert names(second) == {"李雷"}


# ---- admissions that are refused ----


def test_an_admission_for_another_device_is_refused(
    workshop: Workshop, archive: Archive, second: Archive, county: County
) -> None:
    problem = refusal(archive, workshop.admission(second, county))
    assert (problem.key, problem.values) == ("enrol.for_another_device", {"device": workshop.names(1).device})


def test_an_admission_that_was_changed_anywhere_is_refused(
    workshop: Workshop, archive: Archive, county: County
) -> None:
    whole = workshop.admission(archive, county)
    for place in range(0, len(whole), 37):
        broken = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        assert refusal(archive, broken).key == "enrol.not_an_admission"
    for junk in (b"", b"XYP1", whole[:-1], archive.device.request()):
        assert refusal(archive, junk).key == "enrol.not_an_admission"


def test_somebody_who_is_not_the_county_cannot_admit(workshop: Workshop, archive: Archive, county: County) -> None:
    impostor = Signer.generate()
    body = read_paper(workshop.admission(archive, county), Admission)
    certificate = read_paper(body.certificate, Certificate)
    own = msgspec.structs.replace(certificate, county=impostor.id, scope=b"x" * 16)
    for changed in (
        msgspec.structs.replace(body, certificate=write_paper(own, impostor)),
        msgspec.structs.replace(body, certificate=write_paper(certificate, impostor)),
        msgspec.structs.replace(body, members=[write_paper(own, impostor)]),
        body,
    ):
        assert refusal(archive, write_paper(changed, impostor)).key == "enrol.not_an_admission"
    root = Signer((county.folder / "county.key").read_bytes())
    for changed in (
        msgspec.structs.replace(body, certificate=write_paper(own, impostor)),
        msgspec.structs.replace(body, members=[write_paper(certificate, impostor)]),
        msgspec.structs.replace(body, server=body.certificate),
    ):
        assert refusal(archive, write_paper(changed, root)).key == "enrol.not_an_admission"


def test_a_device_does_not_change_its_county_or_its_station_by_itself(
    workshop: Workshop, archive: Archive, second: Archive, county: County, tmp_path: Path
) -> None:
    workshop.join(archive, county)
    other = County.init(tmp_path / "other", "别的县")
    problem = refusal(archive, workshop.admission(archive, other))
    assert (problem.key, problem.values) == ("enrol.joined_already", {"station": archive.device.names.station})
    other.close()
    with pytest.raises(Problem) as caught:
        workshop.admission(archive, county, "别的卫生院")
    assert caught.value.key == "county.device_elsewhere"
    workshop.join(second, county, "别的卫生院")
    assert second.device.scope != archive.device.scope


# ---- who gets the key, and who is believed ----


def certificate(device: Signer, scope: bytes, county: Signer, sealing_key: bytes) -> bytes:
    return write_paper(
        Certificate(
            county=county.id,
            device=device.id,
            signing_key=device.public_key,
            sealing_key=sealing_key,
            device_name="",
            station=bytes(16),
            station_name="",
            role="station",
            scope=scope,
            serial=1,
            issued="2026-01-01",
            expires="2029-01-01",
        ),
        county,
    )


def grants(archive: Archive) -> list[Grant]:
    return archive.device.papers(Grant)


def test_the_key_is_given_to_nobody_whom_the_county_did_not_admit(
    workshop: Workshop, archive: Archive, county: County
) -> None:
    workshop.join(archive, county)
    intruder, own_county = Signer.generate(), Signer.generate()
    sealing_key = Recipient.generate().public_key
    scope = archive.device.scope
    root = Signer((county.folder / "county.key").read_bytes())
    archive.meeting.add_papers(
        scope,
        [
            certificate(intruder, scope, own_county, sealing_key),
            certificate(intruder, scope, intruder, sealing_key),
            certificate(intruder, b"x" * 16, root, sealing_key),
            b"no paper at all",
            archive.device.request(),
        ],
    )
    archive.meeting.settle()
    assert grants(archive) == []
    archive.meeting.add_papers(scope, [certificate(intruder, scope, root, sealing_key)])
    archive.meeting.settle()
    assert [grant.recipient for grant in grants(archive)] == [intruder.id], "admitted by the county, it gets one"


def test_a_member_whose_key_is_none_keeps_nobody_else_from_getting_theirs(
    workshop: Workshop, archive: Archive, second: Archive, county: County
) -> None:
    workshop.join(archive, county)
    root = Signer((county.folder / "county.key").read_bytes())
    scope = archive.device.scope
    archive.meeting.add_papers(scope, [certificate(Signer.generate(), scope, root, b"no key")])
    workshop.join(second, county)
    for device in (archive, second):
        meet(device.meeting, county.store)
    assert second.device.scopes.key(second.device.scope) == archive.device.scopes.key(archive.device.scope)


def test_a_key_from_somebody_who_is_no_member_is_not_taken(
    workshop: Workshop, archive: Archive, second: Archive, county: County
) -> None:
    workshop.join(archive, county)
    workshop.join(second, county)
    mine = second.device.certificate
    assert mine is not None
    forged = write_grant(ScopeKey(second.device.scope, 1, b"f" * 32), mine, Signer.generate())
    second.meeting.add_papers(second.device.scope, [forged])
    second.meeting.settle()
    assert second.device.scopes.key(second.device.scope) is None


def test_segments_of_a_device_that_is_no_member_are_refused_everywhere(
    workshop: Workshop, archive: Archive, county: County, chain: Chain, tmp_path: Path
) -> None:
    workshop.join(archive, county)
    scope = archive.device.scope
    foreign = chain(2, scope=scope)
    assert archive.meeting.append(scope, foreign)[:2] == (0, "sync.refused_device")
    assert county.store.append(scope, foreign)[:2] == (0, "sync.refused_device")
    stick = FolderStore(tmp_path)
    stick.append(scope, foreign)
    transfer = meet(archive.meeting, stick)
    (stream,) = (
        stream for stream in stick.overview(scope).vector if stream not in archive.meeting.overview(scope).vector
    )
    assert Refusal(stream, 1, "sync.refused_device") in transfer.refused
    assert archive.info().changes == 0


def test_a_device_without_admission_takes_nothing_from_anybody(
    workshop: Workshop, archive: Archive, second: Archive, county: County, tmp_path: Path
) -> None:
    workshop.join(archive, county)
    add_person(archive, "李雷")
    stick = FolderStore(tmp_path)
    meet(archive.meeting, stick)
    add_person(second, "韩梅")
    meet(second.meeting, stick)
    meet(second.meeting, county.store)
    assert names(second) == {"韩梅"}
    assert archive.device.scope != second.device.scope


def test_another_scope_is_neither_shown_nor_taken(workshop: Workshop, archive: Archive, county: County) -> None:
    workshop.join(archive, county)
    add_person(archive, "李雷")
    archive.meeting.seal()
    assert archive.meeting.overview(b"x" * 16) == Overview({}, [])
    assert archive.meeting.read(b"x" * 16, archive.device.stream[1], 1) == []


# ---- requests at the county ----


def test_a_request_that_is_none_is_refused(county: County) -> None:
    for text in ("", "申请", "-----BEGIN XINYI REQUEST-----\n你好\n-----END XINYI REQUEST-----"):
        with pytest.raises(Problem) as caught:
            county.admit(text, "站", "station", "文件.txt")
        assert (caught.value.key, caught.value.values) == ("enrol.not_a_request", {"file": "文件.txt"})
    assert county.devices() == []


def test_nobody_can_found_a_second_station_on_anothers_scope(
    workshop: Workshop, archive: Archive, county: County
) -> None:
    workshop.join(archive, county, "甲站")
    thief = Signer.generate()
    request = Request(thief.id, thief.public_key, b"", "贼", "乙站", archive.device.scope)
    with pytest.raises(Problem) as caught:
        county.admit(armour(write_paper(request, thief), Request), "乙站", "station", "文件.txt")
    assert (caught.value.key, caught.value.values) == ("county.device_elsewhere", {"station": "甲站"})
    assert [device.station for device in county.devices()] == ["甲站"]


def test_the_server_paper_names_the_county_that_admitted(workshop: Workshop, archive: Archive, county: County) -> None:
    workshop.join(archive, county)
    assert archive.device.server == open_server(county.server_paper)
