"""Everybody in a class is counted exactly once, with the last form of the period and the band it was given then."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.disclosure import CountTable
from app.instruments.definition import Definition
from app.instruments.library import Library
from app.people.fields import Sex
from app.records import Kept, Person, ScoreResult, Screening
from app.statistics.class_counts import banded_score, bands_of_row, class_counts
from app.statistics.periods import Period
from app.texts import Texts
from storage.records import Record

TEXTS = Texts.load("zh-CN")
PHQ_9 = Library.load().get("phq-9")
GAD_7 = Library.load().get("gad-7")
PERIOD = Period(dt.date(2026, 8, 1), dt.date(2027, 1, 31), "")
BANDS = ("minimal", "mild", "moderate", "moderately-severe", "severe")


def person(number: int, sex: Sex | None = "male") -> Kept[Person]:
    return Kept(_record(number, number, None), Person(name="某某", sex=sex))


def form(
    of: int,
    band: str | None = "minimal",
    *,
    date: str = "2026-10-12",
    created: int = 1,
    instrument: str = "phq-9",
    value: int = 0,
) -> Kept[Screening]:
    """A form; without a band it is unfinished."""
    screening = Screening(
        instrument=instrument,
        version="1.0.0",
        content="",
        date=date,
        answers={},
        status="complete" if band else "unfinished",
        scores={"total": ScoreResult(value=value, band=band)},
        mode="typed",
    )
    return Kept(_record(10_000 + created, created, of), screening)


def _record(number: int, created: int, of: int | None) -> Record:
    return Record(
        id=number.to_bytes(16),
        type="",
        person=None if of is None else of.to_bytes(16),
        version=1,
        created=created,
        changed=created,
        fields={},
    )


def count(
    people: Sequence[Kept[Person]], forms: Sequence[Kept[Screening]], definition: Definition = PHQ_9
) -> CountTable:
    return class_counts(people, forms, definition, PERIOD, TEXTS)


def row_of(forms: Sequence[Kept[Screening]]) -> str:
    """Where the only person is counted."""
    table = count([person(1)], forms)
    (row,) = [row.id for row, numbers in zip(table.rows, table.counts, strict=True) if any(numbers)]
    return row


FORMS = st.builds(
    form,
    st.integers(1, 40),
    st.sampled_from([*BANDS, None, "a-band-of-another-version"]),
    date=st.sampled_from(["2026-07-31", "2026-08-01", "2026-10-12", "2027-01-31", "2027-02-01"]),
    created=st.integers(1, 5),
    instrument=st.sampled_from(["phq-9", "gad-7"]),
)
SEXES = st.sampled_from(["male", "female", "unknown", None])


@given(st.lists(SEXES, min_size=1, max_size=30), st.lists(FORMS, max_size=60))
def test_everybody_is_counted_once_and_nobody_else(sexes: list[Sex | None], forms: list[Kept[Screening]]) -> None:
    table = count([person(number, sex) for number, sex in enumerate(sexes, 1)], forms)
    by_sex: Counter[str] = Counter(sex or "unknown" for sex in sexes)
    for at, column in enumerate(table.columns):
        assert sum(row[at] for row in table.counts) == by_sex[column.id]
    assert sum(map(sum, table.counts)) == len(sexes)


@given(st.lists(FORMS, max_size=30), st.randoms())
def test_the_order_in_which_forms_come_does_not_matter(forms: list[Kept[Screening]], chance: object) -> None:
    people = [person(number) for number in range(1, 41)]
    numbered = [form_with_id(one, number) for number, one in enumerate(forms)]
    shuffled = list(numbered)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    assert count(people, numbered).counts == count(people, shuffled).counts


def form_with_id(one: Kept[Screening], number: int) -> Kept[Screening]:
    return Kept(msgspec.structs.replace(one.record, id=number.to_bytes(16)), one.fields)


def test_the_last_day_counts() -> None:
    assert row_of([form(1, "severe", date="2026-12-01"), form(1, "mild", date="2026-10-01", created=2)]) == "severe"


def test_on_one_day_the_form_recorded_last_counts() -> None:
    assert row_of([form(1, "severe", created=2), form(1, "mild", created=1)]) == "severe"


def test_of_two_forms_recorded_in_the_same_moment_every_device_takes_the_same() -> None:
    one, other = form_with_id(form(1, "severe"), 1), form_with_id(form(1, "mild"), 2)
    assert row_of([one, other]) == row_of([other, one])


def test_a_form_that_is_marked_unfinished_counts_as_unfinished_whatever_band_it_bears() -> None:
    marked = form(1, "severe")
    unfinished = Kept(marked.record, msgspec.structs.replace(marked.fields, status="unfinished"))
    assert row_of([unfinished]) == "unfinished"


def test_somebody_whose_last_form_is_unfinished_counts_as_unfinished() -> None:
    assert row_of([form(1, "severe", date="2026-10-01"), form(1, None, date="2026-12-01")]) == "unfinished"


def test_somebody_without_a_form_in_the_period_is_absent() -> None:
    assert row_of([form(1, date="2026-07-31"), form(1, date="2027-02-01")]) == "absent"


def test_forms_of_another_instrument_or_of_somebody_else_do_not_count() -> None:
    assert row_of([form(1, instrument="gad-7"), form(2)]) == "absent"


def test_the_stored_band_counts_even_where_the_value_would_give_another() -> None:
    assert row_of([form(1, "mild", value=27)]) == "mild"


def test_a_band_that_this_definition_does_not_have_counts_as_unfinished() -> None:
    assert row_of([form(1, "a-band-of-another-version")]) == "unfinished"


def test_a_finished_form_without_the_score_counts_as_unfinished() -> None:
    bare = form(1)
    assert row_of([Kept(bare.record, msgspec.structs.replace(bare.fields, scores={}))]) == "unfinished"


def test_people_of_unknown_sex_get_a_column_only_where_there_are_some() -> None:
    assert [column.id for column in count([person(1), person(2, "female")], []).columns] == ["male", "female"]
    for sex in ("unknown", None):
        table = count([person(1), person(2, sex)], [])
        assert [column.id for column in table.columns] == ["male", "female", "unknown"]
        assert table.counts[-1] == (1, 0, 1)


def test_rows_are_the_bands_from_the_mildest_and_then_who_did_not_finish() -> None:
    table = count([person(1)], [])
    assert [row.title for row in table.rows] == ["很少", "轻度", "中度", "中重度", "重度", "未完成", "未参加"]
    assert [row.role for row in table.rows] == ["mildest", *["band"] * 4, "separate", "separate"]


def merges(definition: Definition) -> list[set[str]]:
    return [{group.id for group in merge.groups} for merge in count([person(1)], [], definition).row_merges]


@pytest.mark.parametrize("definition", [PHQ_9, GAD_7], ids=lambda definition: definition.id)
def test_no_merge_but_the_last_resort_crosses_the_cut_off(definition: Definition) -> None:
    score = banded_score(definition)
    assert score is not None
    crossing = set()
    for merge in count([person(1)], [], definition).row_merges:
        for group in merge.groups:
            bands = bands_of_row(definition, group.id)
            if {band.low >= (score.positive_from or 0) for band in bands} == {True, False}:
                crossing.add((group.title, len(bands)))
    assert crossing == {("已完成", len(score.bands))}


def test_phq_9_has_the_merges_that_a_reader_can_use() -> None:
    low, below = "minimal..mild", "moderate..severe"
    top = "moderately-severe..severe"
    bands: list[set[str]] = [set(), {low}, {top}, {low, top}, {below}, {low, below}, {"minimal..severe"}]
    assert sorted(map(sorted, merges(PHQ_9))) == sorted(
        sorted(groups) for groups in [*bands, *(step | {"unfinished..absent"} for step in bands)] if groups
    )


def test_merged_rows_are_named_in_plain_words() -> None:
    titles = {group.id: group.title for merge in count([person(1)], []).row_merges for group in merge.groups}
    assert titles == {
        "minimal..mild": "很少至轻度",
        "moderately-severe..severe": "中重度及以上",
        "moderate..severe": "中度及以上",
        "minimal..severe": "已完成",
        "unfinished..absent": "未完成或未参加",
    }


@pytest.mark.parametrize("cut_off", [None, 12])
def test_without_a_cut_off_between_two_bands_any_border_may_remain(cut_off: int | None) -> None:
    (score,) = PHQ_9.scores
    other = msgspec.structs.replace(PHQ_9, scores=(msgspec.structs.replace(score, positive_from=cut_off),))
    found = merges(other)
    for at in range(1, len(BANDS)):
        lower = {f"{BANDS[0]}..{BANDS[at - 1]}"} if at > 1 else set()
        upper = {f"{BANDS[at]}..{BANDS[-1]}"} if at < len(BANDS) - 1 else set()
        assert lower | upper in found


def test_a_row_knows_its_bands() -> None:
    ids = {row: [band.id for band in bands_of_row(PHQ_9, row)] for row in ("mild", "moderate..severe", "absent")}
    assert ids == {"mild": ["mild"], "moderate..severe": list(BANDS[2:]), "absent": []}


def test_an_instrument_without_bands_is_not_counted() -> None:
    (score,) = PHQ_9.scores
    bare = msgspec.structs.replace(PHQ_9, scores=(msgspec.structs.replace(score, bands=()),))
    assert banded_score(bare) is None
    with pytest.raises(ValueError, match="no bands"):
        count([person(1)], [], bare)
