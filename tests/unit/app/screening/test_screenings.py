"""Screenings on a real archive: saved with their alert, once, in the right round, and never computed again."""

import datetime as dt
from collections.abc import Iterator

import pytest

from app.errors import Problem
from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Campaign, Group, Kept, Person, Screening, plain, typed
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

DAY = dt.date(2026, 10, 12)
ZEROS = {str(item): 0 for item in range(1, 10)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    path = tmp_path_factory.mktemp("screenings") / "a.xinyi"
    with Archive.create(path, Owner("u", "p", Names("d", "s")), CATALOGUE) as archive:
        yield archive


@pytest.fixture
def archive(made: Archive) -> Archive:
    return made


@pytest.fixture
def screenings(archive: Archive) -> Screenings:
    return Screenings(archive, Library.load(), AlertRules.load())


def add_person(archive: Archive, name: str = "张三") -> Kept[Person]:
    group, record = archive.new_id(), archive.new_id()
    archive.save(
        [
            Draft.new("group", group, plain(Group("七年级1班"))),
            Draft.new("person", record, plain(Person(name, group=group)), person=record),
        ]
    )
    return People(archive).get(record)


def sheet(person: Kept[Person], answers: dict[str, int] | None = None, date: dt.date = DAY) -> Sheet:
    return Sheet(person, "phq-9", date, ZEROS if answers is None else answers, "typed")


def stored(archive: Archive, record: bytes) -> Screening:
    found = archive.get("screening", record)
    assert found is not None
    return typed(found, Screening).fields


def test_a_screening_keeps_the_version_and_the_result_of_its_day(archive: Archive, screenings: Screenings) -> None:
    recorded = screenings.record(sheet(add_person(archive), {**ZEROS, "1": 3, "2": 2}))
    kept = stored(archive, recorded.screening)
    library = Library.load()
    assert (kept.version, kept.content) == (library.get("phq-9").version, library.content_hash("phq-9"))
    assert (kept.status, kept.scores["total"].value, kept.scores["total"].band) == ("complete", 5, "mild")
    assert recorded.alert is None


def test_a_critical_answer_saves_its_alert_with_it(archive: Archive, screenings: Screenings) -> None:
    person = add_person(archive)
    recorded = screenings.record(sheet(person, {**ZEROS, "9": 1}))
    (alert,) = Alerts(archive).of_person(person.id)
    assert (alert.id, alert.fields.source, alert.fields.level) == (recorded.alert, recorded.screening, "red")


def test_an_unfinished_form_is_saved_without_a_band(archive: Archive, screenings: Screenings) -> None:
    recorded = screenings.record(sheet(add_person(archive), {"1": 3, "2": 3}))
    kept = stored(archive, recorded.screening)
    assert (kept.status, kept.scores["total"].value, kept.scores["total"].band) == ("unfinished", 6, None)


def test_a_second_form_on_one_day_is_refused(archive: Archive, screenings: Screenings) -> None:
    person = add_person(archive)
    screenings.record(sheet(person))
    with pytest.raises(Problem) as caught:
        screenings.record(sheet(person))
    assert caught.value.key == "screening.answered_already"
    screenings.record(sheet(person, date=DAY + dt.timedelta(days=1)))


def test_within_a_round_a_second_form_is_refused_on_any_day(archive: Archive, screenings: Screenings) -> None:
    person = add_person(archive)
    assert person.fields.group is not None
    campaign = screenings.start_campaign(
        Campaign("秋季筛查", ("phq-9",), (person.fields.group,), "2026-10-01", "2026-10-31")
    )
    first = screenings.record(sheet(person))
    assert stored(archive, first.screening).campaign == campaign
    with pytest.raises(Problem):
        screenings.record(sheet(person, date=DAY + dt.timedelta(days=3)))
    after = screenings.record(sheet(person, date=dt.date(2026, 11, 20)))
    assert stored(archive, after.screening).campaign is None


def test_a_form_that_is_not_allowed_saves_nothing_of_the_whole_batch(archive: Archive, screenings: Screenings) -> None:
    before = archive.state_hash()
    with pytest.raises(Problem):
        screenings.record_all([sheet(add_person(archive)), sheet(add_person(archive), {"1": 4})])
    after = {one.person for one in archive.find("screening")}
    assert before != archive.state_hash()  # the two people are there
    assert not after & {one.id for one in archive.find("person", {"name": "张三"})[-2:]}


def test_an_empty_form_is_refused(archive: Archive, screenings: Screenings) -> None:
    with pytest.raises(Problem) as caught:
        screenings.record(sheet(add_person(archive), {}))
    assert caught.value.key == "screening.no_answers"


@pytest.mark.parametrize(
    "campaign",
    [
        Campaign(" ", ("phq-9",), (b"g",), "2026-10-01", "2026-10-31"),
        Campaign("x", (), (b"g",), "2026-10-01", "2026-10-31"),
        Campaign("x", ("phq-9",), (), "2026-10-01", "2026-10-31"),
        Campaign("x", ("phq-9",), (b"g",), "2026-11-01", "2026-10-31"),
        Campaign("x", ("unknown",), (b"g",), "2026-10-01", "2026-10-31"),
    ],
)
def test_a_round_that_makes_no_sense_is_refused(screenings: Screenings, campaign: Campaign) -> None:
    before = len(screenings.campaigns())
    with pytest.raises(Problem):
        screenings.start_campaign(campaign)
    assert len(screenings.campaigns()) == before


def test_progress_counts_people_who_answered_every_instrument(archive: Archive, screenings: Screenings) -> None:
    person = add_person(archive)
    assert person.fields.group is not None
    record = screenings.start_campaign(
        Campaign("两个量表", ("phq-9", "gad-7"), (person.fields.group,), "2026-10-01", "2026-10-31")
    )
    (campaign,) = [one for one in screenings.campaigns() if one.id == record]
    screenings.record(sheet(person))
    group = person.fields.group
    assert screenings.progress(campaign).screened == {(group, "phq-9"): 1, (group, "gad-7"): 0}
    assert (screenings.progress(campaign).people, screenings.progress(campaign).done) == ({group: 1}, {group: 0})
    screenings.record(Sheet(person, "gad-7", DAY, {str(item): 0 for item in range(1, 8)}, "typed"))
    assert screenings.progress(campaign).done == {group: 1}
