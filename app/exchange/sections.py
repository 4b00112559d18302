"""Sections out of the groups of a foreign form."""

from __future__ import annotations

import msgspec

from app.exchange.about import Heading
from app.exchange.names import Names
from app.instruments.items import Item
from app.instruments.parts import Section, Text


def used_sets(items: tuple[Item, ...]) -> list[str]:
    """The option sets that are used, in their order."""
    every = [cell for item in items for cell in (item, *getattr(item, "items", ()))]
    return list(dict.fromkeys(item.options for item in every if hasattr(item, "options")))


def sections_of(
    kept: list[tuple[tuple[Heading, ...], Item]], title: Text
) -> tuple[tuple[Section, ...], tuple[Item, ...]]:
    """Sections out of the groups that items stand in: neighbours below the same headings are together."""
    if not any(heading.title or heading.instruction for chain, _ in kept for heading in chain):
        return (), tuple(item for _, item in kept)
    names, sections, items = Names("section"), list[Section](), list[Item]()
    before: tuple[Heading, ...] | None = None
    for groups, item in kept:
        # A group that says nothing is none for whoever reads the form.
        chain = tuple(heading for heading in groups if heading.title or heading.instruction)
        if chain != before:
            before = chain
            sections.append(_section(names.new(chain[-1].name if chain else ""), chain, title))
        items.append(msgspec.structs.replace(item, section=sections[-1].id))
    return tuple(sections), tuple(items)


def _section(name: str, chain: tuple[Heading, ...], title: Text) -> Section:
    titles = [heading.title for heading in chain if heading.title]
    instruction = next((heading.instruction for heading in reversed(chain) if heading.instruction), None)
    together = {language: " · ".join(one[language] for one in titles) for language in title} if titles else title
    return Section(id=name, title=together, instruction=instruction)
