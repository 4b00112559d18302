"""XLSForms of other people: what is taken over, and that what is not is named with its row."""

import io
import zipfile
from typing import Any

import pytest

from app.errors import Problem
from app.exchange.report import Imported
from app.instruments.items import Choice, Computed, Day, Group, Multiple, Quantity, Words
from app.instruments.scoring import score
from app.texts import LANGUAGES
from tests.unit.app.exchange.made import (
    HEADINGS,
    NUMBERED,
    TEXTS,
    YES_NO,
    definition_of,
    read_xlsform,
    told,
    xlsform,
)

CHOICES = (*YES_NO, *NUMBERED)


def row(kind: str, name: str = "", label: str = "A question", **cells: str) -> tuple[str, ...]:
    """A row of the sheet survey; cells by their heading."""
    given = {"type": kind, "name": name, "label": label if name else "", **cells}
    return tuple(given.get(heading, "") for heading in HEADINGS)


def read(*rows: tuple[str, ...], **given: Any) -> Imported:
    return read_xlsform(xlsform(*rows, choices=CHOICES), **given)


def test_every_type_has_a_counterpart() -> None:
    definition = definition_of(
        read(
            row("select_one yn", "a"),
            row("select_multiple yn", "b"),
            row("integer", "c"),
            row("decimal", "d"),
            row("date", "e"),
            row("text", "f"),
            row("begin repeat", "g"),
            row("text", "h"),
            row("end repeat"),
            row("calculate", "i", calculation="${c} + 1"),
        )
    )
    kinds = [type(item) for item in definition.items]
    assert kinds == [Choice, Multiple, Quantity, Quantity, Day, Words, Group, Computed]
    assert definition.type == "form"


def test_names_that_are_numbers_are_the_values_and_others_are_numbered() -> None:
    imported = read(row("select_one often", "a"), row("select_one yn", "b"))
    definition = definition_of(imported)
    assert [[one.value for one in definition.options(item)] for item in definition.items] == [[0, 1, 2], [1, 2]]
    assert definition.options(definition.items[1])[0].codes == {"xlsform": "yes"}
    assert ("names_numbered", ("choices (yn)",)) in told(imported, "changed")


def test_groups_are_sections_and_notes_at_their_head_instructions() -> None:
    definition = definition_of(
        read(
            row("begin group", "one", "First part"),
            row("note", "n1", "Read this."),
            row("text", "a"),
            row("note", "n2", "Think."),
            row("text", "b"),
            row("end group"),
            row("text", "c"),
        )
    )
    assert [(one.id, one.title["en"]) for one in definition.sections] == [("one", "First part"), ("section", "form")]
    assert definition.sections[0].instruction == dict.fromkeys(LANGUAGES, "Read this.")
    assert definition.items[1].help == dict.fromkeys(LANGUAGES, "Think.")
    assert [item.section for item in definition.items] == ["one", "one", "section"]


def test_languages_are_told_by_the_headings() -> None:
    headings = ("type", "name", "label::English (en)", "label::中文 (zh)", "label::Klingon")
    raw = xlsform(("text", "a", "Sleep", "睡眠", "Qong"), ("text", "b", "Food", "", "Soj"), headings=headings)
    imported = read_xlsform(raw)
    definition = definition_of(imported)
    assert definition.items[0].text == {"en": "Sleep", "zh-CN": "睡眠"}
    assert definition.items[1].text == {"en": "Food", "zh-CN": "Food"}
    assert ("text_untranslated", ("survey!3 b", "title")) in told(imported, "open")
    assert ("language_left_out", ("survey!2 a", "survey!3 b")) in told(imported, "lost")


def test_title_id_and_version_are_those_of_the_settings() -> None:
    settings = {"form_title": "睡眠问卷", "form_id": "Sleep_Form", "version": "3", "default_language": "zh"}
    definition = definition_of(read_xlsform(xlsform(row("text", "a", "睡得好吗？"), settings=settings)))
    assert (definition.id, definition.version, definition.title["zh-CN"]) == ("sleep_form", "3.0.0", "睡眠问卷")


def test_marks_and_values_in_a_label_are_taken_out() -> None:
    imported = read(row("text", "a"), row("text", "b", "<b>Dear</b> ${a}!"))
    assert definition_of(imported).items[1].text == dict.fromkeys(LANGUAGES, "Dear …!")
    assert ("text_with_value", ("survey!3 b",)) in told(imported, "changed")


# ---- conditions ----


