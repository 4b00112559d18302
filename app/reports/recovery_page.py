"""The page with the recovery code: printed once, put into an envelope, locked away."""

from __future__ import annotations

import datetime as dt

from app.reports.blocks import Code, Heading, KeyPrint, Paragraph, Points, Title
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import Texts
from storage.escrow import EscrowKey

_GROUPS_IN_A_LINE = 2


def recovery_print(
    code: str, *, station: str, archive: str, made: dt.datetime, texts: Texts, escrow: EscrowKey | None = None
) -> KeyPrint:
    """The page.

    Args:
        code: as it is written, its groups joined by hyphens.
        station: whose archive it opens.
        archive: name of the archive's file.
        made: when, with time zone.
        texts: the language.
        escrow: the county's key that the code is kept for; None for nobody's.
    """
    groups = code.split("-")
    lines = tuple(
        "   ".join(
            f"{number}. {group}" for number, group in enumerate(groups[first : first + _GROUPS_IN_A_LINE], first + 1)
        )
        for first in range(0, len(groups), _GROUPS_IN_A_LINE)
    )
    return KeyPrint(
        kind=texts("recovery.page"),
        title=texts("recovery.page"),
        station=station,
        printed=made,
        blocks=(
            Title(texts("recovery.page")),
            Paragraph(texts("recovery.opens", archive=archive)),
            Code(lines, code),
            *_known_to(escrow, texts),
            Heading(texts("recovery.keep_title")),
            Points(tuple(texts(f"recovery.keep_{name}") for name in ("sealed", "apart", "count", "new"))),
            Heading(texts("recovery.use_title")),
            Points(tuple(texts(f"recovery.use_{name}") for name in ("window", "type", "password"))),
        ),
    )


def _known_to(escrow: EscrowKey | None, texts: Texts) -> tuple[Paragraph, ...]:
    """Who else can find the code out: whoever opens the envelope must be able to read that."""
    if escrow is None:
        return ()
    return (Paragraph(texts("escrow.on_page", county=escrow.county, fingerprint=escrow.fingerprint)),)


def recovery_pdf(
    code: str, *, station: str, archive: str, made: dt.datetime, texts: Texts, escrow: EscrowKey | None = None
) -> bytes:
    """The page as PDF. Raises Problem where this machine has no font for it."""
    style = Style.load()
    page = recovery_print(code, station=station, archive=archive, made=made, texts=texts, escrow=escrow)
    return PagePrinter(Fonts.find(style.fonts), style, texts).render(page)
