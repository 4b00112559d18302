"""Definitions go through FHIR and come back with their items, options, order and scores; no file makes the readers stumble."""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem
from app.exchange.about import Given
from app.exchange.fhir_answers import read_responses
from app.exchange.fhir_in import import_fhir
from app.exchange.fhir_out import export_fhir
from app.exchange.fhir_responses import Filled, write_responses
from app.exchange.known import Known
from app.exchange.ours import read, write
from app.exchange.report import Imported, Refusal, said
from app.exchange.tree import Binary, Call, Name, Node, Number, Text, Truth, Unary
from app.exchange.xlsform_paths import XPaths
from app.instruments.definition import Definition, parse_definition
from app.instruments.expressions import BadExpression, parse
from app.instruments.items import Choice, Computed, Group, Multiple, Quantity
from app.instruments.scoring import score
from app.texts import Texts
from tests.effort import examples

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

TEXTS = Texts.load("en")
GIVEN = Given("form.json", dt.date(2026, 11, 21), owner="o", licence="l")


def imported(resource: Any) -> Imported:
    return import_fhir(json.dumps(resource).encode(), TEXTS, GIVEN)


def tried(what: Callable[[], T], expected: type[E]) -> tuple[T | None, E | None]:
    """What came of something, or the one kind of error that it may end with."""
    try:
        return what(), None
    except expected as error:
        return None, error


# ---- definitions ----

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
TEXT = st.fixed_dictionaries({"zh-CN": WORDS, "en": WORDS})


@st.composite
def option_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    values = draw(st.lists(st.integers(-3, 9), min_size=2, max_size=5, unique=True))
    return [{"value": value, "text": draw(TEXT)} for value in values]


