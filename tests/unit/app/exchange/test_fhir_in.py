"""FHIR questionnaires of other people: what is taken over, and that nothing is lost without a word."""

from typing import Any

import pytest

from app.errors import Problem
from app.exchange.fhir_in import import_fhir
from app.exchange.report import said
from app.instruments.items import Choice, Computed, Day, Group, Multiple, Quantity, Words
from app.instruments.scoring import score
from app.texts import LANGUAGES, Texts
from tests.unit.app.exchange.made import (
    CORE,
    GIVEN,
    TEXTS,
    calculated,
    choice,
    definition_of,
    option,
    questionnaire,
    read_fhir,
    told,
    variable,
)

HELP = {"coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": "help"}]}


def item(link: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"linkId": link, "type": kind, "text": f"question {link}", **fields}


def when(question: str, operator: str = "=", **answer: Any) -> dict[str, Any]:
    return {"question": question, "operator": operator, **answer}


def test_every_type_has_a_counterpart() -> None:
    limits = [{"url": CORE + "minValue", "valueInteger": 0}, {"url": CORE + "maxValue", "valueInteger": 24}]
    unit = [{"url": CORE + "questionnaire-unit", "valueCoding": {"code": "kg", "display": "kg"}}]
    definition = definition_of(
        read_fhir(
            questionnaire(
                choice("a"),
                choice("b", repeats=True),
                item("c", "boolean"),
                item("d", "integer", extension=limits),
                item("e", "quantity", extension=unit),
                item("f", "date"),
                item("g", "string", maxLength=40),
                item("h", "text"),
                {"linkId": "i", "type": "group", "repeats": True, "text": "rows", "item": [item("j", "string")]},
            )
        )
    )
    kinds = [type(one) for one in definition.items]
    assert kinds == [Choice, Multiple, Choice, Quantity, Quantity, Day, Words, Words, Group]
    hours, weight = definition.items[3:5]
    assert isinstance(hours, Quantity)
    assert (hours.low, hours.high, hours.decimals) == (0, 24, 0)
    assert isinstance(weight, Quantity)
    assert weight.unit == dict.fromkeys(LANGUAGES, "kg")
    assert (definition.items[6].longest, definition.items[7].lines) == (40, 4)  # type: ignore[union-attr]


@pytest.mark.parametrize("url", ["ordinalValue", "itemWeight"])
def test_what_an_answer_counts_is_its_value(url: str) -> None:
    answers = [option("a", "never", 3, url), option("b", "often", 0, url), option("c", "always", 7, url)]
    definition = definition_of(read_fhir(questionnaire(choice("1", answerOption=answers))))
    assert [one.value for one in definition.options(definition.items[0])] == [3, 0, 7]


def test_answers_without_numbers_are_numbered_and_the_report_says_so() -> None:
    imported = read_fhir(questionnaire(choice("1", (None, None, None))))
    definition = definition_of(imported)
    assert [one.value for one in definition.options(definition.items[0])] == [1, 2, 3]
    assert ("numbered", ("1",)) in told(imported, "changed")


def test_an_open_choice_asks_what_the_other_is() -> None:
    definition = definition_of(read_fhir(questionnaire({**choice("1"), "type": "open-choice"})))
    other = definition.items[1]
    assert isinstance(other, Words)
    assert other.visible_if == "${1} = 3"
    assert definition.options(definition.items[0])[-1].text == {"zh-CN": "其他", "en": "other"}


def test_answers_out_of_a_set_within_the_file() -> None:
    concepts = [
        {
            "code": str(number),
            "display": f"answer {number}",
            "extension": [{"url": CORE + "ordinalValue", "valueDecimal": number}],
        }
        for number in range(3)
    ]
    held = {
        "resourceType": "ValueSet",
        "id": "s",
        "status": "active",
        "compose": {"include": [{"system": "x", "concept": concepts}]},
    }
    question = item("1", "choice", answerValueSet="#s")
    definition = definition_of(read_fhir(questionnaire(question, contained=[held])))
    assert [one.value for one in definition.options(definition.items[0])] == [0, 1, 2]


def test_answers_elsewhere_refuse_the_question() -> None:
    imported = read_fhir(questionnaire(item("1", "choice", answerValueSet="http://example.invalid/vs")))
    assert imported.definition is None
    assert ("set_elsewhere", ("1",)) in told(imported, "refused")


