"""Somebody who is erased is gone: from every page of the file, from every device, and nothing brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from storage.archive import Archive
from storage.erase import erased_by
from storage.errors import Problem
from storage.records import Catalogue, Draft, RecordType
from sync.changes import Change
from sync.crypto import Signer
from sync.engine import meet
from sync.papers import Erasure, write_paper
from sync.segments import Segment, read_envelopes
from sync.store import SegmentStore
from sync.transports.folder import FolderStore
from tests.effort import examples

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop

NAME, NUMBER, ANSWER, SPELLING = "欧阳青青", "990000201203040017", "想过不如死了算了", "ouyangqingqing"
PLANTED = (NAME, NUMBER, ANSWER, SPELLING)
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
PAGE = 4096


def catalogue(workshop: Workshop) -> Catalogue:
    return Catalogue([*workshop.catalogue, RecordType(name="erasure", index=("erased",))])


@contextmanager
def three(workshop: Workshop) -> Iterator[Station]:
    """A station of three devices that know each other and share the key."""
    with workshop.station(3) as station, ExitStack() as stack:
        for number, archive in enumerate(station.archives):
            archive.close()
            opened = workshop.open(archive.path, number, catalogue=catalogue(workshop))
            station.archives[number] = stack.enter_context(opened)
        everybody_meets(station)
        yield station


@pytest.fixture
def trio(workshop: Workshop) -> Iterator[Station]:
    with three(workshop) as station:
        yield station


@pytest.fixture
def lonely(workshop: Workshop, tmp_path: Path) -> Iterator[Archive]:
    """An archive that knows nobody."""
    with workshop.open(workshop.copy(tmp_path / "alone"), catalogue=catalogue(workshop)) as archive:
        yield archive


def everybody_meets(station: Station) -> None:
    for _ in range(2):
        for archive in station.archives:
            meet(archive.meeting, station.server)


def tell(one: Archive, other: Archive) -> None:
    """Bring all that `one` knows to `other`."""
    one.meeting.seal()
    meet(other.meeting, one.meeting)


def carried(archive: Archive, stream: bytes) -> set[bytes]:
    """The people whose envelopes an archive hands on with a stream."""
    segments = archive.meeting.read(archive.meeting.scope, stream, 1)
    return {envelope.person for segment in segments for envelope in read_envelopes(segment.envelopes)}


def plant(archive: Archive) -> bytes:
    """Somebody with answers and an alert, who is edited once."""
    person, screening = archive.new_id(), archive.new_id()
    archive.save([Draft.new("person", person, {"name": f"{NAME} {SPELLING}", "id_number": NUMBER})])
    archive.save(
        [
            Draft.new("screening", screening, {"date": "2026-03-01", "answers": {"9": ANSWER}}, person=person),
            Draft.new("alert", archive.new_id(), {"level": "red", "text": f"{NAME}：{ANSWER}"}, person=person),
        ]
    )
    edit(archive, person)
    return person


def add(archive: Archive, name: str) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def edit(archive: Archive, person: bytes) -> None:
    record = archive.get("person", person)
    assert record is not None
    archive.save([Draft.edit(record, {"birth_date": "2012-03-04"})])


def erase(archive: Archive, person: bytes) -> None:
    archive.erase(person, {"reason": "request"})


def names(archive: Archive) -> set[str]:
    return {record.fields.get("name", "") for record in archive.find("person")}


def found_in(content: bytes) -> set[str]:
    return {text for text in PLANTED for encoding in ENCODINGS if text.encode(encoding) in content}


def plain_pages(workshop: Workshop, archive: Archive, number: int = 0) -> bytes:
    """Every page of the database and of its write-ahead log, deciphered, whether it is in use or not."""
    key = workshop.template(number).unlocked.key
    log = Path(f"{archive.path}-wal").read_bytes()
    content = archive.path.read_bytes()
    # The file begins with a salt. The log has a header of 32 bytes, then frames: 24 bytes and a page.
    pages = [content[16:PAGE], *(content[at : at + PAGE] for at in range(PAGE, len(content), PAGE))]
    for at in range(32, len(log), 24 + PAGE):
        first = int.from_bytes(log[at : at + 4], "big") == 1
        pages.append(log[at + 24 + (16 if first else 0) : at + 24 + PAGE])
    return b"".join(decipher(page, key) for page in pages)


def decipher(page: bytes, key: bytes) -> bytes:
    """A page of SQLCipher 4: AES-256-CBC, the IV behind it, then an HMAC."""
    decryptor = Cipher(AES256(key), CBC(page[-80:-64])).decryptor()
    return decryptor.update(page[:-80]) + decryptor.finalize()


def the_same(archives: list[Archive]) -> bool:
    return len({archive.state_hash() for archive in archives}) == 1


# ---- no byte is left ----


def test_no_page_of_the_file_holds_anything_of_somebody_erased(workshop: Workshop, lonely: Archive) -> None:
    for number in range(200):
        add(lonely, f"学生{number}")
    person = plant(lonely)
    lonely.meeting.seal()
    edit(lonely, person)
    ((key,),) = lonely._connection.execute("SELECT key FROM person_key WHERE person = ?", (person,)).fetchall()
    before = plain_pages(workshop, lonely)
    assert found_in(before) == set(PLANTED)
    assert key in before
    erase(lonely, person)
    pages = plain_pages(workshop, lonely)
    assert found_in(pages) == set()
    assert key not in pages
    assert "学生7".encode() in pages


def test_what_earlier_edits_left_in_free_places_goes_too(workshop: Workshop, lonely: Archive) -> None:
    """SQLCipher overwrites what is deleted, but now and then leaves a copy where a page was divided. Here it always does."""
    lonely._connection.execute("PRAGMA secure_delete = OFF")
    for number in range(50):
        add(lonely, f"学生{number}")
    erase(lonely, plant(lonely))
    assert found_in(plain_pages(workshop, lonely)) == set()


def test_no_file_of_the_folder_holds_anything_of_somebody_erased(lonely: Archive) -> None:
    erase(lonely, plant(lonely))
    lonely.close()
    files = [path.read_bytes() for path in lonely.path.parent.iterdir()]
    assert len(files) >= 2
    assert found_in(b"".join(files)) == set()


def test_the_other_devices_are_cleaned_as_thoroughly(workshop: Workshop, trio: Station) -> None:
    person = plant(trio.archives[0])
    everybody_meets(trio)
    assert found_in(plain_pages(workshop, trio.archives[1], 1)) == set(PLANTED)
    erase(trio.archives[0], person)
    everybody_meets(trio)
    for number, archive in enumerate(trio.archives):
        assert found_in(plain_pages(workshop, archive, number)) == set(), number


def test_the_words_leave_the_search_index_and_others_are_still_found(workshop: Workshop, lonely: Archive) -> None:
    for number in range(5):
        add(lonely, f"王{number}")
        erase(lonely, plant(lonely))
    words = b"".join(row[0] for row in lonely._connection.execute("SELECT block FROM s_person_data"))
    assert "王".encode() in words
    assert "欧".encode() not in words
    assert lonely.search("person", '"欧"') == []
    assert len(lonely.search("person", '"王"')) == 5


# ---- what stays ----


def test_everybody_else_stays_and_the_archive_is_sound(lonely: Archive) -> None:
    other, person = add(lonely, "王小明"), plant(lonely)
    lonely.meeting.seal()
    erase(lonely, person)
    assert names(lonely) == {"王小明"}
    assert lonely.find("screening") == lonely.find("alert") == []
    assert lonely.history(person) == []
    assert [change.person for change in lonely.history(other)] == [other]
    assert lonely.verify() == []


def test_what_is_kept_about_an_erasure_is_the_reason_and_a_number(lonely: Archive) -> None:
    person = plant(lonely)
    erase(lonely, person)
    (record,) = lonely.find("erasure")
    assert record.fields == {"erased": person, "reason": "request"}
    assert record.person is None


def test_nobody_can_write_about_somebody_erased(lonely: Archive) -> None:
    person = plant(lonely)
    before = lonely.get("person", person)
    assert before
    erase(lonely, person)
    for draft in (
        Draft.edit(before, {"name": "又来了"}),
        Draft.new("alert", lonely.new_id(), {"level": "red"}, person=person),
    ):
        with pytest.raises(Problem, match="no_such_person"):
            lonely.save([draft])


def test_who_is_not_there_or_erased_already_is_not_erased_again(lonely: Archive) -> None:
    person = plant(lonely)
    erase(lonely, person)
    for somebody in (person, bytes(16), b"x" * 16):
        with pytest.raises(Problem, match="no_such_person"):
            erase(lonely, somebody)
    assert len(lonely.find("erasure")) == 1


def test_a_rebuild_gives_the_same(lonely: Archive) -> None:
    add(lonely, "王小明")
    erase(lonely, plant(lonely))
    before = lonely.state_hash()
    lonely.rebuild()
    assert lonely.state_hash() == before
    assert names(lonely) == {"王小明"}


# ---- others ----


def test_the_other_devices_erase_when_they_hear_of_it(trio: Station) -> None:
    person = plant(trio.archives[0])
    everybody_meets(trio)
    edit(trio.archives[1], person)
    erase(trio.archives[0], person)
    everybody_meets(trio)
    for archive in trio.archives:
        assert names(archive) == set()
        assert archive.meeting.backlog().unreadable == 0
        assert archive.verify() == []
    assert the_same(trio.archives)


def test_what_somebody_wrote_before_they_heard_of_it_goes_too(trio: Station) -> None:
    first, second, third = trio.archives
    person = plant(first)
    everybody_meets(trio)
    erase(first, person)
    edit(second, person)
    meet(second.meeting, trio.server)
    meet(third.meeting, trio.server)
    assert names(third) != set()
    everybody_meets(trio)
    assert [names(archive) for archive in trio.archives] == [set()] * 3
    assert the_same(trio.archives)


def test_two_who_erase_the_same_person_agree(trio: Station) -> None:
    first, second, _ = trio.archives
    person = plant(first)
    everybody_meets(trio)
    erase(first, person)
    erase(second, person)
    everybody_meets(trio)
    assert the_same(trio.archives)
    assert all(len(archive.find("erasure")) == 2 for archive in trio.archives)


def test_a_stick_with_the_old_envelopes_brings_nobody_back(trio: Station) -> None:
    first, second, third = trio.archives
    stick = trio.folder / "stick"
    stick.mkdir()
    person = plant(first)
    meet(first.meeting, FolderStore(stick))
    assert any(person in path.read_bytes() for path in stick.rglob("*.env"))
    meet(first.meeting, second.meeting)
    erase(first, person)
    meet(second.meeting, first.meeting)
    meet(third.meeting, second.meeting)
    for archive in (first, second, third):
        meet(archive.meeting, FolderStore(stick))
        assert names(archive) == set()
    assert the_same(trio.archives)


def test_a_device_that_hears_of_person_and_erasure_at_once_forgets_them(trio: Station) -> None:
    first, _, third = trio.archives
    person = plant(first)
    meet(first.meeting, trio.server)
    erase(first, person)
    meet(first.meeting, trio.server)
    meet(third.meeting, trio.server)
    assert names(third) == set()
    found = third._connection.execute("SELECT length(key) FROM person_key WHERE person = ?", (person,)).fetchall()
    assert found == [(0,)]
    assert third.state_hash() == first.state_hash()


def test_an_erasure_that_comes_before_the_person_keeps_them_out(trio: Station) -> None:
    """The third hears of the erasure in the second's stream, and only then of the person in the first's."""
    first, second, third = trio.archives
    person = plant(first)
    tell(first, second)
    erase(second, person)
    second.meeting.seal()
    scope, stream = third.meeting.scope, second.device.stream[1]
    known = third.meeting.overview(scope).vector.get(stream)
    third.meeting.append(scope, second.meeting.read(scope, stream, known.seq + 1 if known else 1))
    third.meeting.settle()
    assert len(third.find("erasure")) == 1
    meet(third.meeting, first.meeting)
    assert names(third) == set()
    assert third.meeting.backlog().unreadable == 0
    assert person not in carried(third, first.device.stream[1])
    everybody_meets(trio)
    assert the_same(trio.archives)


def test_envelopes_of_somebody_erased_are_not_handed_on(trio: Station) -> None:
    first, second, third = trio.archives
    other, person = add(first, "王小明"), plant(first)
    tell(first, second)
    erase(second, person)
    meet(third.meeting, second.meeting)
    meet(third.meeting, first.meeting)
    for archive in (second, third):
        kept = carried(archive, first.device.stream[1])
        assert other in kept
        assert person not in kept


def wrapped(store: SegmentStore, scope: bytes) -> set[bytes]:
    """The people whose wrapped keys lie in a store."""
    vector = store.overview(scope).vector
    return {one for stream in vector for part in store.read(scope, stream, 1) for one in people_in(part)}


def people_in(segment: Segment) -> set[bytes]:
    return {one.person for one in read_envelopes(segment.envelopes)}


def test_server_and_stick_lose_the_wrapped_key_and_no_older_stick_brings_it_back(trio: Station, tmp_path: Path) -> None:
    first, second, _ = trio.archives
    scope = first.device.scope
    kept, older, new = (FolderStore(folder) for folder in sticks(tmp_path, 3))
    other, person = add(first, "王小明"), plant(first)
    for store in (trio.server, kept, older):
        meet(first.meeting, store)
        assert wrapped(store, scope) == {other, person}
    erase(first, person)
    for store in (trio.server, kept):
        meet(first.meeting, store)
        assert wrapped(store, scope) == {other}
    meet(second.meeting, older)
    meet(second.meeting, trio.server)
    stream = first.device.stream[1]
    trio.server.append(scope, older.read(scope, stream, 1))
    assert wrapped(trio.server, scope) == {other}
    # A stick that hears of the erasure before the segment comes.
    new.add_papers(scope, kept.read_papers(scope, kept.overview(scope).papers))
    new.append(scope, trio.server.read(scope, stream, 1)[:1])
    assert person not in wrapped(new, scope)
    assert names(second) == {"王小明"}


def test_nobody_but_a_member_erases_at_the_server(trio: Station) -> None:
    first, *_ = trio.archives
    scope, person = first.device.scope, plant(first)
    meet(first.meeting, trio.server)
    stranger = Signer.generate()
    for paper in (Erasure(scope, person, stranger.id), Erasure(scope, person, first.device.id)):
        trio.server.add_papers(scope, [write_paper(paper, stranger)])
    assert wrapped(trio.server, scope) == {person}


def sticks(folder: Path, count: int) -> list[Path]:
    folders = [folder / f"stick-{number}" for number in range(count)]
    for one in folders:
        one.mkdir()
    return folders


# ---- what was not sealed yet ----


def test_what_was_never_sealed_keeps_its_place_and_says_nothing(trio: Station) -> None:
    first, second, _ = trio.archives
    add(first, "王小明")
    meet(first.meeting, second.meeting)
    person = plant(first)
    add(first, "李小红")
    erase(first, person)
    edit(first, add(first, "赵小刚"))
    everybody_meets(trio)
    assert names(second) == {"王小明", "李小红", "赵小刚"}
    assert second.verify() == first.verify() == []
    assert second.meeting.backlog().unreadable == 0
    assert the_same(trio.archives)
    heard_of = {record for (record,) in second._connection.execute("SELECT record FROM change")}
    assert person not in heard_of


def test_who_was_erased_before_the_station_was_joined_stays_away(workshop: Workshop, tmp_path: Path) -> None:
    """Joining seals the whole stream again, from the log."""
    path = workshop.copy(tmp_path / "new", 5)
    with workshop.station(1) as station, workshop.open(path, 5, catalogue=catalogue(workshop)) as late:
        known = station.archives[0]
        add(late, "王小明")
        person = plant(late)
        late.meeting.seal()
        erase(late, person)
        workshop.join(late, station.county)
        for _ in range(2):
            meet(known.meeting, station.server)
            meet(late.meeting, station.server)
        assert names(known) == {"王小明"}
        assert known.state_hash() == late.state_hash()
        assert known.meeting.backlog().unreadable == 0


# ---- surroundings ----


def test_a_cleaning_that_was_cut_off_is_done_at_the_next_opening(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path / "alone")
    with workshop.open(path, catalogue=catalogue(workshop)) as archive:
        person = plant(archive)
        # As if the power went right after the commit: within an outer transaction nothing can be cleaned.
        with archive.transaction():
            erase(archive, person)
        assert names(archive) == set()
        assert found_in(plain_pages(workshop, archive)) == set(PLANTED)
    with workshop.open(path, catalogue=catalogue(workshop)) as archive:
        assert found_in(plain_pages(workshop, archive)) == set()


# ---- in any order ----


def test_what_could_become_unreadable_itself_erases_nobody() -> None:
    """A change that belongs to a person: what it did would depend on what came first."""
    change = Change(
        record=b"r" * 16, type="erasure", schema=1, person=None, actor=b"a" * 16, time=1, fields={"erased": b"p" * 16}
    )
    assert erased_by(change) == b"p" * 16
    faults: list[dict[str, Any]] = [
        {"person": b"q" * 16},
        {"type": "note"},
        {"fields": {}},
        {"fields": {"erased": "p"}},
    ]
    for fault in faults:
        assert erased_by(msgspec.structs.replace(change, **fault)) is None


STEPS = st.tuples(
    st.sampled_from(["add", "edit", "alert", "erase", "meet", "server"]), st.integers(0, 2), st.integers(0, 5)
)


@examples(40)
@given(steps=st.lists(STEPS, min_size=4, max_size=24))
def test_whatever_the_order_all_devices_agree_and_nobody_erased_is_known(
    workshop: Workshop, steps: list[tuple[str, int, int]]
) -> None:
    with three(workshop) as station:
        people: list[bytes] = []
        gone: set[bytes] = set()
        for what, device, choice in steps:
            archive = station.archives[device]
            known = [person for person in people if archive.get("person", person)]
            somebody = known[choice % len(known)] if known else None
            if what == "add":
                people.append(add(archive, f"学生{len(people)}"))
            elif what == "meet":
                meet(archive.meeting, station.archives[(device + 1 + choice % 2) % 3].meeting)
            elif what == "server":
                meet(archive.meeting, station.server)
            elif somebody and what == "edit":
                edit(archive, somebody)
            elif somebody and what == "alert":
                archive.save([Draft.new("alert", archive.new_id(), {"level": "red"}, person=somebody)])
            elif somebody and what == "erase":
                erase(archive, somebody)
                gone.add(somebody)
        everybody_meets(station)
        assert the_same(station.archives)
        for archive in station.archives:
            assert {record.id for record in archive.find("person")} == set(people) - gone
            assert all(record.person not in gone for record in archive.find("alert"))
            assert archive.meeting.backlog().unreadable == 0
            assert archive.verify() == []
            before = archive.state_hash()
            archive.rebuild()
            assert archive.state_hash() == before


def test_what_is_erased_after_a_rebuild_is_overwritten_as_ever(archive: Archive) -> None:
    archive.rebuild()
    assert archive._connection.execute("PRAGMA secure_delete").fetchone() == (1,)
