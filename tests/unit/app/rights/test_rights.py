"""Holds, restriction, consent and erasing, as they are asked for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from app.errors import Problem
from app.people.fields import PersonFields
from app.records import Consent, Decision
from app.rights import retention
from app.rights.service import restricted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.app.rights.conftest import Office

TODAY = dt.date(2026, 9, 20)
TOMORROW = TODAY + dt.timedelta(days=1)


# ---- holds ----


def test_nobody_on_hold_is_erased(office: Office) -> None:
    person = office.add("张三")
    office.rights.hold(person.id, "诉讼", "青禾县人民法院", None, TODAY)
    with pytest.raises(Problem, match=r"rights\.held") as caught:
        office.rights.erase(person.id, "request", TODAY)
    assert caught.value.values == {"by": "青禾县人民法院", "reason": "诉讼"}
    assert office.people.get(person.id).fields.name == "张三"


def test_a_released_hold_keeps_nobody(office: Office) -> None:
    person = office.add("张三")
    office.rights.hold(person.id, "诉讼", "法院", None, TODAY)
    office.rights.hold(person.id, "调查", "教育局", None, TODAY)
    assert office.rights.release(person.id, "结案", TODAY) == 2
    office.rights.erase(person.id, "request", TODAY)
    assert office.people.count() == 0


def test_a_hold_stands_through_its_last_day(office: Office) -> None:
    person = office.add("张三")
    office.rights.hold(person.id, "诉讼", "法院", TOMORROW, TODAY)
    assert office.rights.holds(person.id, TOMORROW)
    assert office.rights.holds(person.id, TOMORROW + dt.timedelta(days=1)) == []


def test_a_hold_needs_a_reason_and_somebody_who_asked(office: Office) -> None:
    person = office.add("张三")
    for reason, by in (("", "法院"), ("诉讼", " ")):
        with pytest.raises(Problem, match="no_reason"):
            office.rights.hold(person.id, reason, by, None, TODAY)
    with pytest.raises(Problem, match="hold_over"):
        office.rights.hold(person.id, "诉讼", "法院", TODAY - dt.timedelta(days=1), TODAY)
    with pytest.raises(Problem, match="not_held"):
        office.rights.release(person.id, "结案", TODAY)


# ---- erasing ----


def test_erasing_leaves_nothing_about_the_person(office: Office) -> None:
    person, other = office.add("张三"), office.add("李四")
    office.screen(person, TODAY, last=2)
    office.rights.say(person.id, Consent("screening", "self", "given", TODAY.isoformat()), TODAY)
    office.rights.erase(person.id, "request", TODAY)
    for kind in ("screening", "alert", "consent"):
        assert office.archive.find(kind, {"person": person.id}) == []
    assert office.people.find("张三") == []
    assert office.people.timeline(person.id) == []
    assert [line.person.id for line in office.people.listing().lines] == [other.id]
    assert office.archive.verify() == []


def test_who_is_not_there_is_not_erased(office: Office) -> None:
    with pytest.raises(Problem, match="no_such_person"):
        office.rights.erase(b"x" * 16, "request", TODAY)


def test_what_the_law_keeps_is_not_erased_before_its_time(office: Office) -> None:
    office.now = TODAY
    person = office.add("张三")
    office.screen(person, TODAY)
    retention.decide(office.archive, "medical", None, TODAY)
    with pytest.raises(Problem, match="kept_by_law") as caught:
        office.rights.erase(person.id, "request", TODAY)
    assert caught.value.values == {"until": "2056-09-20"}
    office.rights.erase(person.id, "request", dt.date(2056, 9, 20))
    assert office.people.count() == 0


def test_what_a_school_decided_for_itself_keeps_nobody_who_asks_to_be_erased(office: Office) -> None:
    person = office.add("张三")
    retention.decide(office.archive, "school", 6, TODAY)
    office.rights.erase(person.id, "request", TODAY)
    assert office.people.count() == 0


# ---- restriction ----


def test_a_restricted_person_is_read_and_not_changed(office: Office) -> None:
    person = office.add("张三")
    office.rights.restrict(person.id, "本人要求", TODAY)
    assert office.people.get(person.id).fields.name == "张三"
    with pytest.raises(Problem, match=r"rights\.restricted$"):
        office.people.change(person, PersonFields("张三三"))
    with pytest.raises(Problem, match=r"rights\.restricted$"):
        office.screen(person, TODAY)
    assert office.people.get(person.id).fields.name == "张三"
    assert office.screenings.of_person(person.id) == []


def test_others_go_on_and_so_does_a_person_whose_restriction_is_lifted(office: Office) -> None:
    person, other = office.add("张三"), office.add("李四")
    office.rights.restrict(person.id, "本人要求", TODAY)
    office.screen(other, TODAY)
    office.rights.unrestrict(person.id, TODAY)
    office.screen(person, TODAY)
    assert restricted(office.archive, [person.id, other.id]) == set()


def test_a_person_is_restricted_and_freed_once(office: Office) -> None:
    person = office.add("张三")
    with pytest.raises(Problem, match="not_restricted"):
        office.rights.unrestrict(person.id, TODAY)
    office.rights.restrict(person.id, "本人要求", TODAY)
    with pytest.raises(Problem, match="restricted_already"):
        office.rights.restrict(person.id, "又一次", TODAY)


def test_a_roster_leaves_a_restricted_person_as_they_are_and_says_so(office: Office, tmp_path: Path) -> None:
    person = office.add("张三", student_number="G1001")
    office.add("李四", student_number="G1002")
    office.rights.restrict(person.id, "本人要求", TODAY)
    with xlsxwriter.Workbook(tmp_path / "r.xlsx") as book:
        sheet = book.add_worksheet()
        for line, row in enumerate((("姓名", "学籍号", "电话"), ("张三", "G1001", "1"), ("李四", "G1002", "2"))):
            sheet.write_row(line, 0, row)
    plan = office.people.plan(tmp_path / "r.xlsx", group=None, today=TODAY)
    assert [row.fate == "refused" for row in plan.rows] == [True, False]
    assert "rights.row_restricted" in [reason.key for reason in plan.rows[0].reasons]
    office.people.apply(plan, doubtful=range(2))
    assert office.people.get(person.id).record.version == person.record.version


# ---- consent ----


def test_consent_is_kept_with_the_version_of_the_text(office: Office) -> None:
    person = office.add("张三")
    office.rights.say(person.id, Consent("screening", "self", "given", TODAY.isoformat(), "paper"), TODAY)
    (said,) = office.rights.consents(person.id)
    assert (said.fields.version, said.fields.manner) == ("1", "paper")
    assert office.rights.missing(person.id, "screening", TODAY) == ()


def test_taking_it_back_needs_no_more_than_giving_it(office: Office) -> None:
    person = office.add("张三")
    decisions: tuple[Decision, ...] = ("given", "withdrawn")
    for decision in decisions:
        said = Consent("screening", "self", decision, TODAY.isoformat())
        office.rights.say(person.id, said, TODAY)
    (lack,) = office.rights.missing(person.id, "screening", TODAY)
    assert lack.why == "withdrawn"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Consent("advertising", "self", "given", "2026-09-01"), "no_purpose"),
        (Consent("screening", "self", "given", "2026-09-21"), "future_day"),
        (Consent("screening", "station", "given", "2026-09-01"), "no_ground"),
        (Consent("screening", "station", "given", "2026-09-01", ground="danger_to_life", reason=" "), "no_ground"),
        (Consent("screening", "guardian", "withdrawn", "2026-09-01"), "nothing_to_withdraw"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_kept(office: Office, said: Consent, why: str) -> None:
    person = office.add("张三")
    with pytest.raises(Problem, match=why):
        office.rights.say(person.id, said, TODAY)
    assert office.rights.consents(person.id) == []
