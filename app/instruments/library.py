"""The instruments that come with the program, read when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from app import resources
from app.errors import Problem
from app.instruments.definition import Definition, content_hash, parse_definition
from app.instruments.scoring import Scorer


class _Entry(msgspec.Struct, frozen=True):
    definition: Definition
    content_hash: str
    scorer: Scorer


class Library:
    """Definitions by instrument id."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._entries: dict[str, _Entry] = {}

    @classmethod
    def load(cls, folder: Path | None = None) -> Library:
        """Index the definitions of a folder by file name; nothing is parsed yet.

        Args:
            folder: holds ``<id>.json``; the bundled instruments if left out. A second dot marks a companion
                (``<id>.vectors.json``, ``definition.schema.json``).
        """
        files = (folder or resources.path("instruments")).glob("*.json")
        return cls({file.stem: file for file in sorted(files) if "." not in file.stem})

    def ids(self) -> tuple[str, ...]:
        """The instruments there are, sorted."""
        return tuple(self._files)

    def get(self, instrument: str) -> Definition:
        """The definition of an instrument.

        Raises:
            Problem: there is none of that id, or its file is not a sound definition.
        """
        return self._entry(instrument).definition

    def content_hash(self, instrument: str) -> str:
        """What a response stores to prove which wording it answers. Raises as `get` does."""
        return self._entry(instrument).content_hash

    def scorer(self, instrument: str) -> Scorer:
        """The instrument made ready for scoring, once per library. Raises as `get` does."""
        return self._entry(instrument).scorer

    def _entry(self, instrument: str) -> _Entry:
        if instrument not in self._entries:
            if instrument not in self._files:
                raise Problem("instrument.unknown", id=instrument)
            raw = self._files[instrument].read_bytes()
            definition = parse_definition(raw)
            if definition.id != instrument:
                raise Problem("instrument.wrong_file_name", file=self._files[instrument].name, id=definition.id)
            self._entries[instrument] = _Entry(definition, content_hash(raw), Scorer(definition))
        return self._entries[instrument]