def shown(relevant: str) -> str | None:
    first = [
        row("select_one yn", "a"),
        row("select_multiple yn", "m"),
        row("integer", "n"),
        row("date", "d"),
        row("text", "t"),
        row("select_one often", "o"),
    ]
    return definition_of(read(*first, row("text", "z", relevant=relevant))).items[-1].visible_if


@pytest.mark.parametrize(
    ("relevant", "expected"),
    [
        ("${a} = 'yes'", "${a} = 1"),
        ("'no' = ${a}", "${a} = 2"),
        ("${o} = 2", "${o} = 2"),
        ("${o} >= 1", "${o} >= 1"),
        ("selected(${a}, 'yes')", "${a} = 1"),
        ("selected(${m}, 'no')", "chosen(${m}, 2)"),
        ("${n} > 3 and ${n} <= 10", "${n} > 3 and ${n} <= 10"),
        ("${n} > '3'", "${n} > 3"),
        ("3 < ${n}", "${n} > 3"),
        ("(${a} = 'yes' or ${n} < 1) and ${o} = '0'", "(${a} = 1 or ${n} < 1) and ${o} = 0"),
        ("${t} = ''", "not answered(${t})"),
        ("${a} != ''", "answered(${a})"),
        ("${a} != 'yes'", "not answered(${a}) or ${a} != 1"),
        ("not(${a} = 'yes')", "not (answered(${a} = 1) and ${a} = 1)"),
        ("${t} = 'x'", '${t} = "x"'),
        ("${d} < today()", "${d} < @today"),
        ("(${n} + 2) * 3 div 4 > 5", "(${n} + 2) * 3 / 4 > 5"),
        ("int((today() - ${d}) div 365.25) >= 18", None),
        ("true()", "true"),
    ],
)
def test_a_condition_is_said_in_our_language(relevant: str, expected: str | None) -> None:
    found = shown(relevant)
    assert found == expected if expected else found


@pytest.mark.parametrize(
    ("relevant", "answers", "is_shown"),
    [
        # As XPath has it: what is not answered is unlike everything, and like nothing.
        ("not(${a} = 'yes')", {}, True),
        ("not(${a} = 'yes')", {"a": 1}, False),
        ("${a} != 'yes'", {}, True),
        ("not(${n} > 3)", {}, True),
        ("not(selected(${m}, 'no') and ${n} > 3)", {"n": 5}, True),
        ("not(selected(${m}, 'no') and ${n} > 3)", {"n": 5, "m": [2]}, False),
        ("if(${a} = 'yes', ${n}, 9) > 5", {"n": 1}, True),
        ("int((today() - ${d}) div 365.25) >= 18", {}, False),
    ],
)
def test_what_is_not_answered_means_the_same(relevant: str, answers: dict[str, Any], is_shown: bool) -> None:
    first = [row("select_one yn", "a"), row("select_multiple yn", "m"), row("integer", "n"), row("date", "d")]
    definition = definition_of(read(*first, row("text", "z", relevant=relevant, required="yes")))
    assert ("z" in score(definition, answers).missing) is is_shown


def test_a_group_hands_its_condition_down() -> None:
    group = row("begin group", "g", "Part", relevant="${a} = 'yes'")
    inner = row("text", "b", relevant="${a} != ''")
    definition = definition_of(read(row("select_one yn", "a"), group, inner, row("end group")))
    assert definition.items[1].visible_if == "${a} = 1 and answered(${a})"


def test_required_may_depend_on_an_answer() -> None:
    definition = definition_of(
        read(row("select_one yn", "a", required="yes"), row("text", "b", required="${a} = 'yes'"), row("text", "c"))
    )
    assert [item.required for item in definition.items] == [True, False, False]
    assert definition.items[1].required_if == "${a} = 1"


def test_other_is_asked_for_in_words() -> None:
    definition = definition_of(read(row("select_one yn or_other", "a")))
    assert [item.id for item in definition.items] == ["a", "a_other"]
    assert definition.items[1].visible_if == "${a} = 3"


# ---- constraints ----


@pytest.mark.parametrize(
    ("kind", "constraint", "expected"),
    [
        ("integer", ". >= 0 and . <= 120", {"low": 0, "high": 120}),
        ("integer", ". > 0 and . < 5", {"low": 1, "high": 4}),
        ("integer", "0 <= . and . >= -5 and 7 > .", {"low": 0, "high": 6}),
        ("decimal", ". > 0 and . < 2.5", {"low": 0.0001, "high": 2.4999}),
        ("date", ". <= today()", {"when": "past"}),
        ("date", ". >= today()", {"when": "future"}),
        ("text", "string-length(.) <= 12", {"longest": 12}),
        ("select_multiple yn", "not(selected(., 'no') and count-selected(.) > 1)", {"alone": (2,)}),
    ],
)
def test_a_constraint_is_a_limit(kind: str, constraint: str, expected: dict[str, Any]) -> None:
    (item,) = definition_of(read(row(kind, "a", constraint=constraint))).items
    assert {name: getattr(item, name) for name in expected} == expected