def test_groups_become_sections_in_the_order_of_the_form() -> None:
    first = {"linkId": "g1", "type": "group", "text": "One", "item": [choice("1"), choice("2")]}
    inner = {"linkId": "g3", "type": "group", "text": "Three", "item": [choice("3")]}
    second = {"linkId": "g2", "type": "group", "text": "Two", "item": [inner, choice("4")]}
    definition = definition_of(read_fhir(questionnaire(first, second)))
    assert [one.title["en"] for one in definition.sections] == ["One", "Two · Three", "Two"]
    assert [(one.id, one.section) for one in definition.items] == [("1", "g1"), ("2", "g1"), ("3", "g3"), ("4", "g2")]


def test_words_that_nobody_answers_are_the_help_of_what_follows() -> None:
    lead = {"linkId": "d1", "type": "display", "text": "Read this."}
    own = {
        "linkId": "d2",
        "type": "display",
        "text": "Think.",
        "extension": [{"url": CORE + "questionnaire-itemControl", "valueCodeableConcept": HELP}],
    }
    definition = definition_of(read_fhir(questionnaire(choice("1"), lead, choice("2", item=[own]))))
    assert definition.items[0].help is None
    assert definition.items[1].help == dict.fromkeys(LANGUAGES, "Read this.\nThink.")


def test_translations_go_to_their_languages() -> None:
    nested = [{"url": "lang", "valueCode": "zh-Hans"}, {"url": "content", "valueString": "睡得好吗？"}]
    question = {
        **choice("1"),
        "text": "Do you sleep well?",
        "_text": {"extension": [{"url": CORE + "translation", "extension": nested}]},
    }
    definition = definition_of(read_fhir(questionnaire(question)))
    assert definition.items[0].text == {"zh-CN": "睡得好吗？", "en": "Do you sleep well?"}


def test_a_missing_language_is_filled_and_marked() -> None:
    imported = read_fhir(questionnaire(choice("1")))
    definition = definition_of(imported)
    assert definition.items[0].text == {"zh-CN": "question 1", "en": "question 1"}
    assert "No translation" in definition.copyright.translations["zh-CN"].evidence
    assert "No translation" not in definition.copyright.translations["en"].evidence
    assert ("no_translation", ()) in told(imported, "open")


def test_a_third_language_stays() -> None:
    definition = definition_of(read_fhir(questionnaire(choice("1"), language="de")))
    assert set(definition.title) == {"zh-CN", "en", "de"}


# ---- conditions ----


def shown_when(*whens: dict[str, Any], behaviour: str | None = None) -> str | None:
    behave: dict[str, Any] = {"enableBehavior": behaviour} if behaviour else {}
    asked = choice("2", enableWhen=list(whens), **behave)
    form = questionnaire(choice("1"), choice("m", repeats=True), item("n", "integer"), item("b", "boolean"), asked)
    return definition_of(read_fhir(form)).items[-1].visible_if


CODE = {"system": "urn:test", "code": "c1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (when("1", answerCoding=CODE), "${1} = 1"),
        (when("1", answerCoding={"code": "c1"}), "${1} = 1"),
        (when("1", "!=", answerCoding=CODE), "not answered(${1}) or ${1} != 1"),
        (when("m", answerCoding=CODE), "chosen(${m}, 1)"),
        (when("n", ">=", answerInteger=5), "${n} >= 5"),
        (when("b", answerBoolean=True), "${b} = 1"),
        (when("b", "exists", answerBoolean=False), "not answered(${b})"),
    ],
)
def test_a_condition_is_said_in_our_language(given: dict[str, Any], expected: str) -> None:
    assert shown_when(given) == expected


def test_several_conditions_hold_all_or_any() -> None:
    two = when("1", answerCoding=CODE), when("n", "<", answerInteger=3)
    assert shown_when(*two, behaviour="all") == "${1} = 1 and ${n} < 3"
    assert shown_when(*two, behaviour="any") == "${1} = 1 or ${n} < 3"


def test_answered_and_unlike_is_what_unlike_means_here() -> None:
    both = when("1", "exists", answerBoolean=True), when("1", "!=", answerCoding=CODE)
    assert shown_when(*both, behaviour="all") == "${1} != 1"


def test_a_group_hands_its_condition_down() -> None:
    group = {"linkId": "g", "type": "group", "enableWhen": [when("1", answerCoding=CODE)], "item": [choice("2")]}
    assert definition_of(read_fhir(questionnaire(choice("1"), group))).items[1].visible_if == "${1} = 1"


