"""What is asked, what is missing, and what becomes of answers: conditions, norms, missing answers, quality."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem
from app.instruments.flow import Flow
from app.instruments.scoring import Facts, Outcome, Scorer
from tests.unit.app.instruments.example import TEXT, band, choice, made, summed, unscored

FULL = {"a": 1, "b": 2, "c": 3, "d": 0}
WOMAN, MAN = Facts(age=15, sex="female"), Facts(age=15, sex="male")


def scored(answers: dict[str, Any], facts: Facts = Facts(), **parts: Any) -> Outcome:  # noqa: B008 -- it is frozen
    return Scorer(made(**parts)).score(answers, facts)


def one(answers: dict[str, Any] = FULL, facts: Facts = Facts(), **score: Any) -> Any:  # noqa: B008 -- only read
    parts = {"id": "total", "title": TEXT, "items": list("abcd"), "method": "sum", "range": [0, 12], "source": "none"}
    return scored(answers, facts, scores=[{**parts, **score}]).scores["total"]


# ---- what is asked ----


def test_an_item_is_asked_where_its_condition_holds_and_is_missing_only_then() -> None:
    items = [*(choice(name) for name in "abcd"), choice("e", scored=False, visible_if="${a} >= 2")]
    assert scored(FULL, items=items).status == "complete"
    assert scored({**FULL, "a": 2}, items=items).missing == ("e",)


def test_a_condition_on_an_answer_that_is_not_there_does_not_hold() -> None:
    items = [*(choice(name) for name in "abcd"), choice("e", scored=False, visible_if="not (${a} >= 2)")]
    assert scored({"b": 0, "c": 0, "d": 0}, items=items).missing == ("a",)


def test_what_may_be_required_is_so_only_sometimes() -> None:
    note = unscored("text", "why", required_if="${a} = 3")
    items = [*(choice(name) for name in "abcd"), note]
    assert scored(FULL, items=items).status == "complete"
    assert scored({**FULL, "a": 3}, items=items).missing == ("why",)
    assert scored({**FULL, "a": 3, "why": "…"}, items=items).status == "complete"


def test_nothing_is_asked_after_a_stop_and_what_is_not_asked_counts_nothing() -> None:
    items = [choice("a", stop_if="${a} = 0"), *(choice(name) for name in "bcd")]
    outcome = scored({"a": 0}, items=items)
    assert (outcome.status, outcome.scores["total"].value) == ("complete", 0)
    assert scored({"a": 0, "b": 3}, items=items).scores["total"].value == 0
    assert scored({"a": 1}, items=items).missing == ("b", "c", "d")


def test_a_critical_answer_counts_even_where_it_is_no_longer_asked() -> None:
    rule = {"id": "c", "items": ["d"], "at_least": 1, "level": "red", "title": TEXT, "source": "made up"}
    items = [choice("a", stop_if="${a} = 0"), *(choice(name) for name in "bcd")]
    assert scored({"a": 0, "d": 2}, items=items, critical=[rule]).critical == ("c",)
    low = {**rule, "at_least": None, "at_most": 0}
    assert scored({"d": 0}, critical=[low]).critical == ("c",)
    assert scored({"d": 1}, critical=[low]).critical == ()


def test_a_critical_answer_may_be_one_of_several() -> None:
    rule = {"id": "c", "items": ["a", "m"], "any_of": [1, 3], "level": "red", "title": TEXT, "source": "made up"}
    items = [*(choice(name) for name in "abcd"), unscored("multiple", "m", options="four", required=False)]
    for answers, expected in (
        ({"a": 3}, ("c",)),
        ({"a": 2}, ()),
        ({"m": [0, 3]}, ("c",)),
        ({"m": [0, 2]}, ()),
        ({"m": []}, ()),
    ):
        assert scored(answers, items=items, critical=[rule]).critical == expected


def test_computed_values_follow_from_answers_and_from_each_other() -> None:
    height, weight = (unscored("number", name, decimals=1, **{"from": 10, "to": 250}) for name in ("cm", "kg"))
    bmi = unscored("computed", "bmi", value="round(${kg} / (${cm} / 100 * ${cm} / 100), 1)")
    heavy = unscored("text", "advice", visible_if="${bmi} >= 28")
    definition = made(items=[height, weight, bmi, heavy], scores=[])
    walk = Flow(definition).walk({"cm": 160, "kg": 76.8})
    assert str(walk.environment["bmi"]) == "30.0"
    assert walk.missing == ("advice",)
    assert Flow(definition).walk({"cm": 160}).environment["bmi"] is None


def test_a_group_counts_its_rows_and_misses_what_a_row_misses() -> None:
    cells = [unscored("text", "drug"), unscored("text", "why", visible_if='${drug} = "x"')]
    items = [unscored("group", "drugs", items=cells, least=1, most=2), unscored("text", "t", visible_if="${drugs} = 2")]
    flow = Flow(made(items=items, scores=[]))
    assert flow.walk({"drugs": []}).missing == ("drugs",)
    assert flow.walk({"drugs": [{"drug": "y"}]}).missing == ()
    assert flow.walk({"drugs": [{"drug": "x"}]}).missing == ("drugs",)
    assert flow.walk({"drugs": [{"drug": "y"}] * 2}).missing == ("t",)


# ---- what can be answered ----

KINDS = [
    unscored("multiple", "m", options="four", alone=[0]),
    unscored("number", "n", decimals=1, **{"from": -1, "to": 3}),
    unscored("date", "day"),
    unscored("text", "t"),
    unscored("group", "g", items=[unscored("text", "x"), unscored("number", "y", **{"from": 0, "to": 1})], most=2),
    {**choice("maybe", scored=False), "not_applicable": True},
]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("m", []),
        ("m", [0]),
        ("m", [1, 3]),
        ("n", 2.5),
        ("n", -1),
        ("day", "2026-02-28"),
        ("t", "阿依古丽·买买提"),
        ("g", []),
        ("g", [{"x": "1"}, {"y": 1}]),
        ("maybe", None),
    ],
)
def test_allowed(name: str, answer: Any) -> None:
    assert scored({name: answer}, items=KINDS, scores=[]).scores == {}


@pytest.mark.parametrize(
    ("name", "answer", "key"),
    [
        ("m", [3, 1], "answer_out_of_range"),
        ("m", [1, 1], "answer_out_of_range"),
        ("m", [0, 1], "answer_out_of_range"),
        ("m", [True], "answer_out_of_range"),
        ("m", 1, "answer_out_of_range"),
        ("n", 2.55, "number_out_of_range"),
        ("n", 3.1, "number_out_of_range"),
        ("n", True, "number_out_of_range"),
        ("n", float("nan"), "number_out_of_range"),
        ("n", "2", "number_out_of_range"),
        ("day", "2026-02-30", "wrong_day"),
        ("day", "20260228", "wrong_day"),
        ("t", " ", "answer_out_of_range"),
        ("g", [{"x": "1"}] * 3, "wrong_rows"),
        ("g", [{"z": "1"}], "wrong_rows"),
        ("g", [{"y": 2}], "wrong_rows"),
        ("g", {"x": "1"}, "wrong_rows"),
        ("n", None, "always_applies"),
        ("z", 1, "unknown_item"),
    ],
)
def test_refused(name: str, answer: Any, key: str) -> None:
    with pytest.raises(Problem) as caught:
        scored({name: answer}, items=KINDS, scores=[])
    assert caught.value.key == f"instrument.{key}"


def test_a_day_that_lies_behind_cannot_be_tomorrow() -> None:
    items = [unscored("date", "onset", when="past"), unscored("date", "next", when="future", required=False)]
    today = Facts(today=dt.date(2026, 11, 22))
    assert scored({"onset": "2026-11-22", "next": "2026-11-22"}, today, items=items, scores=[]).status == "complete"
    for name, day in (("onset", "2026-11-23"), ("next", "2026-11-21")):
        with pytest.raises(Problem) as caught:
            scored({name: day}, today, items=items, scores=[])
        assert caught.value.key == f"instrument.day_not_{'past' if name == 'onset' else 'future'}"


# ---- scores ----


def test_each_method() -> None:
    assert one().value == 6
    assert one(method="mean", decimals=2, range=[0, 3]).value == 1.5
    assert one(method="count", counts_from=2, range=[0, 4]).value == 2
    assert one(weights={"b": 3}, range=[0, 18]).value == 10


def test_rounding_goes_up_from_the_half_or_always_down() -> None:
    """Zung's standard score is the raw one times 1.25, the fraction cut off."""
    assert one({"a": 1, "b": 1, "c": 0, "d": 0}, times=1.25, range=[0, 15]).value == 3
    assert one({"a": 3, "b": 3, "c": 0, "d": 0}, times=1.25, range=[0, 15]).value == 8
    assert one({"a": 3, "b": 3, "c": 0, "d": 0}, times=1.25, rounding="down", range=[0, 15]).value == 7


