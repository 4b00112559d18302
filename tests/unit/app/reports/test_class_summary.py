"""The print and the data of a class say the same, nothing that is hidden, and nothing about one person."""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.disclosure import CountTable, Policy, release
from app.instruments.library import Library
from app.reports.class_summary import ClassSummary, Finding, Occasion, class_summary
from app.reports.fonts import Fonts
from app.reports.helplines import load_helplines
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.statistics.class_counts import class_counts
from app.statistics.periods import Periods
from app.texts import LANGUAGES, Texts
from tests.effort import examples
from tests.printed import pages_of

LIBRARY = Library.load()
POLICY = Policy.load()
PRINTED = dt.datetime(2026, 11, 21, 21, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
FIFTY = [(14, 10), (5, 5), (3, 3), (2, 1), (1, 2), (1, 1), (0, 2)]
TWELVE = [(7, 4), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0), (0, 0)]
FINE = [(22, 23), *[(0, 0)] * 6]
UNKNOWN = [(10, 12, 6), (6, 6, 0), (2, 1, 3), (0, 0, 0), (0, 0, 0), (1, 0, 1), (1, 1, 1)]
FOUR = [(2, 2), *[(0, 0)] * 6]

Numbers = Sequence[Sequence[int]]


def counted(numbers: Numbers, instrument: str, texts: Texts) -> CountTable:
    """A table with these numbers: rows as of PHQ-9, with those of the two gravest bands together for GAD-7."""
    empty = class_counts([], [], LIBRARY.get(instrument), Periods.load(texts).semester(PRINTED.date()), texts)
    rows = [tuple(row) for row in numbers]
    if len(rows) > len(empty.rows):
        rows[3:5] = [tuple(map(sum, zip(*rows[3:5], strict=True)))]
    columns = (
        *empty.columns,
        msgspec.structs.replace(empty.columns[0], id="unknown", title=texts("statistics.sex_unknown")),
    )
    return msgspec.structs.replace(empty, columns=columns[: len(rows[0])], counts=tuple(rows))


def summary(
    tables: Mapping[str, Numbers], texts: Texts, *, group: str = "七年级1班", station: str = "石桥镇中心小学"
) -> ClassSummary:
    findings = [
        Finding(LIBRARY.get(instrument), release(counted(numbers, instrument, texts), POLICY))
        for instrument, numbers in tables.items()
    ]
    occasion = Occasion(station, group, Periods.load(texts).semester(PRINTED.date()), PRINTED)
    return class_summary(occasion, findings, load_helplines(), texts)


def text_of(found: ClassSummary, fonts: Fonts, texts: Texts) -> str:
    """All words of the PDF without spaces and line ends, header and footer included."""
    return "".join("".join(pages_of(PagePrinter(fonts, Style.load(), texts).render(found.content))).split())


def expected_table(table: Mapping[str, Any], texts: Texts) -> str:
    """What a reader must see of the data: every number and every hole, in its place."""
    share = [texts("report.share")] if table["rows"] else []
    lines = [[column["title"] for column in table["columns"]] + [texts("report.total"), *share]]
    for row, cells, total in zip(table["rows"], table["cells"], table["row_totals"], strict=True):
        numbers = [texts("report.hidden") if number is None else str(number) for number in (*cells, total)]
        lines.append([row["title"], _RANGE, *numbers, "" if total is None else percent(total, table["grand_total"])])
    lines.append([texts("report.everybody"), *map(str, table["column_totals"]), str(table["grand_total"])])
    return "".join(re.escape("".join(part.split())) for line in lines for part in line).replace(
        re.escape(_RANGE), _RANGE
    )


def percent(part: int, whole: int) -> str:
    """To a tenth, halves rounded up, in whole numbers."""
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"


_RANGE = r"(\d+–\d+(分|points))?"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "numbers", [FIFTY, TWELVE, FINE, UNKNOWN], ids=["50", "12 with one severe", "45 fine", "unknown"]
)
def test_the_print_shows_the_numbers_and_the_holes_of_the_data(fonts: Fonts, language: str, numbers: Numbers) -> None:
    texts = Texts.load(language)
    found = summary({"phq-9": numbers, "gad-7": numbers}, texts)
    seen = text_of(found, fonts, texts)
    for instrument in found.data["instruments"]:
        assert re.search(expected_table(instrument["table"], texts), seen)


