"""The copy of their records that a person gets on paper: an identified document, never a statistical print."""

from __future__ import annotations

from collections.abc import Iterator

from app.reports.blocks import Heading, IdentifiedPrint, Paragraph, Terms, Title, Wording
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.rights.export import Entry, OwnData
from app.texts import Texts


def own_data_print(own: OwnData, texts: Texts) -> IdentifiedPrint:
    """The document, in the language of `texts`."""
    blocks: list[Wording] = [
        Title(texts("rights.own_title", name=own.name)),
        Paragraph(texts("rights.own_about", station=own.station, count=len(own.entries))),
    ]
    for entry in (own.person, *own.entries):
        blocks += _entry(entry, texts)
    return IdentifiedPrint(
        kind=texts("rights.own_data"),
        title=texts("rights.own_title", name=own.name),
        station=own.station,
        printed=own.made,
        blocks=tuple(blocks),
    )


def own_data_pdf(own: OwnData, texts: Texts) -> bytes:
    """The document as PDF. Raises Problem where this machine has no font for it."""
    style = Style.load()
    return PagePrinter(Fonts.find(style.fonts), style, texts).render(own_data_print(own, texts))


def _entry(entry: Entry, texts: Texts) -> Iterator[Wording]:
    yield Heading(texts("rights.own_entry", title=entry.title, date=entry.date))
    headings = (texts("rights.own_field"), texts("rights.own_value"))
    if entry.said:
        yield Terms(headings, entry.said, note=True)
    changes = []
    for number, event in enumerate(entry.history):
        said = texts("words.separator").join(
            texts("rights.own_set", field=field, value=text) for field, text in event.said
        )
        what = texts("rights.own_changed", said=said) if number else texts("rights.own_written")
        changes.append(texts("rights.own_event", at=event.at, by=event.by or texts("rights.own_somebody"), what=what))
    for change in changes:
        yield Paragraph(change, note=True)
