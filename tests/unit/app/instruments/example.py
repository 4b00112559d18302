"""A definition with something of everything, made up for tests."""

import json
from typing import Any

from app.instruments.definition import Definition, parse_definition

TEXT = {"zh-CN": "字", "en": "word"}
ORIGIN = {"made_by": "nobody", "source": "nowhere", "evidence": "made up for a test"}
YES_NO = [{"value": 0, "text": TEXT}, {"value": 1, "text": TEXT}]
FOUR = [{"value": value, "text": TEXT} for value in range(4)]


def choice(name: str, options: str = "four", **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "choice", "text": TEXT, "options": options, **more}


def unscored(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "text": TEXT, **more}


def summed(name: str, items: list[str], most: float, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "title": TEXT,
        "items": items,
        "method": "sum",
        "range": [0, most],
        "source": "made up",
        **more,
    }


def band(name: str, low: float, high: float, severity: int) -> dict[str, Any]:
    return {"id": name, "from": low, "to": high, "title": TEXT, "severity": severity, "action": TEXT}


def data(**parts: Any) -> dict[str, Any]:
    """The file of a definition with these parts; four scored items and their sum where nothing is said."""
    names = ["a", "b", "c", "d"]
    return {
        "format": 1,
        "id": "example",
        "version": "1.0.0",
        "short_title": "Example",
        "title": TEXT,
        "copyright": {
            "owner": "nobody",
            "wording": "full",
            "statement": "free",
            "evidence": "none needed",
            "evidence_date": "2026-11-22",
            "translations": {"zh-CN": ORIGIN, "en": ORIGIN},
        },
        "population": TEXT,
        "respondent": "self",
        "mode": "self",
        "option_sets": {"four": FOUR, "yes-no": YES_NO},
        "items": [choice(name) for name in names],
        "scores": [summed("total", names, 12)],
        **parts,
    }


def made(**parts: Any) -> Definition:
    return parse_definition(raw(**parts))


def raw(**parts: Any) -> bytes:
    return json.dumps(data(**parts)).encode()