@examples(15)
@example([(0, 8), (0, 12), (1, 2), (2, 6), (2, 8), (7, 9), (11, 12)]).via("a share of 26.25 %")
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=7, max_size=7))
def test_any_class_prints_what_its_data_says(fonts: Fonts, numbers: Numbers) -> None:
    texts = Texts.load("zh-CN")
    found = summary({"phq-9": numbers}, texts)
    (instrument,) = found.data["instruments"]
    if instrument["table"]["grand_total"] is not None:
        assert re.search(expected_table(instrument["table"], texts), text_of(found, fonts, texts))


def test_the_words_around_the_tables_hold_no_number_of_the_class(fonts: Fonts) -> None:
    texts = Texts.load("zh-CN")
    nobody = [(0, 0)] * 6
    one, other = (
        text_of(summary({"phq-9": [everybody, *nobody]}, texts), fonts, texts) for everybody in [(48, 49), (96, 98)]
    )
    assert re.sub("97|48|49", "#", one) == re.sub("194|96|98", "#", other)


def test_a_hidden_number_is_nowhere_in_the_data() -> None:
    texts = Texts.load("zh-CN")
    numbers = [(17, 0), (0, 0), (0, 0), (0, 0), (0, 3), (0, 0), (0, 19)]
    table = summary({"phq-9": numbers}, texts).data["instruments"][0]["table"]
    flat = [number for row in (*table["cells"], table["row_totals"]) for number in row]
    assert None in flat
    assert 3 not in flat


def test_the_data_is_json_with_the_occasion_and_the_tables_and_nothing_else() -> None:
    texts = Texts.load("zh-CN")
    data = json.loads(msgspec.json.encode(summary({"phq-9": FIFTY, "gad-7": FIFTY}, texts).data))
    tables = [one.pop("table") for one in data.pop("instruments")]
    assert data == {
        "report": "class-summary",
        "format": 1,
        "language": "zh-CN",
        "title": "七年级1班心理筛查情况",
        "station": "石桥镇中心小学",
        "group": "七年级1班",
        "period": {
            "start": "2026-08-01",
            "end": "2027-01-31",
            "title": "2026—2027学年第一学期（2026年8月1日至2027年1月31日）",
        },
        "printed": "2026-11-21T21:30:00+08:00",
    }
    for table, instrument in zip(tables, ("phq-9", "gad-7"), strict=True):
        assert table == json.loads(msgspec.json.encode(release(counted(FIFTY, instrument, texts), POLICY).to_data()))


def test_every_step_of_the_release_is_explained(fonts: Fonts) -> None:
    texts = Texts.load("zh-CN")
    table = release(counted(FIFTY, "phq-9", texts), POLICY)
    seen = text_of(summary({"phq-9": FIFTY}, texts), fonts, texts)
    assert table.steps
    for step in table.steps:
        assert "".join(step.sentence(texts, str).split()) in seen


def test_of_a_handful_of_people_no_number_is_printed(fonts: Fonts) -> None:
    texts = Texts.load("zh-CN")
    found = summary({"phq-9": FOUR}, texts)
    assert found.data["instruments"][0]["table"]["grand_total"] is None
    seen = text_of(found, fonts, texts)
    assert texts("report.share") not in seen
    assert "4人" not in seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_print_says_what_the_bands_mean_what_to_do_and_whom_to_call(fonts: Fonts, language: str) -> None:
    texts = Texts.load(language)
    seen = text_of(summary({"phq-9": FIFTY, "gad-7": FIFTY}, texts), fonts, texts)
    actions = [
        band.action[language]
        for instrument in ("phq-9", "gad-7")
        for score in LIBRARY.get(instrument).scores
        for band in score.bands
    ]
    for words in (*actions, texts("report.not_diagnosis"), texts("report.advice_notice"), "12356", "120", "110"):
        assert "".join(words.split()) in seen


def test_the_first_number_to_call_is_the_national_line() -> None:
    lines = load_helplines()
    assert lines[0].number == "12356"
    for line in lines:
        assert set(line.title) == set(line.when) == set(LANGUAGES)
        assert line.source


def test_a_class_with_a_rare_and_long_name_gets_its_print(fonts: Fonts) -> None:
    texts = Texts.load("zh-CN")
    name = "𬱖㛃䶮\U00030000希望小学七年级（实验班，寄宿，含随班就读）第1班，班级名称特别长，阿依古丽·买买提" * 3
    seen = text_of(summary({"phq-9": FIFTY}, texts, group=name), fonts, texts)
    assert name.replace("\U00030000", "〔U+30000〕") in seen


def test_a_name_cannot_smuggle_in_gaps_or_markup(fonts: Fonts) -> None:
    texts = Texts.load("zh-CN")
    name = "<b>{count}</b>&amp;%s\\"
    seen = text_of(summary({"phq-9": FINE}, texts, group=name, station=name), fonts, texts)
    assert seen.count(name) >= 3
