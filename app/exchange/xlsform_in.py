"""An XLSForm as a definition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.errors import Problem
from app.exchange.about import MOST_QUESTIONS, Given, Heading, Source
from app.exchange.draft import Draft
from app.exchange.known import Known
from app.exchange.place import Place, condition, refusing, rows, take, together, visible
from app.exchange.report import Imported, Refusal, Report
from app.exchange.wordings import Wordings, guess, tag
from app.exchange.xlsform_limits import limited
from app.exchange.xlsform_paths import XPaths
from app.exchange.xlsform_workbook import Json, read_workbook
from app.instruments.items import MOST_ROWS, Choice, Computed, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.parts import Option, Text
from app.texts import Texts

_FARTHEST = 999_999_999
_ROWS, _PLACES, _VALUE_PLACES, _LINES, _LONGEST = 20, 4, 2, 4, 2000
_CHOICES = {
    "select one": False,
    "select one using radio": False,
    "select all that apply": True,
    "select multiple": True,
}
_WORDS = {"text", "string", "q string"}
_NUMBERS = {"integer": 0, "int": 0, "decimal": _PLACES, "range": _PLACES}
_METADATA = {
    *("start", "end", "today", "deviceid", "username", "phonenumber", "email", "audit", "subscriberid", "simserial"),
    *(
        "simid",
        "imei",
        "uri:deviceid",
        "uri:username",
        "uri:email",
        "uri:phonenumber",
        "start-geopoint",
        "background-audio",
    ),
}
_DEFAULT = "default"
_MADE_BY_PYXFORM = "reserved_name_for_field_list_labels"
_CELLS = {
    *(
        "type",
        "name",
        "label",
        "hint",
        "guidance_hint",
        "bind",
        "control",
        "children",
        "choices",
        "itemset",
        "list_name",
    ),
    *("parameters", "default", "media", "trigger", "actions", "choice_filter", "query", "columns"),
}
_BIND = {"relevant", "required", "constraint", "calculate", "readonly", "type"}
_CONTROL = {"appearance", "jr:count", "bodyless"}
_PARAMETERS = {"start", "end", "step"}
_SAYS_NOTHING = {"data", "form", ""}
_ROW = re.compile(r"\[row : (\d+)\] (?:On the '(\w+)' sheet, )?")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_VALUE = re.compile(r"\$\{[^}]*\}")
_YES, _NO = {"yes", "true", "true()", "1"}, {"", "no", "false", "false()", "0"}


def import_xlsform(raw: bytes, texts: Texts, given: Given) -> Imported:
    """Read an XLSForm workbook.

    Args:
        raw: the content of an .xlsx file.
        texts: the language in which provenance is written down.
        given: what whoever imports it knows.

    Raises:
        Problem: it is no XLSForm.
    """
    workbook = read_workbook(raw)
    if len(workbook.rows) > MOST_QUESTIONS:
        raise Problem("exchange.too_many", most=MOST_QUESTIONS)
    report = Report()
    form = workbook.form
    base = _base(form, report)
    draft = Draft(Wordings(base, report), report, texts, given)
    reader = _Form(draft, form, workbook.rows)
    reader.walk(form.get("children", []), Place((), (), {}))
    for warning in workbook.warnings:
        row = _ROW.match(warning)
        place = f"{row[2] or 'survey'}!{row[1]}" if row else ""
        report.add("changed", "exchange.pyxform_says", place, warning=" ".join(_ROW.sub("", warning).split()))
    stem = given.file.rpartition(".")[0] or given.file
    title = form.get("title") or ""
    title = stem if title in _SAYS_NOTHING or title == form.get("name") else title
    name = str(form.get("id_string") or "")
    return draft.finished(
        Source(
            format="XLSForm",
            names=("" if name in _SAYS_NOTHING else name, title),
            title={base: title},
            version=str(form["version"]) if form.get("version") else None,
        )
    )


def _base(form: Json, report: Report) -> str:
    """The language that all texts are in: the one that the form calls its own, or the first that we know."""
    stated = tag(str(form.get("default_language") or ""))
    if stated:
        return stated
    labels = list(_labels(form))
    for label in labels:
        for language in label if isinstance(label, dict) else ():
            if found := tag(language):
                return found
    found = guess(str(label) for label in labels)
    report.add("changed", "exchange.language_guessed", language=found)
    return found


def _labels(part: Json) -> Iterator[Any]:
    for child in part.get("children", []):
        if child.get("label"):
            yield child["label"]
        yield from _labels(child)


class _Form:
    """Goes through the questions of a form.

    Args:
        draft: takes them up.
        form: as pyxform has it.
        sheet: names on the sheet ``survey`` with their rows.
    """

    def __init__(self, draft: Draft, form: Json, sheet: tuple[tuple[int, str], ...]) -> None:
        self._draft = draft
        self._sheet = sheet
        self._reached = 0
        self._lists: Mapping[str, list[Json]] = form.get("choices") or {}
        self._values: dict[str, dict[str, int]] = {}
        self._sets: dict[str, list[Option]] = {}

    def walk(self, children: list[Json], place: Place) -> None:
        """Take up questions in their order."""
        for child in children:
            if str(child.get("name")) == "meta" or str(child.get("name")).startswith(_MADE_BY_PYXFORM):
                continue
            name = self._place(child)
            with refusing(self._draft, name, str(child.get("name", ""))):
                self._one(child, name, place)

    def _place(self, child: Json) -> str:
        """Where something stands, as a spreadsheet program would say it."""
        name = str(child.get("name", ""))
        for at in range(self._reached, len(self._sheet)):
            if self._sheet[at][1] == name:
                self._reached = at + 1
                return f"survey!{self._sheet[at][0]} {name}"
        return name

    def _one(self, child: Json, name: str, place: Place) -> None:
        kind, bind = str(child["type"]), child.get("bind") or {}
        if kind in _METADATA or (kind == "hidden" and not bind.get("calculate")):
            self._draft.report.add("changed", "exchange.metadata", name)
            return
        self._tell(child, name)
        if bind.get("relevant"):
            place = place.asking(XPaths(place.known).condition(str(bind["relevant"])))
        if kind == "group":
            self._group(child, name, place)
        elif kind == "repeat":
            self._repeated(child, name, place)
        elif kind == "note":
            self._note(child, name, place)
        elif bind.get("calculate"):
            self._calculated(child, name, place)
        else:
            self._question(child, name, place)

    def _tell(self, child: Json, name: str) -> None:
        report, control = self._draft.report, child.get("control") or {}
        if child.get("default"):
            report.add("lost", "exchange.field_initial", name)
        if child.get("media"):
            report.add("lost", "exchange.media", name)
        names = {*(child.keys() - _CELLS), *((child.get("bind") or {}).keys() - _BIND), *(control.keys() - _CONTROL)}
        for other in sorted({*names, *(_parameters(child).keys() - _PARAMETERS)}):
            report.add("changed", "exchange.field", name, name=other)
        if child.get("trigger") or child.get("actions"):
            raise Refusal("exchange.no_such_function", name="trigger")
        if control.get("jr:count") and not str(control["jr:count"]).isdecimal():
            report.add("lost", "exchange.repeat_count", name)

    def _words(self, part: Json, field: str, name: str) -> Text | None:
        """A text of a question, without the signs of markup."""
        said = part.get(field) or {}
        base, kept = self._draft.wordings.base, dict[str, str]()
        for language, words in (said if isinstance(said, dict) else {_DEFAULT: said}).items():
            known = base if language == _DEFAULT else tag(language)
            if known is None:
                self._draft.report.add("lost", "exchange.language_left_out", name, language=language)
                continue
            if _VALUE.search(str(words)):
                self._draft.report.add("changed", "exchange.text_with_value", name)
            kept.setdefault(known, _VALUE.sub("…", _TAG.sub("", str(words))))
        return self._draft.wordings.text(kept, name)

    def _note(self, child: Json, name: str, place: Place) -> None:
        if len(place.conditions) > 0:
            self._draft.report.add("changed", "exchange.display_condition", name)
        self._draft.announce(self._words(child, "label", name))

    def _group(self, child: Json, name: str, place: Place) -> None:
        inner = list(child.get("children", []))
        title, leading = self._words(child, "label", name), list[Text]()
        while inner and inner[0]["type"] == "note" and not (inner[0].get("bind") or {}).get("relevant"):
            note = inner.pop(0)
            text = self._words(note, "label", self._place(note))
            leading += [text] if text else []
        self.walk(inner, place.inside(Heading(str(child.get("name", "")), title, together(leading))))

    def _repeated(self, child: Json, name: str, place: Place) -> None:
        count = str((child.get("control") or {}).get("jr:count") or "")
        exactly = min(int(count), MOST_ROWS) if count.isdecimal() else 0
        with rows(self._draft, place) as inner:
            self.walk(child.get("children", []), inner)
        common = self._common(child, name, place)
        made = Group(**common, items=tuple(inner.cells or ()), least=exactly, most=exactly or _ROWS)
        self._take(child, made, place, Known(made.id, "group"))

    # ---- questions ----

    def _question(self, child: Json, name: str, place: Place) -> None:
        kind = str(child["type"])
        if kind in _CHOICES:
            item, known = self._choice(child, name, place, several=_CHOICES[kind])
        elif kind in _NUMBERS:
            common = self._common(child, name, place)
            item, known = _numeral(child, common, _NUMBERS[kind]), Known(common["id"], "number")
        elif kind == "date":
            common = self._common(child, name, place)
            item, known = Day(**common), Known(common["id"], "date")
        elif kind in _WORDS:
            common = self._common(child, name, place)
            lines = _LINES if "multiline" in str((child.get("control") or {}).get("appearance", "")) else 1
            item, known = Words(**common, lines=lines, longest=_LONGEST), Known(common["id"], "text")
        else:
            raise Refusal("exchange.unknown_type", type=kind)
        self._take(child, self._constrained(child, item, known, name), place, known)

    def _take(self, child: Json, made: Item, place: Place, known: Known) -> None:
        place.known[str(child["name"])] = known
        take(self._draft, made, place)

    def _constrained(self, child: Json, item: Item, known: Known, name: str) -> Item:
        constraint = str((child.get("bind") or {}).get("constraint") or "")
        try:
            item = limited(item, constraint, known) if constraint else item
        except Refusal as refusal:
            # The question can be asked without it.
            self._draft.refuse(name, refusal)
        if isinstance(item, Quantity) and _FARTHEST in {item.high, -item.low}:
            self._draft.report.add("changed", "exchange.no_limits", name, most=_FARTHEST)
        return item

    def _choice(self, child: Json, name: str, place: Place, *, several: bool) -> tuple[Item, Known]:
        listed = str(child.get("list_name") or child.get("itemset") or "")
        if child.get("choice_filter"):
            raise Refusal("exchange.choice_filter")
        if listed not in self._lists or child.get("query"):
            raise Refusal("exchange.list_elsewhere", list=listed or "—")
        if listed not in self._sets:
            self._sets[listed] = self._options(listed)
        made = self._draft.options(self._sets[listed], listed)
        common = self._common(child, name, place)
        values = self._values[listed]
        if several:
            return Multiple(**common, options=made), Known(common["id"], "multiple", values)
        return Choice(**common, options=made, scored=False), Known(common["id"], "choice", values, weighs=True)

    def _options(self, listed: str) -> list[Option]:
        """A list of choices: their names as values where those are numbers, otherwise numbered in their order."""
        choices = self._lists[listed]
        place = f"choices ({listed})"
        names = [str(choice.get("name", "")) for choice in choices]
        if len({*names}) < len(names):
            raise Refusal("exchange.list_twice", list=listed)
        if all(re.fullmatch(r"0|-?[1-9][0-9]{0,8}", name) for name in names):
            values = {name: int(name) for name in names}
        else:
            values = {name: number for number, name in enumerate(names, 1)}
            told = "; ".join(f"{name} = {value}" for name, value in list(values.items())[:20])
            self._draft.report.add("changed", "exchange.names_numbered", place, names=told)
        self._values[listed] = values
        options = []
        for choice, name in zip(choices, names, strict=True):
            text = self._words(choice, "label", place) or self._draft.wordings.text(
                {self._draft.wordings.base: name}, place
            )
            codes = {} if name == str(values[name]) else {"xlsform": name}
            options.append(Option(value=values[name], text=text, codes=codes))
            if choice.get("media"):
                self._draft.report.add("lost", "exchange.media", place)
        return options

    def _common(self, child: Json, name: str, place: Place) -> dict[str, Any]:
        """What all kinds of items have."""
        text = self._words(child, "label", name)
        if text is None:
            self._draft.report.add("changed", "exchange.no_text", name)
            text = self._draft.wordings.text({self._draft.wordings.base: str(child["name"])}, name)
        hints = [hint for field in ("hint", "guidance_hint") if (hint := self._words(child, field, name))]
        required = str((child.get("bind") or {}).get("required") or "").strip()
        own = self._draft.names.new(str(child["name"]))
        common: dict[str, Any] = {
            "id": own,
            "codes": {} if own == child["name"] else {"xlsform": str(child["name"])},
            "text": text,
            "help": together([*self._draft.announced(), *hints]),
            "required": required.lower() in _YES,
            "visible_if": visible(self._draft, place),
        }
        if required.lower() not in _YES | _NO:
            common["required_if"] = condition(self._draft, place, XPaths(place.known).condition(required))
        return common

    def _calculated(self, child: Json, name: str, place: Place) -> None:
        """A value that nobody is asked for."""
        if place.cells is not None:
            raise Refusal("exchange.computed_in_rows")
        tree, kind = XPaths(place.known).value(str(child["bind"]["calculate"]))
        if kind == "nothing":
            raise Refusal("exchange.xpath_kinds")
        bare = {**child, "bind": {}, "label": child.get("label") or str(child["name"])}
        computed = Computed(**{**self._common(bare, name, place), "required": True}, value=" ", decimals=_VALUE_PLACES)
        self._draft.add_value(computed, tree, place.chain)
        place.known[str(child["name"])] = Known(computed.id, kind)  # type: ignore[arg-type] # of a value: the same words


def _numeral(child: Json, common: dict[str, Any], decimals: int) -> Quantity:
    parameters = _parameters(child)
    low, high = _limit(parameters.get("start"), -_FARTHEST), _limit(parameters.get("end"), _FARTHEST)
    if child["type"] == "range":
        low, high = _limit(parameters.get("start"), 1), _limit(parameters.get("end"), 10)
        whole = all("." not in str(value) for value in parameters.values())
        decimals = 0 if whole else decimals
    if low >= high:
        raise Refusal("exchange.limits_crossed")
    return Quantity(**common, low=low, high=high, decimals=decimals)


def _parameters(child: Json) -> Json:
    """The column parameters; where pyxform makes nothing of it, as it stands."""
    stated = child.get("parameters") or {}
    return stated if isinstance(stated, dict) else {str(stated): ""}


def _limit(stated: Any, otherwise: int) -> int | float:
    try:
        number = float(stated)
    except (TypeError, ValueError):
        return otherwise
    return int(number) if number.is_integer() else number
