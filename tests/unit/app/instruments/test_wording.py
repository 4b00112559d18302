"""A definition in the words of one language, and the numbers that its items have on paper."""

import pytest

from app.instruments.library import Library
from app.instruments.wording import Wording
from app.texts import Texts
from tests.unit.app.instruments.example import made, unscored

ZH = Texts.load("zh-CN")


def numbers(*ids: str) -> list[str]:
    definition = made(type="form", items=[unscored("text", name) for name in ids], scores=[])
    wording = Wording(definition, ZH)
    return [wording.number(item) for item in definition.items]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (("way", "day", "drugs"), ["1", "2", "3"]),
        (("1", "2", "difficulty"), ["1", "2", "3"]),
        (("informant", "1", "2"), ["A", "1", "2"]),
        (("1-hour", "1-minute", "2", "5a", "5b", "asleep", "lying"), ["1", "1", "2", "5a", "5b", "A", "B"]),
    ],
)
def test_an_item_without_a_number_of_its_own_goes_on_counting_or_is_lettered(
    ids: tuple[str, ...], said: list[str]
) -> None:
    assert numbers(*ids) == said


@pytest.mark.parametrize("name", Library.load().ids())
def test_no_text_of_an_item_repeats_its_number(name: str) -> None:
    definition = Library.load().get(name)
    for language in ("zh-CN", "en"):
        wording = Wording(definition, Texts.load(language))
        for item in definition.items:
            assert not wording.said(item.text).startswith(f"{wording.number(item)} ")
