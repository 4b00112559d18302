"""The definitions there are: those that come with the program, and those that an archive keeps. Read when needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from app import resources
from app.errors import Problem
from app.instruments.definition import Definition, content_hash, parse_definition
from app.instruments.parts import Copyright, Text
from app.instruments.scoring import Scorer


class Head(msgspec.Struct, frozen=True):
    """What a list of definitions shows. Read without the rest, fifty of them in a few milliseconds; checked with the rest.

    Attributes are those of `app.instruments.definition.Definition`.
    """

    id: str
    version: str
    short_title: str
    title: Text
    copyright: Copyright
    population: Text
    respondent: str
    mode: str
    type: str = "instrument"


class _Entry:
    """A definition that was read; what not everybody needs of it is made when somebody does."""

    def __init__(self, definition: Definition, raw: bytes) -> None:
        self.definition = definition
        self.raw = raw

    @cached_property
    def content_hash(self) -> str:
        """See `Library.content_hash`."""
        return content_hash(self.raw)

    @cached_property
    def scorer(self) -> Scorer:
        """See `Library.scorer`."""
        return Scorer(self.definition)


_HEADS = msgspec.json.Decoder(Head)


class _Kept(NamedTuple):
    """A definition from elsewhere, not read yet; what its sender says its version is."""

    version: tuple[int, ...]
    raw: bytes


class Library:
    """Definitions by instrument id.

    Of an instrument there may be several versions: the newest is the one to fill in, and an older one is there for the
    answers that were given to it.

    Args:
        files: of the definitions that come with the program, by instrument id.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._kept: dict[str, list[_Kept]] = {}
        self._entries: dict[str, _Entry] = {}
        self._versions: dict[str, dict[str, _Entry]] = {}

    @classmethod
    def load(cls, folder: Path | None = None) -> Library:
        """Index the definitions of a folder by file name; nothing is parsed yet.

        Args:
            folder: holds ``<id>.json``; the bundled instruments if left out. A second dot marks a companion
                (``<id>.vectors.json``, ``definition.schema.json``).
        """
        files = (folder or resources.path("instruments")).glob("*.json")
        return cls({file.stem: file for file in sorted(files) if "." not in file.stem})

    def keep(self, instrument: str, version: str, raw: bytes) -> None:
        """Add a definition from elsewhere. It is read, and refused if it is none, when it is asked for."""
        kept = _Kept(version_order(version), raw)
        if kept not in self._kept.setdefault(instrument, []):
            self._kept[instrument].append(kept)
            self._entries.pop(instrument, None)
            self._versions.pop(instrument, None)

    def ids(self) -> tuple[str, ...]:
        """The instruments there are, sorted."""
        return tuple(sorted({*self._files, *self._kept}))

    def get(self, instrument: str) -> Definition:
        """The newest definition of an instrument.

        Raises:
            Problem: there is none of that id, or its file is not a sound definition.
        """
        return self._entry(instrument).definition

    def heads(self) -> list[Head]:
        """What a list shows of all definitions, sorted by id. One that cannot be read is left out."""
        found = (self._head(instrument) for instrument in self.ids())
        return [head for head in found if head]

    def _head(self, instrument: str) -> Head | None:
        if instrument not in self._kept:
            return _head(self._files[instrument].read_bytes())
        try:
            return _head(self._entry(instrument).raw)
        except Problem:
            return None

    def find(self, instrument: str, content: str) -> Definition | None:
        """The very definition that some answers were given to, by its content hash; None where it is not here."""
        if instrument not in self._versions:
            self._versions[instrument] = {one.content_hash: one for one in self._readable(instrument)}
        found = self._versions[instrument].get(content)
        return found.definition if found else None

    def answered(self, instrument: str, content: str) -> Definition | None:
        """What answers are shown by: as `find`, or else the newest definition; None without any."""
        found = self.find(instrument, content)
        return self.get(instrument) if found is None and instrument in self.ids() else found

    def content_hash(self, instrument: str) -> str:
        """What a response stores to prove which wording it answers. Raises as `get` does."""
        return self._entry(instrument).content_hash

    def raw(self, instrument: str) -> bytes:
        """The file of the newest definition. Raises as `get` does."""
        return self._entry(instrument).raw

    def scorer(self, instrument: str) -> Scorer:
        """The instrument made ready for scoring, once per library. Raises as `get` does."""
        return self._entry(instrument).scorer

    def _entry(self, instrument: str) -> _Entry:
        if instrument not in self._entries:
            self._entries[instrument] = self._newest(instrument)
        return self._entries[instrument]

    def _newest(self, instrument: str) -> _Entry:
        bundled = self._bundled(instrument)
        own = version_order(bundled.definition.version) if bundled else ()
        # One that cannot be read, such as a later program's, must not take the place of one that can.
        for kept in sorted(self._kept.get(instrument, ()), reverse=True):
            if kept.version > own and (entry := _read(instrument, kept.raw)):
                return entry
        if bundled is None:
            raise Problem("instrument.unknown", id=instrument)
        return bundled

    def _bundled(self, instrument: str) -> _Entry | None:
        if instrument not in self._files:
            return None
        raw = self._files[instrument].read_bytes()
        definition = parse_definition(raw)
        if definition.id != instrument:
            raise Problem("instrument.wrong_file_name", file=self._files[instrument].name, id=definition.id)
        return _Entry(definition, raw)

    def _readable(self, instrument: str) -> list[_Entry]:
        """Every version that can be read."""
        found = [_read(instrument, kept.raw) for kept in self._kept.get(instrument, ())]
        return [entry for entry in (*found, self._bundled(instrument)) if entry]


def _head(raw: bytes) -> Head | None:
    try:
        return _HEADS.decode(raw)
    except msgspec.DecodeError:
        return None


def version_order(version: str) -> tuple[int, ...]:
    """By what versions are compared: 1.10.0 comes after 1.9.0."""
    return tuple(map(int, version.split(".")))


def _read(instrument: str, raw: bytes) -> _Entry | None:
    """A definition from elsewhere; None where this program cannot read it, or it is not what it was said to be."""
    try:
        definition = parse_definition(raw)
        return _Entry(definition, raw) if definition.id == instrument else None
    except Problem:
        return None
