"""Definitions as files."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from app.instruments.definition import Definition


def definition_bytes(definition: Definition) -> bytes:
    """A definition as it is written by hand: without what goes without saying."""
    return (json.dumps(_said(definition), ensure_ascii=False, indent=2) + "\n").encode()


def _said(part: Any) -> Any:
    """A part without the fields that have their default."""
    if isinstance(part, msgspec.Struct):
        data = {
            field.encode_name: _said(getattr(part, field.name))
            for field in msgspec.structs.fields(part)
            if not _is_default(getattr(part, field.name), field)
        }
        tag = part.__struct_config__.tag
        return {"id": data.pop("id"), part.__struct_config__.tag_field: tag, **data} if tag else data
    if isinstance(part, tuple | list):
        return [_said(one) for one in part]
    if isinstance(part, dict):
        return {name: _said(one) for name, one in part.items()}
    return msgspec.to_builtins(part)


def _is_default(value: Any, field: msgspec.structs.FieldInfo) -> bool:
    if field.default is not msgspec.NODEFAULT:
        return bool(value == field.default)
    return field.default_factory is not msgspec.NODEFAULT and bool(value == field.default_factory())
