"""Saving, editing and finding records in one archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from storage.archive import Archive
from storage.errors import Problem
from storage.projection import Between, Projection
from storage.records import Draft, Record

if TYPE_CHECKING:
    from tests.conftest import Workshop


def new_person(archive: Archive, **fields: Any) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, fields)])
    return person


def person_of(archive: Archive, record: bytes) -> Record:
    found = archive.get("person", record)
    assert found is not None
    return found


def names(records: list[Record]) -> list[str]:
    return [record.fields["name"] for record in records]


def everything(archive: Archive) -> tuple[Any, ...]:
    """All that the archive shows of itself."""
    kinds = ("person", "screening", "alert", "other")
    return archive.state_hash(), archive.info().changes, *(archive.find(kind) for kind in kinds)


# ---- a save ----


def test_what_was_saved_is_there_with_its_times_and_its_author(archive: Archive) -> None:
    person = new_person(archive, name="李雷", birth_date="2012-03-04")
    record = person_of(archive, person)
    assert record.fields == {"name": "李雷", "birth_date": "2012-03-04"}
    assert record.created == record.changed > 0
    assert not record.newer
    (change,) = archive.history(person)
    assert (change.actor, change.fields, change.base) == (archive.user, record.fields, {})


def test_a_save_is_whole_or_not_at_all(archive: Archive) -> None:
    new_person(archive, name="李雷")
    before = everything(archive)
    person = archive.new_id()
    drafts = [
        Draft.new("person", person, {"name": "韩梅"}),
        Draft.new("screening", archive.new_id(), {"score": 9}, person=person),
        Draft.new("screening", archive.new_id(), {"score": 9}, person=archive.new_id()),
    ]
    with pytest.raises(Problem) as caught:
        archive.save(drafts)
    assert caught.value.key == "archive.no_such_person"
    assert everything(archive) == before
    archive.save(drafts[:2])
    assert names(archive.find("person")) == ["李雷", "韩梅"]


def test_a_record_that_is_too_large_is_refused_and_leaves_nothing(archive: Archive) -> None:
    before = everything(archive)
    with pytest.raises(Problem) as caught:
        archive.save(
            [
                Draft.new("alert", archive.new_id(), {"level": "red"}),
                Draft.new("alert", archive.new_id(), {"text": "长" * 1_000_000}),
            ]
        )
    assert (caught.value.key, caught.value.values) == ("archive.too_large", {"megabytes": 2})
    assert everything(archive) == before


def test_saves_inside_a_transaction_become_durable_together_or_not_at_all(archive: Archive) -> None:
    before = everything(archive)

    def save_two() -> None:
        with archive.transaction():
            new_person(archive, name="李雷")
            archive.save([Draft.new("alert", archive.new_id(), {}, person=archive.new_id())])

    with pytest.raises(Problem):
        save_two()
    assert everything(archive) == before


def test_a_save_that_fails_inside_a_transaction_takes_only_itself_back(archive: Archive) -> None:
    with archive.transaction():
        new_person(archive, name="李雷")
        with pytest.raises(Problem):
            archive.save(
                [
                    Draft.new("alert", archive.new_id(), {"level": "red"}),
                    Draft.new("alert", archive.new_id(), {"text": "长" * 1_000_000}),
                ]
            )
        new_person(archive, name="韩梅")
    assert (names(archive.find("person")), archive.find("alert")) == (["李雷", "韩梅"], [])
    state = archive.state_hash()
    archive.rebuild()
    assert archive.state_hash() == state


def test_a_commit_is_on_the_disk_when_it_returns(archive: Archive) -> None:
    def setting(name: str) -> Any:
        return archive._connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert (setting("journal_mode"), setting("synchronous")) == ("wal", 2), "2 is FULL"


def test_saving_nothing_changes_nothing(archive: Archive) -> None:
    before = everything(archive)
    archive.save([])
    assert everything(archive) == before


def test_several_drafts_about_one_new_record_are_one_record(archive: Archive) -> None:
    alert = archive.new_id()
    archive.save([Draft.new("alert", alert, {"level": "blue"}), Draft.new("alert", alert, {"note": "电话"})])
    (record,) = archive.find("alert")
    assert record.fields == {"level": "blue", "note": "电话"}
    assert len(archive.history(alert)) == 2


def test_records_of_a_person_belong_to_that_person_and_a_person_to_themselves(archive: Archive) -> None:
    person, other = new_person(archive, name="李雷"), new_person(archive, name="韩梅")
    archive.save([Draft.new("screening", archive.new_id(), {"score": score}, person=person) for score in (3, 5)])
    archive.save([Draft.new("screening", archive.new_id(), {"score": 8}, person=other)])
    assert [record.fields["score"] for record in archive.find("screening", {"person": person})] == [3, 5]
    assert [record.id for record in archive.find("person", {"person": person})] == [person]


# ---- edits ----


def test_an_edit_replaces_what_its_author_saw_and_leaves_the_rest(archive: Archive) -> None:
    person = new_person(archive, name="李雷", birth_date="2012-03-04")
    archive.save([Draft.edit(person_of(archive, person), {"name": "李磊"})])
    record = person_of(archive, person)
    assert record.fields == {"name": "李磊", "birth_date": "2012-03-04"}
    assert record.conflicts == {}
    assert [change.fields.get("name") for change in archive.history(person)] == ["李雷", "李磊"]


def test_an_edit_of_an_old_version_stands_beside_what_it_did_not_see(archive: Archive) -> None:
    person = new_person(archive, name="李雷")
    stale = person_of(archive, person)
    archive.save([Draft.edit(stale, {"name": "李磊"})])
    archive.save([Draft.edit(stale, {"name": "李蕾"})])
    record = person_of(archive, person)
    assert {record.fields["name"], *record.conflicts["name"]} == {"李磊", "李蕾"}
    archive.save([Draft.edit(record, {"name": "李磊"})])
    settled = person_of(archive, person)
    assert (settled.fields["name"], settled.conflicts) == ("李磊", {})


def test_two_who_agree_are_no_conflict(archive: Archive) -> None:
    person = new_person(archive, name="李雷")
    stale = person_of(archive, person)
    for _ in range(2):
        archive.save([Draft.edit(stale, {"name": "李磊"})])
    assert person_of(archive, person).conflicts == {}


def test_risk_is_not_lowered_by_an_edit_that_did_not_see_it_raised(archive: Archive) -> None:
    alert = archive.new_id()
    archive.save([Draft.new("alert", alert, {"level": "blue"})])
    (stale,) = archive.find("alert")
    archive.save([Draft.edit(stale, {"level": "red"})])
    archive.save([Draft.edit(stale, {"level": "yellow"})])
    (record,) = archive.find("alert", {"level": "red"})
    assert record.conflicts == {"level": ["yellow"]}
    archive.save([Draft.edit(record, {"level": "blue"})])
    assert names_of(archive.find("alert"), "level") == ["blue"]


def names_of(records: list[Record], field: str) -> list[Any]:
    return [record.fields.get(field) for record in records]


def test_edits_and_new_records_can_be_saved_together(archive: Archive) -> None:
    person = new_person(archive, name="李雷")
    step = archive.new_id()
    archive.save(
        [
            Draft.new("alert", step, {"level": "red"}, person=person),
            Draft.edit(person_of(archive, person), {"name": "李磊"}),
        ]
    )
    assert (names(archive.find("person")), len(archive.find("alert"))) == (["李磊"], 1)


def test_a_record_stays_in_its_place_when_it_is_edited_and_when_all_is_rebuilt(archive: Archive) -> None:
    people = [new_person(archive, name=name) for name in ("甲", "乙", "丙")]
    archive.save([Draft.edit(person_of(archive, people[0]), {"name": "子"})])
    assert names(archive.find("person")) == ["子", "乙", "丙"]
    archive.rebuild()
    assert names(archive.find("person")) == ["子", "乙", "丙"]


def test_people_of_one_roster_stay_in_its_order_after_a_rebuild(archive: Archive) -> None:
    roster = [f"学生{number}" for number in range(200)]
    archive.save([Draft.new("person", archive.new_id(), {"name": name}) for name in roster])
    assert names(archive.find("person")) == roster
    archive.rebuild()
    assert names(archive.find("person")) == roster


# ---- finding ----


@pytest.fixture
def clinic(archive: Archive) -> Archive:
    dates = ["2026-03-01", "2026-03-01", "2026-03-02", "2026-04-01", None]
    drafts = [
        Draft.new("screening", archive.new_id(), {"score": score, **({"date": date} if date else {})})
        for score, date in enumerate(dates)
    ]
    archive.save(drafts)
    return archive


@pytest.mark.parametrize(
    ("where", "scores"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"date": "2026-03-01"}, [0, 1]),
        ({"date": None}, [4]),
        ({"date": ("2026-03-02", "2026-04-01")}, [2, 3]),
        ({"date": []}, []),
        ({"date": Between("2026-03-02", "2026-04-01")}, [2, 3]),
        ({"date": Between("2026-03-02")}, [2, 3]),
        ({"date": Between(high="2026-03-01")}, [0, 1]),
        ({"date": Between()}, [0, 1, 2, 3, 4]),
        ({"score": 0}, [0]),
        ({"score": Between(1, 3), "date": "2026-03-01"}, [1]),
        ({"score": "0"}, []),
        ({"person": None}, [0, 1, 2, 3, 4]),
        ({"date": "2026-03-01' OR 1=1 --"}, []),
    ],
)
def test_records_are_found_by_all_conditions_together(
    clinic: Archive, where: dict[str, Any], scores: list[int]
) -> None:
    assert names_of(clinic.find("screening", where), "score") == scores
    assert clinic.tally("screening", (), where) == {(): len(scores)}


def test_records_are_ordered_and_cut_as_asked(clinic: Archive) -> None:
    def scores(**how: Any) -> list[Any]:
        return names_of(clinic.find("screening", **how), "score")

    assert scores(order="score", descending=True) == [4, 3, 2, 1, 0]
    assert scores(order="date") == [4, 0, 1, 2, 3]
    assert scores(order="created", descending=True) == [4, 3, 2, 1, 0]
    assert scores(limit=2) == [0, 1]
    assert scores(limit=2, offset=3) == [3, 4]


def test_a_tally_counts_combinations_and_leaves_out_those_that_do_not_exist(clinic: Archive) -> None:
    assert clinic.tally("screening", ("date",)) == {
        ("2026-03-01",): 2,
        ("2026-03-02",): 1,
        ("2026-04-01",): 1,
        (None,): 1,
    }
    assert clinic.tally("screening", ("date", "score"), {"score": Between(0, 1)}) == {
        ("2026-03-01", 0): 1,
        ("2026-03-01", 1): 1,
    }
    assert clinic.tally("person") == {(): 0}


def test_a_field_that_is_not_indexed_cannot_be_asked_for(clinic: Archive) -> None:
    for ask in ({"answers": 1}, {"score; DROP TABLE r_screening": 1}):
        with pytest.raises(KeyError):
            clinic.find("screening", ask)
    with pytest.raises(KeyError):
        clinic.find("screening", order="answers")


def test_an_index_holds_only_plain_values(archive: Archive) -> None:
    values = [2**63, -(2**63) - 1, [1], {"a": 1}, None, 7]
    for value in values[:1] + values[2:]:
        archive.save([Draft.new("screening", archive.new_id(), {"score": value})])
    assert names_of(archive.find("screening"), "score") == [2**63, [1], {"a": 1}, None, 7]
    assert names_of(archive.find("screening", {"score": None}), "score") == [2**63, [1], {"a": 1}, None]


# ---- searching ----


def test_the_search_follows_edits(archive: Archive) -> None:
    person = new_person(archive, name="李雷")
    new_person(archive, name="韩梅")
    assert names(archive.search("person", '"雷"')) == ["李雷"]
    archive.save([Draft.edit(person_of(archive, person), {"name": "李磊"})])
    assert names(archive.search("person", '"雷"')) == []
    assert names(archive.search("person", '"磊"')) == ["李磊"]
    archive.rebuild()
    assert names(archive.search("person", '"磊" OR "雷"')) == ["李磊"]


def test_the_search_knows_words_and_beginnings(archive: Archive) -> None:
    for name in ("李雷雨", "雨李雷", "李", ["lilei"]):
        new_person(archive, name=name)
    assert names(archive.search("person", '"李" AND "雷"')) == ["雨李雷", "李雷雨"]
    assert len(archive.search("person", '"lil"*')) == 1


def test_the_search_gives_the_last_that_came_first_and_no_more_than_asked(archive: Archive) -> None:
    for number in range(5):
        new_person(archive, name=f"李{number}")
    assert names(archive.search("person", '"李"', 2)) == ["李4", "李3"]


def test_a_record_without_what_the_search_needs_is_kept_and_listed(archive: Archive) -> None:
    person = new_person(archive, birth_date="2012-03-04")
    new_person(archive, name=17)
    new_person(archive, name="李雷")
    assert len(archive.find("person")) == 3
    archive.save([Draft.edit(person_of(archive, person), {"name": "韩梅"})])
    assert names(archive.search("person", '"梅"')) == ["韩梅"]


# ---- rebuilding ----


def test_a_rebuild_comes_to_the_same(archive: Archive) -> None:
    person = new_person(archive, name="李雷")
    stale = person_of(archive, person)
    for name in ("李磊", "李蕾"):
        archive.save([Draft.edit(stale, {"name": name})])
    archive.save([Draft.new("screening", archive.new_id(), {"score": 9, "date": "2026-03-01"}, person=person)])
    before = everything(archive)
    archive.rebuild()
    assert everything(archive) == before
    assert archive.verify() == []


def test_a_rebuild_that_was_interrupted_is_done_at_the_next_opening(
    workshop: Workshop, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_person(archive, name="李雷")
    before = everything(archive)
    with monkeypatch.context() as patch:
        patch.setattr(Projection, "create_indexes", interrupt)
        with pytest.raises(KeyboardInterrupt):
            archive.rebuild()
    archive.close()
    with workshop.open(archive.path) as again:
        assert everything(again) == before
        assert again.verify() == []


def interrupt(_projection: Projection) -> None:
    raise KeyboardInterrupt


def test_everything_is_there_after_reopening(workshop: Workshop, archive: Archive) -> None:
    person = new_person(archive, name="李雷")
    archive.save([Draft.edit(person_of(archive, person), {"name": "李磊"})])
    before, info = everything(archive), archive.info()
    archive.close()
    with workshop.open(archive.path) as again:
        assert everything(again) == before
        assert again.info() == info
        again.save([Draft.edit(person_of(again, person), {"name": "李蕾"})])
        assert person_of(again, person).conflicts == {}


def test_stamps_go_on_growing_when_the_wall_clock_was_put_back(workshop: Workshop, archive: Archive) -> None:
    alert = archive.new_id()
    archive.save([Draft.new("alert", alert, {"level": "blue"})])
    archive.close()
    with workshop.open(archive.path, wall=workshop.wall(0)) as again:
        (record,) = again.find("alert")
        again.save([Draft.edit(record, {"level": "red"})])
        stamps = [change.time for change in again.history(alert)]
        assert stamps == sorted(set(stamps))


def test_a_closed_archive_can_be_closed_again_but_not_used(archive: Archive) -> None:
    archive.close()
    archive.close()
    with pytest.raises(Exception, match="closed"):
        archive.find("person")