@st.composite
def cells(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """An item of some kind that is not computed and no group."""
    item: dict[str, Any] = {"id": name, "text": draw(TEXT), "required": draw(st.booleans())}
    if draw(st.booleans()):
        item["help"] = draw(TEXT)
    match draw(st.sampled_from(("choice", "choice", "multiple", "number", "date", "text"))):
        case ("choice" | "multiple") as kind:
            item |= {"kind": kind, "options": draw(st.sampled_from(("a", "b")))}
        case "number":
            low = draw(st.integers(-50, 50))
            item |= {
                "kind": "number",
                "from": low,
                "to": low + draw(st.integers(1, 100)),
                "decimals": draw(st.sampled_from((0, 2))),
            }
        case kind:
            item["kind"] = kind
    return {**item, "scored": False} if item["kind"] in {"choice", "number"} else item


@st.composite
def conditions(draw: st.DrawFn, before: list[dict[str, Any]], options: dict[str, list[int]]) -> str:
    """A condition that `enableWhen` can say, on an item that came before."""
    item = draw(st.sampled_from(before))
    name = f"${{{item['id']}}}"
    forms = [f"answered({name})", f"not answered({name})"]
    if item["kind"] in {"choice", "multiple"}:
        value = draw(st.sampled_from(options[item["options"]]))
        forms += [f"{name} = {value}"] if item["kind"] == "choice" else [f"chosen({name}, {value})"]
        forms += [f"not answered({name}) or {name} != {value}"] if item["kind"] == "choice" else []
    elif item["kind"] == "number":
        forms.append(f"{name} >= {item['from'] + 1}")
    return draw(st.sampled_from(forms))


@st.composite
def scores(draw: st.DrawFn, items: list[dict[str, Any]], options: dict[str, list[int]]) -> list[dict[str, Any]]:
    """A score of some of the items, which are scored from then on."""
    possible = [one for one in items if one["kind"] in {"choice", "number"}]
    if len(possible) < 2 or not draw(st.booleans()):
        return []
    counted = draw(st.lists(st.sampled_from(possible), min_size=2, max_size=6, unique_by=lambda one: str(one["id"])))
    # A file in the format of others has no other order than that of its form.
    counted.sort(key=possible.index)
    method = draw(st.sampled_from(("sum", "sum", "mean")))
    weighted = {one["id"]: 2 for one in counted if draw(st.integers(0, 3)) == 0}
    spans = []
    for one in counted:
        values = options[one["options"]] if one["kind"] == "choice" else [one["from"], one["to"]]
        weight, asked = weighted.get(one["id"], 1), "visible_if" not in one
        low, high = (min(values), max(values)) if asked else (min(*values, 0), max(*values, 0))
        spans.append(sorted((low * weight, high * weight)))
    total = [sum(span[side] for span in spans) for side in (0, 1)]
    if method == "mean":
        # The mean of those that are asked is a rule that FHIRPath has no words for.
        if any("visible_if" in one for one in counted):
            method = "sum"
        else:
            total = [round(one / len(counted), 2) for one in total]
    decimals = 2 if method == "mean" or any(one.get("decimals") for one in counted) else 0
    if total[0] >= total[1] or (method == "mean" and weighted):
        return []
    for one in counted:
        one |= {"scored": True, "required": True}
        if one["kind"] == "choice":
            one["reverse"] = draw(st.integers(0, 3)) == 0
    return [
        {
            "id": "total",
            "title": draw(TEXT),
            "items": [one["id"] for one in counted],
            "method": method,
            "weights": weighted,
            "decimals": decimals,
            "range": total,
            "source": "made up",
        }
    ]


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    sets = {"a": draw(option_sets()), "b": draw(option_sets())}
    options = {name: [one["value"] for one in found] for name, found in sets.items()}
    items: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 7))):
        item = draw(cells(f"q{number}"))
        if items and draw(st.integers(0, 2)) == 0:
            item["visible_if"] = draw(conditions(items, options))
        items.append(item)
    if draw(st.booleans()):
        inner = [draw(cells(f"c{number}")) for number in range(draw(st.integers(1, 3)))]
        items.append(
            {"id": "rows", "kind": "group", "text": draw(TEXT), "items": inner, "least": draw(st.integers(0, 2))}
        )
    found = draw(scores([one for one in items if one["kind"] != "group"], options))
    data = {
        "format": 1,
        "id": "made-up",
        "version": "1.2.3",
        "type": "instrument" if found else "form",
        "short_title": "Made up",
        "title": draw(TEXT),
        "copyright": {
            "owner": "o",
            "wording": "full",
            "statement": "s",
            "evidence": "e",
            "evidence_date": "2026-11-21",
            "translations": {name: {"made_by": "m", "source": "s", "evidence": "e"} for name in ("zh-CN", "en")},
        },
        "population": draw(TEXT),
        "respondent": "guardian",
        "mode": "interview",
        "option_sets": {name: found for name, found in sets.items() if any(name in _sets_of(one) for one in items)},
        "items": items,
        "scores": found,
    }
    if draw(st.booleans()):
        data["sections"] = [{"id": "s1", "title": draw(TEXT)}]
        for one in items:
            one["section"] = "s1"
    return parse_definition(json.dumps(data).encode())


def _sets_of(item: dict[str, Any]) -> set[str]:
    return {str(one["options"]) for one in (item, *item.get("items", [])) if "options" in one}


def shape(item: Any) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(item)
    for name in ("options", "lines", "visible_if"):
        data.pop(name, None)
    return {**data, "items": [shape(cell) for cell in item.items]} if isinstance(item, Group) else data


def some_answers(data: st.DataObject, definition: Definition) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for item in definition.items:
        if isinstance(item, Computed | Group) or data.draw(st.integers(0, 9)) == 0:
            continue
        values = [option.value for option in definition.options(item)]
        match item:
            case Choice():
                answers[item.id] = data.draw(st.sampled_from(values))
            case Multiple():
                answers[item.id] = sorted(data.draw(st.sets(st.sampled_from(values))))
            case Quantity():
                answers[item.id] = data.draw(st.integers(int(item.low), int(item.high)))
            case _:
                answers[item.id] = "2026-01-02"
    return answers


@examples(40)
@given(st.data())
def test_a_definition_goes_through_fhir_and_comes_back(data: st.DataObject) -> None:
    definition = data.draw(definitions())
    exported = export_fhir(definition, data.draw(st.sampled_from(("zh-CN", "en"))))
    assert exported.resource is not None, exported.notes
    result = imported(exported.resource)
    again = result.definition
    assert again is not None, result.notes
    assert [shape(item) for item in again.items] == [shape(item) for item in definition.items]
    for one, other in zip(again.items, definition.items, strict=True):
        assert again.options(one) == definition.options(other)
    assert again.scores == definition.scores
    assert (again.title, again.population, again.sections) == (
        definition.title,
        definition.population,
        definition.sections,
    )
    # Conditions may be said in other words; what is asked, and what comes of it, is the same.
    answers = some_answers(data, definition)
    assert score(again, answers) == score(definition, answers)


