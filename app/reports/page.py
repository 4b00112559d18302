"""The one page that all prints share, and how a print becomes a PDF."""

from __future__ import annotations

import datetime as dt
import io
from functools import partial

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate
from reportlab.platypus.doctemplate import LayoutError

from app.errors import Problem
from app.reports.blocks import AuditPrint, IdentifiedPrint, KeyPrint, StatisticalPrint
from app.reports.fonts import Fonts
from app.reports.form_blocks import FormPrint
from app.reports.form_setter import FormSetter
from app.reports.setting import Align, draw_line
from app.reports.style import Style
from app.texts import Texts

PRODUCER = "心驿 Xinyi"

Print = StatisticalPrint | IdentifiedPrint | KeyPrint | AuditPrint | FormPrint

_MARGIN_PART = 0.7
"""How much of the width one text in header or footer may take."""


class PagePrinter:
    """Makes PDFs in one language.

    Args:
        fonts: of this machine.
        style: sizes and greys.
        texts: of the language.
    """

    def __init__(self, fonts: Fonts, style: Style, texts: Texts) -> None:
        self._fonts = fonts
        self._style = style
        self._texts = texts
        self._setter = FormSetter(fonts, style, texts)
        self._tighter = [FormSetter(fonts, style, texts, rule) for rule in style.tighter]

    def render(self, content: Print) -> bytes:
        """The PDF. The same content on the same machine gives the same bytes.

        Raises:
            Problem: something that cannot be divided is longer than a page.
        """
        # Once to count the pages, which say how many they are.
        setter, pages = self._setter, self._build(content, self._setter, 0)[1]
        if isinstance(content, FormPrint) and pages > 1:
            for tighter in self._tighter:
                fewer = self._build(content, tighter, 0)[1]
                if fewer < pages:
                    setter, pages = tighter, fewer
        return self._build(content, setter, pages)[0]

    def _build(self, content: Print, setter: FormSetter, pages: int) -> tuple[bytes, int]:
        buffer = io.BytesIO()
        page = self._style.page
        width, height = A4
        frame = Frame(
            page.left,
            page.bottom,
            width - page.left - page.right,
            height - page.top - page.bottom,
            *(0, 0, 0, 0),
        )
        document = BaseDocTemplate(
            buffer,
            pagesize=A4,
            title=content.title,
            author=content.station,
            subject=content.kind,
            creator=PRODUCER,
            producer=PRODUCER,
            lang=self._texts.language,
            displayDocTitle=True,
            # No clock and no chance in the file: neither the time of this run nor an identifier drawn from it.
            invariant=1,
            initialFontName=self._fonts.first_face(),
        )
        frame_every_page = partial(self._frame_page, content=content, pages=pages)
        document.addPageTemplates(PageTemplate(frames=[frame], onPage=frame_every_page))
        between = width - page.left - page.right
        try:
            document.build(setter.flow(content.blocks, between))
        except LayoutError as error:
            raise Problem("paper.too_long") from error
        return buffer.getvalue(), document.page

    def _frame_page(self, canvas: Canvas, _document: BaseDocTemplate, content: Print, pages: int) -> None:
        """Header and footer."""
        canvas.setDateFormatter(lambda *_: _pdf_date(content.printed))
        page, grey = self._style.page, self._style.greys
        width, height = A4
        top = height - page.header
        canvas.setStrokeGray(grey["line"])
        canvas.setLineWidth(0.5)
        canvas.line(page.left, top - 6, width - page.right, top - 6)
        canvas.line(page.left, page.footer + 12, width - page.right, page.footer + 12)
        canvas.setFillGray(grey["note"])
        number = self._texts("report.page", page=canvas.getPageNumber(), pages=pages)
        printed = self._texts("report.printed", time=f"{content.printed:%Y-%m-%d %H:%M}")
        margins: tuple[tuple[str, float, Align], ...] = (
            (content.station, top, "left"),
            (content.kind, top, "right"),
            (content.footer(self._texts), page.footer, "left"),
            (number, page.footer, "center"),
            (printed, page.footer, "right"),
        )
        for text, baseline, align in margins:
            self._margin(canvas, text, baseline, align)
        if isinstance(content, FormPrint) and content.again and canvas.getPageNumber() > 1:
            self._margin(canvas, content.again, top, "center")

    def _margin(self, canvas: Canvas, text: str, baseline: float, align: Align) -> None:
        page, size = self._style.page, self._style.sizes["margin"]
        span = (page.left, A4[0] - page.right)
        # The long name of a station is set smaller, not over its neighbour.
        room = _MARGIN_PART * (span[1] - span[0])
        size *= min(1.0, room / (self._fonts.width(text, size) or room))
        draw_line(canvas, self._fonts.glyphs(text), span=span, baseline=baseline, size=size, align=align)


def _pdf_date(time: dt.datetime) -> str:
    offset = f"{time:%z}"
    return f"D:{time:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:5]}'"