def test_questions_below_a_question_are_asked_once_it_is_answered() -> None:
    imported = read_fhir(questionnaire(choice("1", item=[choice("1.1")])))
    assert definition_of(imported).items[1].visible_if == "answered(${1})"
    assert ("questions_below", ("1",)) in told(imported, "changed")


@pytest.mark.parametrize(
    ("second", "key"),
    [
        ({"enableWhen": [when("9", answerCoding=CODE)]}, "unknown_question"),
        ({"enableWhen": [when("3", answerCoding=CODE)]}, "unknown_question"),
        ({"enableWhen": [when("2", answerCoding=CODE)]}, "unknown_question"),
        ({"enableWhen": [when("1", answerCoding={"code": "x"})]}, "unknown_option"),
        ({"enableWhen": [when("1", ">", answerCoding=CODE)]}, "unknown_operator"),
        ({"enableWhen": [when("1", answerString="x")]}, "unknown_option"),
        ({"enableWhen": [when("1", answerCoding=CODE), when("1", answerCoding=CODE)]}, "no_behaviour"),
        ({"modifierExtension": [{"url": "http://example.invalid/x", "valueBoolean": True}]}, "modifier"),
        ({"type": "attachment"}, "unknown_type"),
        ({"type": "url"}, "unknown_type"),
        ({"type": "matrix"}, "unknown_type"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_its_link_id(second: dict[str, Any], key: str) -> None:
    imported = read_fhir(questionnaire(choice("1"), {**choice("2"), **second}, choice("3")))
    assert imported.definition is None
    assert (key, ("2",)) in told(imported, "refused")


def test_two_questions_that_wait_for_each_other_are_refused() -> None:
    one = choice("1", enableWhen=[when("2", answerCoding=CODE)])
    other = choice("2", enableWhen=[when("1", answerCoding=CODE)])
    imported = read_fhir(questionnaire(one, other, choice("3")))
    assert told(imported, "refused")[:2] == [("unknown_question", ("1",)), ("depends", ("2",))]


def test_what_is_refused_can_be_left_out_with_all_that_depends_on_it() -> None:
    hanging = choice("3", enableWhen=[when("2", answerCoding=CODE)])
    imported = read_fhir(questionnaire(choice("1"), item("2", "attachment"), hanging), leave_out=True)
    assert [one.id for one in definition_of(imported).items] == ["1"]
    assert told(imported, "lost") == [("unknown_type", ("2",)), ("depends", ("3",))]


def test_the_same_link_id_twice_is_refused_whatever_is_left_out() -> None:
    imported = read_fhir(questionnaire(choice("1"), choice("1")), leave_out=True)
    assert imported.definition is None
    assert ("link_twice", ("1",)) in told(imported, "refused")


def test_what_is_hidden_and_what_is_filled_in_beforehand_is_told() -> None:
    hidden = item("2", "string", extension=[{"url": CORE + "questionnaire-hidden", "valueBoolean": True}])
    imported = read_fhir(questionnaire(choice("1", initial=[{"valueCoding": CODE}]), hidden))
    assert set(told(imported, "lost")) == {("hidden", ("2",)), ("field_initial", ("1",))}


# ---- scores ----

ITEM = "%resource.item.where(linkId = '{}').answer.value.weight()"


def with_total(expression: str, *, root: tuple[dict[str, Any], ...] = ()) -> Any:
    form = questionnaire(choice("1"), choice("2"), choice("3"), item("n", "integer"), calculated("t", expression))
    return read_fhir({**form, "extension": list(root)} if root else form)


@pytest.mark.parametrize(
    "expression",
    [
        "%resource.item.where(linkId != 't').answer.value.weight().sum()",
        "%resource.item.answer.value.ordinal().sum()",
        "item.answer.weight().sum()",
        "%resource.descendants().where(linkId in ('1' | '2' | '3')).answer.value.weight().sum()",
        "%resource.repeat(item).where(linkId.startsWith('n').not()).answer.value.weight().aggregate($this + $total, 0)",
        " + ".join(map(ITEM.format, "123")),
        "iif(%resource.item.answer.exists(), "
        + " + ".join(f"iif({ITEM.format(n)}.exists(), {ITEM.format(n)}, 0)" for n in "123")
        + ", {})",
        "%resource.item.answer.valueCoding.extension('http://hl7.org/fhir/StructureDefinition/ordinalValue').valueDecimal.sum()",
    ],
)
def test_a_sum_in_any_spelling_is_a_score(expression: str) -> None:
    imported = with_total(expression)
    definition = definition_of(imported)
    (total,) = definition.scores
    assert (total.id, total.items, total.method, total.range) == ("t", ("1", "2", "3"), "sum", (0, 6))
    assert [one.id for one in definition.items] == ["1", "2", "3", "n"]
    assert score(definition, {"1": 2, "2": 1, "3": 0, "n": 9}).scores["t"].value == 3
    assert ("score_without_bands", ("t",)) in told(imported, "open")
    assert ("no_critical", ()) in told(imported, "open")


def test_a_sum_of_variables() -> None:
    root = tuple(variable(f"v_{number}", ITEM.format(number)) for number in "123")
    imported = with_total(
        "iif(%v_1.exists() and %v_2.exists() and %v_3.exists(), %v_1 + %v_2 * 2 + %v_3, {})", root=root
    )
    (total,) = definition_of(imported).scores
    assert (total.items, total.weights, total.range) == (("1", "2", "3"), {"2": 2}, (0, 8))


def test_the_weight_that_is_looked_up_in_the_questionnaire() -> None:
    looked = (
        "%questionnaire.item.where(linkId = '{0}').answerOption"
        ".where(valueCoding.code = %resource.item.where(linkId = '{0}').answer.valueCoding.code)"
        ".extension.where(url = %ext).valueDecimal"
    )
    root = (variable("ext", f"'{CORE}ordinalValue'"),)
    imported = with_total(f"{looked.format(1)} + {looked.format(2)}", root=root)
    assert definition_of(imported).scores[0].items == ("1", "2")


def test_what_counts_the_other_way_round_is_reversed() -> None:
    definition = definition_of(with_total(f"{ITEM.format(1)} + (2 - {ITEM.format(2)})"))
    assert [one.reverse for one in definition.items[:2]] == [False, True]  # type: ignore[union-attr]
    assert score(definition, {"1": 1, "2": 0, "3": 0, "n": 0}).scores["t"].value == 3


def test_a_mean_rounded() -> None:
    (total,) = definition_of(with_total(f"(({ITEM.format(1)} + {ITEM.format(2)}) / 2).round(1)")).scores
    assert (total.method, total.decimals, total.items) == ("mean", 1, ("1", "2"))


def test_arithmetic_that_is_no_sum_is_a_computed_value() -> None:
    expression = "(%resource.item.where(linkId = 'n').answer.valueInteger * 2.5).round(1)"
    definition = definition_of(with_total(expression))
    computed = definition.items[-1]
    assert isinstance(computed, Computed)
    assert computed.value == "round(${n} * 2.5, 1)"
    assert definition.scores == ()


def test_a_total_that_a_condition_asks_for_stays_an_item() -> None:
    hanging = item("5", "string", enableWhen=[when("t", ">", answerDecimal=2)])
    total = calculated("t", f"{ITEM.format(1)} + {ITEM.format(2)}")
    definition = definition_of(read_fhir(questionnaire(choice("1"), choice("2"), total, hanging)))
    assert definition.scores == ()
    assert (definition.items[2].value, definition.items[3].visible_if) == ("${1} + ${2}", "${t} > 2")  # type: ignore[union-attr]


def test_a_total_at_the_head_of_the_form_is_a_score() -> None:
    total = calculated("t", "%resource.item.answer.value.weight().sum()")
    definition = definition_of(read_fhir(questionnaire(total, choice("1"), choice("2"))))
    assert definition.scores[0].items == ("1", "2")


@pytest.mark.parametrize(
    "expression",
    [
        "%patient.birthDate",
        "%resource.item.where(text = 'x').answer.value.weight().sum()",
        "%resource.item.where(linkId = '1').answer.value.weight().power(2)",
        "%resource.item.where(linkId = 'n').answer.value.weight()",
        "today()",
        "%a",
        "(((",
        "1 + 'x'",
    ],
)
def test_a_rule_that_cannot_be_translated_refuses_the_form(expression: str) -> None:
    imported = with_total(expression)
    assert imported.definition is None
    assert [places for _, places in told(imported, "refused")] == [("t",)]
    left_out = read_fhir(questionnaire(choice("1"), calculated("t", expression)), leave_out=True)
    assert [places for _, places in told(left_out, "lost")] == [("t",)]


def test_weights_that_cannot_be_values_are_never_dropped_in_silence() -> None:
    uneven = choice("1", (0, 0, 1.5))
    alone = read_fhir(questionnaire(uneven))
    assert ("weights_not_kept", ("1",)) in told(alone, "lost")
    summed = read_fhir(
        questionnaire(uneven, choice("2"), calculated("t", "%resource.item.answer.value.weight().sum()"))
    )
    assert ("weights_needed", ("t",)) in told(summed, "refused")


def test_variables_that_name_each_other_are_refused() -> None:
    imported = with_total("%a", root=(variable("a", "%b"), variable("b", "%a")))
    assert ("path_circle", ("t",)) in told(imported, "refused")


# ---- licence ----


def test_without_owner_and_licence_there_is_no_definition() -> None:
    imported = read_fhir(questionnaire(choice("1")), owner=None, licence=None)
    assert imported.definition is None
    assert [key for key, _ in told(imported, "refused")] == ["no_owner", "no_licence"]


def test_the_licence_of_the_file_is_taken_over() -> None:
    form = questionnaire(choice("1"), publisher="Somebody", copyright="Free for all.")
    definition = definition_of(read_fhir(form, owner=None, licence=None))
    assert (definition.copyright.owner, definition.copyright.statement) == ("Somebody", "Free for all.")


# ---- sentences ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_is_a_sentence_with_its_places(language: str) -> None:
    imported = read_fhir(
        questionnaire(choice("1", (0, 0, 1)), item("2", "attachment"), calculated("t", "today()"), language="fr"),
        licence=None,
    )
    texts = Texts.load(language)
    sentences = [said(note, texts) for note in imported.notes]
    assert len(sentences) > 5
    assert not [one for one in sentences if "{" in one]
    assert any(one.startswith("2") for one in sentences)


# ---- bad files ----


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"", "exchange.not_json"),
        (b'{"a": "\xff"}', "exchange.not_unicode"),
        (b"[]", "exchange.no_resource"),
        (b'{"resourceType": "Patient"}', "exchange.other_resource"),
        (b'{"resourceType": "Questionnaire", "resourceType": "Questionnaire"}', "exchange.twice"),
        (b'{"resourceType": "Questionnaire", "status": "active", "itme": []}', "exchange.not_fhir"),
        (b'{"resourceType": "Questionnaire", "status": "active", "item": [{"type": "string"}]}', "exchange.not_fhir"),
        (b'{"resourceType": "Questionnaire", "status": NaN}', "exchange.not_json"),
        (b'{"a":' * 1_100_000, "exchange.too_large"),
        (b'{"a":' * 900_000, "exchange.too_deep"),
    ],
)
def test_a_file_that_is_no_questionnaire_is_refused(raw: bytes, key: str) -> None:
    with pytest.raises(Problem) as raised:
        import_fhir(raw, TEXTS, GIVEN)
    assert raised.value.key == key
    assert TEXTS.problem(raised.value)


