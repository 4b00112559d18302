"""FHIRPath as it stands in questionnaires: sums of answers, and plain arithmetic with them.

A path is followed over the questionnaire itself: which items it selects, and what of their answers. What is left are names of
items, and they become an expression of ours. Everything else is refused by the name of the step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from app.exchange.fhir_terms import ORDINAL, WEIGHT, Json
from app.exchange.known import Known
from app.exchange.report import Refusal
from app.exchange.sums import skipping
from app.exchange.tree import (
    Binary,
    Call,
    Dialect,
    Empty,
    Member,
    Name,
    Node,
    NotUnderstood,
    Number,
    Text,
    Truth,
    Unary,
    decided,
    joined,
    parse,
)

_TRUTHS = {"true": Truth(value=True), "false": Truth(value=False)}
_SIGNS = ("<", "<=", ">", ">=")
_DIALECT = Dialect(
    tokens=re.compile(
        r"""\s*(?:(?P<name>%`[^`]*`|%[A-Za-z_][\w-]*|\$\w+) | (?P<number>[0-9]+(?:\.[0-9]+)?)
        | (?P<text>'(?:[^'\\]|\\.)*') | (?P<word>[A-Za-z_]\w*) | (?P<sign><=|>=|!=|[-+*/=<>(),.{}|&\[\]]))""",
        re.VERBOSE,
    ),
    binding={
        "or": 2,
        "xor": 2,
        "and": 3,
        "in": 4,
        "=": 5,
        "!=": 5,
        **dict.fromkeys(_SIGNS, 6),
        "|": 7,
        "+": 8,
        "-": 8,
        "&": 8,
        "*": 9,
        "/": 9,
        "div": 9,
        "mod": 9,
    },
    prefix={"-": 10, "+": 10},
    word=lambda text: _TRUTHS.get(text) or Name(text),
    name=lambda text: text.replace("`", ""),
    unquoted=lambda text: re.sub(r"\\(.)", r"\1", text[1:-1]),
    has_paths=True,
)

_DEEPEST, _MOST_READ = 20, 2000
_WEIGHTS = {ORDINAL, WEIGHT}
_ROOTS = {"%resource", "%questionnaire", "%context"}
_SAME = {"first", "last", "single", "toDecimal", "toInteger", "toQuantity", "value", "distinct"}
_VALUES = {"value", "valueDecimal", "valueInteger", "valueQuantity", "valueCoding", "valueBoolean", "valueString"}
_ARITHMETIC = {"+", "-", "*", "/"}


_Stage = Literal["root", "items", "answers", "values", "options", "extensions", "weights", "codes", "picked"]


class Later(Refusal):
    """The path asks for an item that has not come yet."""


class _Items(NamedTuple):
    """What a path has reached.

    Attributes:
        stage: items, their answers, the values, the options that were chosen, the extensions or weights of those, codes,
            the values that have a certain code.
        links: link ids.
        code: for the last.
    """

    stage: _Stage
    links: tuple[str, ...] = ()
    code: str = ""


_Found = Node | _Items


