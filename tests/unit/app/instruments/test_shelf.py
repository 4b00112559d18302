"""An archive keeps every definition that was answered, and knows those that the station or the county brings."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.access import Rights, Roles
from app.errors import Problem
from app.instruments.definition import content_hash
from app.instruments.library import Library
from app.instruments.shelf import fill, library_of, published_name, take_in
from app.records import CATALOGUE, Kept, Person, Screening, plain, typed
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.texts import Texts
from app.words import Words
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from tests.unit.app.instruments.example import band, made, raw, summed

DAY = dt.date(2026, 11, 22)
ANSWERS = {"a": 1, "b": 2, "c": 3, "d": 0}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "a.xinyi", Owner("u", "p", Names("d", "s")), CATALOGUE) as archive:
        yield archive


def answer(archive: Archive, instrument: str = "example") -> Kept[Screening]:
    record = archive.new_id()
    archive.save([Draft.new("person", record, plain(Person("甄名")), person=record)])
    person = archive.get("person", record)
    assert person is not None
    screenings = Screenings(archive, library_of(archive), AlertRules.load())
    saved = screenings.record(Sheet(typed(person, Person), instrument, DAY, ANSWERS, "typed")).screening
    found = archive.get("screening", saved)
    assert found is not None
    return typed(found, Screening)


def banded(version: str, cut: int) -> bytes:
    bands = [band("few", 0, cut - 1, 0), band("many", cut, 12, 1)]
    return raw(version=version, scores=[summed("total", list("abcd"), 12, bands=bands)])


def test_a_station_brings_its_own_definition(archive: Archive) -> None:
    library = library_of(archive)
    assert "example" not in library.ids()
    take_in(archive, library, raw())
    assert library_of(archive).get("example") == library.get("example") == made()
    assert answer(archive).fields.scores["total"].value == 6


def test_a_newer_definition_never_scores_old_answers_again(archive: Archive) -> None:
    library = library_of(archive)
    take_in(archive, library, banded("1.0.0", 5))
    before = answer(archive)
    take_in(archive, library, banded("1.0.10", 9))
    after = answer(archive)
    library = library_of(archive)
    assert [one.fields.scores["total"].band for one in (before, after)] == ["many", "few"]
    found = library.find("example", before.fields.content)
    assert found is not None
    assert (found.version, library.get("example").version) == ("1.0.0", "1.0.10")
    words = Words(Texts.load("en"), library, AlertRules.load())
    assert words.definition(before.fields) == found
    assert archive.verify() == []


def test_every_version_that_was_answered_is_kept_once(archive: Archive) -> None:
    take_in(archive, library_of(archive), raw())
    answer(archive)
    answer(archive)
    assert len(archive.find("definition")) == 1


def test_what_came_with_the_program_is_kept_once_it_is_answered(archive: Archive) -> None:
    bundled = Library.load()
    record = archive.new_id()
    archive.save([Draft.new("person", record, plain(Person("甄名")), person=record)])
    person = archive.get("person", record)
    assert person is not None
    sheet = Sheet(typed(person, Person), "gad-7", DAY, {str(item): 0 for item in range(1, 8)}, "typed")
    Screenings(archive, bundled, AlertRules.load()).record(sheet)
    content = bundled.content_hash("gad-7")
    # Another program, with another GAD-7 or none, still knows what was asked.
    other = Library({})
    fill(other, archive)
    found = other.find("gad-7", content)
    assert found == bundled.get("gad-7")


@pytest.mark.parametrize("version", ["1.0.0", "0.9.9"])
def test_one_that_is_not_newer_is_refused(archive: Archive, version: str) -> None:
    library = library_of(archive)
    take_in(archive, library, raw())
    with pytest.raises(Problem) as caught:
        take_in(archive, library, raw(version=version))
    assert caught.value.key == "instrument.not_newer"
    assert len(archive.find("definition")) == 1


def test_a_broken_one_is_refused_and_nothing_is_kept(archive: Archive) -> None:
    with pytest.raises(Problem) as caught:
        take_in(archive, library_of(archive), raw(surplus=1))
    assert caught.value.key == "instrument.unknown_field"
    assert archive.find("definition") == []


def test_only_the_administrator_brings_definitions(archive: Archive) -> None:
    for role in Roles.load().roles:
        seen = archive.as_seen_by(Rights([role]))
        if "accounts" in role.may:
            take_in(seen, Library({}), raw())
        else:
            with pytest.raises(Problem) as caught:
                take_in(seen, Library({}), raw(version="2.0.0"))
            assert caught.value.key == "access.accounts"
    assert len(archive.find("definition")) == 1


def test_what_the_county_publishes_is_there_and_rubbish_among_it_harms_nothing() -> None:
    library = Library.load()
    newest = raw(version="3.0.0")
    library.keep("example", "2.0.0", raw(version="2.0.0"))
    library.keep("example", "3.0.0", newest)
    library.keep("example", "9.0.0", b"{}")
    library.keep("phq-9", "99.0.0", newest)
    assert library.get("example").version == "3.0.0"
    assert library.find("example", content_hash(newest)) is not None
    assert library.get("phq-9").id == "phq-9"
    assert published_name(made()) == "definition/example/1.0.0"
