"""The empty form: everything that is asked can be answered by hand, and nothing on it tells how it is judged."""

import datetime as dt
from typing import Any

import msgspec
import pypdfium2
import pytest

from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.items import Choice, Computed, Group
from app.instruments.library import Library
from app.instruments.wording import Wording
from app.reports.empty_form import empty_form
from app.reports.fonts import Fonts
from app.reports.form_blocks import Boxes, Card, Grid, Question, RowTable
from app.reports.form_content import FormContent, fit_in_columns
from app.reports.page import PagePrinter
from app.reports.style import Style
from app.texts import LANGUAGES, Texts
from tests.printed import bare, pages_of, text_of
from tests.unit.app.instruments.example import choice, made, summed, unscored

LIBRARY = Library.load()
PRINTED = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
ZH = Texts.load("zh-CN")


def render(fonts: Fonts, definition: Definition, language: str = "zh-CN") -> bytes:
    texts = Texts.load(language)
    return PagePrinter(fonts, Style.load(), texts).render(empty_form(definition, texts, "石桥镇中心小学", PRINTED))


def words(text: str) -> dict[str, str]:
    return {"zh-CN": text, "en": text}


def asked(number: int, text: str, options: str = "four", **more: Any) -> dict[str, Any]:
    return {**choice(str(number), options, **more), "text": words(text)}


def record_form(*items: dict[str, Any], **parts: Any) -> Definition:
    return made(items=list(items), scores=[], type="form", **parts)


def drawn_boxes(page: pypdfium2.PdfPage) -> int:
    """Squares on a page: as high as wide, and no larger than a letter."""
    found = 0
    for one in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_PATH]):
        left, bottom, right, top = one.get_bounds()
        found += 6 < right - left < 12 and abs((right - left) - (top - bottom)) < 0.5
    return found


@pytest.mark.parametrize("name", LIBRARY.ids())
def test_every_bundled_definition_has_a_form_with_all_that_is_asked(fonts: Fonts, name: str) -> None:
    definition = LIBRARY.get(name)
    found = bare(text_of(render(fonts, definition)))
    wording = Wording(definition, ZH)
    for item in definition.items:
        if isinstance(item, Computed):
            continue
        assert bare(wording.said(item.text) or wording.number(item)) in found
    for section in definition.sections:
        assert bare(section.title["zh-CN"]) in found


@pytest.mark.parametrize("name", ["phq-9", "gad-7", "scl-90", "smd-follow-up"])
def test_the_english_form_is_english(fonts: Fonts, name: str) -> None:
    found = text_of(render(fonts, LIBRARY.get(name), "en"))
    assert "Name:" in found
    assert "姓名" not in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_tells_how_answers_are_judged(fonts: Fonts, language: str) -> None:
    definition = LIBRARY.get("phq-9")
    found = bare(text_of(render(fonts, definition, language)))
    for one in definition.scores[0].bands:
        assert bare(one.action[language]) not in found
        assert f"{one.low}–{one.high}" not in found


def test_boxes_are_drawn_and_not_written(fonts: Fonts) -> None:
    definition = LIBRARY.get("gad-7")
    (page,) = pypdfium2.PdfDocument(render(fonts, definition))
    choices = sum(len(definition.options(item)) for item in definition.items)
    assert drawn_boxes(page) == choices + len(("male", "female"))
    assert not {"□", "☐", "☑"} & set(page.get_textpage().get_text_range())


def test_the_licence_stands_at_the_end_word_for_word(fonts: Fonts) -> None:
    definition = LIBRARY.get("phq-9")
    found = bare(text_of(render(fonts, definition)))
    assert bare(definition.copyright.statement) in found
    last = Wording(definition, ZH).item(definition.items[-1])
    assert found.index(bare(definition.copyright.statement)) > found.index(bare(last))


