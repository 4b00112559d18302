"""The access log on paper, and the page with the monthly checkpoint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from app.audit import Entry, entry_words
from app.checkpoints import Pinned
from app.reports.blocks import (
    AuditPrint,
    Code,
    Heading,
    KeyPrint,
    Listing,
    Paragraph,
    Points,
    Title,
    Wording,
)
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import Texts
from app.words import moment

_COLUMNS = {"time": 0.17, "user": 0.15, "done": 0.21, "about": 0.2, "detail": 0.27}
"""Columns of the log, as parts of the whole width."""

MAX_SCANNED = 1500
"""Characters of a code that an office printer prints and a simple scanner reads."""

_CHUNK = 8


def audit_print(entries: Sequence[Entry], pinned: Pinned, *, asked: str, made: dt.datetime, texts: Texts) -> AuditPrint:
    """The access log with a checkpoint at its end, so that the paper says what the archive held.

    Args:
        entries: the newest first.
        pinned: made for this print.
        asked: the time and the choice of entries, in words.
        made: when, with time zone.
        texts: the language.
    """
    headings = tuple(texts(f"audit.column_{name}") for name in _COLUMNS)
    rows = tuple(entry_words(entry, texts) for entry in entries)
    blocks: list[Wording | Code | Listing] = [
        Title(texts("audit.title")),
        Paragraph(texts("audit.about", asked=asked, count=len(entries))),
    ]
    if rows:
        blocks.append(Listing(headings, rows, tuple(_COLUMNS.values())))
    blocks += [Heading(texts("audit.checkpoint_title")), Paragraph(texts("audit.checkpoint_proves"), note=True)]
    blocks += _code(pinned, texts)
    return AuditPrint(
        kind=texts("audit.title"),
        title=texts("audit.title"),
        station=pinned.station,
        printed=made,
        blocks=tuple(blocks),
    )


def audit_pdf(entries: Sequence[Entry], pinned: Pinned, *, asked: str, made: dt.datetime, texts: Texts) -> bytes:
    """The access log as PDF. Raises Problem where this machine has no font for it."""
    return _printer(texts).render(audit_print(entries, pinned, asked=asked, made=made, texts=texts))


def checkpoint_print(pinned: Pinned, *, made: dt.datetime, texts: Texts) -> KeyPrint:
    """The page for the safe. It names nobody."""
    said = {"archive": pinned.archive, "device": pinned.device, "at": moment(pinned.at)}
    return KeyPrint(
        kind=texts("audit.checkpoint_title"),
        title=texts("audit.checkpoint_title"),
        station=pinned.station,
        printed=made,
        blocks=(
            Title(texts("audit.checkpoint_title")),
            Paragraph(texts("audit.checkpoint_about", **said)),
            *_code(pinned, texts),
            Heading(texts("audit.keep_title")),
            Points(tuple(texts(f"audit.keep_{name}") for name in ("safe", "month", "apart"))),
            Heading(texts("audit.use_title")),
            Points(tuple(texts(f"audit.use_{name}") for name in ("scan", "window", "differs"))),
        ),
    )


def checkpoint_pdf(pinned: Pinned, *, made: dt.datetime, texts: Texts) -> bytes:
    """The page as PDF. Raises Problem where this machine has no font for it."""
    return _printer(texts).render(checkpoint_print(pinned, made=made, texts=texts))


def _code(pinned: Pinned, texts: Texts) -> list[Wording | Code]:
    lines = (texts("audit.short"), pinned.short, moment(pinned.at))
    parts = [pinned.line[first : first + _CHUNK] for first in range(0, len(pinned.line), _CHUNK)]
    # Far more computers than a station has; the letters below are the same code.
    scanned = [Code(lines, pinned.line)] if len(pinned.line) <= MAX_SCANNED else [Points(lines)]
    return [*scanned, Paragraph(" ".join(parts), note=True)]


def _printer(texts: Texts) -> PagePrinter:
    style = Style.load()
    return PagePrinter(Fonts.find(style.fonts), style, texts)
