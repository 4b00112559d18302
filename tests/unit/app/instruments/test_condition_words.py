"""Conditions in words: whoever fills a form in by hand understands when to go on."""

import pytest

from app.instruments.condition_words import ConditionWords
from app.instruments.items import Group
from app.instruments.library import Library
from app.texts import LANGUAGES, Texts
from tests.unit.app.instruments.example import choice, made, unscored


def option(value: int, name: str) -> dict[str, object]:
    return {"value": value, "text": {"zh-CN": name, "en": name}}


DEFINITION = made(
    option_sets={
        "yes-no": [option(1, "是"), option(0, "否")],
        "four": [option(value, name) for value, name in enumerate(("从不", "偶尔", "经常", "总是"))],
        "ten": [option(value, f"{value}级") for value in range(10)],
    },
    items=[
        choice("1", "yes-no", scored=False),
        choice("2", "four", scored=False),
        choice("3", "ten", scored=False),
        unscored("multiple", "4", options="four"),
        unscored("number", "5", **{"from": 0, "to": 99}),
        unscored("text", "6"),
        unscored("group", "7", items=[choice("used", "yes-no", scored=False), unscored("text", "why")]),
    ],
    scores=[],
)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("${1} = 1", "第 1 题选“是”"),
        ("1 = ${1}", "第 1 题选“是”"),
        ("${1} >= 1", "第 1 题选“是”"),
        ("${2} >= 2", "第 2 题选“经常”或“总是”"),
        ("${2} > 0", "第 2 题不选“从不”"),
        ("${2} != 3", "第 2 题不选“总是”"),
        ("${3} >= 4", "第 3 题不小于 4"),
        ("3 < ${3}", "第 3 题大于 3"),
        ("chosen(${4}, 2)", "第 4 题选“经常”"),
        ("not chosen(${4}, 2)", "第 4 题不选“经常”"),
        ("answered(${6})", "第 6 题已填写"),
        ("not answered(${6})", "第 6 题没有填写"),
        ("${5} <= 18", "第 5 题不大于 18"),
        ("${5} + ${3} > 4", "第 5 题、第 3 题之和大于 4"),
        ("sum(${5}, ${3}) > 4", "第 5 题、第 3 题之和大于 4"),
        ("${7} >= 2", "第 7 题的行数不小于 2"),
        ("@age < 14", "年龄小于 14"),
        ('@sex = "female"', "女性"),
        ("${1} = 1 and @age >= 60", "第 1 题选“是”，并且年龄不小于 60"),
        ("${1} = 1 or (${2} = 3 and ${5} = 0)", "第 1 题选“是”，或者（第 2 题选“总是”，并且第 5 题为 0）"),
    ],
)
def test_a_condition_is_said_with_numbers_and_options(condition: str, said: str) -> None:
    assert ConditionWords(DEFINITION, Texts.load("zh-CN")).say(condition) == said


@pytest.mark.parametrize(
    "condition",
    ["count(${1} = 1, ${2} = 1) > 1", "not (${1} = 1)", "${5} * 2 > 4", "years(@today, @today) > 3", "${1} = ${2}"],
)
def test_what_would_be_no_sentence_is_left_to_the_program(condition: str) -> None:
    assert ConditionWords(DEFINITION, Texts.load("zh-CN")).say(condition) == "符合条件"


def test_in_a_group_cells_are_called_by_their_headings() -> None:
    group = DEFINITION.item("7")
    assert isinstance(group, Group)
    words = ConditionWords(DEFINITION, Texts.load("zh-CN"), group.items)
    assert words.say("${used} = 1") == "“字”选“是”"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_condition_of_every_bundled_definition_is_a_sentence(language: str) -> None:
    texts, library = Texts.load(language), Library.load()
    involved = []
    for name in library.ids():
        definition = library.get(name)
        words = ConditionWords(definition, texts)
        said = [words.say(item.visible_if) for item in definition.items if item.visible_if]
        assert all("{" not in one for one in said)
        involved += [name for one in said if one == texts("paper.condition_involved")]
    assert involved == []
