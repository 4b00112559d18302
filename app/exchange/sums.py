"""Which computed values are scores: sums, means and counts of answers, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from app.exchange.tree import Binary, Call, Empty, Name, Node, Number, Unary, joined
from app.instruments.items import Choice, Item, Quantity
from app.instruments.parts import Number as Amount
from app.instruments.parts import Option, Text
from app.instruments.scales import Score
from app.instruments.values import Scored, derived_range, span

_MOST_DECIMALS, _MEAN_DECIMALS = 4, 2
_COMPARISONS = {"=", ">=", ">", "<", "<=", "!="}
_ONE, _NONE = Number(Decimal(1)), Number(Decimal(0))


class _Term(msgspec.Struct, frozen=True):
    """What one item adds.

    Attributes:
        name: of the item.
        weight: what it is multiplied by.
        turned: from what it is taken away, where it counts the other way round.
        skips: whether it adds nothing without an answer.
        counts_from: from where on it counts one, where that is all it does.
    """

    name: str
    weight: Decimal = Decimal(1)
    turned: Decimal | None = None
    skips: bool = False
    counts_from: int | None = None


class Sum(msgspec.Struct, frozen=True):
    """A sum, mean or count of items.

    Attributes:
        terms: in their order.
        method: what is made of them.
        times: what the result is multiplied by.
        decimals: places that it is rounded to, None where nothing is said.
        rounding: half up, or down.
    """

    terms: tuple[_Term, ...]
    method: Literal["sum", "mean", "count"]
    times: Amount
    decimals: int | None
    rounding: Literal["half_up", "down"]

    @property
    def items(self) -> tuple[str, ...]:
        """The items."""
        return tuple(term.name for term in self.terms)

    @property
    def turned(self) -> frozenset[str]:
        """Those that count the other way round."""
        return frozenset(term.name for term in self.terms if term.turned is not None)


def as_sum(node: Node, least: int = 2) -> Sum | None:
    """A tree of our language as a sum of so many items or more, None where it is something else."""
    node = _without_condition(node)
    decimals: int | None = None
    rounding: Literal["half_up", "down"] = "half_up"
    match node:
        case Call("round", (value, Number(places))) if 0 <= places <= _MOST_DECIMALS:
            node, decimals = _without_condition(value), int(places)
        case Call("down", (value,)):
            node, decimals, rounding = _without_condition(value), 0, "down"
    times = Decimal(1)
    match node:
        case Binary("*", value, Number(factor)) | Binary("*", Number(factor), value) if len(_added(value)) > 1:
            node, times = _without_condition(value), factor
    is_mean, node = _mean_of(node)
    found = [_term(part) for part in _added(node)]
    terms = tuple(term for term in found if term)
    counts = {term.counts_from for term in terms}
    if len(terms) < max(len(found), least) or len({term.name for term in terms}) < len(terms) or len(counts) > 1:
        return None
    method: Literal["sum", "mean", "count"] = "mean" if is_mean else "count" if None not in counts else "sum"
    return Sum(terms, method, _plain(times), decimals, rounding)


def _added(node: Node) -> list[Node]:
    """What is added up, by signs or by ``sum``, in whatever brackets."""
    match _without_condition(node):
        case Call("sum", parts):
            return [term for part in parts for term in _added(part)]
        case Binary("+", left, right):
            return _added(left) + _added(right)
        case other:
            return [other]


def _without_condition(node: Node) -> Node:
    """What stands behind ``if(answered(…) and …, value, nothing)``: a score has no value either where answers are missing."""
    match node:
        case Call("if", (condition, value, Empty())) if _asks_for_answers(condition):
            return value
    return node


def _asks_for_answers(node: Node) -> bool:
    match node:
        case Binary("and" | "or", left, right):
            return _asks_for_answers(left) and _asks_for_answers(right)
        case Binary(sign, Call("count", parts), Number()) if sign in _COMPARISONS:
            return all(map(_asks_for_answers, parts))
        case Call("answered", (Name(),)):
            return True
        case Call("answered", (inner,)):
            return _asks_for_answers(inner)
    return False


def _mean_of(node: Node) -> tuple[bool, Node]:
    """Whether a tree is a mean, and of what."""
    match node:
        case Call("mean", terms):
            return True, Call("sum", terms)
        case Binary("/", total, Number(count)) if len(_added(total)) == count:
            return True, total
    return False, node


def _term(node: Node) -> _Term | None:
    """One term of a sum."""
    found = None
    match node:
        case Name(name) if name[0] != "@":
            found = _Term(name)
        case Binary("*", Number(weight), part) | Binary("*", part, Number(weight)) if inner := _term(part):
            found = msgspec.structs.replace(inner, weight=inner.weight * weight)
        case Binary("-", Number(ends), Name(name)) if name[0] != "@":
            found = _Term(name, turned=ends)
        case Unary("-", part) if inner := _term(part):
            found = msgspec.structs.replace(inner, weight=-inner.weight)
        case Call("if", (Call("answered", (Name(asked),)), value, zero)) if zero == _NONE:
            inner = _term(value)
            if inner and inner.name == asked:
                found = msgspec.structs.replace(inner, skips=True)
        case Call("if", (condition, one, zero)) if (one, zero) == (_ONE, _NONE):
            found = _counting(condition)
    return found


def _counting(condition: Node) -> _Term | None:
    """A term that counts one from a value on."""
    match condition:
        case Binary("and", Call("answered", (asked,)), inner) if asked == inner:
            return _counting(inner)
        case Binary(">=", part, Number(limit)) if limit == int(limit) and (term := _term(part)):
            return msgspec.structs.replace(term, counts_from=int(limit))
    return None


def skipping(names: list[str]) -> Node:
    """A sum that goes on where an answer is missing."""
    return joined("+", [Call("if", (Call("answered", (Name(name),)), Name(name), _NONE)) for name in names])


def score_of(
    found: Sum,
    items: Mapping[str, Item],
    option_sets: Mapping[str, tuple[Option, ...]],
    *,
    name: str,
    title: Text,
    source: str,
) -> Score | None:
    """A sum as a score; None where one of its items cannot be counted by one."""
    counted = [items.get(one) for one in found.items]
    scorable = [item for item in counted if isinstance(item, Choice | Quantity)]
    if len(scorable) < len(counted) or not _agree(found, scorable, option_sets):
        return None
    weights = {term.name: _plain(term.weight) for term in found.terms if term.weight != 1}
    score = Score(
        id=name,
        title=title,
        items=found.items,
        method=found.method,
        counts_from=found.terms[0].counts_from,
        weights=weights,
        times=found.times,
        decimals=_decimals(found, scorable, weights),
        rounding=found.rounding,
        range=(0, 1),
        source=source,
    )
    spans = []
    for item in scorable:
        low, high = span(item, option_sets)
        spans.append((min(low, Decimal(0)), max(high, Decimal(0))) if item.visible_if else (low, high))
    limits = derived_range(score, spans)
    return msgspec.structs.replace(score, range=limits) if limits and limits[0] < limits[1] else None


def _agree(found: Sum, items: list[Scored], option_sets: Mapping[str, tuple[Option, ...]]) -> bool:
    """Whether a score would compute the same."""
    for term, item in zip(found.terms, items, strict=True):
        # A plain sum has no value where one of its items is not asked; a score then counts the others.
        if item.visible_if and not term.skips:
            return False
        if term.turned is not None:
            low, high = span(item, option_sets)
            if not isinstance(item, Choice) or term.turned != low + high:
                return False
        if term.counts_from is not None and term.weight != 1:
            return False
    return True


def _decimals(found: Sum, items: list[Scored], weights: Mapping[str, Amount]) -> int:
    if found.decimals is not None:
        return found.decimals
    whole = all(isinstance(item, Choice) or not item.decimals for item in items)
    whole = whole and all(isinstance(factor, int) for factor in (*weights.values(), found.times))
    return 0 if (whole and found.method == "sum") or found.method == "count" else _MEAN_DECIMALS


def counted_in(scores: tuple[Score, ...], turned: frozenset[str], item: Item) -> Item:
    """An item that a score counts is scored, and cannot be left out; any other is not."""
    if not isinstance(item, Choice | Quantity):
        return item
    if not any(item.id in score.items for score in scores):
        return msgspec.structs.replace(item, scored=False)
    item = msgspec.structs.replace(item, scored=True, required=True, required_if=None)
    return msgspec.structs.replace(item, reverse=item.id in turned) if isinstance(item, Choice) else item


def _plain(number: Decimal) -> Amount:
    return int(number) if number == number.to_integral_value() else float(number)