def test_a_table_turns_raw_values_into_others() -> None:
    table = [{"from": 0, "to": 5, "value": 0}, {"from": 6, "to": 12, "value": 3}]
    assert one(table=table, range=[0, 3]).value == 3
    assert one({**FULL, "c": 0}, table=table, range=[0, 3]).value == 0


def test_a_formula_sees_earlier_scores_and_has_no_value_where_one_has_none() -> None:
    second = {"id": "per", "title": TEXT, "method": "formula", "formula": "100 * ${total} / 12", "range": [0, 100]}
    scores = [summed("total", list("abcd"), 12), {**second, "decimals": 1, "source": "made up"}]
    assert scored(FULL, scores=scores).scores["per"].value == 50
    assert scored({"a": 1}, scores=scores).scores["per"].value is None


def test_the_first_norm_that_fits_gives_cut_off_bands_and_t_score() -> None:
    women = {"id": "women", "when": '@sex = "female"', "title": TEXT, "positive_from": 6, "source": "made up"}
    girls = {**women, "id": "girls", "when": '@sex = "female" and @age < 14', "positive_from": 8}
    men = {**women, "id": "men", "when": '@sex = "male"', "positive_from": None, "mean": 4, "deviation": 2.5}
    score: dict[str, Any] = {"norms": [girls, women, men], "positive_from": 7}
    assert (one(facts=WOMAN, **score).positive, one(facts=WOMAN, **score).norm) == (True, "women")
    assert (one(facts=Facts(13, "female"), **score).positive, one(facts=Facts(13, "female"), **score).norm) == (
        False,
        "girls",
    )
    assert (one(facts=MAN, **score).positive, one(facts=MAN, **score).standard) == (False, 58.0)
    assert (one(**score).positive, one(**score).norm, one(**score).standard) == (False, None, None)