def test_of_a_structure_there_are_numbers_and_values_and_the_way_to_the_licensed_form(fonts: Fonts) -> None:
    definition = LIBRARY.get("scl-90")
    (card,) = [one for one in FormContent(definition, ZH).blocks() if isinstance(one, Card)]
    assert [row.number for row in card.rows] == [str(number) for number in range(1, 91)]
    assert {tuple(box.value for box in row.boxes) for row in card.rows} == {("1", "2", "3", "4", "5")}
    (page,) = pages_of(render(fonts, definition))
    assert "取得授权的正式纸质表" in page


def test_items_that_share_their_options_make_a_grid_and_others_stand_alone() -> None:
    short, long = [{"value": at, "text": words("几天")} for at in range(4)], "很长的一段选项文字" * 4
    definition = made(
        option_sets={"four": short, "long": [{"value": at, "text": words(long)} for at in range(2)]},
        items=[asked(1, "甲"), asked(2, "乙"), asked(3, "丙", "long"), asked(4, "丁", "long")],
        scores=[summed("total", ["1", "2", "3", "4"], 8)],
    )
    grid, *single = FormContent(definition, ZH).blocks()
    assert isinstance(grid, Grid)
    assert [row.text for row in grid.rows] == ["甲", "乙"]
    assert [one.text for one in single if isinstance(one, Question)] == ["丙", "丁"]


def test_the_headings_of_a_grid_stand_on_every_page_and_no_item_is_divided(fonts: Fonts) -> None:
    texts = [f"起{number}" + "这一题很长要分成好几行来写" * 5 + f"止{number}。" for number in range(1, 61)]
    four = [{"value": at, "text": words(f"选项{at}号")} for at in range(4)]
    items = [asked(number, text) for number, text in enumerate(texts, 1)]
    scores = [summed("total", [str(number) for number in range(1, 61)], 180)]
    found = [
        bare(page) for page in pages_of(render(fonts, made(option_sets={"four": four}, items=items, scores=scores)))
    ]
    assert len(found) > 2
    divided = [
        number for number in range(1, 61) if not any(f"起{number}这" in one and f"止{number}。" in one for one in found)
    ]
    assert divided == []
    assert all("选项3号" in page for page in found[:-1])


def test_no_single_question_is_divided(fonts: Fonts) -> None:
    items = [
        {**unscored("text", f"t{number}", lines=6), "text": words(f"起{number}" + "长题" * 60 + f"止{number}。")}
        for number in range(20)
    ]
    found = [bare(page) for page in pages_of(render(fonts, record_form(*items)))]
    assert len(found) > 2
    assert all(any(f"起{number}长" in one and f"止{number}。" in one for one in found) for number in range(20))


def test_on_later_pages_there_is_a_place_for_the_name(fonts: Fonts) -> None:
    found = pages_of(render(fonts, LIBRARY.get("smd-follow-up")))
    assert len(found) > 1
    assert all("姓名：____" in page for page in found[1:])


def test_a_condition_of_a_whole_section_is_said_once_and_of_one_item_with_the_item() -> None:
    yes_no = [{"value": 1, "text": words("是")}, {"value": 0, "text": words("否")}]
    definition = record_form(
        {**choice("1", "yes-no", scored=False), "section": "first"},
        *({**unscored("text", str(number)), "visible_if": "${1} = 1", "section": "second"} for number in (2, 3, 4)),
        {**unscored("text", "5"), "visible_if": "answered(${4})", "section": "second"},
        option_sets={"yes-no": yes_no},
        sections=[{"id": "first", "title": words("一")}, {"id": "second", "title": words("二")}],
    )
    said = [getattr(one, "text", "") for one in FormContent(definition, ZH).blocks()]
    assert said.count("第 1 题选“是”时，填写下面的内容。") == 1
    (last,) = [one for one in FormContent(definition, ZH).blocks() if isinstance(one, Question) and one.number == "5"]
    assert "第 4 题已填写时填写" in last.notes


