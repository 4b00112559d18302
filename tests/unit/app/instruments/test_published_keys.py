"""A second scorer, written straight from the publications, comes to the same results on forms filled in by chance."""

import functools
from random import Random
from typing import Any

import pytest

from app.instruments.items import Choice, Quantity
from app.instruments.library import Library
from app.instruments.scoring import Facts, Outcome, Scorer
from tests.effort import dice, rounds
from tests.published.key import Key
from tests.published.make import keys

KEYS = keys()
FORMS = rounds(10_000, 80_000)
LEANINGS = (0.2, 0.5, 1, 1, 2, 5)
"""How low the answers of a form lean: chance alone hardly ever comes near the ends of a long scale."""

library = functools.cache(Library.load)


def filled_in(key: Key, chance: Random) -> dict[str, Any]:
    leaning = chance.choice(LEANINGS)
    answers = {name: values[int(len(values) * chance.random() ** leaning)] for name, values in key.values.items()}
    for name in key.optional:
        if chance.random() < 0.5:
            del answers[name]
    if key.asked:
        answers = {name: answers[name] for name in key.asked(answers) if name in answers}
    return answers


def by_key(key: Key, answers: dict[str, Any], facts: dict[str, Any]) -> tuple[Any, ...]:
    doubts = key.doubts(answers)
    critical, void = key.critical(answers), bool(key.void & {*doubts})
    return key.score(answers, facts), key.norm(answers, facts), critical, doubts, void


def by_program(outcome: Outcome) -> tuple[Any, ...]:
    scores = {name: (one.value, one.band, one.positive) for name, one in outcome.scores.items()}
    norms = {name: one.norm for name, one in outcome.scores.items() if one.norm}
    return scores, norms, list(outcome.critical), list(outcome.quality), outcome.void


@pytest.mark.parametrize("instrument", sorted(KEYS))
def test_the_definition_has_the_items_and_options_of_the_publication_in_their_order(instrument: str) -> None:
    definition, values = library().get(instrument), KEYS[instrument].values
    asked = [item for item in definition.items if isinstance(item, Choice | Quantity) and item.id in values]
    assert [item.id for item in asked] == list(values)
    for item in asked:
        options = [option.value for option in definition.options(item)]
        if instrument != "asq":  # yes, no, and no answer given
            assert options in ([], sorted(options), sorted(options, reverse=True))
        assert {*options} in (set(), {*values[item.id]})
    counted = [name for score in definition.scores for name in score.items]
    assert {*counted} == {item.id for item in asked if item.scored}


@pytest.mark.parametrize("instrument", sorted(KEYS))
def test_the_program_scores_as_the_publication_says(instrument: str) -> None:
    key, chance = KEYS[instrument], dice(f"published {instrument}")
    scorer = Scorer(library().get(instrument))
    for _ in range(FORMS):
        answers, facts = filled_in(key, chance), chance.choice(key.facts)
        outcome = scorer.score(answers, Facts(**facts))
        assert outcome.status == "complete"
        assert by_program(outcome) == by_key(key, answers, facts), answers