def test_where_less_is_worse_the_cut_off_works_downwards() -> None:
    bands = [band("grave", 0, 6, 1), band("well", 7, 12, 0)]
    assert (one(positive_to=6, bands=bands).positive, one(positive_to=6, bands=bands).band) == (True, "grave")
    assert one({**FULL, "a": 2}, positive_to=6, bands=bands).positive is False


RULE = {"missing": 1, "source": "made up"}


def test_missing_answers_are_stood_in_for_only_by_the_instruments_own_rule() -> None:
    three = {"a": 1, "b": 2, "c": 3}
    bands = [band("low", 0, 5, 0), band("high", 6, 12, 1)]
    without, with_rule = one(three, bands=bands), one(three, bands=bands, prorating=RULE)
    assert (without.value, without.band, without.prorated) == (6, None, False)
    assert (with_rule.value, with_rule.band, with_rule.prorated) == (8, "high", True)
    assert one({"a": 1, "b": 2}, bands=bands, prorating=RULE).band is None


def test_nothing_stands_in_for_a_critical_answer() -> None:
    rule = {"id": "c", "items": ["d"], "at_least": 1, "level": "red", "title": TEXT, "source": "made up"}
    scores = [summed("total", list("abcd"), 12, prorating=RULE)]
    outcome = scored({"a": 1, "b": 2, "c": 3}, scores=scores, critical=[rule])
    assert (outcome.scores["total"].prorated, outcome.scores["total"].band) == (False, None)


