"""What a FHIR questionnaire says about itself."""

from __future__ import annotations

from collections.abc import Iterator

from app.exchange.about import Source
from app.exchange.fhir_terms import CALCULATED, CONTEXT, FIRST, INSTRUMENT, Json, extension, words
from app.exchange.report import Report
from app.exchange.wordings import guess, tag


def language_of(data: Json, report: Report) -> str:
    """The language of its texts; guessed, and told, where it does not say."""
    stated = tag(str(data.get("language") or ""))
    if stated is None:
        stated = guess(str(item.get("text", "")) for item in every(data.get("item", [])))
        report.add("changed", "exchange.language_guessed", language=stated)
    return stated


def source_of(data: Json, base: str) -> Source:
    """What the definition takes over as it stands."""
    url = str(data.get("url") or "")
    ours = url.removeprefix(INSTRUMENT) if url.startswith(INSTRUMENT) else ""
    context = dict(_contexts(data, base))
    texts = {name: said for name, said in context.items() if name in {"population", "recall", "administration"}}
    first: Json = next((item for item in data.get("item", []) if item["linkId"] == FIRST), {})
    return Source(
        format="FHIR R4",
        names=(
            ours,
            str(data.get("name") or ""),
            str(data.get("id") or ""),
            url.rpartition("/")[2],
            str(data.get("title")),
        ),
        title=words(data, "title", base) or {base: str(data.get("name") or "")},
        version=data.get("version"),
        owner=data.get("publisher"),
        licence=data.get("copyright"),
        texts={**texts, "instruction": words(first, "text", base)},
        short_title=context.get("short-title", {}).get(base),
        respondent=context.get("respondent", {}).get(base),
        mode=context.get("mode", {}).get(base),
        is_structure=is_structure(data),
    )


def _contexts(data: Json, base: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What we write into a questionnaire of ours and FHIR has no field for."""
    for one in data.get("useContext", []):
        if one["code"].get("system") == CONTEXT:
            yield str(one["code"].get("code")), words(one.get("valueCodeableConcept") or {}, "text", base)


def every(items: list[Json]) -> Iterator[Json]:
    """All items at any depth, in their order."""
    for item in items:
        yield item
        yield from every(item.get("item", []))


def is_structure(data: Json) -> bool:
    """Whether a questionnaire has no words of its own: it says so, or there are none."""
    stated = dict(_contexts(data, "")).get("wording", {})
    questions = (item for item in every(data.get("item", [])) if item["type"] not in {"group", "display"})
    return "structure" in stated.values() or not any(
        item.get("text") for item in questions if not extension(item, CALCULATED)
    )
