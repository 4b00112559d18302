"""The published JSON Schema and the classes that read definitions are one format."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # the package ships no types
import msgspec
import pytest

from app import resources
from app.instruments.definition import Definition, parse_definition
from app.instruments.library import Library
from app.instruments.schema import written
from app.instruments.scoring import Outcome, score

SCHEMA: dict[str, Any] = json.loads(resources.path("instruments", "definition.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def definition_of(instrument: str) -> Any:
    return json.loads(resources.path("instruments", f"{instrument}.json").read_bytes())


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("instrument", Library.load().ids())
def test_a_bundled_definition_fits_the_schema(instrument: str) -> None:
    assert list(VALIDATOR.iter_errors(definition_of(instrument))) == []


def test_the_published_schema_is_made_from_the_classes() -> None:
    """`python -m app.instruments.schema` makes it anew."""
    assert resources.path("instruments", "definition.schema.json").read_bytes() == written()


def test_every_part_and_every_field_is_described() -> None:
    for name, part in SCHEMA["$defs"].items():
        assert part["description"]
        for field, stated in part["properties"].items():
            assert "description" in stated or field == "kind", (name, field)


def refused_by_class(data: Any) -> bool:
    try:
        msgspec.convert(data, Definition)
    except msgspec.ValidationError:
        return True
    return False


WRONG: list[tuple[tuple[str | int, ...], Any]] = [
    (("format",), 2),
    (("id",), "PHQ 9"),
    (("id",), "phq--9"),
    (("id",), "p" * 65),
    (("version",), "01.0.0"),
    (("short_title",), ""),
    (("mode",), "mail"),
    (("copyright", "evidence_date"), "21.11.2026"),
    (("copyright", "owner"), None),
    (("option_sets", "Frequency"), []),
    (("option_sets", "frequency"), []),
    (("items",), []),
    (("items", 0, "id"), 1),
    (("items", 0, "required"), 1),
    (("scores", 0, "method"), "product"),
    (("scores", 0, "range"), [0]),
    (("scores", 0, "positive_from"), "10"),
    (("scores", 0, "decimals"), 5),
    (("items", 0, "kind"), "telepathy"),
    (("items", 0, "visible_if"), ""),
    (("items", 0, "unit"), {"zh-CN": "次", "en": "times"}),
    (("critical", 0, "level"), "purple"),
    (("respondent",), "neighbour"),
    (("copyright", "wording"), "partly"),
    (("scores", 0, "bands", 0, "severity"), -1),
    (("scores", 0, "bands", 0, "colour"), "red"),
    (("critical", 0, "at_least"), "1"),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_what_the_schema_refuses_the_program_refuses_and_the_other_way_round(
    path: tuple[str | int, ...], value: object
) -> None:
    data = definition_of("phq-9")
    at: Any = data
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert not VALIDATOR.is_valid(data)
    assert refused_by_class(data)


def test_the_examples_in_the_documentation_are_true() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "definitions.md").read_text("utf-8")
    example, vectors = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert VALIDATOR.is_valid(json.loads(example))
    definition = parse_definition(example.encode())
    for case in json.loads(vectors)["cases"]:
        assert score(definition, case["answers"]) == msgspec.convert(case["expect"], Outcome)