@pytest.mark.parametrize("constraint", ["regex(., '[0-9]+')", ". < ${b}", ". = 3 or . = 5", "(("])
def test_another_constraint_is_refused_and_left_out_without_the_question(constraint: str) -> None:
    rows = row("integer", "b"), row("integer", "a", constraint=constraint)
    imported = read(*rows)
    assert imported.definition is None
    assert [places for _, places in told(imported, "refused")] == [("survey!3 a",)]
    assert [item.id for item in definition_of(read(*rows, leave_out=True)).items] == ["b", "a"]


# ---- calculations ----


@pytest.mark.parametrize(
    ("calculation", "expected"),
    [
        ("${n} + 1", "${n} + 1"),
        ("round(${n} div 3, 2)", "round(${n} / 3, 2)"),
        ("round(${n} div 3)", "round(${n} / 3, 0)"),
        ("if(${a} = 'yes', 1, 0)", "if(answered(${a} = 1) and ${a} = 1, 1, 0)"),
        ("if(${a} != '', ${n}, '')", "if(answered(${a}), ${n}, (0 / 0))"),
        ("coalesce(${n}, 0)", "if(answered(${n}), ${n}, 0)"),
        ("count(${g})", "${g}"),
        ("sum(${n}, ${p})", "sum(${n}, ${p})"),
        ("max(${n}, ${p}) - 1", "max(${n}, ${p}) - 1"),
        ("today() - ${d}", "days(${d}, @today)"),
    ],
)
def test_a_calculation_is_a_computed_value(calculation: str, expected: str) -> None:
    first = [
        *(row("select_one yn", "a"), row("integer", "n"), row("decimal", "p"), row("date", "d")),
        *(row("begin repeat", "g"), row("text", "h"), row("end repeat")),
    ]
    definition = definition_of(
        read(*first, row("calculate", "z", calculation=calculation), row("text", "y", relevant="${z} = 1"))
    )
    computed = definition.items[-2]
    assert isinstance(computed, Computed)
    assert computed.value == expected


def test_a_sum_of_choices_is_a_score() -> None:
    imported = read(
        row("select_one often", "q1"),
        row("select_one often", "q2", required="yes"),
        row("calculate", "total", "Total", calculation="${q1} + ${q2}"),
    )
    definition = definition_of(imported)
    (total,) = definition.scores
    assert (total.id, total.items, total.range, total.title["en"]) == ("total", ("q1", "q2"), (0, 4), "Total")
    assert definition.type == "instrument"
    assert score(definition, {"q1": 2, "q2": 1}).scores["total"].value == 3
    assert ("required_for_score", ("q1",)) in told(imported, "changed")


def test_names_that_are_no_numbers_cannot_be_added_up() -> None:
    imported = read(row("select_one yn", "q1"), row("calculate", "t", calculation="${q1} + 1"))
    assert told(imported, "refused") == [("xpath_number", ("survey!3 t",))]


# ---- refused ----


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        (row("geopoint", "x"), "unknown_type"),
        (row("image", "x"), "unknown_type"),
        (row("time", "x"), "unknown_type"),
        (row("acknowledge", "x"), "unknown_type"),
        (row("rank yn", "x"), "unknown_type"),
        (row("text", "x", relevant="count-selected(${a}) > 1"), "no_such_function"),
        (row("text", "x", relevant="${a} = 'maybe'"), "unknown_option"),
        (row("text", "x", relevant="${a} = ${a}"), "xpath_two_items"),
        (row("text", "x", relevant="/data/a = 'yes'"), "path_not_understood"),
        (row("calculate", "x", calculation="concat(${a}, 'x')"), "no_such_function"),
        (row("calculate", "x", calculation="pulldata('f', 'a', 'b', ${a})"), "no_such_function"),
        (row("text", "x", required="string-length(${a}) > 3"), "no_such_function"),
    ],
)
def test_what_has_no_counterpart_is_refused_with_its_row(bad: tuple[str, ...], key: str) -> None:
    imported = read(row("select_one yn", "a"), row("text", "b"), bad, row("text", "c"))
    assert imported.definition is None
    assert (key, ("survey!4 x",)) in told(imported, "refused")


