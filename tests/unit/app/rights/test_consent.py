"""Who has consented to what on a day, and who has not."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem
from app.people.identity import age
from app.records import Consent, Kept
from app.rights.consent import ConsentRules, Missing, missing, standing
from storage.records import Record

DAY = dt.date(2026, 9, 20)
CHILD, GROWN = "2014-03-01", "2010-03-01"
RULES = ConsentRules.load()


def word(giver: str, decision: str, date: str = "2026-09-01", purpose: str = "screening", **more: str) -> Kept[Consent]:
    said = msgspec.convert({"giver": giver, "decision": decision, "date": date, "purpose": purpose, **more}, Consent)
    record = Record(id=b"c" * 16, type="consent", person=None, version=1, created=1, changed=1, fields={})
    return Kept(record, said)


def lacks(birth_date: str | None, *said: Kept[Consent], day: dt.date = DAY) -> list[tuple[str, str]]:
    return [(one.giver, one.why) for one in missing(birth_date, said, "screening", day, RULES)]


def test_a_child_under_14_needs_a_guardian_and_has_a_say() -> None:
    assert lacks(CHILD) == [("guardian", "never"), ("self", "never")]
    assert lacks(CHILD, word("guardian", "given")) == [("self", "never")]
    assert lacks(CHILD, word("self", "given")) == [("guardian", "never")]
    assert lacks(CHILD, word("guardian", "given"), word("self", "given")) == []


def test_from_14_on_people_consent_for_themselves() -> None:
    assert lacks(GROWN) == [("self", "never")]
    assert lacks(GROWN, word("guardian", "given")) == [("self", "never")]
    assert lacks(GROWN, word("self", "given")) == []


def test_the_day_somebody_turns_14_counts() -> None:
    assert lacks("2012-09-20", word("self", "given")) == []
    assert lacks("2012-09-21", word("self", "given")) == [("guardian", "never")]


@pytest.mark.parametrize("birth_date", [None, "", "2014", "not said"])
def test_whose_age_is_not_known_is_asked_as_a_child(birth_date: str | None) -> None:
    assert lacks(birth_date) == [("guardian", "never"), ("self", "never")]


def test_taking_it_back_counts_from_that_day() -> None:
    said = word("self", "given", "2026-09-01"), word("self", "withdrawn", "2026-09-10")
    assert lacks(GROWN, *said, day=dt.date(2026, 9, 9)) == []
    assert lacks(GROWN, *said, day=dt.date(2026, 9, 10)) == [("self", "withdrawn")]


def test_who_consents_again_has_consented() -> None:
    said = [
        word("self", decision, f"2026-09-0{day}") for day, decision in enumerate(("given", "withdrawn", "given"), 1)
    ]
    assert lacks(GROWN, *said) == []


def test_a_refusal_is_told_from_silence() -> None:
    assert lacks(GROWN, word("self", "refused")) == [("self", "refused")]


def test_on_one_day_a_no_outweighs_a_yes_whatever_came_first() -> None:
    said = word("self", "given"), word("self", "withdrawn")
    assert [lacks(GROWN, *order) for order in permutations(said)] == [[("self", "withdrawn")]] * 2


def test_consent_for_one_purpose_is_none_for_another() -> None:
    assert lacks(GROWN, word("self", "given", purpose="counselling")) == [("self", "never")]


def test_what_is_said_later_does_not_count_yet() -> None:
    assert lacks(GROWN, word("self", "given", "2026-09-21")) == [("self", "never")]


def test_danger_to_life_needs_nobodys_consent_until_it_is_over() -> None:
    danger = word("station", "given", ground="danger_to_life", reason="…")
    assert lacks(CHILD, danger) == []
    assert lacks(GROWN, danger, word("station", "withdrawn", "2026-09-05")) == [("self", "never")]


def test_an_unknown_purpose_is_refused_with_those_there_are() -> None:
    with pytest.raises(Problem, match="no_purpose") as caught:
        RULES.purpose("advertising")
    assert "screening" in str(caught.value.values["purposes"])


@given(
    said=st.lists(
        st.tuples(st.sampled_from(["given", "withdrawn", "refused"]), st.integers(1, 25)), min_size=1, max_size=5
    ),
    order=st.randoms(use_true_random=False),
)
def test_what_stands_does_not_depend_on_the_order_of_arrival(said: list[tuple[str, int]], order: object) -> None:
    words = [word("self", decision, f"2026-09-{day:02}") for decision, day in said]
    shuffled = words[:]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (lacks(GROWN, *one) for one in (words, shuffled))
    assert bool(first) == bool(second)
    assert {"self"} >= set(standing(shuffled, "screening", DAY))


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        ("2012-02-29", dt.date(2026, 2, 28), 13),
        ("2012-02-29", dt.date(2026, 3, 1), 14),
        ("2012-09-20", dt.date(2026, 9, 20), 14),
        (None, DAY, None),
    ],
)
def test_age_is_in_completed_years(born: str | None, day: dt.date, years: int | None) -> None:
    assert age(born, day) == years


def test_missing_says_who_and_why() -> None:
    assert missing(GROWN, [], "screening", DAY, RULES) == (Missing("self", "never"),)
