"""Expressions as trees: the languages of conditions and sums differ in spelling, less in what they say.

One parser reads them all by precedence; a `Dialect` says how a language is written. What the words mean is the business of
the modules that translate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

DEEPEST = 30
"""Brackets and signs inside each other."""


class Number(msgspec.Struct, frozen=True):
    """A number, as it is written."""

    value: Decimal


class Text(msgspec.Struct, frozen=True):
    """A text in quotation marks."""

    value: str


class Truth(msgspec.Struct, frozen=True):
    """True or false."""

    value: bool


class Empty(msgspec.Struct, frozen=True):
    """No value."""


class Name(msgspec.Struct, frozen=True):
    """Something that has a value: an item, a variable, a fact."""

    name: str


class Call(msgspec.Struct, frozen=True):
    """A function of something."""

    name: str
    arguments: tuple[Node, ...]


class Unary(msgspec.Struct, frozen=True):
    """``not`` or ``-`` before something."""

    sign: str
    operand: Node


class Binary(msgspec.Struct, frozen=True):
    """Two things joined by a sign."""

    sign: str
    left: Node
    right: Node


class Member(msgspec.Struct, frozen=True):
    """A step along a path: ``of.name`` or ``of.name(arguments)``."""

    of: Node
    name: str
    arguments: tuple[Node, ...] | None = None


Node = Number | Text | Truth | Empty | Name | Call | Unary | Binary | Member


class NotUnderstood(Exception):
    """The text is not written in the language. `place` counts characters from 1."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Dialect(NamedTuple):
    """How a language is written.

    Attributes:
        tokens: finds the next token; its groups are named number, text, name, word and sign.
        binding: how tightly a sign between two things binds.
        prefix: how tightly a sign before one thing binds.
        word: what a word means that is not called.
        name: what is taken off a name, and off a text.
        unquoted: a text without its quotation marks.
        has_paths: whether a dot leads on to a part of something.
        longest: characters of an expression.
    """

    tokens: re.Pattern[str]
    binding: Mapping[str, int]
    prefix: Mapping[str, int]
    word: Callable[[str], Node | None]
    name: Callable[[str], str]
    unquoted: Callable[[str], str]
    has_paths: bool = False
    longest: int = 20_000


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def parse(text: str, dialect: Dialect) -> Node:
    """Read an expression. Raises NotUnderstood."""
    if len(text) > dialect.longest:
        raise NotUnderstood(dialect.longest + 1)
    parser = _Parser(list(_tokens(text, dialect)), dialect)
    node = parser.expression(0, 0)
    parser.expect("")
    return node


def _tokens(text: str, dialect: Dialect) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = dialect.tokens.match(text, place)
        if not found or not found.lastgroup:
            raise NotUnderstood(place + 1)
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1)
        place = found.end()
    yield _Token("end", "", end + 1)


