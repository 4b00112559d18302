"""How records stand in the projection: mostly without content of their own, whatever the size of a save."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from storage.archive import Archive
from storage.projection import About
from storage.records import Catalogue, Draft, RecordType
from storage.writing import BATCH

if TYPE_CHECKING:
    from tests.conftest import Workshop


def test_drafts_about_one_record_are_one_record_however_far_apart_they_are_in_a_save(archive: Archive) -> None:
    record = archive.new_id()
    others = [Draft.new("alert", archive.new_id(), {"due": number}) for number in range(BATCH)]
    first, last = Draft.new("alert", record, {"level": "red"}), Draft.new("alert", record, {"note": "told"})
    archive.save([first, *others, last])
    found = archive.get("alert", record)
    assert found is not None
    assert found.fields == {"level": "red", "note": "told"}
    assert len(archive.find("alert")) == BATCH + 1
    assert archive.verify() == []


def test_only_a_record_of_several_changes_has_content_beside_the_log(archive: Archive) -> None:
    def kept() -> list[bool]:
        rows = archive._connection.execute("SELECT content IS NOT NULL FROM r_alert ORDER BY no")
        return [bool(row[0]) for row in rows]

    archive.save([Draft.new("alert", archive.new_id(), {"level": level}) for level in ("red", "blue")])
    assert kept() == [False, False]
    archive.save([Draft.edit(archive.find("alert")[0], {"level": "yellow"})])
    assert kept() == [True, False]
    archive.rebuild()
    assert kept() == [True, False]
    assert [record.fields["level"] for record in archive.find("alert")] == ["yellow", "blue"]


def test_a_projection_of_an_earlier_layout_is_made_anew_on_opening(workshop: Workshop, archive: Archive) -> None:
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])
    archive._connection.execute(
        "UPDATE meta SET value = ? WHERE name = 'catalogue'", (workshop.catalogue.fingerprint(),)
    )
    archive._connection.execute("UPDATE r_alert SET f_level = 'of an earlier layout'")
    archive.close()
    with workshop.open(archive.path) as opened:
        assert len(opened.find("alert", {"level": "red"})) == 1


def test_lookups_are_made_of_index_fields_and_the_person_alone() -> None:
    good = RecordType(name="alert", index=("level", "due"), lookups=(("person", "level"),))
    assert Catalogue([good]).fingerprint() != Catalogue([msgspec.structs.replace(good, lookups=None)]).fingerprint()
    with pytest.raises(ValueError, match="index field"):
        Catalogue([msgspec.structs.replace(good, lookups=(("note",),))])


def test_people_are_counted_by_whether_records_of_another_type_are_about_them(archive: Archive) -> None:
    people = [archive.new_id() for _ in range(4)]
    archive.save(
        [Draft.new("person", person, {"name": "ab"[number // 2]}) for number, person in enumerate(people)]
        + [Draft.new("alert", archive.new_id(), {"level": "red"}, person=person) for person in people[:1] * 2]
        + [Draft.new("alert", archive.new_id(), {"level": "blue"}, person=person) for person in people[:3]]
        + [Draft.new("alert", archive.new_id(), {"level": "yellow"})]
    )
    levels = [About("alert", {"level": level}) for level in ("red", "blue", "yellow")]
    assert archive.coverage("person", "name", {"name": ("a", "b")}, levels) == {
        ("a", 1, 1, 0): 1,
        ("a", 0, 1, 0): 1,
        ("b", 0, 1, 0): 1,
        ("b", 0, 0, 0): 1,
    }
