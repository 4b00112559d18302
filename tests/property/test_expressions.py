"""Whatever stands in a definition, an expression is refused with its place or ends with a value of its type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.instruments.expressions import BadExpression, Expression, parse
from app.instruments.operations import FUNCTIONS, Type, Value

TYPES: dict[str, Type] = {"1": "number", "y": "boolean", "m": "list", "d": "date", "@sex": "text"}
OF: dict[Type, type | tuple[type, ...]] = {
    "number": Decimal,
    "boolean": bool,
    "text": str,
    "date": dt.date,
    "list": frozenset,
}

numbers = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=3)
environments = st.fixed_dictionaries(
    {
        "1": st.none() | numbers,
        "y": st.none() | st.booleans(),
        "m": st.none() | st.frozensets(st.integers(0, 9)),
        "d": st.none() | st.dates(),
        "@sex": st.none() | st.text(),
    }
)
references = ["${1}", "${y}", "${m}", "${d}", "@sex"]
signs = ["+", "-", "*", "/", "<", "<=", ">", ">=", "=", "!=", "and", "or", "not", "(", ")", ","]
words = st.sampled_from([*references, *signs, *FUNCTIONS, "if", "answered", "true", "false", "0", "3", "2.5", '"male"'])
nearly = st.lists(words, max_size=14).map(" ".join)


def well_formed() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["${1}", "0", "2.5", "12", "999999999999"])

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pair = st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda one: f"({one[0]} {one[1]} {one[2]})")
        called = st.tuples(st.sampled_from(["sum", "mean", "min", "max"]), st.lists(inner, min_size=1, max_size=4))
        chosen = st.tuples(inner, inner, inner).map(lambda one: f"if({one[0]} < {one[1]}, {one[2]}, -{one[0]})")
        return pair | called.map(lambda one: f"{one[0]}({', '.join(one[1])})") | chosen

    return st.recursive(leaves, larger, max_leaves=12)


def understood(text: str) -> Expression | BadExpression:
    try:
        return parse(text, TYPES)
    except BadExpression as error:
        return error


@given(text=st.text(max_size=60) | nearly | well_formed(), environment=environments)
def test_every_text_is_refused_or_has_a_value_of_its_type(text: str, environment: dict[str, Value]) -> None:
    expression = understood(text)
    if isinstance(expression, BadExpression):
        assert 1 <= expression.place <= len(text) + 1
        assert expression.reason.startswith("expression.")
        return
    value = expression.compute(environment)
    assert value is None or isinstance(value, OF[expression.type])
    assert not isinstance(value, Decimal) or (value.is_finite() and abs(value) <= 10**12)
    assert expression.compute(environment) == value


@given(text=well_formed(), environment=environments)
def test_what_is_well_formed_is_understood(text: str, environment: dict[str, Value]) -> None:
    if text.count("(") <= 6:
        assert parse(text, TYPES).type == "number"
