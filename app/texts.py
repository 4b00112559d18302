"""The words that people read, in their language.

Every sentence has a key, ``area.name``; `resources/i18n/<language>/<area>.json` maps the name to the text. Gaps are
written ``{gap}`` and filled by keyword. Where a language distinguishes one from many, the text is an object
``{"one": …, "other": …}`` and the gap ``count`` decides.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from app import resources
from app.errors import Problem

LANGUAGES = ("zh-CN", "en")
DEFAULT_LANGUAGE = "zh-CN"


class Texts:
    """The catalogue of one language; call it with a key to get a sentence."""

    def __init__(self, language: str, entries: Mapping[str, str | dict[str, str]]) -> None:
        self.language = language
        self._entries = entries

    @classmethod
    def load(cls, language: str = DEFAULT_LANGUAGE) -> Texts:
        """Read every file of `language`, one of `LANGUAGES`."""
        entries: dict[str, str | dict[str, str]] = {}
        for file in sorted(resources.path("i18n", language).glob("*.json")):
            area = msgspec.json.decode(file.read_bytes(), type=dict[str, str | dict[str, str]])
            entries.update({f"{file.stem}.{name}": text for name, text in area.items()})
        return cls(language, entries)

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence `key` with its gaps filled. An unknown key is a bug and raises KeyError."""
        text = self._entries[key]
        if not isinstance(text, str):
            text = text["one"] if values.get("count") == 1 and "one" in text else text["other"]
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def problem(self, problem: Problem) -> str:
        """What a person is told about `problem`."""
        return self(problem.key, **problem.values)
