"""The addresses that FHIR R4 gives to things, and how extensions and translations are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.exchange.wordings import tag

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"

ORDINAL = _CORE + "ordinalValue"
WEIGHT = _CORE + "itemWeight"
EXCLUSIVE = _CORE + "questionnaire-optionExclusive"
HIDDEN = _CORE + "questionnaire-hidden"
UNIT = _CORE + "questionnaire-unit"
UNIT_OPTION = _CORE + "questionnaire-unitOption"
MIN_VALUE = _CORE + "minValue"
MAX_VALUE = _CORE + "maxValue"
DECIMALS = _CORE + "maxDecimalPlaces"
LEAST = _CORE + "questionnaire-minOccurs"
MOST = _CORE + "questionnaire-maxOccurs"
CONTROL = _CORE + "questionnaire-itemControl"
VARIABLE = _CORE + "variable"
TRANSLATION = _CORE + "translation"
NOTE = _CORE + "designNote"
NONE_CHOSEN = "urn:xinyi:none-chosen"
ABSENT = _CORE + "data-absent-reason"
CALCULATED = _SDC + "calculatedExpression"
ENABLE_WHEN = _SDC + "enableWhenExpression"

CONTROL_SYSTEM = "http://hl7.org/fhir/questionnaire-item-control"
ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
UNITS_SYSTEM = "http://unitsofmeasure.org"

SYSTEMS = {"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct"}
"""Our names of the code systems that are named most."""

INSTRUMENT = "urn:xinyi:instrument:"
OPTIONS = "urn:xinyi:options:"
SCORE = "urn:xinyi:score:"
BAND = "urn:xinyi:band:"
CONTEXT = "urn:xinyi:context"
PERSON = "urn:xinyi:person"

FIRST = "/instruction"
HELP = "/help/"
SECTION = "/section/"
SCORES = "/scores"
LINK_ID = "fhir-link-id"
"""Beside the codes of an item: its link id, where our id is another."""

Json = dict[str, Any]

_FARTHEST = 10**12


def extensions(part: Mapping[str, Any], url: str) -> list[Json]:
    """The extensions of a kind."""
    return [one for one in part.get("extension", ()) if one.get("url") == url]


def extension(part: Mapping[str, Any], url: str) -> Any:
    """The value of an extension; None where there is none."""
    for one in extensions(part, url):
        return next((value for name, value in one.items() if name.startswith("value")), None)
    return None


def number(part: Mapping[str, Any], url: str) -> Decimal | None:
    """The value of an extension as a number; None where there is none, or it is something else."""
    value = extension(part, url)
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < _FARTHEST else None


def words(part: Mapping[str, Any], field: str, base: str) -> dict[str, str]:
    """A text with its translations, in the languages there are."""
    said = {}
    for one in extensions(part.get(f"_{field}") or {}, TRANSLATION):
        language = tag(str(extension(one, "lang") or ""))
        content = extension(one, "content")
        if language and content:
            said[language] = str(content)
    text = part.get(field)
    return {**said, base: text} if isinstance(text, str) else said


def spoken(field: str, text: Mapping[str, str] | None, base: str) -> Json:
    """The other way round: a field of a resource, with its translations; nothing where there is no text."""
    if not text:
        return {}
    translations = [
        {
            "url": TRANSLATION,
            "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": words}],
        }
        for language, words in text.items()
        if language != base
    ]
    return {field: text[base], **({f"_{field}": {"extension": translations}} if translations else {})}


def expression_of(one: Mapping[str, Any]) -> tuple[str, str]:
    """The name and the text of an extension that holds an expression."""
    value = one.get("valueExpression") or {}
    text = value.get("expression") or one.get("valueString") or ""
    return str(value.get("name") or ""), str(text)


def with_expression(url: str, text: str) -> Json:
    """An extension that holds a FHIRPath expression."""
    return {"url": url, "valueExpression": {"language": "text/fhirpath", "expression": text}}


def codes_of(codings: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Codings as ours: system → code, the first of each system. What came from us is left out: it is our ids."""
    names = {address: name for name, address in SYSTEMS.items()}
    found: dict[str, str] = {}
    for coding in codings:
        system, code = str(coding.get("system") or ""), coding.get("code")
        if code and not system.startswith("urn:xinyi:"):
            found.setdefault(names.get(system, system) or "code", str(code))
    return found


def codings_of(codes: Mapping[str, str]) -> list[Json]:
    """The other way round."""
    return [
        {"system": SYSTEMS.get(system, system), "code": code} if system != "code" else {"code": code}
        for system, code in codes.items()
        if system != LINK_ID
    ]
