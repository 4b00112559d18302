"""A period is what a person wrote, or a clear refusal; every day has one semester."""

import datetime as dt
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem
from app.statistics.periods import Period, Periods, SchoolYear
from app.texts import LANGUAGES, Texts

TEXTS = Texts.load("zh-CN")
PERIODS = Periods.load(TEXTS)
YEARS = st.integers(1900, 2200)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
ONE_DAY = dt.timedelta(days=1)


@given(YEARS)
def test_a_year_is_all_its_days(year: int) -> None:
    period = PERIODS.parse(str(year))
    assert (period.start, period.end) == (dt.date(year, 1, 1), dt.date(year, 12, 31))


@given(DAYS)
def test_a_month_is_the_days_that_share_its_name(day: dt.date) -> None:
    period = PERIODS.parse(f"{day:%Y-%m}")
    assert period.start <= day <= period.end
    months = {period.start.month, period.end.month}
    assert months == {day.month}
    assert (period.start - ONE_DAY).month != day.month
    assert (period.end + ONE_DAY).month != day.month


@given(DAYS, DAYS)
def test_two_days_are_a_period_in_their_order_only(first: dt.date, last: dt.date) -> None:
    text = f"{first.isoformat()}..{last.isoformat()}"
    if first <= last:
        assert (PERIODS.parse(text).start, PERIODS.parse(text).end) == (first, last)
    else:
        with pytest.raises(Problem) as refused:
            PERIODS.parse(text)
        assert refused.value.key == "statistics.wrong_period"


@given(DAYS)
def test_every_day_lies_in_its_semester_and_semesters_follow_each_other_without_gap(day: dt.date) -> None:
    period = PERIODS.semester(day)
    assert period.start <= day <= period.end
    assert PERIODS.semester(period.start) == PERIODS.semester(period.end) == period
    assert PERIODS.semester(period.end + ONE_DAY).start == period.end + ONE_DAY


@given(st.integers(1900, 2200), st.sampled_from([1, 2]))
def test_a_semester_is_found_by_its_name(year: int, number: int) -> None:
    period = PERIODS.parse(f"{year}-{year + 1}-{number}")
    assert period == PERIODS.semester(dt.date(year, 10, 1) if number == 1 else dt.date(year + 1, 4, 1))


@given(st.text(max_size=25) | st.from_regex(r"[0-9.\- ]{1,25}", fullmatch=True))
def test_any_text_is_a_period_or_a_sentence_about_it(text: str) -> None:
    found = reading(text)
    assert found.startswith("看不懂时间") if isinstance(found, str) else found.start <= found.end


def reading(text: str) -> Period | str:
    try:
        return PERIODS.parse(text)
    except Problem as problem:
        return TEXTS.problem(problem)


@pytest.mark.parametrize(
    ("date", "start", "end", "title"),
    [
        ("2026-08-01", "2026-08-01", "2027-01-31", "2026—2027学年第一学期（2026年8月1日至2027年1月31日）"),
        ("2027-01-31", "2026-08-01", "2027-01-31", "2026—2027学年第一学期（2026年8月1日至2027年1月31日）"),
        ("2027-02-01", "2027-02-01", "2027-07-31", "2026—2027学年第二学期（2027年2月1日至2027年7月31日）"),
        ("2027-07-31", "2027-02-01", "2027-07-31", "2026—2027学年第二学期（2027年2月1日至2027年7月31日）"),
    ],
)
def test_semesters_change_in_the_holidays(date: str, start: str, end: str, title: str) -> None:
    period = PERIODS.semester(dt.date.fromisoformat(date))
    assert period == Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end), title)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("２０２６－１０", "2026-10"),
        ("　2026 ", "2026"),
        ("2026-09-01 .. 2027-01-31", "2026-09-01..2027-01-31"),
        ("２０２６-０９-０１．．２０２７-０１-３１", "2026-09-01..2027-01-31"),
    ],
)
def test_full_width_digits_and_stray_spaces_do_no_harm(typed: str, same: str) -> None:
    assert PERIODS.parse(typed) == PERIODS.parse(same)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "0000", "26", "2026-13", "2026-00", "2026-9", "2026-02-29..2026-03-01", "2026-10-01", "2026/10"),
        *("2026-2028-1", "2026-2027-3", "2026-2027-0", "9999-12", "9999-0000-1", "2026..2027", "2026-10 2026-11"),
        *("2026-09-01...2026-10-01", "九月", "二〇二六", "٢٠٢٦", "2026\n2027"),
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        PERIODS.parse(text)
    assert refused.value.key == "statistics.wrong_period"


def test_the_first_and_the_last_day_belong_to_a_period() -> None:
    period = PERIODS.parse("2026-10")
    inside = [day for day in ("2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01") if period.covers(day)]
    assert inside == ["2026-10-01", "2026-10-31"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["2026", "2026-10", "2026-2027-2", "2026-09-01..2026-09-01", "2026-09-01..2027-01-31"])
def test_every_kind_of_period_has_a_title_that_names_its_year(language: str, text: str) -> None:
    assert "2026" in Periods.load(Texts.load(language)).parse(text).title


def test_one_day_is_not_called_a_span() -> None:
    assert PERIODS.parse("2026-09-01..2026-09-01").title == "2026年9月1日"


def test_a_county_can_move_the_borders() -> None:
    semesters = [{"number": 1, "starts": "08-20"}, {"number": 2, "starts": "02-10"}]
    rule = msgspec.convert({"version": "1.0.0", "source": "a county", "semesters": semesters}, SchoolYear)
    moved = Periods(rule, TEXTS)
    assert moved.semester(dt.date(2027, 2, 9)).start == dt.date(2026, 8, 20)
    assert moved.semester(dt.date(2027, 2, 10)).end == dt.date(2027, 8, 19)


def test_the_rule_says_where_it_comes_from() -> None:
    rule = SchoolYear.load()
    assert rule.source
    assert re.fullmatch(r"\d+\.\d+\.\d+", rule.version)
