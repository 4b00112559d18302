"""Makes the published JSON Schema of definitions from the classes that read them: ``python -m app.instruments.schema``."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import msgspec

from app import resources
from app.instruments.definition import FORMAT, Definition
from app.instruments.items import Choice, Computed, Day, Group, Multiple, Quantity, Words
from app.instruments.parts import Copyright, Finding, Option, Section, Translation
from app.instruments.scales import Band, Change, Critical, Norm, Prorating, Quality, Score, Step

PARTS: tuple[type[msgspec.Struct], ...] = (
    *(Definition, Copyright, Translation, Option, Section, Finding),
    *(Choice, Multiple, Quantity, Day, Words, Computed, Group),
    *(Score, Band, Norm, Prorating, Change, Step, Critical, Quality),
)
"""Every class that a definition consists of."""

_ABOUT = (
    "A questionnaire or a form as data. This schema is the shape; docs/definitions.md also lists the rules that a schema "
    "cannot express (bands cover the range, names exist, every text in every language)."
)


def schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    (root,), parts = msgspec.json.schema_components([Definition], ref_template="#/$defs/{name}")
    for part in PARTS:
        _describe(parts[part.__name__], part)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Xinyi definition, format {FORMAT}",
        "description": _ABOUT,
        **root,
        "$defs": parts,
    }


def _describe(stated: dict[str, Any], part: type[msgspec.Struct]) -> None:
    """Put what the docstring says of the class and of each field where an editor shows it."""
    stated["description"] = inspect.cleandoc(part.__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")
    said = {}
    for base in reversed(part.__mro__):
        said.update(_fields_of(base))
    for field in msgspec.structs.fields(part):
        if field.name in said:
            stated["properties"][field.encode_name]["description"] = said[field.name]


def _fields_of(part: type) -> dict[str, str]:
    """What the section ``Args`` of a docstring says, by field."""
    _, _, told = inspect.cleandoc(part.__doc__ or "").partition("Args:\n")
    lines = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", told, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in lines}


def written() -> bytes:
    """The schema as it stands in its file. How Python's patterns write the end of a text is not how JSON Schema does."""
    text = json.dumps(schema(), ensure_ascii=False, indent=2).replace("\\\\Z", "$")
    return (text + "\n").encode()


if __name__ == "__main__":
    resources.path("instruments", "definition.schema.json").write_bytes(written())