class _Parser:
    def __init__(self, tokens: list[_Token], dialect: Dialect) -> None:
        self._tokens = tokens
        self._dialect = dialect
        self._at = 0

    def expect(self, sign: str) -> None:
        """Take a sign that has to be there; an empty one is the end."""
        token = self._next()
        if token.kind not in {"sign", "end"} or token.text != sign:
            raise NotUnderstood(token.place)

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _is_next(self, sign: str) -> bool:
        return self._tokens[self._at][:2] == ("sign", sign)

    def expression(self, binding: int, depth: int) -> Node:
        """Read as far as signs bind more tightly than `binding`."""
        if depth > DEEPEST:
            raise NotUnderstood(self._tokens[self._at].place)
        left = self._steps(self._operand(depth), depth)
        while (token := self._tokens[self._at]).kind in {"sign", "word"}:
            power = self._dialect.binding.get(token.text, 0)
            if power <= binding:
                break
            self._at += 1
            left = Binary(token.text, left, self.expression(power, depth + 1))
        return left

    def _operand(self, depth: int) -> Node:
        token = self._next()
        match token.kind, token.text:
            case "sign", "(":
                node = self.expression(0, depth + 1)
                self.expect(")")
            case (("word" | "sign"), text) if text in self._dialect.prefix:
                node = signed(text, self.expression(self._dialect.prefix[text], depth + 1))
            case "word", text:
                node = self._word(token, text, depth)
            case _:
                node = self._literal(token)
        return node

    def _literal(self, token: _Token) -> Node:
        match token.kind, token.text:
            case "sign", "{":
                self.expect("}")
                return Empty()
            case "number", text:
                return Number(Decimal(text))
            case "text", text:
                return Text(self._dialect.unquoted(text))
            case "name", text:
                return Name(self._dialect.name(text))
        raise NotUnderstood(token.place)

    def _word(self, token: _Token, text: str, depth: int) -> Node:
        if self._is_next("("):
            return Call(text, self._arguments(depth))
        node = self._dialect.word(text)
        if node is None:
            raise NotUnderstood(token.place)
        return node

    def _arguments(self, depth: int) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        while not self._is_next(")"):
            if found:
                self.expect(",")
            found.append(self.expression(0, depth + 1))
        self.expect(")")
        return tuple(found)

    def _steps(self, node: Node, depth: int) -> Node:
        """Follow the dots."""
        while self._dialect.has_paths and self._is_next("."):
            self._at += 1
            token = self._next()
            if token.kind not in {"word", "name"}:
                raise NotUnderstood(token.place)
            node = Member(node, token.text, self._arguments(depth) if self._is_next("(") else None)
        return node


def signed(sign: str, operand: Node) -> Node:
    """Something with a sign before it; a number takes the minus in."""
    return Number(-operand.value) if sign == "-" and isinstance(operand, Number) else Unary(sign, operand)


def names_in(node: Node) -> Iterator[str]:
    """Every name in a tree, as often as it stands there."""
    match node:
        case Name(name):
            yield name
        case Call(_, parts):
            for part in parts:
                yield from names_in(part)
        case Unary(_, operand):
            yield from names_in(operand)
        case Binary(_, left, right):
            yield from names_in(left)
            yield from names_in(right)
        case Member(of, _, steps):
            yield from names_in(of)
            for part in steps or ():
                yield from names_in(part)


LARGEST = 20_000
"""Parts of a tree. Where parts are used twice, and parts of those again, a tree can grow without end."""


def is_small(node: Node) -> bool:
    """Whether a tree can be walked through in a moment; found out without walking further than that."""
    waiting: list[Node] = [node]
    for _ in range(LARGEST):
        if not waiting:
            return True
        match waiting.pop():
            case Call(_, parts):
                waiting += parts
            case Unary(_, operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += (left, right)
            case Member(of, _, steps):
                waiting += (of, *(steps or ()))
    return False


def joined(sign: str, nodes: list[Node]) -> Node:
    """Several nodes, at least one, as one."""
    whole, *others = nodes
    for other in others:
        whole = Binary(sign, whole, other)
    return whole


def parts_of(sign: str, node: Node) -> list[Node]:
    """The other way round: what a sign joins, at any depth."""
    if isinstance(node, Binary) and node.sign == sign:
        return parts_of(sign, node.left) + parts_of(sign, node.right)
    return [node]


def replaced(node: Node, trees: Mapping[str, Node]) -> Node:
    """A tree with trees in the place of names."""
    match node:
        case Name(name):
            return trees.get(name, node)
        case Call(name, parts):
            return Call(name, tuple(replaced(part, trees) for part in parts))
        case Unary(sign, operand):
            return Unary(sign, replaced(operand, trees))
        case Binary(sign, left, right):
            return Binary(sign, replaced(left, trees), replaced(right, trees))
    return node


def decided(node: Node) -> Node:
    """A condition that is false where it has no value: so other languages have it, and it matters below ``not`` and ``if``."""
    return node if _is_decided(node) else Binary("and", Call("answered", (node,)), node)


def _is_decided(node: Node) -> bool:
    match node:
        case Truth() | Call("answered", _):
            return True
        case Binary("and" | "or", left, right):
            return _is_decided(left) and _is_decided(right)
        case Unary("not", operand):
            return _is_decided(operand)
    return False