def test_what_depends_on_something_left_out_is_left_out() -> None:
    imported = read(row("text", "a"), row("geopoint", "g"), row("text", "b", relevant="${g} != ''"), leave_out=True)
    assert [item.id for item in definition_of(imported).items] == ["a"]
    assert told(imported, "lost") == [("unknown_type", ("survey!3 g",)), ("depends", ("survey!4 b",))]


def test_rows_keep_their_numbers_where_names_come_twice() -> None:
    imported = read(
        *(row("begin group", "g", "One"), row("text", "a"), row("end group")),
        *(row("begin group", "h", "Two"), row("geopoint", "a"), row("end group")),
    )
    assert told(imported, "refused") == [("unknown_type", ("survey!6 a",))]


def test_a_repeat_in_a_repeat_is_refused() -> None:
    imported = read(
        *(row("begin repeat", "g"), row("text", "a"), row("begin repeat", "h"), row("text", "b")),
        *(row("end repeat"), row("end repeat")),
    )
    assert ("rows_in_rows", ("survey!4 h",)) in told(imported, "refused")


def test_a_calculation_in_a_repeat_is_refused() -> None:
    rows = (
        row("begin repeat", "g"),
        row("integer", "a"),
        row("calculate", "b", calculation="${a} + 1"),
        row("end repeat"),
    )
    assert told(read(*rows), "refused") == [("computed_in_rows", ("survey!4 b",))]


def test_what_the_device_fills_in_and_what_is_filled_in_beforehand_is_told() -> None:
    headings = (*HEADINGS, "default")
    raw = xlsform(row("start", "s"), (*row("text", "a"), "x"), headings=headings)
    imported = read_xlsform(raw)
    assert ("metadata", ("survey!2 s",)) in told(imported, "changed")
    assert told(imported, "lost") == [("field_initial", ("survey!3 a",))]


# ---- bad files ----


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((row("text", "a", relevant="${b} = 1"),), "b"),
        ((row("text", "a"), row("text", "a")), "row : 3"),
        ((row("select_one nowhere", "a"),), "nowhere"),
        ((row("begin group", "g"), row("text", "a")), "begin_group"),
        ((row("nonsense", "a"),), "nonsense"),
    ],
)
def test_what_is_no_xlsform_is_refused_in_the_words_of_pyxform(rows: tuple[tuple[str, ...], ...], said: str) -> None:
    with pytest.raises(Problem) as raised:
        read(*rows)
    assert raised.value.key == "exchange.not_xlsform"
    assert said in TEXTS.problem(raised.value)


def repacked(change: Any) -> bytes:
    """A form with some of its parts written otherwise."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsform(row("text", "a")))) as before,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for part in before.infolist():
            after.writestr(part.filename, change(part.filename, before.read(part)))
    return content.getvalue()


def test_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    raw = repacked(
        lambda name, data: (
            data.replace(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', bomb)
            if "sharedStrings" in name
            else data
        )
    )
    with pytest.raises(Problem) as raised:
        read_xlsform(raw)
    assert (raised.value.key, raised.value.values) == ("exchange.declaration", {"part": "xl/sharedStrings.xml"})


def test_what_unpacks_to_very_much_is_refused() -> None:
    raw = repacked(lambda name, data: data + b" " * (120 << 20) if "theme" in name else data)
    with pytest.raises(Problem) as raised:
        read_xlsform(raw)
    assert raised.value.key == "spreadsheet.too_large"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"type,name,label\n", "exchange.not_xlsx"),
        (b"PK\x03\x04" + bytes(100), "spreadsheet.damaged"),
        (b"PK\x03\x04" + bytes(21 << 20), "exchange.too_large"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused(raw: bytes, key: str) -> None:
    with pytest.raises(Problem) as raised:
        read_xlsform(raw)
    assert raised.value.key == key


def test_brackets_without_end_are_refused() -> None:
    imported = read(row("integer", "a"), row("text", "b", relevant="not(" * 200 + "${a} = 1" + ")" * 200))
    assert told(imported, "refused") == [("path_not_understood", ("survey!3 b",))]


def test_choices_that_double_themselves_end() -> None:
    inner = "${a} = 1"
    for _ in range(12):
        inner = f"if({inner}, true(), false())"
    imported = read(row("integer", "a"), row("text", "b", relevant=inner))
    assert imported.definition is None
