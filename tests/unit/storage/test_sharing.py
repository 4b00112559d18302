"""What a station shares with another: one referral, one transfer, its statistics; and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from storage.archive import Archive
from storage.errors import EnvironmentProblem, Problem
from storage.records import Catalogue, Draft, RecordType
from sync.county.office import County
from sync.engine import meet
from sync.papers import Certificate
from sync.scopes import prefix_in
from sync.segments import Segment, read_envelopes, read_header
from sync.store import NOTHING, Appended, Overview
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Workshop

RANKED = {"level": ("blue", "yellow", "orange", "red")}
CATALOGUE = Catalogue(
    [
        RecordType(name="person", index=("name",), person=True),
        RecordType(name="alert", index=("level",), ranked=RANKED, urgent=lambda fields: fields.get("level") == "red"),
        RecordType(name="referral", index=("status",), shared=True),
        RecordType(name="erasure", index=("erased",)),
    ]
)
HOSPITAL, SCHOOL, OTHER = "县人民医院", "青禾镇中学", "白石乡卫生院"


class Meeting(NamedTuple):
    """Three stations of a county, each with a device."""

    county: County
    school: Archive
    hospital: Archive
    other: Archive


@contextmanager
def device(workshop: Workshop, folder: Path, number: int) -> Iterator[Archive]:
    """A device whose program knows what can be shared."""
    with workshop.open(workshop.copy(folder / str(number), number), number, catalogue=CATALOGUE) as archive:
        yield archive


@pytest.fixture
def stations(workshop: Workshop, tmp_path: Path) -> Iterator[Meeting]:
    county = County.init(tmp_path / "county", "青禾县")
    with ExitStack() as stack:
        school, hospital, other = (stack.enter_context(device(workshop, tmp_path, one)) for one in range(3))
        for archive, name in ((school, SCHOOL), (hospital, HOSPITAL), (other, OTHER)):
            workshop.join(archive, county, name)
        yield Meeting(county, school, hospital, other)
    county.close()


def station_of(archive: Archive) -> tuple[bytes, str]:
    certificate = archive.device.certificate
    assert certificate is not None
    return certificate.station, certificate.station_name


class Seen:
    """The server as a device may see it."""

    def __init__(self, county: County, archive: Archive) -> None:
        self._store = county.store
        self._device = archive.device.id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def overviews(self, known: object) -> dict[bytes, Overview]:
        del known
        member = self._store.member(self._device)
        assert member is not None
        return self._store.overviews(dict.fromkeys(self._store.scopes_of(member), NOTHING))


def visit(county: County, *archives: Archive) -> None:
    for archive in archives:
        assert meet(archive.meeting, Seen(county, archive)).refused == []


def refer(stations: Meeting, kind: str = "referral") -> tuple[bytes, bytes, bytes]:
    """A pupil, and the extract of what is known of them, for the hospital."""
    school = stations.school
    person = school.new_id()
    school.save([Draft.new("person", person, {"name": "李雷"})])
    scope = school.share(kind, [station_of(stations.hospital)])
    extract = Draft.new("referral", school.new_id(scope), {"status": "sent", "why": "PHQ-9 18 分"}, person=person)
    school.save([extract])
    return scope, extract.record, person


def test_a_referral_reaches_the_other_station_and_its_answer_comes_back(stations: Meeting) -> None:
    scope, referral, _ = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.hospital)
    found = stations.hospital.get("referral", referral)
    assert found is not None
    assert found.fields == {"status": "sent", "why": "PHQ-9 18 分"}
    stations.hospital.save([Draft.edit(found, {"status": "accepted"})])
    visit(stations.county, stations.hospital, stations.school)
    back = stations.school.get("referral", referral)
    assert back is not None
    assert back.fields["status"] == "accepted"
    assert stations.school.state_hash(scope) == stations.hospital.state_hash(scope) != bytes(32)
    assert stations.school.meeting.backlog().waiting == 0
    for archive in (stations.school, stations.hospital):
        assert archive.verify() == []
        state = archive.state_hash(scope)
        archive.rebuild()
        assert archive.state_hash(scope) == state


def test_the_other_station_learns_nothing_but_the_extract(stations: Meeting) -> None:
    _, _, person = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.hospital)
    assert stations.hospital.find("person") == []
    assert stations.hospital.get("person", person) is None
    member = stations.county.store.member(stations.hospital.device.id)
    assert member is not None
    assert not stations.county.store.is_member(member, stations.school.device.scope)
    # Not even with all that the server has: the extract has a key of its own.
    scope = stations.school.device.scope
    keys = [row[0] for row in stations.hospital._connection.execute("SELECT key FROM person_key")]
    own = stations.school._connection.execute("SELECT key FROM person_key WHERE scope = ?", (scope,)).fetchall()
    assert not {row[0] for row in own} & set(keys)


def test_a_third_station_neither_gets_it_nor_hears_of_it(stations: Meeting) -> None:
    scope, referral, _ = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.other)
    assert stations.other.meeting.scopes() == [stations.other.device.scope]
    assert stations.other.get("referral", referral) is None
    member = stations.county.store.member(stations.other.device.id)
    assert member is not None
    assert scope not in stations.county.store.scopes_of(member)
    # Somebody brings it the papers and the segments: it does not take part.
    papers = stations.county.store.read_papers(scope, stations.county.store.overview(scope).papers)
    stations.other.meeting.add_papers(scope, papers)
    assert scope not in stations.other.meeting.scopes()


def test_a_referral_goes_by_stick_as_well(stations: Meeting, tmp_path: Path) -> None:
    # The county's papers about the two have to have come once, as they do for everybody who joined.
    visit(stations.county, stations.school, stations.hospital)
    scope, referral, _ = refer(stations)
    visit(stations.county, stations.school)
    stick = FolderStore(tmp_path)
    meet(stations.school.meeting, stick)
    meet(stations.hospital.meeting, stick)
    # The key is handed over once the school has seen that the hospital is there.
    meet(stations.school.meeting, stick)
    meet(stations.hospital.meeting, stick)
    assert stations.hospital.get("referral", referral) is not None
    assert (tmp_path / "xinyi" / scope.hex()).is_dir()


def test_what_waits_for_another_station_goes_before_the_stations_own_records(stations: Meeting) -> None:
    scope, _, _ = refer(stations)
    assert stations.school.meeting.scopes() == [scope, stations.school.device.scope]
    statistics = stations.school.share("statistics", [station_of(stations.hospital)])
    assert stations.school.meeting.scopes() == [scope, stations.school.device.scope, statistics]


def test_another_station_cannot_write_into_records_that_are_not_shared(stations: Meeting) -> None:
    """It knows a person's id from the referral, and writes a change of that person into the referral's scope."""
    scope, _, person = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.hospital)
    hospital = stations.hospital
    hospital.device.scopes.stream(scope)
    number, _ = hospital.device.scopes.stream(scope)
    forged = hospital._change(Draft.new("person", person, {"name": "被改的名字"}))
    alert = hospital._change(Draft.new("alert", hospital.new_id(scope), {"level": "red"}))
    with hospital.transaction():
        hospital._share_key(person, scope)
        hospital._log.append(number, hospital._log.next_ordinal(number), [forged, alert])
    visit(stations.county, hospital, stations.school)
    assert [one.fields["name"] for one in stations.school.find("person")] == ["李雷"]
    assert stations.school.find("alert") == [], "a type that is not for sharing shows up among nobody's own"
    assert stations.school.verify() == []


def test_erasing_a_person_erases_the_extract_at_the_other_station(stations: Meeting) -> None:
    scope, referral, person = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.hospital)
    assert stations.hospital.get("referral", referral) is not None
    stations.school.erase(person, {"why": "guardian"})
    visit(stations.county, stations.school, stations.hospital)
    assert stations.hospital.get("referral", referral) is None
    for archive in (stations.school, stations.hospital):
        for stream, point in archive.meeting.overview(scope).vector.items():
            carried = [
                e.person for one in archive.meeting.read(scope, stream, 1) for e in read_envelopes(one.envelopes)
            ]
            assert person not in carried, point
    with pytest.raises(Problem):
        stations.school.save([Draft.new("referral", stations.school.new_id(scope), {}, person=person)])


def test_a_device_that_comes_later_to_the_other_station_is_given_the_referral(
    stations: Meeting, workshop: Workshop, tmp_path: Path
) -> None:
    scope, referral, _ = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.hospital)
    with device(workshop, tmp_path, 3) as late:
        workshop.join(late, stations.county, HOSPITAL)
        visit(stations.county, late, stations.hospital, late, stations.hospital, late)
        assert late.get("referral", referral) is not None
        assert late.state_hash(scope) == stations.school.state_hash(scope)


def test_one_that_only_collects_takes_part_in_nothing_that_is_shared(
    stations: Meeting, workshop: Workshop, tmp_path: Path
) -> None:
    scope, referral, _ = refer(stations)
    with device(workshop, tmp_path, 3) as field:
        workshop.join(field, stations.county, SCHOOL, role="collector")
        visit(stations.county, stations.school, field, stations.school, field)
        assert field.meeting.scopes() == [field.device.scope]
        assert field.get("referral", referral) is None
        with pytest.raises(Problem) as caught:
            field.share("referral", [station_of(stations.hospital)])
        assert caught.value.key == "sync.may_not_share"
        assert all(one.role != "collector" for one in stations.school.device.papers(Certificate, scope))


def test_a_revoked_device_of_the_other_station_gets_nothing_more_of_it(stations: Meeting) -> None:
    scope, referral, _ = refer(stations)
    visit(stations.county, stations.school, stations.hospital, stations.school, stations.hospital)
    stations.county.revoke(stations.hospital.device.id.hex())
    visit(stations.county, stations.school)
    before = max(stations.hospital.device.scopes.keys(scope))
    found = stations.school.get("referral", referral)
    assert found is not None
    stations.school.save([Draft.edit(found, {"status": "withdrawn"})])
    visit(stations.county, stations.school)
    assert max(stations.school.device.scopes.keys(scope)) > before
    for stream in stations.county.store.overview(scope).vector:
        stations.hospital.meeting.append(scope, stations.county.store.read(scope, stream, 1))
    stations.hospital.meeting.settle()
    still = stations.hospital.get("referral", referral)
    assert still is not None
    assert still.fields["status"] == "sent"


def test_the_server_lets_nobody_found_a_scope_for_stations_that_it_does_not_know(stations: Meeting) -> None:
    school = stations.school
    scope = school.share("referral", [(b"x" * 16, "没有这家医院")])
    meet(school.meeting, Seen(stations.county, school))
    member = stations.county.store.member(school.device.id)
    assert member is not None
    assert scope not in stations.county.store.scopes_of(member)
    assert not stations.county.store.is_founded(scope)


def test_ids_tell_what_is_shared_from_what_is_not(stations: Meeting) -> None:
    scope = stations.school.share("transfer", [station_of(stations.hospital)])
    assert prefix_in(stations.school.new_id()) == b""
    first, second = stations.school.new_id(scope), stations.school.new_id(scope)
    assert first != second
    assert prefix_in(first) == prefix_in(second) != b""


def test_what_is_in_no_scope_of_ours_is_not_saved(stations: Meeting) -> None:
    foreign = stations.hospital.share("referral", [station_of(stations.other)])
    record = stations.hospital.new_id(foreign)
    with pytest.raises(Problem) as caught:
        stations.school.save([Draft.new("referral", record, {"status": "sent"})])
    assert caught.value.key == "archive.no_such_scope"


def test_what_is_urgent_has_a_short_stream_of_its_own_and_goes_first(stations: Meeting) -> None:
    """A red alert behind two thousand people who were imported in the morning, over a line that breaks early."""
    school = stations.school
    school.save([Draft.new("person", school.new_id(), {"name": f"学生{one}"}) for one in range(2100)])
    person = school.find("person")[-1].id
    school.save([Draft.new("alert", school.new_id(), {"level": "red"}, person=person)])
    school.save([Draft.new("alert", school.new_id(), {"level": "yellow"}, person=person)])
    handed: list[int] = []

    class Line(Seen):
        def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
            handed.extend(read_header(one.data).count for one in segments)
            if len(handed) > 1:
                raise EnvironmentProblem("sync.broken_off")
            appended: Appended = self._store.append(scope, segments)
            return appended

    with pytest.raises(EnvironmentProblem):
        meet(school.meeting, Line(stations.county, school))
    assert handed[0] == 1
    ((stream, _),) = stations.county.store.overview(school.device.scope).vector.items()
    assert stream == school.device.scopes.stream(school.device.scope, urgent=True)[1]
    # Whoever has only that segment can read it: the key of its person has come with it.
    (segment,) = stations.county.store.read(school.device.scope, stream, 1)
    assert [one.person for one in read_envelopes(segment.envelopes)] == [person]
    visit(stations.county, school)
    assert school.meeting.backlog().waiting == 0