class Paths:
    """Translates the expressions of one questionnaire.

    Args:
        items: of the questionnaire.
        known: those that were taken up, by link id.
        own: link id of the item that the expression belongs to: it is never part of its own sum.
        variables: name → expression.
    """

    def __init__(self, items: list[Json], known: Mapping[str, Known], own: str, variables: Mapping[str, str]) -> None:
        self._tree = items
        self._by_link = {str(item["linkId"]): item for item in _every(items)}
        self._known = known
        self._own = own
        self._variables = variables
        self._depth = 0
        self._read_so_far = 0

    def translated(self, text: str) -> Node:
        """An expression in our language. Raises Refusal; Later where it asks for an item that is not known yet."""
        try:
            return self._value(self._read(text))
        except RecursionError:
            raise Refusal("exchange.path_circle") from None

    def _read(self, text: str) -> _Found:
        self._depth += 1
        self._read_so_far += 1
        if self._depth > _DEEPEST or self._read_so_far > _MOST_READ:
            raise Refusal("exchange.path_circle")
        try:
            return self._any(parse(text, _DIALECT))
        except NotUnderstood as error:
            raise Refusal("exchange.path_not_understood", at=error.place, expression=text) from error
        finally:
            self._depth -= 1

    # ---- what there is ----

    def _any(self, node: Node) -> _Found:
        found: _Found = node
        match node:
            case Name(name):
                found = self._name(name)
            case Member(of, name, arguments):
                found = self._step(self._any(of), name, arguments)
            case Call("iif", arguments):
                found = self._choice(arguments)
            case Call(name, arguments):
                found = self._step(_Items("root"), name, arguments)
            case Unary(sign, operand):
                value = self._value(self._any(operand))
                found = value if sign == "+" else Unary("-", value)
            case Binary(sign, left, right):
                found = self._joined(sign, left, right)
        return found

    def _choice(self, arguments: tuple[Node, ...]) -> Node:
        values = [self._value(self._any(argument)) for argument in arguments]
        if len(values) not in {2, 3}:
            raise Refusal("exchange.no_such_function", name="iif")
        return Call("if", (decided(values[0]), values[1], *(values[2:] or [Empty()])))

    def _name(self, name: str) -> _Found:
        if name in _ROOTS:
            return _Items("root")
        if name == "item":
            return self._step(_Items("root"), "item", None)
        if name[0] == "%" and name[1:] in self._variables:
            return self._read(self._variables[name[1:]])
        raise Refusal("exchange.no_such_function", name=name)

    def _joined(self, sign: str, left: Node, right: Node) -> Node:
        one, other = self._any(left), self._any(right)
        if sign in {"=", "!="}:
            for first, second in ((one, other), (other, one)):
                if isinstance(first, _Items) and first.stage == "codes" and isinstance(second, Text):
                    return self._option(first, second.value, sign)
        if sign in _ARITHMETIC or sign in {"and", "or", "=", "!=", *_SIGNS}:
            return Binary(sign, self._value(one), self._value(other))
        raise Refusal("exchange.no_such_function", name=sign)

    def _option(self, items: _Items, code: str, sign: str) -> Node:
        item = self._one(items)
        if code not in item.values:
            raise Refusal("exchange.unknown_option", question=item.id, option=code)
        value = Number(Decimal(item.values[code]))
        if item.kind == "multiple":
            chosen = Call("chosen", (Name(item.id), value))
            return chosen if sign == "=" else Unary("not", chosen)
        return Binary(sign, Name(item.id), value)

    # ---- steps ----

    def _step(self, of: _Found, name: str, arguments: tuple[Node, ...] | None) -> _Found:
        if not isinstance(of, _Items):
            return self._computed(of, name, arguments or ())
        if of.stage in {"root", "items"}:
            found = self._way_down(of, name, arguments)
        elif of.stage in {"answers", "values"}:
            found = self._into_answer(of, name, arguments)
        else:
            found = self._into_option(of, name, arguments)
        if found:
            return found
        return self._computed(of, name, arguments or ())

    def _way_down(self, of: _Items, name: str, arguments: tuple[Node, ...] | None) -> _Items | None:
        links: Iterable[str]
        match name, arguments:
            case "where", (condition,):
                links = (link for link in of.links if self._holds(condition, link))
            case "item", None:
                links = self._children(of)
            case ("descendants", ()) | ("repeat", (Name("item"),)):
                links = self._below(of)
            case (("answer" | "answerOption"), None):
                return _Items("answers" if name == "answer" else "options", of.links)
            case _:
                return None
        return _Items("items", tuple(links))

    def _into_answer(self, of: _Items, name: str, arguments: tuple[Node, ...] | None) -> _Items | None:
        stage: _Stage
        match name, arguments:
            case (("weight" | "ordinal"), ()):
                stage = "weights"
            case "code", None:
                stage = "codes"
            case "extension", None:
                stage = "extensions"
            case "extension", (Text(url),) if url in _WEIGHTS:
                stage = "extensions"
            case "where", (Binary("=", Name("code"), Text(code)),):
                return _Items("picked", of.links, code)
            case value, None if value in _VALUES:
                stage = "values"
            case _:
                return None
        return _Items(stage, of.links)

    def _into_option(self, of: _Items, name: str, arguments: tuple[Node, ...] | None) -> _Items | None:
        match of.stage, name, arguments:
            case "options", "where", (Binary("=", Member(Name("valueCoding" | "value"), "code"), code),):
                chosen = self._any(code)
                # The option that was chosen, looked up in the questionnaire.
                if isinstance(chosen, _Items) and chosen.stage == "codes" and chosen.links == of.links:
                    return _Items("values", of.links)
            case "extensions", "where", (Binary("=", Name("url"), url),):
                if isinstance(address := self._any(url), Text) and address.value in _WEIGHTS:
                    return of
            case "extensions", ("value" | "valueDecimal"), None:
                return _Items("weights", of.links)
        return None

    def _holds(self, condition: Node, link: str) -> bool:
        """Whether an item is among those that a ``where`` asks for; it can ask for link ids."""
        match condition:
            case Binary("and" | "or" as sign, left, right):
                return (all if sign == "and" else any)(self._holds(part, link) for part in (left, right))
            case Binary("=" | "!=" as sign, Name("linkId"), Text(text)):
                return (link == text) == (sign == "=")
            case Binary("in", Name("linkId"), several):
                return link in set(_texts(several))
            case Member(Name("linkId"), "startsWith", (Text(text),)):
                return link.startswith(text)
            case Member(inner, "not", ()):
                return not self._holds(inner, link)
        raise Refusal("exchange.no_such_function", name="where")

    def _children(self, of: _Items) -> Iterator[str]:
        lists = [self._tree] if of.stage == "root" else [self._by_link[link].get("item", []) for link in of.links]
        return (str(item["linkId"]) for items in lists for item in items)

    def _below(self, of: _Items) -> Iterator[str]:
        lists = [self._tree] if of.stage == "root" else [self._by_link[link].get("item", []) for link in of.links]
        return (str(item["linkId"]) for items in lists for item in _every(items))

    # ---- values ----

    def _computed(self, of: _Found, name: str, arguments: tuple[Node, ...]) -> Node:
        """A function of what was reached."""
        found: Node | None
        if isinstance(of, _Items) and (several := _OF_SEVERAL.get(name)):
            return several(self, of)
        match name, arguments:
            case "aggregate", (Binary("+", Name("$this" | "$total"), Name("$this" | "$total")), Number()):
                found = self._sum(of) if isinstance(of, _Items) else None
            case "not", ():
                found = Unary("not", self._value(of))
            case "round", (() | (Number(),)):
                found = Call("round", (self._value(of), *(arguments or (Number(Decimal(0)),))))
            case "exists", ():
                found = Call("answered", (self._value(of),))
            case "floor", ():
                found = Call("down", (self._value(of),))
            case same, () if same in _SAME:
                found = self._value(of)
            case _:
                found = None
        if found is None:
            raise Refusal("exchange.no_such_function", name=name)
        return found

    def _value(self, found: _Found) -> Node:
        """What was reached as one value."""
        if not isinstance(found, _Items):
            return found
        item = self._one(found)
        if found.stage == "values" and item.kind == "boolean":
            return Binary("=", Name(item.id), Number(Decimal(1)))
        if found.stage == "values" and item.kind in {"number", "text", "date", "truth"}:
            return Name(item.id)
        if found.stage == "weights" and self._counts(item):
            return Name(item.id)
        raise Refusal("exchange.path_kind", question=item.id)

    def _one(self, items: _Items) -> Known:
        found = self._all(items)
        if len(found) != 1:
            raise Refusal("exchange.path_several", count=len(found))
        return found[0]

    def _all(self, items: _Items) -> list[Known]:
        """The items that were reached, without those that nobody answers."""
        links = [link for link in items.links if link != self._own and self._is_question(link)]
        for link in links:
            if link not in self._known:
                raise Later("exchange.unknown_question", question=link)
        return [self._known[link] for link in links]

    def _is_question(self, link: str) -> bool:
        return self._by_link[link].get("type") not in {"group", "display"}

    def _sum(self, items: _Items) -> Node:
        return skipping([item.id for item in self._added(items)])

    def _mean(self, items: _Items) -> Node:
        return Call("mean", tuple(Name(item.id) for item in self._added(items)))

    def _added(self, items: _Items) -> list[Known]:
        """The items that a sum is made of. Those whose answers weigh nothing are no part of it."""
        found = self._all(items)
        if items.stage == "weights":
            found = [item for item in found if self._counts(item)]
        elif items.stage != "values" or any(item.kind != "number" for item in found):
            raise Refusal("exchange.path_kind", question=found[0].id if found else "")
        if not found:
            raise Refusal("exchange.path_several", count=0)
        return found

    def _counts(self, item: Known) -> bool:
        if item.weighs is None:
            raise Refusal("exchange.weights_needed", question=item.id)
        return item.weighs

    def _exists(self, items: _Items) -> Node:
        if items.stage == "picked":
            return decided(self._option(items, items.code, "="))
        found = self._all(items)
        if not found:
            raise Refusal("exchange.path_several", count=0)
        return joined("or", [Call("answered", (Name(item.id),)) for item in found])

    def _count(self, items: _Items) -> Node:
        return Call("count", tuple(Call("answered", (Name(item.id),)) for item in self._all(items)))


_OF_SEVERAL: dict[str, Callable[[Paths, _Items], Node]] = {
    "sum": Paths._sum,  # noqa: SLF001 -- the same class
    "avg": Paths._mean,  # noqa: SLF001
    "exists": Paths._exists,  # noqa: SLF001
    "hasValue": Paths._exists,  # noqa: SLF001
    "empty": lambda paths, items: Unary("not", paths._exists(items)),  # noqa: SLF001
    "count": Paths._count,  # noqa: SLF001
}


def _every(items: list[Json]) -> Iterator[Json]:
    for item in items:
        yield item
        yield from _every(item.get("item", []))


def _texts(node: Node) -> Iterator[str]:
    match node:
        case Text(value):
            yield value
        case Binary("|", left, right):
            yield from _texts(left)
            yield from _texts(right)
        case _:
            raise Refusal("exchange.no_such_function", name="in")
