"""What `verify` says of the key-slot file and of records that name others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from storage.archive import Archive
from storage.records import Catalogue, Draft, RecordType
from storage.verify import Finding

if TYPE_CHECKING:
    from tests.conftest import Workshop


@pytest.fixture
def catalogue(workshop: Workshop) -> Catalogue:
    return Catalogue([*workshop.catalogue, RecordType(name="alert_step", index=("alert", "text"))])


def add(archive: Archive, kind: str, fields: dict[str, Any], person: bytes | None = None) -> bytes:
    record = archive.new_id()
    archive.save([Draft.new(kind, record, fields, person=person)])
    return record


def references(archive: Archive) -> list[str]:
    return [finding.place for finding in archive.verify() if finding.kind == "reference"]


def test_records_that_name_what_is_there_are_sound(workshop: Workshop, archive: Archive, catalogue: Catalogue) -> None:
    archive.close()
    with workshop.open(archive.path, catalogue=catalogue) as again:
        person = add(again, "person", {"name": "李雷"})
        alert = add(again, "alert", {"level": "red"}, person)
        add(again, "alert_step", {"alert": alert, "text": "x" * 16}, person)
        add(again, "alert_step", {"alert": None, "text": b"17 bytes are none"}, person)
        assert again.verify() == []


def test_a_step_whose_alert_is_not_there_is_found(workshop: Workshop, archive: Archive, catalogue: Catalogue) -> None:
    archive.close()
    with workshop.open(archive.path, catalogue=catalogue) as again:
        step = add(again, "alert_step", {"alert": again.new_id()})
        assert again.verify() == [Finding("reference", f"alert_step/{step.hex()}")]


def test_a_screening_whose_person_is_not_there_is_found(archive: Archive) -> None:
    person = add(archive, "person", {"name": "李雷"})
    screening = add(archive, "screening", {"score": 9}, person)
    archive._connection.execute("DELETE FROM change WHERE record = ?", (person,))
    archive.rebuild()
    assert references(archive) == [f"screening/{screening.hex()}"]


def test_as_long_as_something_cannot_be_read_nobody_can_say_what_is_not_there(archive: Archive) -> None:
    person = add(archive, "person", {"name": "李雷"})
    add(archive, "screening", {"score": 9}, person)
    archive.meeting.seal()
    archive._connection.execute("UPDATE change SET time = NULL, body = NULL WHERE record = ?", (person,))
    archive.rebuild()
    assert archive.find("person") == []
    assert references(archive) == []


def test_who_was_erased_may_still_be_named(workshop: Workshop, archive: Archive) -> None:
    archive.close()
    types = [RecordType(name="erasure", index=("erased",)), RecordType(name="access", index=("about",))]
    with workshop.open(archive.path, catalogue=Catalogue([*workshop.catalogue, *types])) as again:
        person = add(again, "person", {"name": "李雷"})
        add(again, "access", {"about": person})
        again.erase(person, {})
        assert again.verify() == []
        access = add(again, "access", {"about": again.new_id()})
        assert references(again) == [f"access/{access.hex()}"]


def test_a_key_file_that_somebody_changed_is_found(archive: Archive) -> None:
    slots = archive.path.with_name(f"{archive.path.name}.keys")
    data = bytearray(slots.read_bytes())
    data[-1] ^= 1
    slots.write_bytes(data)
    assert archive.verify() == [Finding("keys", slots.name)]
    slots.unlink()
    assert archive.verify() == [Finding("keys", slots.name)]
