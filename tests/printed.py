"""What somebody reads off a printed page."""

from __future__ import annotations

from pathlib import Path

import pypdfium2


def pages_of(pdf: Path | bytes) -> list[str]:
    """The words of each page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def text_of(pdf: Path | bytes) -> str:
    return "\n".join(pages_of(pdf))


def bare(text: str) -> str:
    """Without spaces, line ends and hyphens.

    A code runs over several lines; the reader of the PDF takes a hyphen at the end of one for one that the
    printer put there, and drops it.
    """
    return "".join(one for one in text if one.isprintable() and one not in "- ")
