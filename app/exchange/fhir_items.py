"""Single FHIR items as items of ours, each with what conditions have to know of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.exchange.draft import Draft
from app.exchange.fhir_options import Answers
from app.exchange.fhir_terms import DECIMALS, MAX_VALUE, MIN_VALUE, UNIT, UNIT_OPTION, Json, extensions, number, words
from app.exchange.known import Known
from app.exchange.ours import write
from app.exchange.report import Refusal
from app.exchange.tree import Binary, Call, Name, Number
from app.instruments.items import Choice, Day, Item, Multiple, Quantity, Words
from app.instruments.parts import Option, Text

_FARTHEST = 999_999_999
_PLACES = 4
_LINES = 4
_LONGEST = 2000
_MOST = 20_000

Made = tuple[Item, Known]


def choice(item: Json, common: dict[str, Any], answers: Answers, draft: Draft) -> Made:
    """One or several of the answers that are listed, and another where it says so. Raises Refusal."""
    options = answers.options
    if item["type"] == "open-choice":
        draft.report.add("changed", "exchange.open_choice", str(item["linkId"]))
        other = max(option.value for option in options) + 1
        options = (*options, Option(value=other, text=draft.own("exchange.word_other")))
    name = draft.options(options, answers.name)
    if item.get("repeats"):
        known = Known(common["id"], "multiple", answers.values)
        return Multiple(**common, options=name, alone=answers.alone), known
    return Choice(**common, options=name, scored=False), Known(common["id"], "choice", answers.values, answers.weighs)


def open_choice(made: Item, draft: Draft) -> Words:
    """The question behind the answer "another"."""
    options = draft.option_set(made)
    other = Number(Decimal(options[-1].value))
    asked = Call("chosen", (Name(made.id), other)) if isinstance(made, Multiple) else Binary("=", Name(made.id), other)
    return Words(id=draft.names.new(f"{made.id}.other"), text=draft.own("exchange.word_which"), visible_if=write(asked))


def numeral(item: Json, common: dict[str, Any], draft: Draft) -> Made:
    """A number, with its limits where the file has some. Raises Refusal."""
    link, whole = str(item["linkId"]), item["type"] == "integer"
    low, high = limits_of(item)
    if low is None or high is None:
        draft.report.add("changed", "exchange.no_limits", link, most=_FARTHEST)
    low, high = -_FARTHEST if low is None else low, _FARTHEST if high is None else high
    if low >= high:
        raise Refusal("exchange.limits_crossed")
    places = number(item, DECIMALS)
    decimals = 0 if whole else min(_PLACES if places is None else max(int(places), 0), _PLACES)
    made = Quantity(**common, low=low, high=high, decimals=decimals, unit=_unit(item, draft))
    return made, Known(common["id"], "number")


def limits_of(item: Json) -> tuple[int | float | None, int | float | None]:
    """The lowest and the highest value of a number, None where the file says none."""
    return _limit(item, MIN_VALUE), _limit(item, MAX_VALUE)


def _limit(item: Json, url: str) -> int | float | None:
    limit = number(item, url)
    if limit is None:
        return None
    return int(limit) if limit == limit.to_integral_value() else float(limit)


def _unit(item: Json, draft: Draft) -> Text | None:
    units = [one["valueCoding"] for url in (UNIT, UNIT_OPTION) for one in extensions(item, url) if "valueCoding" in one]
    if len(units) > 1:
        raise Refusal("exchange.several_units")
    if not units:
        return None
    base = draft.wordings.base
    said = words(units[0], "display", base) or {base: str(units[0].get("code") or "")}
    return draft.wordings.text(said, str(item["linkId"]))


def plain(item: Json, common: dict[str, Any], draft: Draft) -> Made:
    """Yes or no, a day, or words."""
    name, kind = common["id"], item["type"]
    if kind == "boolean":
        options = draft.options(
            [
                Option(value=1, text=draft.own("exchange.word_yes")),
                Option(value=0, text=draft.own("exchange.word_no")),
            ],
            "yes-no",
        )
        return Choice(**common, options=options, scored=False), Known(name, "boolean")
    if kind == "date":
        return Day(**common), Known(name, "date")
    longest = min(int(item.get("maxLength") or _LONGEST), _MOST)
    return Words(**common, lines=_LINES if kind == "text" else 1, longest=longest), Known(name, "text")
