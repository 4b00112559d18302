"""Which outcomes raise which alerts, with the bundled rules and instruments."""

import msgspec
import pytest

from app.instruments.answers import Answers
from app.instruments.items import Choice
from app.instruments.library import Library
from app.instruments.quick import is_critical
from app.instruments.scoring import Scorer
from app.records import LEVELS, Alert
from app.risk.rules import HOUR_MS, AlertRules, Urgency
from app.texts import LANGUAGES, Texts
from app.words import Words
from tests.unit.app.instruments.example import TEXT, made

LIBRARY = Library.load()
RULES = AlertRules.load()
NOW = 1_790_000_000_000


def assess(instrument: str, answers: Answers) -> Urgency | None:
    return RULES.assess(LIBRARY.get(instrument), LIBRARY.scorer(instrument).score(answers), NOW)


def phq(total_of_first_eight: int, ninth: int) -> dict[str, int]:
    answers, left = {}, total_of_first_eight
    for item in range(1, 9):
        answers[str(item)] = min(3, left)
        left -= answers[str(item)]
    return {**answers, "9": ninth}


@pytest.mark.parametrize("ninth", [1, 2, 3])
def test_any_answer_about_self_harm_is_red_whatever_the_total(ninth: int) -> None:
    urgency = assess("phq-9", phq(0, ninth))
    assert urgency is not None
    assert (urgency.level, urgency.due) == ("red", NOW + 24 * HOUR_MS)
    assert urgency.reasons == ("phq-9-self-harm",)


def test_it_is_red_on_an_unfinished_form_too() -> None:
    urgency = assess("phq-9", {"9": 1})
    assert urgency is not None
    assert urgency.level == "red"


def test_the_gravest_rule_decides_and_all_reasons_are_kept() -> None:
    urgency = assess("phq-9", phq(20, 1))
    assert urgency is not None
    assert (urgency.level, urgency.reasons) == ("red", ("phq-9-self-harm", "phq-9-severe"))


@pytest.mark.parametrize(
    ("total", "level"), [(9, None), (10, "yellow"), (14, "yellow"), (15, "orange"), (24, "orange")]
)
def test_the_bands_of_phq_9_raise_their_levels(total: int, level: str | None) -> None:
    urgency = assess("phq-9", phq(total, 0))
    assert (urgency.level if urgency else None) == level


@pytest.mark.parametrize(("total", "level"), [(9, None), (10, "yellow"), (15, "orange"), (21, "orange")])
def test_the_bands_of_gad_7_raise_their_levels(total: int, level: str | None) -> None:
    answers = {str(item): min(3, max(0, total - 3 * (item - 1))) for item in range(1, 8)}
    urgency = assess("gad-7", answers)
    assert (urgency.level if urgency else None) == level


def test_an_unfinished_form_raises_nothing_by_its_sum() -> None:
    assert assess("gad-7", {str(item): 3 for item in range(1, 7)}) is None


def test_every_rule_names_something_that_exists() -> None:
    for rule in RULES.rules:
        definition = LIBRARY.get(rule.instrument)
        assert set(rule.title) == set(LANGUAGES)
        if rule.critical:
            assert rule.critical in {critical.id for critical in definition.critical}
        else:
            (score,) = [score for score in definition.scores if score.id == rule.score]
            assert set(rule.bands) <= {band.id for band in score.bands}


@pytest.mark.parametrize("instrument", [name for name in LIBRARY.ids() if LIBRARY.get(name).critical])
def test_every_critical_answer_of_every_instrument_alerts_as_soon_as_its_definition_says(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    words = {language: Words(Texts.load(language), LIBRARY, RULES) for language in LANGUAGES}
    for rule in definition.critical:
        for name in rule.items:
            item = definition.item(name)
            assert item is not None
            values = [one.value for one in definition.options(item)]
            answers = [{name: value if isinstance(item, Choice) else [value]} for value in values]
            triggering = [answer for answer in answers if is_critical(rule, answer)]
            assert triggering
            for answer in triggering:
                urgency = assess(instrument, answer)
                assert urgency is not None
                assert LEVELS.index(urgency.level) >= LEVELS.index(rule.level)
                alert = Alert(urgency.level, "open", instrument, b"", urgency.reasons, RULES.version, NOW, urgency.due)
                for said in words.values():
                    assert not {*said.reasons(alert)} & {*urgency.reasons}


def test_an_instrument_that_no_rule_knows_is_not_silent() -> None:
    critical = {"id": "c", "items": ["d"], "at_least": 2, "level": "orange", "title": TEXT, "source": "made up"}
    definition = made(critical=[critical])
    outcome = Scorer(definition).score({"d": 2})
    assert RULES.assess(definition, outcome, NOW) == Urgency("orange", ("example:c",), NOW + 168 * HOUR_MS)
    assert RULES.assess(definition, Scorer(definition).score({"d": 1}), NOW) is None


def test_a_void_form_alerts_by_its_critical_answers_alone() -> None:
    definition = LIBRARY.get("phq-9")
    outcome = LIBRARY.scorer("phq-9").score(phq(20, 0))
    assert RULES.assess(definition, outcome, NOW) is not None
    assert RULES.assess(definition, msgspec.structs.replace(outcome, void=True), NOW) is None
    critical = LIBRARY.scorer("phq-9").score(phq(20, 1))
    urgency = RULES.assess(definition, msgspec.structs.replace(critical, void=True), NOW)
    assert urgency is not None
    assert urgency.reasons == ("phq-9-self-harm",)


def test_every_level_has_its_hours_and_the_graver_the_fewer() -> None:
    hours = [RULES.hours(level) for level in LEVELS]  # type: ignore[arg-type]
    assert hours == sorted(hours, reverse=True)
