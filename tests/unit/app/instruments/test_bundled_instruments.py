"""What comes with the program: every vector holds, every band edge has one, and the words are in order."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from app import resources
from app.instruments.answers import Answers
from app.instruments.definition import Definition
from app.instruments.items import Choice, Multiple, Quantity
from app.instruments.library import Library
from app.instruments.parts import Number
from app.instruments.quick import is_critical
from app.instruments.scale import is_positive
from app.instruments.scales import Band, Critical, Score
from app.instruments.scoring import Facts, Outcome, Scorer
from app.instruments.values import band_at, combined, exact, finished, option_points

LIBRARY = Library.load()
MEASURES = [name for name in LIBRARY.ids() if LIBRARY.get(name).type == "instrument"]
STRUCTURES = [name for name in LIBRARY.ids() if LIBRARY.get(name).copyright.wording == "structure"]


class Case(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    answers: Answers
    expect: Outcome
    facts: Facts = Facts()


class Vectors(msgspec.Struct, forbid_unknown_fields=True):
    instrument: str
    version: str
    cases: list[Case]


def vectors(instrument: str) -> Vectors:
    raw = resources.path("instruments", f"{instrument}.vectors.json").read_bytes()
    return msgspec.json.decode(raw, type=Vectors)


CASES = [(name, case) for name in LIBRARY.ids() for case in vectors(name).cases]


@pytest.mark.parametrize(("instrument", "case"), CASES, ids=[f"{name}: {case.name}" for name, case in CASES])
def test_a_vector_holds(instrument: str, case: Case) -> None:
    assert Scorer(LIBRARY.get(instrument)).score(case.answers, case.facts) == case.expect


def test_every_definition_has_its_vectors_and_nothing_else_has() -> None:
    files = resources.path("instruments").glob("*.vectors.json")
    assert {file.name.removesuffix(".vectors.json") for file in files} == set(LIBRARY.ids())


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_vectors_belong_to_the_version_beside_them_and_have_names_of_their_own(instrument: str) -> None:
    found = vectors(instrument)
    assert (found.instrument, found.version) == (instrument, LIBRARY.get(instrument).version)
    names = [case.name for case in found.cases]
    assert len(names) == len(set(names))


def reachable(definition: Definition, score: Score) -> list[Number]:
    """Every value that a full form can have, in rising order; nothing for a formula."""
    sums = {Decimal(0)}
    for name in score.items:
        sums = {one + points for one in sums for points in counts(definition, score, name)}
    divisor = len(score.items) if score.method == "mean" else 1
    values = {finished(one / divisor, score) for one in sums} if score.items else set()
    return sorted(value for value in values if value is not None)


def counts(definition: Definition, score: Score, name: str) -> set[Decimal]:
    """What an item can add to a score."""
    item = definition.item(name)
    assert isinstance(item, Choice | Quantity)
    if isinstance(item, Choice):
        points = {Decimal(one) for one in option_points(item, definition.options(item)).values()}
    else:
        step = Decimal(1).scaleb(-item.decimals)
        points = {exact(item.low) + step * at for at in range(int((exact(item.high) - exact(item.low)) / step) + 1)}
    if item.visible_if:
        points.add(Decimal(0))
    if score.method == "count":
        return {combined([one], score) for one in points}
    return {one * exact(score.weights.get(name, 1)) for one in points}


def edges(definition: Definition, score: Score) -> set[tuple[Number, str | None, bool | None]]:
    """Value, band and positive at both ends of every band and on both sides of the cut-off, as far as they occur."""
    values = reachable(definition, score)
    read = [(value, band_at(score.bands, value), is_positive(value, score)) for value in values]
    ends = {pair[side] for pair in pairwise(read) for side in (0, 1) if pair[0][1:] != pair[1][1:]}
    return ends | {read[0], read[-1]} if read else set()


@pytest.mark.parametrize("instrument", MEASURES)
def test_every_edge_of_every_score_has_a_vector(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    outcomes = [case.expect.scores for case in vectors(instrument).cases if case.expect.status == "complete"]
    for score in definition.scores:
        found = [scores[score.id] for scores in outcomes]
        by_norm = {one.norm for one in found if one.norm}
        assert by_norm == {norm.id for norm in score.norms}
        covered = {(one.value, one.band, one.positive) for one in found if one.norm is None}
        if len(by_norm) == 0:
            assert edges(definition, score) <= covered
        for norm in score.norms:
            read = {(one.value, one.positive) for one in found if one.norm == norm.id}
            if norm.positive_from is not None or norm.positive_to is not None:
                assert {positive for _, positive in read} == {True, False}


@pytest.mark.parametrize("instrument", MEASURES)
def test_every_reversed_item_changes_a_vector(instrument: str) -> None:
    """Were an item not reversed, or reversed that should not be, one of the vectors would fail."""
    definition = LIBRARY.get(instrument)
    cases = [case for case in vectors(instrument).cases if case.expect.status == "complete"]
    for number, item in enumerate(definition.items):
        if not isinstance(item, Choice) or not item.scored:
            continue
        turned = msgspec.structs.replace(item, reverse=not item.reverse)
        items = (*definition.items[:number], turned, *definition.items[number + 1 :])
        scorer = Scorer(msgspec.structs.replace(definition, items=items))
        assert any(scorer.score(case.answers, case.facts) != case.expect for case in cases), item.id


def levels(definition: Definition, rule: Critical) -> Iterator[tuple[str, Any, bool]]:
    """Every answer to every item of the rule, of several options each alone, and whether it triggers it."""
    for name in rule.items:
        item = definition.item(name)
        assert isinstance(item, Choice | Multiple)
        for option in definition.options(item):
            answer = option.value if isinstance(item, Choice) else [option.value]
            yield name, answer, is_critical(rule, {name: answer})


@pytest.mark.parametrize("instrument", LIBRARY.ids())
@pytest.mark.parametrize("status", ["complete", "unfinished"])
def test_every_critical_answer_has_a_vector_on_finished_and_unfinished_forms(instrument: str, status: str) -> None:
    definition = LIBRARY.get(instrument)
    cases = [case for case in vectors(instrument).cases if case.expect.status == status]
    for rule in definition.critical:
        covered = [(name, case.answers[name]) for case in cases for name in rule.items if name in case.answers]
        for name, value, triggers in levels(definition, rule):
            assert (name, value) in covered
            if triggers:
                seen = [case for case in cases if case.answers.get(name) == value]
                assert all(rule.id in case.expect.critical for case in seen)


def bands(definition: Definition) -> Iterator[tuple[Score, Band]]:
    for score in definition.scores:
        yield from ((score, band) for band in (*score.bands, *(band for norm in score.norms for band in norm.bands)))


@pytest.mark.parametrize("instrument", MEASURES)
def test_no_text_for_the_person_names_an_illness_or_a_telephone_number(instrument: str) -> None:
    """精神卫生法 art. 23: no diagnosis. Numbers to call belong to the station, not to the instrument."""
    illness = re.compile(
        r"抑郁|焦虑|障碍|患有|病人|disorder|depress|anxiety|illness|patient|suffer|[0-9]{3}", re.IGNORECASE
    )
    definition = LIBRARY.get(instrument)
    said = [score.title for score in definition.scores]
    said += [text for _, band in bands(definition) for text in (band.title, band.action, band.guardian) if text]
    assert [words for text in said for words in text.values() if illness.search(words)] == []


@pytest.mark.parametrize("instrument", MEASURES)
def test_a_positive_result_says_that_it_is_no_diagnosis(instrument: str) -> None:
    for score in LIBRARY.get(instrument).scores:
        for band in score.bands:
            is_said = {"不是诊断" in band.action["zh-CN"], "not a diagnosis" in band.action["en"]}
            reached = {is_positive(end, score) for end in (band.low, band.high)}
            if True in reached:
                assert is_said == {True}
            assert len(is_said) == 1


@pytest.mark.parametrize("instrument", MEASURES)
def test_bands_rise_or_fall_in_gravity_all_the_way(instrument: str) -> None:
    for score in LIBRARY.get(instrument).scores:
        ranks = [band.severity for band in score.bands]
        assert ranks in (list(range(len(ranks))), list(range(len(ranks)))[::-1])


@pytest.mark.parametrize("instrument", STRUCTURES)
def test_where_the_wording_may_not_be_here_it_is_not(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    # Nobody owns these: yes and no, what one does not know, whether an examiner found it right.
    anybodys = {
        "是",
        "否",
        "有",
        "无",
        "不知道",
        "正确",
        "不正确",
        "yes",
        "no",
        "do not know",
        "correct",
        "not correct",
    }
    scored = [item for item in definition.items if isinstance(item, Choice) and item.scored]
    words = {text for item in scored for option in definition.options(item) for text in (option.text or {}).values()}
    assert {text.lower() for text in words} <= anybodys
    assert [item.id for item in scored if item.text] == []


LOINC_ITEMS: dict[str, list[str | None]] = {
    # Each code with the item it stands for; items 8 and 9 of PHQ-9 wait for a verified source.
    "phq-9": ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", None, None, None],
    "gad-7": ["69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"],
}


@pytest.mark.parametrize("instrument", sorted(LOINC_ITEMS))
def test_only_verified_codes_are_given(instrument: str) -> None:
    assert [item.codes.get("loinc") for item in LIBRARY.get(instrument).items] == LOINC_ITEMS[instrument]


@pytest.mark.parametrize("instrument", sorted(LOINC_ITEMS))
def test_no_code_of_an_item_or_a_score_is_mistyped(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    codes = [item.codes for item in definition.items] + [score.codes for score in definition.scores]
    for code in [code for by_system in codes for code in by_system.values()]:
        number, _, digit = code.partition("-")
        assert luhn(number) == int(digit)


VERIFIED = {code for codes in LOINC_ITEMS.values() for code in codes if code}
VERIFIED |= {"70274-6", "75626-2", "LA6568-5", "LA6569-3", "LA6570-1"}
"""Every LOINC code of which it was looked up what it stands for; the last five are two totals and three answers."""


def test_no_other_code_is_anywhere() -> None:
    for name in LIBRARY.ids():
        definition = LIBRARY.get(name)
        options = [option for one in definition.option_sets.values() for option in one]
        for part in (*definition.items, *definition.scores, *options):
            assert part.codes.keys() <= {"loinc"}
            assert {*part.codes.values()} <= VERIFIED


def luhn(number: str) -> int:
    """The check digit that LOINC uses (mod 10, every second digit doubled from the right)."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def test_the_permission_is_quoted_word_for_word() -> None:
    for name in ("phq-9", "gad-7"):
        assert LIBRARY.get(name).copyright.statement.endswith(
            "No permission required to reproduce, translate, display or distribute."
        )
