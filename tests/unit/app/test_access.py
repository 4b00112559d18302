"""Roles: what the rules say is what an archive shows."""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from app.access import ALL, Right, Rights, Roles, enter, may, require
from app.audit import Audit
from app.errors import Problem
from app.instruments.library import Library
from app.people.fields import PersonFields
from app.people.service import People
from app.records import CATALOGUE, Alert, Group, Person, User, plain, typed
from app.reports.service import REPORTS
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.texts import LANGUAGES
from app.users import Users, register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

RULES = Roles.load()
KINDS = [kind.name for kind in CATALOGUE]


def rights(*roles: str, groups: Iterable[bytes] = ()) -> Rights:
    return Rights(map(RULES.get, roles), groups)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    owner = Owner("王老师", "correct horse", Names("x", "站"))
    with Archive.create(tmp_path / "a.xinyi", owner, CATALOGUE) as made:
        register_user(made, "王老师")
        group, person = made.new_id(), made.new_id()
        fields = Person("张三", sex="male", id_number="990000201301015678", phone="1", group=group)
        alert = Alert("red", "open", "phq-9", made.new_id(), ("self-harm",), "1", 1, 2)
        made.save(
            [
                Draft.new("group", group, plain(Group("七年级1班"))),
                Draft.new("person", person, plain(fields), person=person),
                Draft.new("alert", made.new_id(), plain(alert), person=person),
            ]
        )
        yield made


def seen_as(archive: Archive, *roles: str) -> Archive:
    """As somebody who looks after all groups there are."""
    groups = [group.id for group in archive.whole.find("group")]
    return archive.as_seen_by(rights(*roles, groups=groups))


def refusal(act: object) -> str:
    with pytest.raises(Problem) as caught:
        act()  # type: ignore[operator]
    return caught.value.key


# ---- the rules ----


def test_every_role_has_words_and_names_only_types_that_there_are() -> None:
    for role in RULES.roles:
        assert set(role.title) == set(LANGUAGES)
        assert {*role.reads} - {ALL} <= {*KINDS}, role.id
        assert {*role.writes, *role.own, *role.within} - {ALL} <= {*KINDS}, role.id
        for kind, field in role.within.items():
            assert field in {"id", *CATALOGUE[kind].index}, role.id


def test_a_class_teacher_sees_nothing_of_screenings_alerts_and_steps() -> None:
    teacher = rights("class_teacher")
    for kind in {*KINDS} - {"user", "group", "person"}:
        assert teacher.fields(kind) == set(), kind
    assert teacher.fields("person") == {"name", "sex", "group", "student_number"}
    assert not any(teacher.may_write(kind) for kind in KINDS)
    every: tuple[Right, ...] = ("accounts", "statistics", "audit", "notes")
    assert not any(teacher.may(right) for right in every)


def test_several_roles_give_what_one_of_them_gives() -> None:
    both = rights("class_teacher", "administrator")
    assert both.fields("person") == rights("class_teacher").fields("person")
    assert both.fields("campaign") is None
    assert both.may("accounts")


def test_nobody_without_a_role_sees_anything() -> None:
    assert all(not Rights(()).fields(kind) for kind in KINDS)


def test_a_role_that_there_is_not_is_told() -> None:
    assert refusal(lambda: RULES.get("king")) == "access.no_role"


# ---- what an archive shows ----


def test_fields_that_are_not_shown_are_not_there(archive: Archive) -> None:
    (person,) = seen_as(archive, "class_teacher").find("person")
    assert set(person.fields) == {"name", "sex", "group"}
    assert seen_as(archive, "class_teacher").get("person", person.id) == person
    (found,) = People(seen_as(archive, "class_teacher")).find("张")
    assert (found.fields.name, found.fields.id_number, found.fields.phone) == ("张三", None, None)
    assert "id_number" not in seen_as(archive, "class_teacher").history(person.id)[0].fields


def test_no_question_tells_what_is_not_shown(archive: Archive) -> None:
    teacher = seen_as(archive, "class_teacher")
    assert refusal(lambda: teacher.find("person", {"id_number": "990000201301015678"})) == "access.read"
    assert refusal(lambda: teacher.find("person", order="id_number")) == "access.read"
    assert refusal(lambda: teacher.tally("person", ("id_number",))) == "access.read"
    for ask in (
        lambda: teacher.find("alert"),
        lambda: teacher.tally("alert"),
        lambda: teacher.get("alert", b"x" * 16),
        lambda: teacher.get_all("alert", [b"x" * 16]),
        lambda: teacher.search("alert", '"x"'),
        lambda: Alerts(teacher).standing(),
    ):
        assert refusal(ask) == "access.read"


