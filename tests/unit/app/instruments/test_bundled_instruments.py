"""What comes with the program: every vector holds, every band edge has one, and the words are in order."""

import re

import msgspec
import pytest

from app import resources
from app.instruments.definition import Critical, Definition, Score
from app.instruments.library import Library
from app.instruments.scoring import Outcome, Scorer

LIBRARY = Library.load()


class Case(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    answers: dict[str, int]
    expect: Outcome


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
    assert Scorer(LIBRARY.get(instrument)).score(case.answers) == case.expect


def test_every_vector_file_belongs_to_an_instrument() -> None:
    files = resources.path("instruments").glob("*.vectors.json")
    assert {file.name.removesuffix(".vectors.json") for file in files} == set(LIBRARY.ids())


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_vectors_belong_to_the_version_beside_them_and_have_names_of_their_own(instrument: str) -> None:
    found = vectors(instrument)
    assert (found.instrument, found.version) == (instrument, LIBRARY.get(instrument).version)
    names = [case.name for case in found.cases]
    assert len(names) == len(set(names))


def edges(score: Score) -> set[tuple[int, str | None, bool | None]]:
    """Value, band and positive at both ends of every band and on both sides of the cut-off."""
    cut_off = score.positive_from
    values = {end for band in score.bands for end in (band.low, band.high)}
    if cut_off is not None:
        values |= {cut_off - 1, cut_off}
    bands = {value: band.id for band in score.bands for value in range(band.low, band.high + 1)}
    return {(value, bands.get(value), None if cut_off is None else value >= cut_off) for value in values}


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_every_band_edge_of_every_score_has_a_vector(instrument: str) -> None:
    finished = [case.expect.scores for case in vectors(instrument).cases if case.expect.status == "complete"]
    for score in LIBRARY.get(instrument).scores:
        covered = {(scores[score.id].value, scores[score.id].band, scores[score.id].positive) for scores in finished}
        assert edges(score) <= covered


def levels(definition: Definition, rule: Critical) -> set[tuple[str, int, bool]]:
    """Every answer to every item of the rule, and whether it triggers it."""
    sets = {item.id: definition.option_sets[item.options] for item in definition.items}
    return {(name, option.value, option.value >= rule.at_least) for name in rule.items for option in sets[name]}


@pytest.mark.parametrize("instrument", LIBRARY.ids())
@pytest.mark.parametrize("status", ["complete", "unfinished"])
def test_every_critical_answer_has_a_vector_on_finished_and_unfinished_forms(instrument: str, status: str) -> None:
    definition = LIBRARY.get(instrument)
    cases = [case for case in vectors(instrument).cases if case.expect.status == status]
    for rule in definition.critical:
        covered = {
            (name, case.answers[name], rule.id in case.expect.critical)
            for case in cases
            for name in rule.items
            if name in case.answers
        }
        assert levels(definition, rule) <= covered


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_no_text_for_the_person_names_an_illness_or_a_telephone_number(instrument: str) -> None:
    """精神卫生法 art. 23: no diagnosis. Numbers to call belong to the station, not to the instrument."""
    illness = re.compile(
        r"抑郁|焦虑|障碍|患有|病人|disorder|depress|anxiety|illness|patient|suffer|[0-9]{3}", re.IGNORECASE
    )
    definition = LIBRARY.get(instrument)
    texts = [
        text
        for score in definition.scores
        for part in (score.title, *(words for band in score.bands for words in (band.title, band.action)))
        for text in part.values()
    ]
    assert texts
    assert [text for text in texts if illness.search(text)] == []


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_a_positive_result_says_that_it_is_no_diagnosis(instrument: str) -> None:
    for score in LIBRARY.get(instrument).scores:
        assert score.positive_from is not None
        for band in score.bands:
            says_so = ["不是诊断" in band.action["zh-CN"], "not a diagnosis" in band.action["en"]]
            assert says_so == [band.low >= score.positive_from] * 2


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_the_worse_the_band_the_higher_its_rank(instrument: str) -> None:
    for score in LIBRARY.get(instrument).scores:
        assert [band.severity for band in score.bands] == list(range(len(score.bands)))


LOINC_ITEMS = {
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


def luhn(number: str) -> int:
    """The check digit that LOINC uses (mod 10, every second digit doubled from the right)."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def test_the_permission_is_quoted_word_for_word() -> None:
    for name in ("phq-9", "gad-7"):
        assert LIBRARY.get(name).copyright.statement.endswith(
            "No permission required to reproduce, translate, display or distribute."
        )
