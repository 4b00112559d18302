"""The little language of definitions: what its expressions mean, and what is none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from app.instruments.expressions import BadExpression, parse
from app.instruments.operations import Environment, Type, Value

TYPES: dict[str, Type] = {
    "1": "number",
    "2": "number",
    "blank": "number",
    "yes": "boolean",
    "no": "boolean",
    "unsaid": "boolean",
    "many": "list",
    "born": "date",
    "@sex": "text",
    "@today": "date",
}
KNOWN: Environment = {
    "1": Decimal(3),
    "2": Decimal(4),
    "yes": True,
    "no": False,
    "many": frozenset({1, 5}),
    "born": dt.date(2012, 2, 29),
    "@sex": "female",
    "@today": dt.date(2026, 2, 28),
}


def value(text: str) -> Value:
    return parse(text, TYPES).compute(KNOWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("-${1} + 1", -2),
        ("7 / 2", Decimal("3.5")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("sum(${1}, ${2}, 5)", 12),
        ("mean(${1}, ${2})", Decimal("3.5")),
        ("min(${1}, ${2})", 3),
        ("max(${1}, ${2})", 4),
        ("round(2.5, 0)", 3),
        ("round(-2.5, 0)", -3),
        ("round(1.005, 2)", Decimal("1.01")),
        ("down(41 * 1.25)", 51),
        ("down(-1.5)", -2),
        ("count(${1} >= 3, ${2} >= 5, ${yes}, ${unsaid})", 2),
        ("years(${born}, @today)", 13),
        ("days(${born}, ${born})", 0),
        ('if(@sex = "female", 3, 4)', 3),
        ("if(${no}, 3, 4)", 4),
    ],
)
def test_numbers_come_out_exactly(text: str, expected: Decimal | int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${1} < ${2}", True),
        ("${1} = 3 and ${2} != 4", False),
        ("not ${yes} or ${yes}", True),
        ("not (${yes} or ${yes})", False),
        ("${no} and ${no} or ${yes}", True),
        ("chosen(${many}, 5)", True),
        ("chosen(${many}, 4)", False),
        ("answered(${1})", True),
        ("answered(${blank})", False),
        ("${born} < @today", True),
    ],
)
def test_conditions_hold_or_not(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "${blank} + 1",
        "${blank} >= 0",
        "sum(${1}, ${blank})",
        "mean(${blank})",
        "max(${1}, ${blank})",
        "not ${unsaid}",
        "${yes} and ${unsaid}",
        "${no} or ${unsaid}",
        "if(${unsaid}, 1, 2)",
        "1 / 0",
        "1 / (${1} - 3)",
        "999999999999 * 2",
        "round(1, ${1} * 3)",
    ],
)
def test_where_something_is_missing_the_result_is_blank(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(("text", "expected"), [("${no} and ${unsaid}", False), ("${yes} or ${unsaid}", True)])
def test_what_is_missing_does_not_matter_where_the_rest_decides(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("", "not_understood", 1),
        ("1 +", "not_understood", 4),
        ("1 2", "not_understood", 3),
        ("(1", "not_understood", 3),
        ("1 < 2 < 3", "not_understood", 7),
        ("__import__", "not_understood", 1),
        ("1 ** 2", "not_understood", 4),
        ("${1}.real", "not_understood", 5),
        ("lambda(1)", "unknown_name", 1),
        ("${3} = 1", "unknown_name", 1),
        ("@age > 3", "unknown_name", 1),
        ("1 and 2", "wrong_type", 3),
        ("${yes} + 1", "wrong_type", 8),
        ('@sex < "m"', "wrong_type", 6),
        ("sum(${yes})", "wrong_type", 1),
        ("if(${1}, 1, 2)", "wrong_type", 1),
        ('if(${yes}, 1, "a")', "wrong_type", 1),
        ("round(1)", "wrong_type", 1),
        ("answered(${1}, ${2})", "wrong_type", 1),
        ("(" * 21 + "1" + ")" * 21, "too_deep", 22),
        ("1" + " + 1" * 250, "too_long", 1001),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(text: str, reason: str, place: int) -> None:
    with pytest.raises(BadExpression) as caught:
        parse(text, TYPES)
    assert (caught.value.reason, caught.value.place) == (f"expression.{reason}", place)


def test_an_expression_says_what_it_is_made_of() -> None:
    expression = parse('if(@sex = "male", ${1} > 4, ${yes})', TYPES)
    assert expression.type == "boolean"
    assert expression.names == {"@sex", "1", "yes"}
