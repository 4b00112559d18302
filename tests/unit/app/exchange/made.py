"""Small foreign forms, made up for the tests."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import msgspec
import xlsxwriter

from app.exchange.about import Given
from app.exchange.fhir_in import import_fhir
from app.exchange.report import Imported
from app.exchange.xlsform_in import import_xlsform
from app.instruments.definition import Definition
from app.texts import Texts

CORE = "http://hl7.org/fhir/StructureDefinition/"
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
GIVEN = Given("form", dt.date(2026, 11, 21), owner="nobody", licence="made up for a test")
TEXTS = Texts.load("en")

Json = dict[str, Any]


def option(code: str, display: str, weight: float | None = None, url: str = "ordinalValue") -> Json:
    extension = [] if weight is None else [{"url": CORE + url, "valueDecimal": weight}]
    return (
        {"valueCoding": {"system": "urn:test", "code": code, "display": display}, "extension": extension}
        if extension
        else {"valueCoding": {"system": "urn:test", "code": code, "display": display}}
    )


def choice(link: str, weights: tuple[float | None, ...] = (0, 1, 2), **fields: Any) -> Json:
    options = [option(f"c{number}", f"answer {number}", weight) for number, weight in enumerate(weights)]
    return {"linkId": link, "type": "choice", "text": f"question {link}", "answerOption": options, **fields}


def calculated(link: str, expression: str, kind: str = "decimal", **fields: Any) -> Json:
    extension = {"url": CALCULATED, "valueExpression": {"language": "text/fhirpath", "expression": expression}}
    own = {"linkId": link, "type": kind, "text": link, "extension": [extension, *fields.pop("extension", [])]}
    return {**own, **fields}


def variable(name: str, expression: str) -> Json:
    value = {"name": name, "language": "text/fhirpath", "expression": expression}
    return {"url": CORE + "variable", "valueExpression": value}


def questionnaire(*items: Json, **fields: Any) -> Json:
    own = {"resourceType": "Questionnaire", "status": "active", "title": "A form", "name": "Form", "language": "en"}
    return {**own, "item": list(items), **fields}


def read_fhir(data: Json, **given: Any) -> Imported:
    return import_fhir(json.dumps(data).encode(), TEXTS, msgspec.structs.replace(GIVEN, **given))


def definition_of(imported: Imported) -> Definition:
    assert imported.definition is not None, imported.notes
    return imported.definition


def told(imported: Imported, severity: str) -> list[tuple[str, tuple[str, ...]]]:
    """Keys without the area, and places."""
    return [(note.key.partition(".")[2], note.places) for note in imported.notes if note.severity == severity]


HEADINGS = ("type", "name", "label", "hint", "relevant", "required", "constraint", "calculation")


def xlsform(
    *survey: tuple[str, ...],
    choices: tuple[tuple[str, ...], ...] = (),
    headings: tuple[str, ...] = HEADINGS,
    settings: dict[str, str] | None = None,
    labels: tuple[str, ...] = ("label",),
) -> bytes:
    """An XLSForm workbook; rows as wide as they need to be."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheets = {
            "survey": (headings, survey),
            "choices": (("list_name", "name", *labels), choices),
            "settings": (tuple(settings or {}), [tuple((settings or {}).values())] if settings else []),
        }
        for name, (header, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate([header, *rows]):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell)
    return content.getvalue()


def read_xlsform(raw: bytes, **given: Any) -> Imported:
    return import_xlsform(raw, TEXTS, msgspec.structs.replace(GIVEN, **{"file": "form.xlsx", **given}))


YES_NO = (("yn", "yes", "Yes"), ("yn", "no", "No"))
NUMBERED = (("often", "0", "never"), ("often", "1", "sometimes"), ("often", "2", "always"))