def test_groups_in_groups_without_end_are_refused() -> None:
    inner: dict[str, Any] = choice("x")
    for number in range(200):
        inner = {"linkId": f"g{number}", "type": "group", "item": [inner]}
    with pytest.raises(Problem) as raised:
        read_fhir(questionnaire(inner))
    assert raised.value.key == "exchange.too_deep"


def test_more_questions_than_any_form_has_are_refused() -> None:
    with pytest.raises(Problem) as raised:
        read_fhir(questionnaire(*(item(str(number), "string") for number in range(2001))))
    assert raised.value.key == "exchange.too_many"


def test_an_expression_that_doubles_itself_ends() -> None:
    doubling = tuple(variable(f"v{number}", f"%v{number - 1} + %v{number - 1}") for number in range(1, 19))
    imported = with_total("%v18", root=(variable("v0", ITEM.format(1)), *doubling))
    assert imported.definition is None


def test_whatever_else_stands_in_the_file_is_named() -> None:
    other = {"url": "http://example.invalid/StructureDefinition/colour", "valueString": "red"}
    imported = read_fhir(questionnaire(choice("1", extension=[other], prefix="A", readOnly=True), purpose="because"))
    changed = [(note.key, note.places, note.values) for note in imported.notes if note.severity == "changed"]
    assert ("exchange.extension", ("1",), {"name": "colour"}) in changed
    assert ("exchange.field", ("1",), {"name": "readOnly"}) in changed
    assert ("exchange.field", ("$",), {"name": "purpose"}) in changed
    assert ("exchange.field_prefix", ("1",), {}) in changed
