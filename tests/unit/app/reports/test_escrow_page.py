"""What somebody reads off the escrow pages is what the program wrote on them."""

import datetime as dt
import re

import pypdfium2
import pytest

from app.reports.escrow_page import share_print
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import LANGUAGES, Texts
from storage.escrow import WORDS, new_key

MADE = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_share_stands_on_one_page_word_by_word_with_its_key(fonts: Fonts, language: str) -> None:
    texts = Texts.load(language)
    printer = PagePrinter(fonts, Style.load(), texts)
    key, shares = new_key("青溪县心理健康服务指导中心", "2026-11-22")
    for share in shares:
        document = pypdfium2.PdfDocument(printer.render(share_print(share, key, made=MADE, texts=texts)))
        assert len(document) == 1
        text = document[0].get_textpage().get_text_bounded()
        read = dict(re.findall(r"\b(\d+)\. ([a-z]+)", text))
        assert [read[str(number)] for number in range(1, WORDS + 1)] == share.words.split()
        assert key.fingerprint in text
        assert texts("escrow.page", number=share.number, count=3) in text
        others = {other.words.split()[-1] for other in shares if other != share}
        assert not others & {*read.values()} - {*share.words.split()}
        document.close()
