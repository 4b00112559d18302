"""The three pages of the county's escrow key: printed once, given to three people."""

from __future__ import annotations

import datetime as dt
import textwrap

from app.reports.blocks import Code, Heading, KeyPrint, Paragraph, Points, Title
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import Texts
from storage.escrow import NEEDED, SHARES, EscrowKey, Share

_LETTERS_IN_A_LINE = 36
"""As many as fit beside the square: two or three words."""

_STAYS = "\N{NO-BREAK SPACE}"


def share_print(share: Share, key: EscrowKey, *, made: dt.datetime, texts: Texts) -> KeyPrint:
    """One of the pages.

    Args:
        share: what stands on it.
        key: the key that it is a part of.
        made: when, with time zone.
        texts: the language.
    """
    words = share.words.split()
    numbered = " ".join(f"{number}.{_STAYS}{word}" for number, word in enumerate(words, 1))
    lines = tuple(
        line.replace(" ", "  ").replace(_STAYS, " ") for line in textwrap.wrap(numbered, width=_LETTERS_IN_A_LINE)
    )
    title = texts("escrow.page", number=share.number, count=SHARES)
    return KeyPrint(
        kind=title,
        title=title,
        station=key.county,
        printed=made,
        blocks=(
            Title(title),
            Paragraph(texts("escrow.purpose", needed=NEEDED, count=SHARES, county=key.county)),
            Code(lines, share.words),
            Paragraph(texts("escrow.footer_key", fingerprint=key.fingerprint, made=key.made)),
            Heading(texts("escrow.keep_title")),
            Points(tuple(texts(f"escrow.keep_{name}") for name in ("apart", "sealed", "count"))),
            Heading(texts("escrow.use_title")),
            Points(tuple(texts(f"escrow.use_{name}") for name in ("open", "new"))),
        ),
    )


def share_pdf(share: Share, key: EscrowKey, *, made: dt.datetime, texts: Texts) -> bytes:
    """The page as PDF. Raises Problem where this machine has no font for it."""
    style = Style.load()
    return PagePrinter(Fonts.find(style.fonts), style, texts).render(share_print(share, key, made=made, texts=texts))
