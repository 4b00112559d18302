"""Our expressions and scores as FHIRPath."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from app.exchange.ours import read
from app.exchange.report import Refusal
from app.exchange.tree import Binary, Call, Empty, Name, Node, Number, Text, Truth, Unary
from app.instruments.definition import Definition
from app.instruments.items import Choice, Item
from app.instruments.scales import Score
from app.instruments.values import Scored, span

_SIGNS = {"+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or"}


class Source(msgspec.Struct, frozen=True):
    """What a name stands for in a resource.

    Attributes:
        link: its link id.
        item: what it is; None for a score.
        codes: for a choice, value → code.
    """

    link: str
    item: Item | None
    codes: Mapping[int, str] = {}


class Formulas:
    """Writes FHIRPath.

    Args:
        sources: by name.
    """

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    # ---- expressions ----

    def written(self, node: Node) -> str:
        """A tree as FHIRPath. Raises Refusal where it has something that questionnaires cannot compute."""
        text: str
        match node:
            case Number(value):
                text = format(value, "f")
            case Text(words):
                text = _quoted(words)
            case Truth(truth):
                text = str(truth).lower()
            case Empty():
                text = "{}"
            case Name(name):
                text = self._value(name)
            case Unary("not", operand):
                text = f"({self.written(operand)}).not()"
            case Unary(_, operand):
                text = f"(0 - {self.written(operand)})"
            case Binary(joint, left, right) if joint in _SIGNS:
                text = f"({self.written(left)} {joint} {self.written(right)})"
            case Call(name, arguments):
                text = self._call(name, arguments)
            case _:
                raise Refusal("exchange.no_such_function", name="?")
        return text

    def _call(self, name: str, arguments: tuple[Node, ...]) -> str:
        match name, arguments:
            case "answered", (Name(item),):
                text = f"{self._item(item)}.answer.exists()"
            case "chosen", (Name(item), Number(value)):
                answers = f"{self._item(item)}.answer"
                code = _quoted(self._source(item).codes[int(value)])
                text = f"iif({answers}.exists(), {answers}.value.where(code = {code}).exists(), {{}})"
            case "if", (condition, then, otherwise):
                text = _where(self.written(condition), self.written(then), self.written(otherwise))
            case "min" | "max", (_, _):
                one, other = map(self.written, arguments)
                text = _where(f"{one} {'<' if name == 'min' else '>'} {other}", one, other)
            case "sum" | "mean" | "count", _:
                parts = map(self.written, arguments)
                total = " + ".join(f"iif({part}, 1, 0)" for part in parts) if name == "count" else " + ".join(parts)
                text = f"(({total}) / {len(arguments)})" if name == "mean" else f"({total})"
            case "round" | "down", (inner, *places):
                text = f"({self.written(inner)})" + (f".round({self.written(places[0])})" if places else ".floor()")
            case _:
                raise Refusal("exchange.no_such_function", name=f"{name}()")
        return text

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            raise Refusal("exchange.no_such_function", name=name)
        return self._sources[name]

    def _item(self, name: str) -> str:
        return f"%resource.descendants().where(linkId = {_quoted(self._source(name).link)})"

    def _value(self, name: str) -> str:
        return self._item(name) + (".answer.value.weight()" if self._weighs(name) else ".answer.value")

    def _weighs(self, name: str) -> bool:
        return isinstance(self._source(name).item, Choice)

    # ---- scores ----

    def score(self, score: Score, definition: Definition) -> str:
        """How a score is computed. Raises Refusal where its rule has no words in FHIRPath."""
        if score.table:
            raise Refusal("exchange.no_such_function", name="table")
        text = self._raw(score, definition)
        if score.times != 1:
            text = f"{text} * {score.times}"
        if score.rounding == "down":
            if score.decimals:
                raise Refusal("exchange.no_such_function", name="rounding")
            return f"({text}).floor()"
        whole = score.method != "mean" and score.times == 1 and not score.weights and not score.decimals
        return text if whole else f"({text}).round({score.decimals})"

    def _raw(self, score: Score, definition: Definition) -> str:
        if score.formula:
            return self.written(read(score.formula))
        items = [
            (item, bool(item.visible_if)) for name in score.items if isinstance(item := definition.item(name), Scored)
        ]
        is_plain = not score.weights and not any(isinstance(item, Choice) and item.reverse for item, _ in items)
        if score.method == "sum" and is_plain and not any(conditional for _, conditional in items):
            return self._plain_sum(score)
        terms = [self._term(score, item, definition, conditional=conditional) for item, conditional in items]
        total = "(" + " + ".join(terms) + ")"
        return f"({total} / {len(terms)})" if score.method == "mean" else total

    def _plain_sum(self, score: Score) -> str:
        """The sum of all, once all are answered."""
        links = " | ".join(_quoted(self._source(name).link) for name in score.items)
        weights = {self._weighs(name) for name in score.items}
        if len(weights) > 1 or len(score.items) == 1:
            return "(" + " + ".join(self._value(name) for name in score.items) + ")"
        answers = f"%resource.descendants().where(linkId in ({links})).answer"
        values = f"{answers}.value.weight()" if True in weights else f"{answers}.value"
        return f"iif({answers}.count() = {len(score.items)}, {values}.sum(), {{}})"

    def _term(self, score: Score, item: Scored, definition: Definition, *, conditional: bool) -> str:
        """What an item counts."""
        text = self._value(item.id)
        if isinstance(item, Choice) and item.reverse:
            low, high = span(item, definition.option_sets)
            text = f"({low + high} - {text})"
        if score.method == "count":
            text = f"iif({text} >= {score.counts_from}, 1, 0)"
        elif item.id in score.weights:
            text = f"({Decimal(str(score.weights[item.id]))} * {text})"
        if conditional and score.method == "mean":
            # The mean of those that are asked divides by how many these are.
            raise Refusal("exchange.no_such_function", name="mean")
        return f"iif({self._item(item.id)}.answer.exists(), {text}, 0)" if conditional else text


def _where(condition: str, then: str, otherwise: str) -> str:
    """A choice between two values; none where it is not known whether the condition holds."""
    return f"iif(({condition}).exists(), iif({condition}, {then}, {otherwise}), {{}})"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
