"""A page says who printed what and when, on every page; the file holds nothing else, and is the same every time."""

import datetime as dt
import os
import re
import subprocess
import sys

import msgspec
import pypdfium2
import pytest

from app import resources
from app.reports.blocks import Block, Counts, Heading, Paragraph, Points, StatisticalPrint, Terms, Title
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import Texts
from tests.printed import pages_of

PRINTED = dt.datetime(2026, 11, 21, 21, 30, 5, tzinfo=dt.timezone(dt.timedelta(hours=8)))
SENTENCE = "这一段话很长，要分成几行（不止一行），也要能跨过一页的末尾；标点不能落在一行的开头。"


def page_print(*blocks: Block, title: str = "七年级1班心理筛查情况") -> StatisticalPrint:
    return StatisticalPrint("班级心理筛查情况", title, "石桥镇中心小学", PRINTED, blocks)


def render(fonts: Fonts, content: StatisticalPrint, language: str = "zh-CN") -> bytes:
    return PagePrinter(fonts, Style.load(), Texts.load(language)).render(content)


def test_every_page_says_which_of_how_many_it_is(fonts: Fonts) -> None:
    found = pages_of(render(fonts, page_print(*[Paragraph(SENTENCE * 4)] * 40)))
    assert len(found) > 2
    for number, text in enumerate(found, 1):
        assert f"第 {number} 页，共 {len(found)} 页" in text


def test_every_page_says_who_printed_what_and_when(fonts: Fonts) -> None:
    for text in pages_of(render(fonts, page_print(*[Paragraph(SENTENCE * 4)] * 40))):
        for words in ("石桥镇中心小学", "班级心理筛查情况", "2026-11-21 21:30 打印", "只有统计数字，不含个人信息"):
            assert words in text


def test_a_long_name_of_a_station_does_not_run_over_what_stands_beside_it(fonts: Fonts) -> None:
    content = msgspec.structs.replace(page_print(Paragraph("一段话。")), station="特别长的站点名称" * 12)
    document = pypdfium2.PdfDocument(render(fonts, content))
    text = document[0].get_textpage()
    ends = [text.get_charbox(text.get_text_range().index(words) + place) for words, place in _HEADER]
    assert ends[0][2] < ends[1][0]


_HEADER = [("特别长的站点名称" * 12, 8 * 12 - 1), ("班级心理筛查情况", 0)]


def test_a_title_longer_than_a_page_goes_on(fonts: Fonts) -> None:
    found = pages_of(render(fonts, page_print(Title("很长的标题" * 400), Heading("小标题" * 500))))
    assert "".join(found).count("很") == 400


def test_all_that_was_put_in_can_be_read_in_order(fonts: Fonts) -> None:
    blocks: list[Block] = [
        Title("标题"),
        Paragraph("说明", note=True),
        Heading("小标题"),
        Paragraph("一段话。"),
        Points(("甲", "乙"), note=True),
        Terms(("词", "意思"), (("子", "丑"), ("寅", "卯"))),
    ]
    (text,) = pages_of(render(fonts, page_print(*blocks)))
    assert "标题说明小标题一段话。1.甲2.乙词意思子丑寅卯" in "".join(text.split())


def test_rare_characters_can_be_searched_and_copied(fonts: Fonts) -> None:
    name = "𬱖㛃䶮\U0002c72f·买买提"
    (text,) = pages_of(render(fonts, page_print(Title(name), Paragraph(name * 3), title=name)))
    assert text.count(name) == 4
    assert (
        pypdfium2.PdfDocument(render(fonts, page_print(Paragraph(name), title=name))).get_metadata_value("Title")
        == name
    )


def test_a_long_table_repeats_its_headings(fonts: Fonts) -> None:
    rows = tuple((f"第{number}行", SENTENCE) for number in range(60))
    found = pages_of(render(fonts, page_print(Terms(("词的栏目", "意思的栏目"), rows))))
    assert len(found) > 1
    assert all("词的栏目" in text and "意思的栏目" in text for text in found)
    assert all("".join(found).count(term) == 1 for term, _ in rows)


def test_a_heading_never_stands_alone_at_the_foot_of_a_page(fonts: Fonts) -> None:
    for lines in range(30, 60):
        blocks: list[Block] = [*[Paragraph("一行")] * lines, Heading("小标题"), Paragraph("小标题下面的话")]
        for text in pages_of(render(fonts, page_print(*blocks))):
            assert ("小标题\r\n" in text) == ("小标题下面的话" in text)


def test_every_font_is_embedded(fonts: Fonts) -> None:
    pdf = render(fonts, page_print(Title("标题"), Terms(("词", "意思"), (("", "𬱖"),)), Points(("甲",))))
    assert len(re.findall(rb"/Type /Font\b", pdf)) == len(re.findall(rb"/FontFile2 \d+ 0 R", pdf)) > 1
    assert b"Helvetica" not in pdf


def test_the_file_names_station_title_language_and_time_and_nothing_else(fonts: Fonts) -> None:
    pdf = render(fonts, page_print(Paragraph("一段话。")))
    document = pypdfium2.PdfDocument(pdf)
    assert {key: value for key, value in document.get_metadata_dict().items() if value} == {
        "Title": "七年级1班心理筛查情况",
        "Author": "石桥镇中心小学",
        "Subject": "班级心理筛查情况",
        "Creator": "心驿 Xinyi",
        "Producer": "心驿 Xinyi",
        "CreationDate": "D:20261121213005+08'00'",
        "ModDate": "D:20261121213005+08'00'",
    }
    assert b"/Lang (zh-CN)" in pdf
    assert b"/Lang (en)" in render(fonts, page_print(Paragraph("words")), "en")


def test_the_same_print_is_the_same_file(fonts: Fonts) -> None:
    content = page_print(Title("标题𬱖"), Paragraph(SENTENCE * 30), Terms(("词", "意思"), (("子", "丑"),)))
    assert render(fonts, content) == render(fonts, content) == render(Fonts.find(), content)


def test_the_file_does_not_depend_on_the_run() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=resources.ROOT.parent,
        ).stdout
        for seed, zone in [("1", "UTC"), ("2", "Asia/Shanghai")]
    }
    assert len(digests) == 1


_DIGEST = """
import datetime, hashlib
from app.reports.blocks import Paragraph, StatisticalPrint, Terms, Title
from app.reports.fonts import Fonts
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import Texts
time = datetime.datetime(2026, 11, 21, 21, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
blocks = (Title("标题𬱖"), Paragraph("心理健康 PHQ-9" * 50), Terms(("词", "意思"), (("子", "丑"),)))
content = StatisticalPrint("班级", "标题", "站点", time, blocks)
print(hashlib.sha256(PagePrinter(Fonts.find(), Style.load(), Texts.load("zh-CN")).render(content)).hexdigest())
"""


def test_numbers_of_people_come_from_a_released_table_only() -> None:
    with pytest.raises(TypeError):
        Counts({"rows": []}, {})  # type: ignore[arg-type] # what the type forbids
