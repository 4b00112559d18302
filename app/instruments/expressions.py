"""The small language of definitions: when an item is shown, how a value is computed, when a form is void.

    ${4} >= 2 and not answered(${4a})
    round(sum(${1}, ${2}, ${3}) * 1.25, 0)
    if(@sex = "female", ${total} >= 3, ${total} >= 4)

``${id}`` is an answer or a computed value, ``@name`` a fact about the person. Every expression ends, and ends with a value:
there are no loops and no definitions, length and depth are bounded, and where something is missing the result is *blank*
instead of an error. Blank goes through arithmetic and comparisons; ``and``, ``or`` and ``not`` know three values, so that
``false and blank`` is false. What is divided by zero, or grows beyond 10¹², is blank.

Types are checked before anything is computed: numbers, yes-or-no, texts, dates and lists of chosen values do not mix.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from app.instruments.operations import (
    ARITHMETIC,
    BINDING,
    COMPARISONS,
    FUNCTIONS,
    MINUS_BINDING,
    NOT_BINDING,
    UNORDERED,
    Compute,
    Function,
    Type,
    arithmetic,
    both,
    choose,
    comparison,
    either,
    is_answered,
)

LONGEST = 1000
"""Characters of an expression."""

DEEPEST = 20
"""Brackets, signs and functions inside each other."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<reference>\$\{[a-z0-9]+(?:[._-][a-z0-9]+)*\}|@[a-z]+)
    | (?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)
    | "(?P<text>[^"\\]*)"
    | (?P<word>[a-z]+)
    | (?P<sign><=|>=|!=|[-+*/=<>(),])
    )""",
    re.VERBOSE,
)


_TRUTHS = {"true": True, "false": False}


class BadExpression(Exception):
    """The text is no expression. `place` is where, in characters from 1; `reason` is a text key."""

    def __init__(self, reason: str, place: int) -> None:
        super().__init__(reason, place)
        self.reason = reason
        self.place = place


class Expression(NamedTuple):
    """An expression, made ready.

    Attributes:
        type: of its value.
        names: what it refers to, as in an `Environment`.
        compute: its value.
    """

    type: Type
    names: frozenset[str]
    compute: Compute


class Token(NamedTuple):
    """A sign, a word or a literal, and where it stands."""

    kind: str
    text: str
    place: int


class _Part(NamedTuple):
    type: Type
    compute: Compute


def parse(text: str, types: Mapping[str, Type]) -> Expression:
    """Read an expression.

    Args:
        text: as it stands in a definition.
        types: the types of all names that there are.

    Raises:
        BadExpression: not in the language, an unknown name, or types that do not go together.
    """
    if len(text) > LONGEST:
        raise BadExpression("expression.too_long", LONGEST + 1)
    parser = _Parser(list(tokens(text)), types)
    part = parser.expression(0, 0)
    parser.expect("end", "")
    return Expression(part.type, frozenset(parser.names), part.compute)


def tokens(text: str) -> Iterator[Token]:
    """The parts that a text is made of, an empty one at the end. Raises BadExpression."""
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if not found or not found.lastgroup:
            raise BadExpression("expression.not_understood", place + 1)
        yield Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1)
        place = found.end()
    yield Token("end", "", end + 1)


# ---- reading ----


class _Parser:
    """Reads by precedence, one look ahead."""

    def __init__(self, found: list[Token], types: Mapping[str, Type]) -> None:
        self._tokens = found
        self._types = types
        self._at = 0
        self.names: set[str] = set()

    def expect(self, kind: str, text: str) -> None:
        """Take a token that has to be there."""
        token = self._tokens[self._at]
        if (token.kind, token.text) != (kind, text):
            raise BadExpression("expression.not_understood", token.place)
        self._at += 1

    def expression(self, binding: int, depth: int) -> _Part:
        """Read as far as signs bind more tightly than `binding`."""
        if depth > DEEPEST:
            raise BadExpression("expression.too_deep", self._tokens[self._at].place)
        left = self._operand(depth)
        while (token := self._tokens[self._at]).kind in {"sign", "word"}:
            power = BINDING.get(token.text, 0)
            if power <= binding:
                break
            self._at += 1
            left = self._joined(token, left, self.expression(power, depth + 1))
            if power == BINDING["="] and BINDING.get(self._tokens[self._at].text, 0) == power:
                # Nobody means `1 < x < 3` the way that it would be computed.
                raise BadExpression("expression.not_understood", self._tokens[self._at].place)
        return left

    def _operand(self, depth: int) -> _Part:
        token = self._tokens[self._at]
        self._at += 1
        match token.kind, token.text:
            case "sign", "(":
                part = self.expression(0, depth + 1)
                self.expect("sign", ")")
            case "sign", "-":
                part = self._typed("number", self.expression(MINUS_BINDING, depth + 1), token)
                part = _Part("number", arithmetic(lambda _: Decimal(0), part.compute, operator.sub))
            case "word", "not":
                part = self._typed("boolean", self.expression(NOT_BINDING, depth + 1), token)
                part = _Part("boolean", comparison(part.compute, part.compute, lambda one, _: not one))
            case "word", name if name not in _TRUTHS:
                part = self._call(token, name, depth)
            case _:
                part = self._literal(token)
        return part

    def _literal(self, token: Token) -> _Part:
        match token.kind, token.text:
            case "number", text:
                value = Decimal(text)
                return _Part("number", lambda _: value)
            case "text", text:
                return _Part("text", lambda _: text)
            case "reference", text:
                return self._reference(token, text if text[0] == "@" else text[2:-1])
            case "word", text:
                truth = _TRUTHS[text]
                return _Part("boolean", lambda _: truth)
        raise BadExpression("expression.not_understood", token.place)

    def _reference(self, token: Token, name: str) -> _Part:
        if name not in self._types:
            raise BadExpression("expression.unknown_name", token.place)
        self.names.add(name)
        return _Part(self._types[name], lambda environment: environment.get(name))

    def _call(self, token: Token, name: str, depth: int) -> _Part:
        if name not in FUNCTIONS and name not in {"if", "answered"}:
            raise BadExpression("expression.unknown_name", token.place)
        self.expect("sign", "(")
        parts = [self.expression(0, depth + 1)]
        while self._tokens[self._at][:2] == ("sign", ","):
            self._at += 1
            parts.append(self.expression(0, depth + 1))
        self.expect("sign", ")")
        computes = [part.compute for part in parts]
        if name == "if" and len(parts) == len(("condition", "then", "otherwise")):
            self._typed("boolean", parts[0], token)
            return _Part(self._typed(parts[1].type, parts[2], token).type, choose(computes))
        if name == "answered" and len(parts) == 1:
            return _Part("boolean", is_answered(computes))
        function = FUNCTIONS.get(name)
        if function is None or not _takes(function, [part.type for part in parts]):
            raise BadExpression("expression.wrong_type", token.place)
        return _Part(function.gives, function.make(computes))

    def _joined(self, token: Token, one: _Part, other: _Part) -> _Part:
        sign = token.text
        if sign in ARITHMETIC:
            self._typed("number", one, token)
            self._typed("number", other, token)
            return _Part("number", arithmetic(one.compute, other.compute, ARITHMETIC[sign]))
        if sign in COMPARISONS:
            self._typed(one.type, other, token)
            if one.type in UNORDERED and sign not in {"=", "!="}:
                raise BadExpression("expression.wrong_type", token.place)
            return _Part("boolean", comparison(one.compute, other.compute, COMPARISONS[sign]))
        self._typed("boolean", one, token)
        self._typed("boolean", other, token)
        return _Part("boolean", (both if sign == "and" else either)(one.compute, other.compute))

    @staticmethod
    def _typed(wanted: Type, part: _Part, token: Token) -> _Part:
        if part.type != wanted:
            raise BadExpression("expression.wrong_type", token.place)
        return part


def _takes(function: Function, given: list[Type]) -> bool:
    if function.takes[-1] is ...:
        return set(given) == {function.takes[0]}
    return tuple(given) == function.takes