@examples(25)
@given(st.data())
def test_answers_go_through_fhir_and_come_back(data: st.DataObject) -> None:
    definition = data.draw(definitions())
    answers = some_answers(data, definition)
    outcome = score(definition, answers)
    form = Filled("1", "2026-10-12", answers, outcome.status == "complete", outcome.scores)
    (response,) = read_responses(json.dumps(write_responses(definition, [form], "en")).encode(), definition)
    assert (response.faults, response.answers) == ((), answers)


# ---- files that nobody foresaw ----

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "1", "choice", "group", "="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["linkId", "type", "item", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(part: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [way] if way else []
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return found + [place for name, value in inner for place in places(value, (*way, name))]


@examples(50)
@given(st.data())
def test_a_damaged_questionnaire_is_read_or_refused_in_a_sentence(data: st.DataObject) -> None:
    resource = json.loads(json.dumps(export_fhir(data.draw(definitions()), "en").resource))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(resource)))
        part = resource
        for name in way:
            part = part[name]
        if data.draw(st.booleans()):
            part[last] = data.draw(JSON)
        else:
            del part[last]
    result, problem = tried(lambda: imported(resource), Problem)
    if problem:
        assert TEXTS.problem(problem)
    if result:
        assert all(said(note, TEXTS) for note in result.notes)
        assert result.definition or any(note.severity == "refused" for note in result.notes)


# ---- expressions ----

NAMES = {
    "n": Known("n", "number"),
    "a": Known("a", "choice", {"1": 1, "2": 2}),
    "m": Known("m", "multiple", {"x": 1}),
    "t": Known("t", "text"),
    "d": Known("d", "date"),
}
PIECES = [
    "${n}",
    "${a}",
    "${m}",
    "${t}",
    "${d}",
    "'x'",
    "'1'",
    "''",
    "3",
    "2.5",
    "(",
    ")",
    "and",
    "or",
    "not(",
    "=",
    "!=",
    "<",
    ">=",
    "+",
    "-",
    "*",
    "div",
    ",",
    "if(",
    "selected(",
    "round(",
    "sum(",
    "coalesce(",
    "today()",
    "int(",
    ".",
]


@examples(200)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=14))
def test_any_xpath_is_translated_into_an_expression_or_refused(pieces: list[str]) -> None:
    text = " ".join(pieces)
    types = {"n": "number", "a": "number", "m": "list", "t": "text", "d": "date", "@today": "date"}
    translated, refusal = tried(lambda: XPaths(NAMES).value(text), Refusal)
    ours, other = tried(lambda: write(translated[0]), Refusal) if translated else (None, refusal)
    if not translated or ours is None:
        assert other
        assert TEXTS(other.key, **other.values)
        return
    found, error = tried(lambda: parse(ours, types), BadExpression)  # type: ignore[arg-type]
    if found:
        assert found.type == {"truth": "boolean", "nothing": "text"}.get(translated[1], translated[1]), (text, ours)
    else:
        # What the translation leaves to the check of the definition.
        assert error
        assert error.reason == "expression.wrong_type", (text, ours)


LEAVES: st.SearchStrategy[Node] = st.sampled_from(
    [
        Name("n"),
        Name("a"),
        Number(Decimal("2.5")),
        Text("x"),
        Truth(value=True),
    ]
)


def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    signs = st.sampled_from(["+", "-", "*", "/", "=", "!=", "<", ">=", "and", "or"])
    return (
        st.builds(Binary, signs, inner, inner)
        | st.builds(Unary, st.sampled_from(["not", "-"]), inner)
        | st.builds(lambda one, two: Call("if", (one, two, one)), inner, inner)
    )


@examples(200)
@given(st.recursive(LEAVES, grown, max_leaves=8))
def test_a_tree_that_is_written_is_read_as_the_same_tree(tree: Node) -> None:
    text, _ = tried(lambda: write(tree), Refusal)
    assert text is None or write(read(text)) == text