def test_a_group_has_rows_to_fill_in_and_many_options_become_numbers() -> None:
    definition = LIBRARY.get("crisis-record")
    tables = [one for one in FormContent(definition, ZH).blocks() if isinstance(one, RowTable)]
    groups = [item for item in definition.items if isinstance(item, Group)]
    assert [len(table.headings) for table in tables] == [len(group.items) for group in groups]
    assert all(len(table.rows) == 5 for table in tables)
    (long,) = [item for item in groups[0].items if isinstance(item, Choice)]
    said = "".join(tables[0].notes)
    assert all(option.text["zh-CN"] in said for option in definition.options(long) if option.text)
    assert not any(isinstance(part, Boxes) for part in tables[0].rows[0])


def test_does_not_apply_has_a_box_of_its_own(fonts: Fonts) -> None:
    definition = record_form({**unscored("text", "1"), "not_applicable": True})
    assert "不适用" in text_of(render(fonts, definition))


def test_what_is_computed_is_there_only_where_a_condition_asks_for_it() -> None:
    number = {**unscored("number", "1"), "from": 0, "to": 9}
    computed = [{**unscored("computed", name), "value": "${1} + 1"} for name in ("sum", "other")]
    asked_if = {**unscored("text", "2"), "visible_if": "${sum} > 3"}
    blocks = FormContent(record_form(number, *computed, asked_if), ZH).blocks()
    assert [one.number for one in blocks if isinstance(one, Question)] == ["1", "A", "2"]


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_every_item_has_a_number_of_its_own_that_fits_its_narrow_column(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    numbers = [Wording(definition, ZH).number(item) for item in definition.items]
    assert all(0 < len(number) <= 3 for number in numbers)


def test_the_same_form_is_the_same_file(fonts: Fonts) -> None:
    assert render(fonts, LIBRARY.get("phq-9")) == render(fonts, LIBRARY.get("phq-9"))


@pytest.mark.parametrize("name", ["audit", "dass-21", "gds-30", "pcl-5"])
def test_a_form_that_would_begin_another_page_for_a_few_lines_is_set_closer(fonts: Fonts, name: str) -> None:
    content = empty_form(LIBRARY.get(name), ZH, "石桥镇中心小学", PRINTED)
    usual = PagePrinter(fonts, msgspec.structs.replace(Style.load(), tighter=()), ZH).render(content)
    assert (len(pages_of(usual)), len(pages_of(render(fonts, LIBRARY.get(name))))) == (2, 1)


@pytest.mark.parametrize("name", ["phq-9", "crisis-record"])
def test_a_form_that_gains_no_page_keeps_its_room(fonts: Fonts, name: str) -> None:
    content = empty_form(LIBRARY.get(name), ZH, "石桥镇中心小学", PRINTED)
    usual = PagePrinter(fonts, msgspec.structs.replace(Style.load(), tighter=()), ZH).render(content)
    assert render(fonts, LIBRARY.get(name)) == usual


def test_a_text_of_pages_goes_on_and_what_cannot_be_divided_is_refused_in_words(fonts: Fonts) -> None:
    long = {**unscored("text", "1"), "text": words("知情同意书的全文。" * 1000)}
    assert len(pages_of(render(fonts, record_form(long)))) > 3
    endless = [{"value": at, "text": words("没有尽头的选项" * 900)} for at in range(2)]
    with pytest.raises(Problem) as problem:
        render(fonts, record_form(choice("1", "endless", scored=False), option_sets={"endless": endless}))
    assert problem.value.key == "paper.too_long"


@pytest.mark.parametrize(
    ("options", "fit"),
    [
        (["完全不会", "好几天", "一半以上的天数", "几乎每天"], True),
        (["Not at all", "Several days", "More than half the days", "Nearly every day"], True),
        (["是", "否"], True),
        ([str(number) for number in range(8)], False),
        (["有一句话那么长的选项，三行也写不下，所以不能排成一列一列的格子"], False),
        (["Incomprehensibilities", "no"], False),
    ],
)
def test_options_stand_above_columns_only_where_they_fit(options: list[str], fit: bool) -> None:
    assert fit_in_columns(options) is fit
