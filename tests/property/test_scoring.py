"""The scoring engine against the published keys, written down a second time by hand."""

from hypothesis import given
from hypothesis import strategies as st

from app.instruments.library import Library
from app.instruments.scoring import Outcome, ScoreOutcome, Scorer

LIBRARY = Library.load()
PHQ_9 = Scorer(LIBRARY.get("phq-9"))
GAD_7 = Scorer(LIBRARY.get("gad-7"))

frequency = st.integers(min_value=0, max_value=3)


def forms(items: int, *optional: str) -> st.SearchStrategy[dict[str, int]]:
    """Answer sets with any item missing."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys([*numbers(items), *optional], frequency))


def full_forms(items: int, *optional: str) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries(dict.fromkeys(numbers(items), frequency), optional=dict.fromkeys(optional, frequency))


def numbers(items: int) -> list[str]:
    return [str(number) for number in range(1, items + 1)]


def phq_9_word(total: int) -> str:
    """Kroenke, Spitzer, Williams 2001: 5, 10, 15 and 20 begin mild, moderate, moderately severe and severe."""
    if total >= 20:
        return "severe"
    if total >= 15:
        return "moderately-severe"
    if total >= 10:
        return "moderate"
    return "mild" if total >= 5 else "minimal"


def gad_7_word(total: int) -> str:
    """Spitzer et al. 2006: 5, 10 and 15 begin mild, moderate and severe."""
    if total >= 15:
        return "severe"
    if total >= 10:
        return "moderate"
    return "mild" if total >= 5 else "minimal"


def by_hand(answers: dict[str, int], items: int, word: str, *, critical: bool) -> Outcome:
    """What the published key says, `word` being the one for the total."""
    counted = [answers[name] for name in numbers(items) if name in answers]
    finished = len(counted) == items
    total = sum(counted)
    return Outcome(
        status="complete" if finished else "unfinished",
        scores={
            "total": ScoreOutcome(
                value=total if counted else None,
                answered=len(counted),
                of=items,
                band=word if finished else None,
                positive=total >= 10 if finished else None,
            )
        },
        critical=("self-harm-thoughts",) if critical else (),
        missing=tuple(name for name in numbers(items) if name not in answers),
    )


def total(answers: dict[str, int], items: int) -> int:
    return sum(answers.get(name, 0) for name in numbers(items))


@given(st.one_of(forms(9, "difficulty"), full_forms(9, "difficulty")))
def test_phq_9_is_scored_as_published(answers: dict[str, int]) -> None:
    expected = by_hand(answers, 9, phq_9_word(total(answers, 9)), critical=answers.get("9", 0) >= 1)
    assert PHQ_9.score(answers) == expected


@given(st.one_of(forms(7), full_forms(7)))
def test_gad_7_is_scored_as_published(answers: dict[str, int]) -> None:
    assert GAD_7.score(answers) == by_hand(answers, 7, gad_7_word(total(answers, 7)), critical=False)


@given(full_forms(9), st.sampled_from(numbers(9)))
def test_one_missing_answer_takes_the_band_away_and_leaves_the_critical_answer(
    answers: dict[str, int], lost: str
) -> None:
    rest = {name: answer for name, answer in answers.items() if name != lost}
    outcome = PHQ_9.score(rest)
    assert (outcome.status, outcome.missing) == ("unfinished", (lost,))
    assert (outcome.scores["total"].band, outcome.scores["total"].positive) == (None, None)
    assert bool(outcome.critical) == (rest.get("9", 0) >= 1)


@given(full_forms(9), st.sampled_from(numbers(9)))
def test_a_heavier_answer_never_gives_a_milder_outcome(answers: dict[str, int], name: str) -> None:
    ranks = {band.id: band.severity for band in LIBRARY.get("phq-9").scores[0].bands}
    before = PHQ_9.score(answers)
    after = PHQ_9.score(answers | {name: min(3, answers[name] + 1)})
    lighter, heavier = before.scores["total"], after.scores["total"]
    assert lighter.value is not None
    assert heavier.value is not None
    assert lighter.band is not None
    assert heavier.band is not None
    assert heavier.value >= lighter.value
    assert ranks[heavier.band] >= ranks[lighter.band]
    assert set(before.critical) <= set(after.critical)


@given(full_forms(9, "difficulty"), st.randoms(use_true_random=False))
def test_the_order_in_which_answers_come_in_does_not_matter(answers: dict[str, int], chance: object) -> None:
    names = list(answers)
    chance.shuffle(names)  # type: ignore[attr-defined]
    assert PHQ_9.score({name: answers[name] for name in names}) == PHQ_9.score(answers)
