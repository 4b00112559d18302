"""Whose records may go, and that none goes by itself."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from app.errors import Problem
from app.records import CATALOGUE
from app.rights import retention
from app.rights.retention import RetentionRules, years_before

if TYPE_CHECKING:
    from tests.unit.app.rights.conftest import Office

START = dt.date(2020, 9, 1)


def due(office: Office, today: dt.date) -> list[str]:
    return [person.fields.name for person in office.rights.due(today)]


@pytest.fixture
def school(office: Office) -> Office:
    """A school that keeps records for six years, with somebody from 2020."""
    retention.decide(office.archive, "school", 6, office.today)
    office.screen(office.add("张三"), START)
    return office


def test_nobody_is_listed_before_the_station_has_decided(office: Office) -> None:
    with pytest.raises(Problem, match="retention_undecided"):
        office.rights.due(office.today)


def test_the_time_runs_from_the_last_record(school: Office) -> None:
    (person,) = school.people.find("张三")
    school.now = dt.date(2021, 3, 1)
    school.screen(person, dt.date(2021, 3, 1))
    assert due(school, dt.date(2027, 2, 28)) == []
    assert due(school, dt.date(2027, 3, 1)) == ["张三"]


def test_listing_erases_nobody(school: Office) -> None:
    assert due(school, dt.date(2040, 1, 1)) == ["张三"]
    assert school.people.count() == 1


def test_nobody_on_hold_is_listed(school: Office) -> None:
    (person,) = school.people.find("张三")
    school.rights.hold(person.id, "诉讼", "法院", dt.date(2030, 1, 1), dt.date(2026, 9, 20))
    assert due(school, dt.date(2030, 1, 1)) == []
    assert due(school, dt.date(2036, 9, 20)) == ["张三"]


def test_nobody_with_an_alert_that_is_not_closed_is_listed(school: Office) -> None:
    school.screen(school.add("李四"), START, last=3)
    assert due(school, dt.date(2040, 1, 1)) == ["张三"]


def test_a_medical_institution_keeps_for_thirty_years(office: Office) -> None:
    retention.decide(office.archive, "medical", None, START)
    office.screen(office.add("张三"), START)
    assert due(office, dt.date(2050, 8, 31)) == []
    assert due(office, dt.date(2050, 9, 1)) == ["张三"]


def test_the_last_decision_counts(school: Office) -> None:
    school.now = dt.date(2026, 10, 1)
    retention.decide(school.archive, "school", 10, school.now)
    assert due(school, dt.date(2027, 1, 1)) == []


@pytest.mark.parametrize(
    ("rule", "years", "why"),
    [
        ("medical", 29, "too_few_years"),
        ("school", None, "years_needed"),
        ("school", 0, "too_few_years"),
        ("x", 1, "no_rule"),
    ],
)
def test_a_decision_that_the_law_does_not_allow_is_refused(
    office: Office, rule: str, years: int | None, why: str
) -> None:
    with pytest.raises(Problem, match=why):
        retention.decide(office.archive, rule, years, office.today)
    assert retention.term(office.archive) is None


def test_the_rules_name_types_that_there_are_and_their_source() -> None:
    rules = RetentionRules.load()
    assert {rule.id: rule.least_years for rule in rules.rules} == {"medical": 30, "school": None}
    assert rules.logs.least_months == 6
    assert all(CATALOGUE.get(kind) for rule in rules.rules for kind in rule.keeps)
    assert all(rule.source["zh-CN"] and rule.source["en"] for rule in rules.rules)


def test_a_leap_day_has_an_anniversary() -> None:
    assert years_before(dt.date(2024, 2, 29), 6) == dt.date(2018, 3, 1)
    assert years_before(dt.date(2024, 2, 29), 4) == dt.date(2020, 2, 29)
