"""Data dictionaries of different versions of the program in front of the same archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from storage.archive import Archive
from storage.records import Catalogue, Draft, Fields, RecordType

if TYPE_CHECKING:
    from tests.conftest import Workshop


def with_type(catalogue: Catalogue, *declared: RecordType) -> Catalogue:
    names = {one.name for one in declared}
    return Catalogue([*(one for one in catalogue if one.name not in names), *declared])


def without(catalogue: Catalogue, name: str) -> Catalogue:
    return Catalogue(one for one in catalogue if one.name != name)


def test_records_of_unknown_types_are_kept_and_shown_as_newer(workshop: Workshop, archive: Archive) -> None:
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])
    state = archive.state_hash()
    archive.close()
    with workshop.open(archive.path, catalogue=without(workshop.catalogue, "alert")) as older:
        assert older.state_hash() == state
        (record,) = older.find("other")
        assert (record.type, record.fields, record.newer) == ("alert", {"level": "red"}, True)
    with workshop.open(archive.path) as again:
        assert again.state_hash() == state
        assert [record.newer for record in again.find("alert", {"level": "red"})] == [False]
        assert again.find("other") == []


def test_a_record_with_a_newer_schema_is_shown_as_newer_even_after_an_older_version_edited_it(
    workshop: Workshop, archive: Archive
) -> None:
    archive.close()
    newer = with_type(workshop.catalogue, RecordType(name="alert", schema=2, index=("level",)))
    with workshop.open(archive.path, catalogue=newer) as opened:
        opened.save([Draft.new("alert", opened.new_id(), {"level": "violet", "place": "school"})])
        assert [record.newer for record in opened.find("alert")] == [False]
    with workshop.open(archive.path) as older:
        (record,) = older.find("alert", {"level": "violet"})
        assert record.newer
        older.save([Draft.edit(record, {"level": "red"})])
        (record,) = older.find("alert")
        assert (record.newer, record.fields) == (True, {"level": "red", "place": "school"})


def test_a_new_index_field_is_there_at_the_next_opening(workshop: Workshop, archive: Archive) -> None:
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red", "due": due}) for due in (1, 2)])
    state = archive.state_hash()
    archive.close()
    changed = with_type(workshop.catalogue, RecordType(name="alert", index=("due",)))
    with workshop.open(archive.path, catalogue=changed) as opened:
        assert [record.fields["due"] for record in opened.find("alert", {"due": 2})] == [2]
        assert opened.state_hash() == state
        assert opened.verify() == []


def test_new_search_terms_are_there_at_the_next_opening(workshop: Workshop, archive: Archive) -> None:
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])
    archive.close()

    def terms(fields: Fields) -> str:
        return str(fields["level"])

    searched = with_type(workshop.catalogue, RecordType(name="alert", index=("level",), terms=terms))
    with workshop.open(archive.path, catalogue=searched) as opened:
        assert len(opened.search("alert", '"red"')) == 1

    def other_terms(fields: Fields) -> str:
        return f"not-{fields['level']}"

    changed = with_type(
        workshop.catalogue, RecordType(name="alert", index=("level",), terms=other_terms, terms_version=1)
    )
    with workshop.open(archive.path, catalogue=changed) as opened:
        assert len(opened.search("alert", '"not"')) == 1


def test_a_new_ranking_settles_old_conflicts_anew(workshop: Workshop, archive: Archive) -> None:
    archive.save([Draft.new("screening", archive.new_id(), {"score": 0})])
    (stale,) = archive.find("screening")
    for score in (9, 3):
        archive.save([Draft.edit(stale, {"score": score})])
    assert [record.fields["score"] for record in archive.find("screening")] == [3]
    state = archive.state_hash()
    archive.close()
    ranked = with_type(workshop.catalogue, RecordType(name="screening", ranked={"score": (3, 9)}))
    with workshop.open(archive.path, catalogue=ranked) as opened:
        assert [record.fields["score"] for record in opened.find("screening")] == [9]
        assert opened.state_hash() == state


def test_an_unchanged_dictionary_rebuilds_nothing(workshop: Workshop, archive: Archive) -> None:
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])
    archive._connection.execute("UPDATE r_alert SET f_level = 'marked by the test'")
    archive.close()
    with workshop.open(archive.path) as opened:
        assert len(opened.find("alert", {"level": "marked by the test"})) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"index": ("level", "due")},
        {"ranked": {"level": ("blue",)}},
        {"terms": str},
        {"terms_version": 1},
        {"name": "alarm"},
    ],
)
def test_the_fingerprint_tells_every_difference(change: dict[str, object]) -> None:
    plain = RecordType(name="alert", index=("level",))
    changed = msgspec.structs.replace(plain, **change)
    assert Catalogue([plain]).fingerprint() != Catalogue([changed]).fingerprint()
    assert Catalogue([plain]).fingerprint() == Catalogue([msgspec.structs.replace(plain)]).fingerprint()


@pytest.mark.parametrize(
    "declared",
    [
        RecordType(name="Alert"),
        RecordType(name="alert; DROP TABLE change"),
        RecordType(name=""),
        RecordType(name="other"),
        RecordType(name="alert", index=("level 2",)),
        RecordType(name="alert", index=("created",)),
        RecordType(name="alert", index=("person",)),
    ],
)
def test_a_name_that_is_no_plain_word_or_taken_cannot_be_declared(declared: RecordType) -> None:
    with pytest.raises(ValueError, match=r"name|taken"):
        Catalogue([declared])


def test_types_and_fields_whose_names_run_together_do_not_get_in_each_others_way(
    workshop: Workshop, archive: Archive
) -> None:
    archive.close()
    alike = Catalogue(
        [
            RecordType(name="alert", index=("step", "step_person")),
            RecordType(name="alert_step", index=("person_",)),
            RecordType(name="alert_step_person"),
        ]
    )
    with workshop.open(archive.path, catalogue=alike) as opened:
        opened.save([Draft.new(kind.name, opened.new_id(), {"step": kind.name}) for kind in alike])
        assert opened.tally("alert", ("step",)) == {("alert",): 1}
        assert [opened.tally(kind.name) for kind in alike] == [{(): 1}] * 3
