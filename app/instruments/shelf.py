"""The definitions that an archive keeps: every version that was answered, a site's own, and what the county publishes."""

from __future__ import annotations

import re

from app.access import require
from app.errors import Problem
from app.instruments.definition import Definition, content_hash, parse_definition
from app.instruments.library import Library, version_order
from app.records import KeptDefinition, plain, readable
from storage.archive import Archive
from storage.records import Draft

_PUBLISHED = re.compile(r"definition/([a-z0-9._-]{1,64})/([0-9]{1,9}(?:\.[0-9]{1,9}){2})")


def published_name(definition: Definition) -> str:
    """What a definition is called where the county publishes it: everybody knows its version without reading it."""
    return f"definition/{definition.id}/{definition.version}"


def library_of(archive: Archive) -> Library:
    """All definitions for somebody who works with an archive."""
    library = Library.load()
    fill(library, archive)
    return library


def fill(library: Library, archive: Archive) -> None:
    """Add what an archive keeps and what its county publishes. They are about no person: everybody may know them."""
    for record in archive.whole.find("definition"):
        kept = readable(record, KeptDefinition)
        if kept:
            library.keep(kept.fields.instrument, kept.fields.version, kept.fields.file.encode())
    for name, content in archive.publications():
        if found := _PUBLISHED.fullmatch(name):
            library.keep(found[1], found[2], content)


def draft_of(archive: Archive, library: Library, instrument: str) -> Draft | None:
    """What keeps the definition that is being answered; None where the archive has it already."""
    content = library.content_hash(instrument)
    if archive.whole.find("definition", {"content": content}, limit=1):
        return None
    return _draft(archive, library.get(instrument), content, library.raw(instrument))


def take_in(archive: Archive, library: Library, raw: bytes) -> Definition:
    """Keep a site's own definition, such as the licensed wording of an instrument. It goes to the station's devices only.

    Raises:
        Problem: not a definition, one that is here already, an older one, or somebody who may not.
    """
    require(archive, "accounts")
    definition = parse_definition(raw)
    if definition.id in library.ids():
        here = library.get(definition.id)
        if version_order(here.version) >= version_order(definition.version):
            raise Problem("instrument.not_newer", id=definition.id, version=here.version)
    archive.save([_draft(archive, definition, content_hash(raw), raw)])
    library.keep(definition.id, definition.version, raw)
    return definition


def _draft(archive: Archive, definition: Definition, content: str, raw: bytes) -> Draft:
    kept = KeptDefinition(definition.id, definition.version, content, raw.decode("utf-8-sig"))
    return Draft.new("definition", archive.new_id(), plain(kept))
