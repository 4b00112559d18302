"""What of a form counts while it is being filled in."""

import datetime as dt

from app.instruments.definition import Definition, parse_definition
from app.instruments.filling import BLANK, Filling, Unread
from app.instruments.flow import Facts
from tests.gui.forms import VISIT, raw
from tests.unit.app.instruments.example import TEXT, choice, made


def visit() -> Definition:
    return parse_definition(raw(VISIT))


def filling(**answers: object) -> Filling:
    form = Filling(visit())
    form.begin(answers)
    return form


def test_nothing_is_answered_to_begin_with() -> None:
    form = filling()
    assert (form.answers, form.given, form.draft, form.entry("way")) == ({}, {}, {}, BLANK)
    assert form.open_items == 9  # without the address, which is not asked yet, and what is computed


def test_an_answer_to_an_item_that_is_not_asked_is_kept_and_not_given() -> None:
    form = filling(way=2, address="Main Street")
    form.put("way", 1)
    assert form.given == {"way": 1}
    assert form.draft == {"way": 1, "address": "Main Street"}
    form.put("way", 2)
    assert form.given == {"way": 2, "address": "Main Street"}


def test_an_answer_that_calls_for_a_person_is_given_even_where_a_correction_took_its_question_away() -> None:
    rule = {"id": "c", "items": ["b"], "at_least": 2, "level": "red", "title": TEXT, "source": "made up"}
    items = [choice("a"), choice("b", visible_if="${a} >= 1"), choice("c"), choice("d")]
    for answer, given in ((2, {"a": 0, "b": 2}), (1, {"a": 0})):
        form = Filling(made(items=items, critical=[rule]))
        form.begin({"a": 1, "b": answer})
        form.put("a", 0)
        assert form.given == given


def test_what_cannot_be_an_answer_takes_the_place_of_the_answer_and_is_not_given() -> None:
    form = filling(height=150)
    form.put("height", Unread("15x"))
    assert (form.given, form.unread, form.entry("height")) == ({}, ("height",), Unread("15x"))
    form.put("height", 151)
    assert (form.given, form.unread) == ({"height": 151}, ())


def test_what_cannot_be_an_answer_holds_nothing_back_where_the_item_is_not_asked() -> None:
    form = filling(way=2)
    form.put("address", Unread("x" * 900))
    form.put("way", 1)
    assert form.unread == ()


def test_a_draft_is_taken_back_as_it_was() -> None:
    form = filling(way=2, address="Main Street", weight=None)
    form.put("height", Unread("15x"))
    form.put("drugs", Unread([{"name": "A", "dose": {"unread": "9999"}}]))
    again = filling(**form.draft)
    assert (again.draft, again.given, again.unread) == (form.draft, form.given, form.unread)


def test_of_a_draft_for_another_version_only_what_fits_is_taken() -> None:
    form = filling(way=9, who=[1], gone=3, day="2026-02-30")
    assert form.draft == {"who": [1]}


def test_does_not_apply_is_an_answer_and_no_answer_is_none() -> None:
    form = filling()
    form.put("weight", None)
    assert form.given == {"weight": None}
    form.put("weight", BLANK)
    assert form.given == {}


def test_a_computed_value_follows() -> None:
    form = filling(weight=80, height=200)
    assert form.value("bmi") == 20
    form.put("height", BLANK)
    assert form.value("bmi") is None


def test_answers_are_given_in_the_order_of_the_form() -> None:
    assert list(filling(height=150, way=1).given) == ["way", "height"]


def test_a_cell_that_is_not_asked_in_its_row_is_not_given() -> None:
    cells = [
        {**VISIT["items"][0], "id": "how", "section": None},
        {**VISIT["items"][1], "id": "where", "section": None, "visible_if": "${how} = 2"},
    ]
    group = {**VISIT["items"][-1], "items": [{k: v for k, v in cell.items() if k != "section"} for cell in cells]}
    form = Filling(parse_definition(raw({**VISIT, "items": [*VISIT["items"][:-1], group]})))
    form.begin({"drugs": [{"how": 1, "where": "home"}, {"how": 2, "where": "home"}]})
    assert form.given["drugs"] == [{"how": 1}, {"how": 2, "where": "home"}]
    assert form.answers["drugs"][0] == {"how": 1, "where": "home"}


def test_what_is_known_of_the_person_decides_what_is_asked() -> None:
    items = [{**one, "visible_if": "@age >= 18"} if one["id"] == "way" else one for one in VISIT["items"]]
    form = Filling(parse_definition(raw({**VISIT, "items": items})))
    form.begin({"way": 1}, Facts(age=17, today=dt.date(2026, 9, 1)))
    assert form.given == {}
    form.learn(Facts(age=18, today=dt.date(2026, 9, 1)))
    assert form.given == {"way": 1}
