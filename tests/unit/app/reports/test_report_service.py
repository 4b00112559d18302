"""From an archive to a print: the right people, period and instruments; a clear sentence where there is none."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from app import resources
from app.errors import Problem
from app.instruments.library import Library
from app.records import CATALOGUE, Group, Kept, Person, Screening, plain, typed
from app.reports.fonts import Fonts
from app.reports.service import REPORTS, Report, Reports
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.texts import LANGUAGES, Texts
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from tests.printed import pages_of

LIBRARY = Library.load()
TEXTS = Texts.load("zh-CN")
NOW = dt.datetime(2026, 11, 21, 21, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
GROUP = "七年级1班"
AUTUMN, SPRING = dt.date(2026, 10, 12), dt.date(2026, 3, 12)


class School:
    """An archive that a test fills with a class and its forms."""

    def __init__(self, archive: Archive, fonts: Fonts) -> None:
        self.archive = archive
        self.reports = Reports(archive, LIBRARY, TEXTS, fonts=fonts)
        self._screenings = Screenings(archive, LIBRARY, AlertRules.load())

    def enrol(self, count: int, group: str = GROUP) -> list[Kept[Person]]:
        """A class of invented people, every other one a girl."""
        record = self.archive.new_id()
        drafts = [Draft.new("group", record, plain(Group(group)))]
        ids = [self.archive.new_id() for _ in range(count)]
        for number, person in enumerate(ids):
            sex = "female" if number % 2 else "male"
            fields = Person(f"甄{number:03}名", sex=sex, student_number=f"G99000000{number:03}", group=record)  # type: ignore[arg-type] # one of the literals
            drafts.append(Draft.new("person", person, plain(fields), person=person))
        self.archive.save(drafts)
        return [typed(found, Person) for found in self.archive.find("person", {"group": record})]

    def answer(
        self, people: Sequence[Kept[Person]], total: int = 0, *, instrument: str = "phq-9", date: dt.date = AUTUMN
    ) -> None:
        """Have people answer so that their forms come to `total`."""
        (score,) = LIBRARY.get(instrument).scores
        answers = {item: min(3, max(0, total - 3 * at)) for at, item in enumerate(score.items)}
        required = {item.id: 0 for item in LIBRARY.get(instrument).items if item.required and item.id not in answers}
        self._screenings.record_all([Sheet(one, instrument, date, {**answers, **required}, "typed") for one in people])

    def make(self, period: str | None = None, group: str | None = GROUP) -> Report:
        return self.reports.make("class-summary", group, period, NOW)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Opening with a password is slow on purpose; making an archive is slower, and done once."""
    path = tmp_path_factory.mktemp("template") / "station.xinyi"
    Archive.create(path, Owner("王老师", "correct horse", Names("laptop", "石桥镇中心小学")), CATALOGUE).close()
    return path