def test_a_person_s_page_holds_only_what_may_be_seen(archive: Archive) -> None:
    person = archive.find("person")[0].id
    assert len(People(archive).timeline(person)) == 1
    assert People(seen_as(archive, "class_teacher")).timeline(person) == []
    assert People(seen_as(archive, "class_teacher")).listing().lines[0].level is None
    assert People(seen_as(archive, "counsellor")).listing().lines[0].level == "red"


def test_what_may_not_be_written_is_refused_whole(archive: Archive) -> None:
    teacher = seen_as(archive, "class_teacher")
    before = archive.state_hash()
    person = archive.find("person")[0]
    assert refusal(lambda: teacher.save([Draft.edit(person, {"name": "李四"})])) == "access.write"
    administrator = seen_as(archive, "administrator")
    user = Draft.edit(archive.find("user")[0], {"name": "x"})
    assert refusal(lambda: administrator.save([user, Draft.edit(person, {"name": "李四"})])) == "access.write"
    assert archive.state_hash() == before


# ---- the teacher of one class ----


@pytest.fixture
def other_class(archive: Archive) -> bytes:
    """A second class with one pupil."""
    group, person = archive.new_id(), archive.new_id()
    fields = Person("张四", sex="female", student_number="7", group=group)
    archive.save(
        [
            Draft.new("group", group, plain(Group("七年级2班"))),
            Draft.new("person", person, plain(fields), person=person),
        ]
    )
    return group


def test_a_class_teacher_sees_nobody_of_another_class(archive: Archive, other_class: bytes) -> None:
    teacher = archive.as_seen_by(rights("class_teacher", groups=[other_class]))
    ours, others = archive.find("person", {"group": other_class}), archive.find("person")[0]
    people = People(teacher)
    assert [record.id for record in teacher.find("person")] == [ours[0].id]
    assert [record.id for record in teacher.find("person", {"group": [others.fields["group"], other_class]})] == [
        ours[0].id
    ]
    assert teacher.find("person", {"group": others.fields["group"]}) == []
    assert teacher.find("person", {"group": None}) == []
    assert teacher.get("person", others.id) is None
    assert teacher.get_all("person", [others.id, ours[0].id]).keys() == {ours[0].id}
    assert [one.fields.name for one in people.find("张")] == ["张四"]
    assert teacher.tally("person") == {(): 1}
    assert teacher.tally("person", ("group",)) == {(other_class,): 1}
    assert teacher.history(others.id) == []
    assert teacher.history(ours[0].id)
    assert [group.fields.name for group in people.groups()] == ["七年级2班"]
    assert people.listing().total == 1


def test_a_class_teacher_without_a_class_sees_nobody_and_is_not_made(archive: Archive) -> None:
    teacher = archive.as_seen_by(rights("class_teacher"))
    assert teacher.find("person") == teacher.find("group") == []
    assert teacher.tally("person") == {(): 0}
    assert refusal(lambda: Users(archive).add("赵老师", "another password", ["class_teacher"])) == "user.no_groups"
    Users(archive).add("赵老师", "another password", ["counsellor"])
    assert refusal(lambda: Users(archive).set_roles("赵老师", ["class_teacher"])) == "user.no_groups"


def test_another_role_lifts_the_limits_of_a_class_teacher(archive: Archive, other_class: bytes) -> None:
    both = archive.as_seen_by(rights("class_teacher", "counsellor", groups=[other_class]))
    assert len(both.find("person")) == 2
    teacher = archive.as_seen_by(rights("class_teacher", "administrator", groups=[other_class]))
    assert len(teacher.find("person")) == 1
    assert len(teacher.find("group")) == 2


# ---- the field screener ----


def record_as(archive: Archive, name: str, answers: dict[str, int]) -> tuple[bytes, bytes | None]:
    """A sheet that whoever opened the archive takes as a screener: its id and the alert's."""
    seen = archive.as_seen_by(rights("screener"))
    (person,) = seen.find("person", {"name": name})
    screenings = Screenings(seen, Library.load(), AlertRules.load())
    recorded = screenings.record(Sheet(typed(person, Person), "gad-7", dt.date(2026, 10, 20), answers, "typed"))
    return recorded.screening, recorded.alert


