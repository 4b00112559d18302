"""The list of alerts, and what people do about one."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import Problem
from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Person, plain
from app.risk.alerts import AlertLine, Alerts
from app.risk.rules import HOUR_MS, AlertRules
from app.screening.service import Screenings, Sheet
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

ZEROS = {str(item): 0 for item in range(1, 10)}
MILD, SEVERE, CRITICAL = ZEROS, {str(item): 3 for item in range(1, 9)} | {"9": 0}, {**ZEROS, "9": 2}


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> Iterator[Archive]:
    owner = Owner("u", "p", Names("d", "s"))
    with Archive.create(tmp_path / "a.xinyi", owner, CATALOGUE, wall=clock) as made:
        yield made


@pytest.fixture
def alerts(archive: Archive) -> Alerts:
    return Alerts(archive)


def answer(archive: Archive, name: str, answers: dict[str, int]) -> None:
    record = archive.new_id()
    archive.save([Draft.new("person", record, plain(Person(name)), person=record)])
    screenings = Screenings(archive, Library.load(), AlertRules.load())
    screenings.record(Sheet(People(archive).get(record), "phq-9", dt.date(2026, 9, 20), answers, "typed"))


def names(lines: list[AlertLine]) -> list[str]:
    return [line.person.fields.name for line in lines]


def test_the_most_urgent_comes_first(archive: Archive, alerts: Alerts, clock: Clock) -> None:
    answer(archive, "重度", SEVERE)
    clock.now += 6 * 24 * HOUR_MS + HOUR_MS  # the week of the first is nearly over
    answer(archive, "自伤", CRITICAL)
    answer(archive, "轻度", MILD)
    assert names(alerts.standing()) == ["重度", "自伤"]
    assert {level: count for level, count in alerts.counts().items() if count} == {"red": 1, "orange": 1}


def test_what_is_past_its_time_is_counted(archive: Archive, alerts: Alerts, clock: Clock) -> None:
    answer(archive, "自伤", CRITICAL)
    assert alerts.overdue() == 0
    clock.now += 24 * HOUR_MS + 1
    assert alerts.overdue() == 1


def test_confirm_note_and_close_leave_their_steps(archive: Archive, alerts: Alerts) -> None:
    answer(archive, "自伤", CRITICAL)
    (line,) = alerts.standing()
    alerts.confirm(line.alert.id, "今天面谈")
    alerts.note(line.alert.id, "已通知监护人")
    assert alerts.get(line.alert.id).alert.fields.status == "confirmed"
    alerts.close(line.alert.id, "面谈后无危险")
    assert alerts.standing() == []
    assert names(alerts.closed()) == ["自伤"]
    steps = [(step.fields.step, step.fields.text) for step in alerts.steps(line.alert.id)]
    assert steps == [("confirmed", "今天面谈"), ("note", "已通知监护人"), ("closed", "面谈后无危险")]


def test_nothing_closes_without_a_reason(archive: Archive, alerts: Alerts) -> None:
    answer(archive, "自伤", CRITICAL)
    (line,) = alerts.standing()
    with pytest.raises(Problem) as caught:
        alerts.close(line.alert.id, "  ")
    assert caught.value.key == "alert.no_reason"
    assert len(alerts.standing()) == 1
    assert alerts.steps(line.alert.id) == []


def test_an_alert_is_taken_on_and_closed_only_once(archive: Archive, alerts: Alerts) -> None:
    answer(archive, "自伤", CRITICAL)
    (line,) = alerts.standing()
    alerts.confirm(line.alert.id)
    with pytest.raises(Problem):
        alerts.confirm(line.alert.id)
    alerts.close(line.alert.id, "理由")
    with pytest.raises(Problem):
        alerts.close(line.alert.id, "理由")
    assert [step.fields.step for step in alerts.steps(line.alert.id)] == ["confirmed", "closed"]


def test_an_alert_that_came_before_its_persons_record_is_shown_all_the_same(archive: Archive, alerts: Alerts) -> None:
    answer(archive, "李雷", CRITICAL)
    (shown,) = alerts.standing()
    person = shown.person.id
    # As on a laptop that has the urgent stream and not yet the one with the person.
    with archive.transaction():
        archive._connection.execute("DELETE FROM r_person WHERE id = ?", (person,))
    (line,) = alerts.standing()
    assert (line.alert.id, line.person.id, line.person.fields.name) == (shown.alert.id, person, "")
    assert alerts.get(shown.alert.id) == line
    alerts.confirm(shown.alert.id)
    assert alerts.standing()[0].alert.fields.status == "confirmed"


def test_only_a_red_alert_is_urgent() -> None:
    urgent = CATALOGUE["alert"].urgent
    assert urgent is not None
    assert [level for level in ("blue", "yellow", "orange", "red") if urgent({"level": level})] == ["red"]