@pytest.fixture
def school(template: Path, tmp_path: Path, fonts: Fonts) -> Iterator[School]:
    for file in template.parent.glob(template.name + "*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with Archive.open(tmp_path / template.name, "王老师", "correct horse", CATALOGUE) as archive:
        yield School(archive, fonts)


def words(report: Report) -> str:
    return "".join("".join(pages_of(report.pdf)).split())


def totals(report: Report, instrument: str = "phq-9") -> dict[str, int | None]:
    (table,) = [one["table"] for one in report.data["instruments"] if one["id"] == instrument]
    return dict(zip((row["id"] for row in table["rows"]), table["row_totals"], strict=True))


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(Problem) as refused:
        make()
    for language in LANGUAGES:
        assert Texts.load(language).problem(refused.value)
    return refused.value.key


def test_a_class_in_which_everybody_is_fine_says_so(school: School) -> None:
    school.answer(school.enrol(45), 2)
    report = school.make()
    assert report.title == "七年级1班心理筛查情况"
    assert totals(report)["minimal"] == 45
    assert "石桥镇中心小学" in words(report)


def test_nobody_is_named_in_print_or_data(school: School) -> None:
    people = school.enrol(40)
    school.answer(people[:20], 12)
    school.answer(people[20:], 3)
    report = school.make()
    said = words(report) + json.dumps(report.data, ensure_ascii=False) + report.pdf.decode("latin-1")
    for person in people:
        assert person.fields.name not in said
        assert str(person.fields.student_number) not in said
        assert person.id.hex() not in said
    assert "王老师" not in said


def test_the_period_is_the_semester_of_the_newest_form_unless_one_is_named(school: School) -> None:
    people = school.enrol(30)
    school.answer(people, 2, date=SPRING)
    school.answer(people[:20], 2, date=AUTUMN)
    school.answer(people[20:], 11, date=AUTUMN)
    assert school.make().data["period"]["start"] == "2026-08-01"
    assert school.make(" ").data == school.make().data
    assert totals(school.make())["minimal"] == 20
    assert totals(school.make("2025-2026-2"))["minimal"] == 30
    assert totals(school.make("2026"))["minimal"] == 20


def test_people_of_another_class_do_not_count(school: School) -> None:
    school.answer(school.enrol(30), 2)
    school.answer(school.enrol(20, "七年级2班"), 11)
    assert school.make().data["instruments"][0]["table"]["grand_total"] == 30


def test_each_instrument_that_was_used_has_its_table(school: School) -> None:
    people = school.enrol(30)
    school.answer(people, 2)
    school.answer(people, 2, instrument="gad-7")
    assert [one["id"] for one in school.make().data["instruments"]] == ["gad-7", "phq-9"]


def test_an_instrument_that_only_a_few_answered_is_left_out_and_the_print_does_not_tell(school: School) -> None:
    people = school.enrol(30)
    school.answer(people, 2)
    before = school.make()
    school.answer(people[:4], 20, instrument="gad-7")
    after = school.make()
    assert (before.left_out, after.left_out) == ((), ("gad-7",))
    assert (before.pdf, before.data) == (after.pdf, after.data)
    school.answer(people[4:5], 2, instrument="gad-7")
    assert school.make().left_out == ()


def test_forms_of_an_instrument_that_this_program_does_not_have_are_left_out(school: School) -> None:
    people = school.enrol(30)
    school.answer(people, 2)
    (form, *_) = school.archive.find("screening")
    foreign = msgspec.structs.replace(typed(form, Screening).fields, instrument="from-elsewhere")
    drafts = [Draft.new("screening", school.archive.new_id(), plain(foreign), person=one.id) for one in people]
    school.archive.save(drafts)
    report = school.make()
    assert report.left_out == ("from-elsewhere",)
    assert [one["id"] for one in report.data["instruments"]] == ["phq-9"]


def test_an_instrument_without_bands_is_left_out(school: School, fonts: Fonts, tmp_path: Path) -> None:
    bare = json.loads(resources.path("instruments", "gad-7.json").read_bytes())
    bare["scores"][0].update(bands=[], positive_from=None)
    (tmp_path / "gad-7.json").write_text(json.dumps(bare))
    library = Library({"phq-9": resources.path("instruments", "phq-9.json"), "gad-7": tmp_path / "gad-7.json"})
    people = school.enrol(30)
    school.answer(people, 2)
    school.answer(people, 2, instrument="gad-7")
    report = Reports(school.archive, library, TEXTS, fonts=fonts).make("class-summary", GROUP, None, NOW)
    assert report.left_out == ("gad-7",)


def test_the_same_archive_gives_the_same_print(school: School) -> None:
    people = school.enrol(40)
    school.answer(people[:30], 2)
    school.answer(people[30:], 15)
    assert school.make() == school.make()


def test_the_print_speaks_the_language_that_was_asked_for(school: School, fonts: Fonts) -> None:
    school.answer(school.enrol(30), 2)
    report = Reports(school.archive, LIBRARY, Texts.load("en"), fonts=fonts).make("class-summary", GROUP, None, NOW)
    assert "Page1of" in words(report)
    assert report.data["language"] == "en"


def test_what_cannot_be_printed_is_refused_with_a_sentence(school: School) -> None:
    people = school.enrol(30)
    school.enrol(0, "空班")
    assert refusal(lambda: school.reports.make("no-such-report", GROUP, None, NOW)) == "report.unknown"
    assert refusal(lambda: school.make(group=None)) == "report.no_group"
    assert refusal(lambda: school.make(group=" ")) == "report.no_group"
    assert refusal(lambda: school.make(group="八年级9班")) == "people.no_such_group"
    assert refusal(lambda: school.make(group="空班")) == "statistics.nobody_in_group"
    assert refusal(school.make) == "statistics.no_screening_ever"
    assert refusal(lambda: school.make("2026")) == "statistics.no_screening"
    school.answer(people[:4], 20)
    assert refusal(lambda: school.make("九月")) == "statistics.wrong_period"
    assert refusal(lambda: school.make("2025")) == "statistics.no_screening"
    assert refusal(school.make) == "report.too_few"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_report_has_a_title_for_lists(language: str) -> None:
    texts = Texts.load(language)
    assert all(texts(f"report.{name.replace('-', '_')}") for name in REPORTS)