def test_a_screener_sees_what_they_entered_and_who_is_still_to_be_screened(
    archive: Archive, other_class: bytes, tmp_path: Path
) -> None:
    theirs, their_alert = record_as(archive, "张四", {str(item): 3 for item in range(1, 8)})
    assert their_alert is not None
    Users(archive).add("村医", "another password", ["screener"])
    archive.close()
    with Archive.open(tmp_path / "a.xinyi", "村医", "another password", CATALOGUE) as opened:
        seen = enter(opened)
        own, alert = record_as(opened, "张三", {str(item): 3 for item in range(1, 8)})
        assert [record.id for record in seen.find("screening")] == [own]
        assert [record.id for record in seen.find("screening", {"instrument": "gad-7"}, limit=1)] == [own]
        assert seen.find("screening", offset=1) == []
        assert [record.id for record in seen.find("alert")] == [alert]
        assert seen.get("screening", theirs) is None
        assert seen.get("screening", own) == opened.get("screening", own)
        assert seen.tally("screening", ("instrument",)) == {("gad-7",): 1}
        assert seen.tally("alert") == {(): 1}
        assert seen.history(theirs) == []
        assert seen.history(own)[0].fields["answers"]
        screenings = Screenings(seen, Library.load(), AlertRules.load())
        people = {record.id for record in seen.find("person")}
        assert screenings.screened("gad-7", campaign=None, date=dt.date(2026, 10, 20)) == people
        (person,) = seen.find("person", {"name": "张四"})
        again = Sheet(typed(person, Person), "gad-7", dt.date(2026, 10, 20), {"1": 0}, "typed")
        assert refusal(lambda: screenings.record(again)) == "screening.answered_already"
        assert refusal(lambda: seen.find("person", {"id_number": "990000201301015678"})) == "access.read"
        for entry in People(seen).timeline(person.id):
            assert entry.record.id not in {theirs, their_alert}


def test_a_screener_registers_people_and_cannot_act_on_alerts(archive: Archive) -> None:
    seen = archive.as_seen_by(rights("screener"))
    people = People(seen)
    new = people.add(PersonFields(name="王五", id_number=None, phone="123", group_name="一组"))
    assert people.get(new).fields.phone == "123"
    assert refusal(lambda: people.add(PersonFields(name="王六", id_number="990000201301015678"))) == (
        "people.id_number_taken"
    )
    alerts = Alerts(seen)
    (alert,) = seen.find("alert")
    assert refusal(lambda: alerts.confirm(alert.id)) == "access.write"
    assert not may(seen, "statistics")


# ---- entering ----


def test_the_archive_is_entered_with_the_rights_of_who_opened_it(archive: Archive, tmp_path: Path) -> None:
    assert may(enter(archive), "accounts")
    groups = [group.id for group in archive.find("group")]
    Users(archive).add("赵老师", "another password", ["class_teacher"], groups)
    archive.close()
    with Archive.open(tmp_path / "a.xinyi", "赵老师", "another password", CATALOGUE) as opened:
        assert not enter(opened).may_read("alert")
        assert refusal(lambda: require(enter(opened), "audit")) == "access.audit"
        assert refusal(lambda: Audit(enter(opened)).listed()) == "access.audit"
        Audit(enter(opened)).note("read")  # whatever the role, it is written down
        assert opened.tally("access")[()] == 1


def test_there_is_no_report_without_the_right() -> None:
    assert REPORTS
    assert not rights("class_teacher").may("statistics")


# ---- accounts ----


def namesake(archive: Archive, name: str, *roles: str) -> None:
    """A user of another laptop of the station, as it comes with the sync."""
    archive.save([Draft.new("user", archive.new_id(), plain(User(name, roles, b"p" * 1216)))])


def test_a_namesake_on_another_laptop_is_somebody_else(archive: Archive) -> None:
    users = Users(archive)
    namesake(archive, "王老师", "administrator")
    assert [(one.here, one.roles) for one in users.listed()] == [
        (True, ("administrator", "counsellor")),
        (False, ("administrator",)),
    ]
    assert refusal(lambda: users.set_roles("王老师", ["counsellor"])) == "user.last_administrator"
    assert refusal(lambda: users.remove("王老师")) == "user.last_administrator"
    users.add("赵老师", "another password", ["administrator"])
    users.set_roles("王老师", ["counsellor"])
    assert [one.roles for one in users.listed() if one.name == "王老师"] == [("counsellor",), ("administrator",)]


def test_a_key_that_was_given_but_not_written_down_is_still_somebody_s(archive: Archive) -> None:
    users = Users(archive)
    user = users.add("赵老师", "another password", ["counsellor"])
    archive.accounts.put_user(user, "赵老师", "given before the power went")
    users.reset("赵老师", "and once more again")
    assert [one.here for one in users.listed()] == [True, True]
