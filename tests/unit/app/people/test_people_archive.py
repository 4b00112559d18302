"""Listing people, adding and changing one, and reading what happened with them."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import Problem
from app.instruments.library import Library
from app.people.fields import PersonFields
from app.people.service import People
from app.records import CATALOGUE, Group, Kept, Person, plain
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Catalogue, Draft, RecordType

DAY = dt.date(2026, 9, 20)
ITEMS = [str(number) for number in range(1, 10)]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "a.xinyi", Owner("王老师", "correct horse", Names("x", "站")), CATALOGUE) as made:
        register_user(made, "王老师")
        yield made


@pytest.fixture
def people(archive: Archive) -> People:
    return People(archive)


def add(people: People, name: str, **said: str) -> Kept[Person]:
    return people.get(people.add(PersonFields(name, **said)))  # type: ignore[arg-type]


def names(people: People, text: str = "", group: bytes | None = None, limit: int = 500) -> list[str]:
    return [line.person.fields.name for line in people.listing(text, group, limit).lines]


# ---- listing ----


def test_a_list_holds_everybody_of_a_group_by_student_number(people: People) -> None:
    for name, of, number in (("甲一", "一班", "3003"), ("乙二", "二班", "3002"), ("丙三", "一班", "3001")):
        add(people, name, group_name=of, student_number=number)
    group = people.group_named("一班")
    assert names(people) == ["甲一", "乙二", "丙三"]
    assert names(people, group=group.id) == ["丙三", "甲一"]
    assert people.listing("", group.id).total == 2


def test_a_list_holds_whoever_matches_within_the_group(people: People) -> None:
    add(people, "张三", group_name="一班")
    add(people, "张四", group_name="二班")
    add(people, "李五", group_name="一班")
    found = people.listing("zhang", people.group_named("一班").id)
    assert [line.person.fields.name for line in found.lines] == ["张三"]
    assert found.total == 1


def test_a_list_is_cut_and_says_how_many_there_are_in_all(people: People) -> None:
    for number in range(5):
        add(people, "张三", student_number=f"700{number}")
    cut = people.listing("", None, 3)
    assert (len(cut.lines), cut.total) == (3, 5)
    searched = people.listing("张三", None, 3)
    assert (len(searched.lines), searched.total) == (3, None)
    assert people.listing("张三", None, 5).total == 5


def test_signs_alone_match_nobody(people: People) -> None:
    add(people, "张三")
    assert people.listing("！？").total == 0


def test_a_line_has_the_gravest_level_of_the_standing_alerts_and_none_of_closed_ones(
    archive: Archive, people: People
) -> None:
    screenings = Screenings(archive, Library.load(), AlertRules.load())
    grave, closed, quiet = (add(people, name) for name in ("重一", "轻二", "静三"))
    moderate = dict.fromkeys(ITEMS, 1) | {"1": 2, "2": 2, "9": 0}
    screenings.record(Sheet(grave, "phq-9", DAY, moderate, "typed"))
    screenings.record(Sheet(grave, "phq-9", DAY + dt.timedelta(days=1), {"9": 1}, "typed"))
    alert = screenings.record(Sheet(closed, "phq-9", DAY, moderate, "typed")).alert
    assert alert is not None
    Alerts(archive).close(alert, "已面谈")
    levels = {line.person.id: line.level for line in people.listing().lines}
    assert levels == {grave.id: "red", closed.id: None, quiet.id: None}


# ---- adding and changing ----


def test_a_new_person_brings_a_new_group_and_joins_a_known_one(people: People) -> None:
    first, second = add(people, "张三", group_name="一班"), add(people, "李四", group_name="一班")
    assert first.fields.group == second.fields.group
    assert [group.fields.name for group in people.groups()] == ["一班"]


@pytest.mark.parametrize("field", ["id_number", "student_number"])
def test_a_number_of_somebody_else_is_refused_and_nothing_is_saved(people: People, field: str) -> None:
    add(people, "张三", **{field: "99000020130506"})
    with pytest.raises(Problem) as refused:
        add(people, "李四", group_name="新班", **{field: "99000020130506"})
    assert refused.value.key == f"people.{field}_taken"
    assert refused.value.values == {"name": "张三"}
    assert (people.count(), people.groups()) == (1, [])


def test_a_place_in_a_class_list_may_be_shared(people: People) -> None:
    add(people, "张三", student_number="12")
    add(people, "李四", student_number="12")
    assert people.count() == 2


def test_changing_a_person_keeps_what_the_form_says_again_and_takes_away_what_it_leaves_out(people: People) -> None:
    person = add(people, "张三", phone="13900000001", guardian_name="张大", address="某村")
    fields = people.described(person)
    people.change(person, PersonFields("张三", phone="13900000002", address=fields.address))
    after = people.get(person.id).fields
    assert (after.phone, after.guardian_name, after.address) == ("13900000002", None, "某村")


def test_changing_nothing_saves_nothing(people: People, archive: Archive) -> None:
    person = add(people, "张三", group_name="一班")
    people.change(person, people.described(person))
    assert len(archive.history(person.id)) == 1


def test_a_person_keeps_a_number_that_a_double_shares(people: People, archive: Archive) -> None:
    for _ in range(2):
        record = archive.new_id()
        archive.save([Draft.new("person", record, plain(Person("张三", id_number="9900")), person=record)])
    person = people.namesakes("张三")[0]
    people.change(person, PersonFields("张三", id_number="9900", phone="139"))
    assert people.get(person.id).fields.phone == "139"


def test_an_edit_meets_what_was_saved_meanwhile_as_a_conflict(people: People) -> None:
    seen = add(people, "张三")
    people.change(seen, PersonFields("张三", phone="1"))
    people.change(seen, PersonFields("张三", phone="2"))
    assert people.get(seen.id).record.conflicts == {"phone": ["1"]}


def test_saving_a_conflicting_field_as_it_is_shown_settles_it(people: People) -> None:
    seen = add(people, "张三")
    people.change(seen, PersonFields("张三", phone="1"))
    people.change(seen, PersonFields("张三", phone="2"))
    conflicting = people.get(seen.id)
    people.change(conflicting, people.described(conflicting))
    settled = people.get(seen.id)
    assert settled.record.conflicts == {}
    assert settled.fields.phone == "2"


def test_changing_a_person_leaves_their_key_groups_alone(people: People, archive: Archive) -> None:
    record = archive.new_id()
    archive.save([Draft.new("person", record, plain(Person("张三", flags=("left-behind",))), person=record)])
    people.change(people.get(record), PersonFields("张三", phone="1"))
    assert people.get(record).fields.flags == ("left-behind",)


# ---- what happened ----


def test_the_author_of_a_step_is_who_made_it(people: People, archive: Archive) -> None:
    person = add(people, "张三")
    screenings, alerts = Screenings(archive, Library.load(), AlertRules.load()), Alerts(archive)
    alert = screenings.record(Sheet(person, "phq-9", DAY, {"9": 2}, "typed")).alert
    assert alert is not None
    alerts.note(alert, "已联系")
    steps = [step.id for step in alerts.steps(alert)]
    assert people.authors([*steps, archive.new_id()]) == {steps[0]: "王老师"}


@pytest.mark.parametrize("hour", [0, 11, 13, 23])
def test_answers_stand_before_what_they_led_to_at_any_hour(tmp_path: Path, hour: int) -> None:
    moment = dt.datetime.combine(DAY, dt.time(hour, 1)).astimezone()
    owner = Owner("王老师", "correct horse", Names("x", "站"))
    with Archive.create(tmp_path / "b.xinyi", owner, CATALOGUE, wall=lambda: int(moment.timestamp() * 1000)) as archive:
        people, alerts = People(archive), Alerts(archive)
        person = add(people, "张三")
        alert = (
            Screenings(archive, Library.load(), AlertRules.load())
            .record(Sheet(person, "phq-9", DAY, {"9": 2}, "typed"))
            .alert
        )
        assert alert is not None
        alerts.note(alert, "已联系")
        assert people.timeline(person.id)[-1].kind == "screening"


def test_a_timeline_holds_what_a_newer_version_wrote(tmp_path: Path) -> None:
    path, owner = tmp_path / "b.xinyi", Owner("王老师", "correct horse", Names("x", "站"))
    newer = Catalogue([*CATALOGUE, RecordType(name="lesson")])
    with Archive.create(path, owner, newer) as archive:
        person = add(People(archive), "张三").id
        archive.save([Draft.new("lesson", archive.new_id(), {"text": "…"}, person=person)])
        archive.save([Draft.new("screening", archive.new_id(), {"date": ["2027"], "mode": "web"}, person=person)])
        archive.save([Draft.new("screening", archive.new_id(), {"date": "soon"}, person=person)])
        archive.save([Draft.new("alert", archive.new_id(), {"raised": 5_000}, person=person)])
    with Archive.open(path, "王老师", "correct horse", CATALOGUE) as archive:
        people = People(archive)
        assert [(entry.kind, entry.at) for entry in people.timeline(person)] == [
            ("alert", 5_000),
            ("screening", 0),
            ("screening", 0),
        ]
        assert people.unknown_records(person) == 1


def test_a_group_name_is_found_again_for_the_form(people: People, archive: Archive) -> None:
    archive.save([Draft.new("group", archive.new_id(), plain(Group("七(1)班", "七年级")))])
    person = add(people, "张三", group_name="七(1)班")
    assert people.described(person).group_name == "七(1)班"
    assert len(people.groups()) == 1
