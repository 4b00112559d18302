"""Fields of a person and of other records as people call them, and their values as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.people.identity import mask
from storage.records import Record
from ui.desktop.context import Context

_WORDS = {
    "sex": "words.sex_{}",
    "id_type": "desktop_people.id_type_{}",
    "level": "words.level_{}",
    "status": "words.alert_{}",
}
"""Fields whose values are words of ours, with the keys of these."""


def field_title(context: Context, field: str) -> str:
    """What a field is called; its own name where a newer version added it."""
    key = f"desktop_people.field_{field}"
    return context.texts(key) if key in context.texts else field


def field_value(context: Context, field: str, value: Any, groups: Mapping[bytes, str], *, masked: bool = True) -> str:
    """A value in words. Numbers of documents show their end only, unless they are asked for."""
    texts = context.texts
    if value is None or value == "":
        return texts("desktop_people.blank")
    if isinstance(value, bytes):
        return groups.get(value, texts("desktop_people.unknown_group"))
    key = _WORDS.get(field, "").format(value)
    if key in texts:
        return texts(key)
    return mask(value) if field == "id_number" and masked else str(value)


def conflict_words(context: Context, record: Record, groups: Mapping[bytes, str]) -> list[str]:
    """For each field that was set in two places at once: what is shown, and what else was written."""
    sentence = "desktop_people.conflict_alert" if record.type == "alert" else "desktop_people.conflict"
    return [
        context.texts(
            sentence,
            field=field_title(context, field),
            shown=field_value(context, field, record.fields.get(field), groups),
            other=context.texts("words.separator").join(field_value(context, field, one, groups) for one in others),
        )
        for field, others in record.conflicts.items()
    ]
