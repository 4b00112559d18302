"""FHIR R4 resources out of files, and their check against the published shape.

`fhir.resources` has the shape of R4 as R4B, in which these resources are the same. It takes half a second to load, so it is
loaded when a resource is at hand.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from app.errors import Problem
from app.exchange.fhir_terms import Json

LARGEST = 5 * 1024 * 1024
"""Bytes of a file. The longest questionnaires with all their sets of answers have half of that."""

DEEPEST = 60
"""Lists and objects inside each other: groups in groups in groups take three for each."""


def read_resource(raw: bytes, *kinds: str) -> Json:
    """A resource of one of these types. Raises Problem where the file holds none, with the place and the reason."""
    if len(raw) > LARGEST:
        raise Problem("exchange.too_large", megabytes=LARGEST >> 20)
    data = _json(raw)
    if not isinstance(data, dict) or not isinstance(data.get("resourceType"), str):
        raise Problem("exchange.no_resource")
    kind = data["resourceType"]
    if kind not in kinds:
        raise Problem("exchange.other_resource", found=kind, wanted=" / ".join(kinds))
    _check_depth(data)
    check(data)
    return data


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Problem("exchange.not_json", place=f"{error.lineno}:{error.colno}") from None
    except UnicodeDecodeError:
        raise Problem("exchange.not_unicode") from None
    except RecursionError:
        raise Problem("exchange.too_deep") from None
    except ValueError:
        raise Problem("exchange.not_json", place="1:1") from None


def _object(pairs: list[tuple[str, Any]]) -> Json:
    """An object without what is null: in FHIR that is the same as not being there."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise Problem("exchange.twice", field=twice)
    return {name: value for name, value in found.items() if value is not None}


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _check_depth(data: Json) -> None:
    """Counted without going in: what is too deep for this program would be too deep for the count."""
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [one for many in inner for one in many]
        if not level:
            return
    raise Problem("exchange.too_deep")


def check(resource: Json) -> None:
    """Hold a resource against the published shape. Raises Problem with the first thing that is wrong."""
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 -- see above

    try:
        get_fhir_model_class(str(resource["resourceType"])).model_validate(_tolerated(resource))
    except ValueError as error:
        # The class of its own that it has comes from a library of the library.
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]  # type: ignore[attr-defined]
        place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in first["loc"]).lstrip(".")
        raise Problem("exchange.not_fhir", place=place or "$", reason=first["msg"]) from None
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        # What the shapes themselves stumble over.
        raise Problem("exchange.not_fhir", place="$", reason=type(error).__name__) from None


def _tolerated(part: Any) -> Any:
    """A copy without two things that are against the letter and stand in very many files.

    They are a narrative that is not written out, which nobody here reads, and names of expressions with an underline.
    """
    if isinstance(part, list):
        return [_tolerated(one) for one in part]
    if not isinstance(part, dict):
        return part
    copy = {name: _tolerated(value) for name, value in part.items()}
    if "resourceType" in copy:
        copy.pop("text", None)
    if isinstance(copy.get("name"), str) and "language" in copy and "resourceType" not in copy:
        copy["name"] = copy["name"].replace("_", "-")
    return copy
