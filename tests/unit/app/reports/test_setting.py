"""Lines are filled, end where Chinese may end, and lose nothing."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.reports.fonts import Fonts, Glyph
from app.reports.setting import NO_END, NO_START, Text, break_lines, may_break


def glyphs(text: str) -> list[Glyph]:
    """Wide characters of width 1, all others half as wide."""
    return [Glyph(character, "face", 1.0 if ord(character) > 0x2E7F else 0.5) for character in text]


def lines(text: str, width: float) -> list[str]:
    return ["".join(glyph.character for glyph in line) for line in break_lines(glyphs(text), width)]


PIECES = st.lists(
    st.sampled_from(["心", "理", "健康", "PHQ-9", "12356", " ", "，", "。", "（", "）", "“", "”", "——", "……", "50%"]),
    max_size=40,
).map("".join)
WIDTHS = st.integers(8, 30)


@given(PIECES, WIDTHS)
def test_nothing_is_lost_or_moved(text: str, width: int) -> None:
    assert "".join(lines(text, width)) == text


@given(PIECES, WIDTHS)
def test_no_line_is_wider_than_the_page(text: str, width: int) -> None:
    for line in lines(text, width):
        assert sum(glyph.width for glyph in glyphs(line.rstrip(" "))) <= width


@given(PIECES, WIDTHS)
def test_a_line_is_full_unless_the_next_piece_does_not_fit(text: str, width: int) -> None:
    found = lines(text, width)
    for line, following in pairwise(found):
        ends = [at for at in range(1, len(following)) if may_break(following[at - 1], following[at])]
        piece = following[: ends[0]] if ends else following
        assert sum(glyph.width for glyph in glyphs((line + piece).rstrip(" "))) > width


@given(st.text("心理健康，。（）“”", max_size=60), WIDTHS)
def test_no_line_begins_or_ends_with_a_mark_that_may_not(text: str, width: int) -> None:
    # Rows of marks that are wider than a line have no good place.
    assume(all(len(row) < 6 for row in _rows_of_marks(text)))
    found = lines(text, width)
    assert not any(line[0] in NO_START for line in found[1:])
    assert not any(line[-1] in NO_END for line in found[:-1])


def _rows_of_marks(text: str) -> list[str]:
    rows = [""]
    for before, after in pairwise(text):
        rows[-1] += before
        if may_break(before, after):
            rows.append("")
    return rows


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("心理健康，很好", 4, ["心理健", "康，很好"]),
        ("请拨打（12356）", 4, ["请拨打", "（12356", "）"]),
        ("他说“心理”好", 3, ["他说", "“心理”", "好"]),
        ("填写 PHQ-9 问卷", 4, ["填写 ", "PHQ-9 问", "卷"]),
        ("他等等……再说", 3.5, ["他等等", "……再说"]),
        ("abcdefghij", 2, ["abcd", "efgh", "ij"]),
        ("one two", 2, ["one ", "two"]),
        ("", 5, []),
    ],
)
def test_examples(text: str, width: int, expected: list[str]) -> None:
    assert lines(text, width) == expected


def test_a_character_spelled_out_stays_in_one_piece(fonts: Fonts) -> None:
    spelled = fonts.glyphs("心〔U+30000\u00a0yǎn〕")
    found = break_lines(spelled, sum(glyph.width for glyph in spelled) - 0.5)
    assert ["".join(glyph.character for glyph in line) for line in found] == ["心", "〔U+30000\u00a0yǎn〕"]


def test_a_paragraph_goes_on_on_the_next_page_where_it_stopped(fonts: Fonts) -> None:
    text = "no word is glued to another where the page ends，中文也一样。" * 6
    whole = Text(fonts.glyphs(text), size=10, leading=1.5)
    _, height = whole.wrap(200, 1000)
    first, rest = whole.split(200, height / 2)
    assert first.wrap(200, 1000)[1] <= height / 2
    assert first.wrap(200, 1000)[1] + rest.wrap(200, 1000)[1] == pytest.approx(height)


def test_a_paragraph_that_does_not_fit_at_all_goes_to_the_next_page(fonts: Fonts) -> None:
    assert Text(fonts.glyphs("心理"), size=10, leading=1.5).split(200, 14) == []
