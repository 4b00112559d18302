"""How far a round has come, whose sheets it has, and whether another one would be in its way."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Campaign, Group, Kept, Person, plain
from app.risk.rules import AlertRules
from app.screening.service import Progress, Screenings, Sheet
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

PHQ = {str(item): 1 for item in range(1, 10)}
GAD = {str(item): 1 for item in range(1, 8)}


class School:
    """Two classes of three, and a round of two instruments in October."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.people = People(archive)
        self.screenings = Screenings(archive, Library.load(), AlertRules.load())
        self.groups = {name: archive.new_id() for name in ("1班", "2班")}
        drafts = [Draft.new("group", record, plain(Group(name))) for name, record in self.groups.items()]
        for number, name in enumerate(("赵甲", "赵乙", "赵丙", "钱甲", "钱乙", "钱丙")):
            record = archive.new_id()
            fields = Person(name, group=self.groups["1班" if number < 3 else "2班"])
            drafts.append(Draft.new("person", record, plain(fields), person=record))
        archive.save(drafts)
        self.campaign = Campaign("秋季", ("phq-9", "gad-7"), tuple(self.groups.values()), "2026-10-01", "2026-10-31")
        self.round_id = self.screenings.start_campaign(self.campaign)

    @property
    def round(self) -> Kept[Campaign]:
        return next(one for one in self.screenings.campaigns() if one.id == self.round_id)

    def person(self, name: str) -> Kept[Person]:
        return self.people.find(name)[0]

    def answer(self, name: str, instrument: str, answers: dict[str, int], day: str = "2026-10-12") -> bytes:
        sheet = Sheet(self.person(name), instrument, date.fromisoformat(day), answers, "typed")
        return self.screenings.record(sheet).screening

    def progress(self) -> Progress:
        return self.screenings.progress(self.round)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with Archive.create(tmp_path / "a.xinyi", Owner("u", "p", Names("d", "s")), CATALOGUE) as archive:
        yield School(archive)


def test_a_round_that_nobody_has_answered_has_its_people_and_zeros(school: School) -> None:
    progress = school.progress()
    assert list(progress.people.values()) == [3, 3]
    assert set(progress.screened.values()) == {0}
    assert list(progress.done.values()) == [0, 0]


def test_progress_counts_each_instrument_and_who_has_done_all(school: School) -> None:
    school.answer("赵甲", "phq-9", PHQ)
    school.answer("赵甲", "gad-7", GAD)
    school.answer("赵乙", "phq-9", PHQ)
    first, second = school.groups.values()
    progress = school.progress()
    assert progress.screened == {(first, "phq-9"): 2, (first, "gad-7"): 1, (second, "phq-9"): 0, (second, "gad-7"): 0}
    assert progress.done == {first: 1, second: 0}


def test_answers_outside_the_round_do_not_count(school: School) -> None:
    school.answer("赵甲", "phq-9", PHQ, "2026-11-02")
    assert set(school.progress().screened.values()) == {0}


def test_two_sheets_of_one_person_count_once(school: School) -> None:
    """Two laptops can both have typed the same sheet before they met."""
    (record,) = [school.archive.get("screening", school.answer("赵甲", "phq-9", PHQ))]
    assert record is not None
    twin = Draft.new("screening", school.archive.new_id(), record.fields, person=record.person)
    school.archive.save([twin])
    assert school.progress().screened[school.groups["1班"], "phq-9"] == 1


def test_a_group_that_has_not_arrived_yet_has_nobody(school: School) -> None:
    campaign = msgspec.structs.replace(school.campaign, groups=(b"elsewhere",))
    progress = school.screenings.progress(Kept(school.round.record, campaign))
    assert progress.people == {b"elsewhere": 0}
    assert progress.done == {b"elsewhere": 0}


def test_sheets_are_those_of_the_round_and_of_the_people_asked_for(school: School) -> None:
    wanted = school.answer("赵甲", "phq-9", PHQ)
    school.answer("赵甲", "phq-9", PHQ, "2026-11-02")
    school.answer("赵甲", "gad-7", GAD)
    school.answer("钱甲", "phq-9", PHQ)
    people = [person.id for person in school.people.of_group(school.groups["1班"])]
    sheets = school.screenings.sheets(school.round_id, "phq-9", people)
    assert {person: sheet.id for person, sheet in sheets.items()} == {school.person("赵甲").id: wanted}
    assert school.screenings.sheets(school.round_id, "phq-9", []) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"opens": "2026-10-31", "closes": "2026-11-30"},
        {"opens": "2026-09-01", "closes": "2026-10-01"},
        {"opens": "2026-10-10", "closes": "2026-10-11"},
        {"opens": "2026-01-01", "closes": "2026-12-31", "instruments": ("gad-7",)},
    ],
)
def test_a_round_that_shares_a_day_a_class_and_an_instrument_clashes(
    school: School, changes: dict[str, object]
) -> None:
    clash = school.screenings.clash(msgspec.structs.replace(school.campaign, **changes))
    assert clash is not None
    assert clash.id == school.round_id


@pytest.mark.parametrize(
    "changes",
    [
        {"opens": "2026-11-01", "closes": "2026-11-30"},
        {"opens": "2026-09-01", "closes": "2026-09-30"},
        {"instruments": ("who-5",)},
        {"groups": (b"another class",)},
    ],
)
def test_a_round_that_shares_not_all_three_does_not(school: School, changes: dict[str, object]) -> None:
    assert school.screenings.clash(msgspec.structs.replace(school.campaign, **changes)) is None
