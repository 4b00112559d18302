"""How many pairs of PHQ-9 and GAD-7 are scored in a second, beside an interpreter of the same files that is not clever."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from app import resources
from app.instruments.library import Library

INSTRUMENTS = ("phq-9", "gad-7")
Form = dict[str, int]


def bench_scoring(sets: int) -> dict[str, Any]:
    """Pairs per second, the best of three rounds by turns, and how long the whole library takes to be listed and read."""
    chance = random.Random(20261122)
    forms = [
        [{str(item): chance.randrange(4) for item in range(1, count + 1)} for count in (9, 7)] for _ in range(sets)
    ]
    began = time.perf_counter()
    library = Library.load()
    listed = time.perf_counter() - began
    clever: list[Callable[[Form], Any]] = [library.scorer(name).score for name in INSTRUMENTS]
    files = [json.loads(resources.path("instruments", f"{name}.json").read_bytes()) for name in INSTRUMENTS]
    naive = [partial(interpret, file) for file in files]
    few = forms[: max(1, sets // 20)]
    rates: dict[str, float] = {"engine": 0, "interpreter": 0}
    for _ in range(3):
        rates["engine"] = max(rates["engine"], _rate(clever, forms))
        rates["interpreter"] = max(rates["interpreter"], _rate(naive, few))
    began = time.perf_counter()
    for name in library.ids():
        library.get(name)
    return {
        "sets_per_s": round(rates["engine"]),
        "interpreter_sets_per_s": round(rates["interpreter"]),
        "times_as_fast": round(rates["engine"] / rates["interpreter"], 1),
        "library_listed_ms": round(1000 * listed, 1),
        "library_read_ms": round(1000 * (time.perf_counter() - began), 1),
        "definitions": len(library.ids()),
    }


def _rate(scorers: Sequence[Callable[[Form], Any]], forms: list[list[Form]]) -> float:
    began = time.perf_counter()
    for pair in forms:
        for score, form in zip(scorers, pair, strict=True):
            score(form)
    return len(forms) / (time.perf_counter() - began)


def interpret(file: dict[str, Any], form: Form) -> dict[str, Any]:
    """Score a form by walking through the file."""
    items = {item["id"]: item for item in file["items"]}
    for name, value in form.items():
        if name not in items or type(value) is not int:
            raise ValueError(name)
        if value not in [option["value"] for option in file["option_sets"][items[name]["options"]]]:
            raise ValueError(value)
    missing = [item["id"] for item in file["items"] if item.get("required", True) and item["id"] not in form]
    scores = {}
    for score in file["scores"]:
        value = 0
        for name in score["items"]:
            options = [option["value"] for option in file["option_sets"][items[name]["options"]]]
            reverse = items[name].get("reverse", False)
            value += min(options) + max(options) - form[name] if reverse else form.get(name, 0)
        bands = [band["id"] for band in score.get("bands", []) if band["from"] <= value <= band["to"]]
        positive = value >= score["positive_from"] if "positive_from" in score else None
        scores[score["id"]] = {"value": value, "band": None if missing else bands[0], "positive": positive}
    critical = [
        rule["id"]
        for rule in file.get("critical", [])
        if any(form.get(name, 0) >= rule["at_least"] for name in rule["items"])
    ]
    return {"scores": scores, "critical": critical, "missing": missing}