def test_what_does_not_apply_is_an_answer_but_not_a_zero() -> None:
    items = [*(choice(name) for name in "abc"), choice("d", not_applicable=True)]
    outcome = scored({**FULL, "d": None}, items=items)
    assert (outcome.status, outcome.scores["total"].value) == ("complete", None)
    prorated = scored({**FULL, "d": None}, items=items, scores=[summed("total", list("abcd"), 12, prorating=RULE)])
    assert prorated.scores["total"].value == 8


# ---- doubts ----


@pytest.mark.parametrize(
    ("when", "answers", "seconds", "expected"),
    [
        ("${total} >= 6", FULL, None, True),
        ("${total} >= 7", FULL, None, False),
        ("@run >= 4", dict.fromkeys("abcd", 2), None, True),
        ("@run >= 4", FULL, None, False),
        ("@seconds < 2 * @answered", FULL, 7.9, True),
        ("@seconds < 2 * @answered", FULL, 8, False),
        ("@seconds < 2 * @answered", FULL, None, False),
        ("${a} >= 3 and ${b} = 0", {**FULL, "a": 3, "b": 0}, None, True),
    ],
)
def test_a_rule_of_quality(when: str, answers: dict[str, int], seconds: float | None, expected: bool) -> None:
    for verdict in ("void", "doubtful"):
        rule = {"id": "odd", "when": when, "verdict": verdict, "title": TEXT, "source": "made up"}
        outcome = scored(answers, Facts(seconds=seconds), quality=[rule])
        assert (outcome.quality, outcome.void) == (("odd",) if expected else (), expected and verdict == "void")


# ---- the short way ----

answers = st.dictionaries(st.sampled_from([*"abcdex", "z"]), st.sampled_from([0, 1, 2, 3, 4, True, 1.0, None, "1"]))
full = st.fixed_dictionaries(dict.fromkeys("abcd", st.integers(0, 3)), optional={"e": st.integers(0, 3)})
PLAIN = made(
    items=[choice("a"), choice("b", reverse=True), choice("c"), choice("d"), choice("e", scored=False, required=False)],
    scores=[
        summed("total", list("abcd"), 12, bands=[band("low", 0, 5, 0), band("high", 6, 12, 1)], positive_from=6),
        summed("part", list("db"), 6, positive_to=2),
        summed("single", ["c"], 3),
    ],
    critical=[{"id": "c", "items": ["a", "e"], "at_least": 2, "level": "red", "title": TEXT, "source": "made up"}],
)
BOTH_WAYS = Scorer(PLAIN)
LONG_WAY = Scorer(PLAIN)
LONG_WAY._quick = None


@given(answers | full)
def test_the_short_way_and_the_long_way_come_to_the_same(answers: dict[str, Any]) -> None:
    def result(scorer: Scorer) -> Outcome | str:
        try:
            return scorer.score(answers)
        except Problem as problem:
            return problem.key

    assert BOTH_WAYS._quick is not None
    assert result(BOTH_WAYS) == result(LONG_WAY)


def test_the_day_of_the_answers_is_known() -> None:
    items = [unscored("date", "born"), unscored("text", "school", visible_if="years(${born}, @today) < 18")]
    flow = Flow(made(items=items, scores=[]))
    assert flow.walk({"born": "2010-09-01"}, Facts(today=dt.date(2026, 11, 22))).missing == ("school",)
    assert flow.walk({"born": "1990-09-01"}, Facts(today=dt.date(2026, 11, 22))).missing == ()
