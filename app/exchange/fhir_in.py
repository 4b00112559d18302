"""A FHIR R4 Questionnaire as a definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from app.errors import Problem
from app.exchange.about import MOST_QUESTIONS, Given, Heading
from app.exchange.draft import Draft
from app.exchange.fhir_about import every, is_structure, language_of, source_of
from app.exchange.fhir_conditions import read_conditions
from app.exchange.fhir_items import choice, limits_of, numeral, open_choice, plain
from app.exchange.fhir_model import read_resource
from app.exchange.fhir_options import read_answers
from app.exchange.fhir_path import Later, Paths
from app.exchange.fhir_terms import (
    CALCULATED,
    CONTROL,
    DECIMALS,
    ENABLE_WHEN,
    FIRST,
    HIDDEN,
    INSTRUMENT,
    LEAST,
    LINK_ID,
    MOST,
    NOTE,
    SCORES,
    SECTION,
    TRANSLATION,
    VARIABLE,
    Json,
    codes_of,
    expression_of,
    extension,
    extensions,
    number,
    words,
)
from app.exchange.known import Known
from app.exchange.place import Place, refusing, rows, take, together, visible
from app.exchange.report import Imported, Refusal, Report
from app.exchange.tree import Call, Name
from app.exchange.wordings import Wordings
from app.instruments.items import MOST_ROWS, Computed, Group, Item
from app.instruments.parts import Text
from app.texts import Texts

_NUMBERS = {"integer", "decimal", "quantity"}
_PLAIN = {"boolean", "date", "string", "text"}
_LEFT_OUT = {"prefix", "initial", "definition"}
_ITEM = {
    *("linkId", "type", "text", "_text", "code", "required", "repeats", "maxLength", "item", "extension", "id"),
    *("answerOption", "answerValueSet", "enableWhen", "enableBehavior", "modifierExtension"),
}
_FORM = {
    *("resourceType", "id", "meta", "language", "url", "version", "name", "title", "_title", "status", "publisher"),
    *("copyright", "item", "contained", "extension", "text", "useContext", "modifierExtension", "implicitRules"),
    "subjectType",
}
_OWN_EXTENSIONS = (
    *("itemWeight", "ordinalValue", "optionExclusive", "hidden", "unit", "minValue", "maxValue", "maxDecimalPlaces"),
    *("minOccurs", "maxOccurs", "variable", "calculatedExpression", "enableWhenExpression", "unitOption", "designNote"),
)
_DEFAULT_ROWS, _DECIMALS, _MOST_DECIMALS = 20, 2, 4


def import_fhir(raw: bytes, texts: Texts, given: Given) -> Imported:
    """Read a FHIR R4 Questionnaire.

    Args:
        raw: the content of a JSON file.
        texts: the language in which provenance is written down.
        given: what whoever imports it knows.

    Raises:
        Problem: it is no questionnaire.
    """
    data = read_resource(raw, "Questionnaire")
    if sum(1 for _ in every(data.get("item", []))) > MOST_QUESTIONS:
        raise Problem("exchange.too_many", most=MOST_QUESTIONS)
    report = Report()
    wordings = Wordings(language_of(data, report), report)
    form = _Form(data, Draft(wordings, report, texts, given))
    form.read()
    return form.draft.finished(source_of(data, wordings.base))


class _Form:
    """Goes through the items of a questionnaire."""

    def __init__(self, data: Json, draft: Draft) -> None:
        self.draft = draft
        self._data = data
        self._items: list[Json] = data.get("item", [])
        self._contained: list[Json] = data.get("contained", [])
        self._is_ours = str(data.get("url") or "").startswith(INSTRUMENT)
        self._has_words = not is_structure(data)
        self._later: list[tuple[Json, Place]] = []
        self._variables: dict[str, str] = dict(map(expression_of, extensions(data, VARIABLE)))

    def read(self) -> None:
        """Take up everything."""
        self._check()
        self._walk(self._items, Place((), (), {}))
        for item, place in self._later:
            with refusing(self.draft, str(item["linkId"])):
                self._calculated(item, place, last=True)

    def _check(self) -> None:
        report = self.draft.report
        for link, count in Counter(str(item["linkId"]) for item in every(self._items)).items():
            if count > 1:
                report.add("refused", "exchange.link_twice", link)
        if self._data.get("modifierExtension") or self._data.get("implicitRules"):
            report.add("refused", "exchange.modifier")
        if self._data.get("status") not in {"active", "draft", None}:
            report.add("changed", "exchange.status", status=str(self._data["status"]))
        if any(codes_of(item.get("code", [])) for item in every(self._items)):
            report.add("changed", "exchange.codes_unchecked")
        for name in sorted(self._data.keys() - _FORM):
            report.add("changed", "exchange.field", "$", name=name)
        for one in self._data.get("extension", []):
            if one["url"] != VARIABLE:
                report.add("changed", "exchange.extension", "$", name=_last(one["url"]))

    # ---- down the tree ----

    def _walk(self, items: list[Json], place: Place) -> None:
        for item in items:
            if item["linkId"] != FIRST:
                with refusing(self.draft, str(item["linkId"])):
                    self._one(item, place)

    def _one(self, item: Json, place: Place) -> None:
        link, kind = str(item["linkId"]), item["type"]
        calculated = extension(item, CALCULATED)
        if extension(item, HIDDEN) is True and not calculated:
            self.draft.report.add("lost", "exchange.hidden", link)
            return
        self._tell(item)
        if item.get("modifierExtension"):
            raise Refusal("exchange.modifier")
        if kind == "display":
            self._display(item)
            return
        place = self._inside(item, place)
        if kind == "group":
            self._group(item, place)
        elif calculated:
            self._calculated(item, place)
        else:
            self._question(item, place)

    def _tell(self, item: Json) -> None:
        """Write down what is not taken over of an item that is."""
        link, report = str(item["linkId"]), self.draft.report
        for name in _LEFT_OUT & item.keys():
            report.add("lost" if name == "initial" else "changed", f"exchange.field_{name}", link)
        answered = {"readOnly"} if extension(item, CALCULATED) else set()
        for name in sorted(item.keys() - _ITEM - _LEFT_OUT - answered):
            report.add("changed", "exchange.field", link, name=name)
        if any(option.get("initialSelected") for option in item.get("answerOption", [])):
            report.add("lost", "exchange.field_initial", link)
        for one in item.get("extension", []):
            name = _last(one["url"])
            if not name.endswith(_OWN_EXTENSIONS) and not (one["url"] == CONTROL or one["url"] == TRANSLATION):
                report.add("changed", "exchange.extension", link, name=name)

    def _inside(self, item: Json, place: Place) -> Place:
        """The place with the conditions of an item."""
        place = place.asking(read_conditions(item, place.known))
        for one in extensions(item, ENABLE_WHEN):
            place = place.asking(self._paths(item, place).translated(expression_of(one)[1]))
        return place

    def _paths(self, item: Json, place: Place) -> Paths:
        variables = {**self._variables, **self._above(item)}
        return Paths(self._items, place.known, str(item["linkId"]), variables)

    def _above(self, item: Json) -> dict[str, str]:
        """The variables of an item and of the groups that it is in."""
        found: dict[str, str] = {}
        for one in (*self._groups_of(item, self._items), item):
            found.update(map(expression_of, extensions(one, VARIABLE)))
        return found

    def _groups_of(self, item: Json, items: list[Json]) -> list[Json]:
        for one in items:
            inner = one.get("item", [])
            if any(child is item for child in inner):
                return [one]
            if further := self._groups_of(item, inner):
                return [one, *further]
        return []

    def _display(self, item: Json) -> None:
        text = self.draft.wordings.text(words(item, "text", self.draft.wordings.base), str(item["linkId"]))
        if item.get("enableWhen"):
            self.draft.report.add("changed", "exchange.display_condition", str(item["linkId"]))
        self.draft.announce(text)

    def _group(self, item: Json, place: Place) -> None:
        base = self.draft.wordings.base
        title = self.draft.wordings.text(words(item, "text", base), str(item["linkId"]))
        if item.get("repeats"):
            self._repeated(item, title, place)
            return
        if item["linkId"] == SCORES:
            title = None
        inner = list(item.get("item", []))
        leading: list[Text] = []
        while inner and inner[0]["type"] == "display" and not inner[0].get("enableWhen"):
            text = self.draft.wordings.text(words(inner[0], "text", base), str(inner.pop(0)["linkId"]))
            leading += [text] if text else []
        self._walk(inner, place.inside(Heading(str(item["linkId"]).removeprefix(SECTION), title, together(leading))))

    def _repeated(self, item: Json, title: Text | None, place: Place) -> None:
        """A group that is filled in as often as needed."""
        with rows(self.draft, place, str(item["linkId"])) as inner:
            self._walk(item.get("item", []), inner)
        least, most = _rows(item)
        common = self._common(item, place, title)
        self._take(item, Group(**common, items=tuple(inner.cells or ()), least=least, most=most), place)

    # ---- items ----

    def _question(self, item: Json, place: Place) -> None:
        kind = item["type"]
        if kind not in {"choice", "open-choice"} | _NUMBERS | _PLAIN:
            raise Refusal("exchange.unknown_type", type=str(kind))
        common = self._common(item, place, None)
        if kind in {"choice", "open-choice"}:
            answers = read_answers(item, self._contained, self.draft, has_words=self._has_words)
            made, known = choice(item, common, answers, self.draft)
        elif kind in _NUMBERS:
            made, known = numeral(item, common, self.draft)
        else:
            made, known = plain(item, common, self.draft)
        if item.get("repeats") and kind not in {"choice", "open-choice"}:
            made, known = self._single_column(item, made, place)
        self._take(item, made, place, known)
        if kind == "open-choice":
            take(self.draft, open_choice(made, self.draft), place)
        if item.get("item"):
            self._below(item, known, place)

    def _single_column(self, item: Json, made: Item, place: Place) -> tuple[Item, Known]:
        """A question that may have several answers, as rows of one."""
        if place.cells is not None:
            raise Refusal("exchange.rows_in_rows")
        self.draft.report.add("changed", "exchange.several_answers", str(item["linkId"]))
        cell = msgspec.structs.replace(made, required=True, visible_if=None, help=None, codes={})
        common: dict[str, Any] = {
            name: getattr(made, name) for name in ("id", "text", "help", "required", "visible_if", "codes")
        }
        least, most = _rows(item)
        several = Group(**common, items=(cell,), least=least, most=most)  # type: ignore[arg-type] # choices are told apart
        return several, Known(made.id, "group")

    def _below(self, item: Json, known: Known, place: Place) -> None:
        """Questions that belong to the answer of another: they follow it, and are asked where there is one."""
        inner = [one for one in item["item"] if not _is_help(one)]
        if inner and known.kind == "group":
            raise Refusal("exchange.rows_in_rows")
        if any(one["type"] != "display" for one in inner):
            self.draft.report.add("changed", "exchange.questions_below", str(item["linkId"]))
        answered = Call("answered", (Name(known.id),))
        self._walk(inner, place.asking(answered))

    def _take(self, item: Json, made: Item, place: Place, known: Known | None = None) -> None:
        place.known[str(item["linkId"])] = known or Known(made.id, "group")
        take(self.draft, made, place)

    def _common(self, item: Json, place: Place, title: Text | None) -> dict[str, Any]:
        """What all kinds of items have."""
        link, wordings = str(item["linkId"]), self.draft.wordings
        text = title or wordings.text(words(item, "text", wordings.base), link)
        if text is None and item.get("code") and item["code"][0].get("display"):
            text = wordings.text(words(item["code"][0], "display", wordings.base), link)
        if text is None and self._has_words:
            self.draft.report.add("changed", "exchange.no_text", link)
            text = wordings.text({wordings.base: link}, link)
        own = link.removeprefix(f"{place.group}/")
        name = self.draft.names.new(own)
        codes = codes_of(item.get("code", []))
        return {
            "id": name,
            "text": text,
            "help": together([*self.draft.announced(), *self._help(item)]),
            "required": bool(item.get("required")),
            "visible_if": visible(self.draft, place),
            "codes": codes if name == own else {**codes, LINK_ID: link},
        }

    def _help(self, item: Json) -> Iterator[Text]:
        for one in item.get("item", []):
            if _is_help(one):
                text = self.draft.wordings.text(words(one, "text", self.draft.wordings.base), str(one["linkId"]))
                if text:
                    yield text

    def _calculated(self, item: Json, place: Place, *, last: bool = False) -> None:
        """A value that nobody is asked for."""
        if place.cells is not None:
            raise Refusal("exchange.computed_in_rows")
        link = str(item["linkId"])
        try:
            tree = self._paths(item, place).translated(expression_of(extensions(item, CALCULATED)[0])[1])
        except Later:
            if last:
                raise
            self._later.append((item, place))
            return
        common = self._common(item, place, None)
        places = number(item, DECIMALS)
        decimals = (
            0
            if item["type"] == "integer"
            else _DECIMALS
            if places is None
            else min(max(int(places), 0), _MOST_DECIMALS)
        )
        common["text"] = common["text"] or self.draft.own("exchange.untitled")
        computed = Computed(**{**common, "required": True}, value=" ", decimals=decimals)
        source = str(extension(item, NOTE) or "")
        is_score = any(heading.name == SCORES for heading in place.chain)
        low, high = limits_of(item)
        limits = (low, high) if is_score and low is not None and high is not None else None
        # What we wrote down as an item was one.
        self.draft.add_value(
            computed, tree, place.chain, source=source, limits=limits, is_item=self._is_ours and not is_score
        )
        place.known[link] = Known(computed.id, "truth" if item["type"] == "boolean" else "number")


def _last(url: str) -> str:
    return url.rpartition("/")[2].removeprefix("questionnaire-").removeprefix("sdc-questionnaire-")


def _is_help(item: Json) -> bool:
    control = extension(item, CONTROL) or {}
    return item["type"] == "display" and any(one.get("code") == "help" for one in control.get("coding", []))


def _rows(item: Json) -> tuple[int, int]:
    """How many rows there have to be, and may be."""
    most = max(1, min(int(number(item, MOST) or _DEFAULT_ROWS), MOST_ROWS))
    return max(0, min(int(number(item, LEAST) or 0), most)), most
