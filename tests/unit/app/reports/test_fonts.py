"""Every character gets a face that draws it, or is spelled out; never a box, never a gap."""

from pathlib import Path

import msgspec
import pytest

from app import resources
from app.errors import EnvironmentProblem
from app.instruments.library import Library
from app.reports.fonts import Fonts, Role
from app.reports.style import FontFile, FontRule, Style
from app.texts import LANGUAGES, Texts

RULE = Style.load().fonts
ZEN_HEI = FontFile("wqy-zenhei.ttc")
DROID = FontFile("DroidSansFallbackFull.ttf")


def installed(entry: FontFile) -> Path:
    return next(path for path in Path("/usr/share/fonts").rglob("*") if path.name == entry.file)


def only(*text: FontFile, heading: tuple[FontFile, ...] = ()) -> Fonts:
    """As if nothing but these were installed."""
    rule = msgspec.structs.replace(RULE, text=text, heading=heading, others=())
    return Fonts({entry.file.lower(): installed(entry) for entry in (*text, *heading)}, rule)


def drawn(fonts: Fonts, text: str, role: Role = "text") -> str:
    return "".join(glyph.character for glyph in fonts.glyphs(text, role))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ["text", "heading"])
def test_every_word_that_we_print_can_be_drawn(fonts: Fonts, language: str, role: Role) -> None:
    words = "".join(
        resources.path("i18n", language, f"{area}.json").read_text("utf-8")
        for area in ("report", "statistics", "disclosure")
    )
    definitions = map(Library.load().get, Library.load().ids())
    words += "".join(msgspec.json.encode(definition).decode() for definition in definitions)
    assert drawn(fonts, "".join(words.split()), role) == "".join(words.split())


@pytest.mark.parametrize("name", ["𬱖", "㛃", "䶮", "\U0002c72f", "阿依古丽·买买提", "Ñuño"])
def test_a_rare_name_is_drawn_as_it_is_written(fonts: Fonts, name: str) -> None:
    assert drawn(fonts, name) == name


def test_each_character_is_set_in_a_face_that_has_it(fonts: Fonts) -> None:
    common, rare = fonts.glyphs("中𬱖")
    assert common.face != rare.face


def test_a_character_that_no_font_has_is_spelled_with_code_point_and_reading() -> None:
    assert drawn(only(ZEN_HEI), "王\U0002c72f明") == "王〔U+2C72F\u00a0liǎng〕明"


def test_a_character_without_a_known_reading_is_spelled_with_its_code_point() -> None:
    assert drawn(only(ZEN_HEI), "\U00030000\ue000") == "〔U+30000〕〔U+E000〕"


def test_a_character_that_a_font_claims_but_leaves_blank_is_not_left_blank() -> None:
    assert drawn(only(ZEN_HEI), "\u3095") == "〔U+3095〕"


def test_what_draws_nothing_takes_no_room(fonts: Fonts) -> None:
    assert drawn(fonts, "葛\U000e0100\ufe00城\u200d\u202e\u00ad") == "葛城"


def test_line_breaks_and_tabs_in_a_name_become_spaces(fonts: Fonts) -> None:
    assert drawn(fonts, "七年级\n1\t班\r\u2028") == "七年级 1 班  "


def test_the_width_of_a_text_grows_with_its_size(fonts: Fonts) -> None:
    assert fonts.width("心理", 10) == pytest.approx(20)
    assert fonts.width("心理", 18) == pytest.approx(36)
    assert 0 < fonts.width("ii", 10) < fonts.width("WW", 10)


def test_headings_have_a_face_of_their_own_where_there_is_one() -> None:
    hana = FontFile("HanaMinA.ttf")
    both = only(ZEN_HEI, heading=(hana,))
    assert [both.glyphs("心", role)[0].face.partition("/")[0] for role in ("text", "heading")] == [
        ZEN_HEI.file,
        hana.file,
    ]
    assert only(ZEN_HEI).glyphs("心", "heading")[0].face.startswith(ZEN_HEI.file)


def test_a_face_of_a_collection_is_found_by_its_name() -> None:
    fixed = only(FontFile("wqy-zenhei.ttc", "WenQuanYiZenHeiMono"))
    assert fixed.width("iiii", 1) == fixed.width("WWWW", 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\1\0\0",
        b"not a font at all",
        installed(ZEN_HEI).read_bytes()[:5000],
        installed(DROID).read_bytes()[:400],
    ],
    ids=["empty", "only a head", "something else", "a collection cut off", "a font cut off"],
)
def test_a_damaged_font_is_passed_over(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "damaged.ttf"
    damaged.write_bytes(content)
    rule = msgspec.structs.replace(RULE, text=(FontFile("damaged.ttf"), ZEN_HEI), heading=(), others=())
    fonts = Fonts({"damaged.ttf": damaged, ZEN_HEI.file: installed(ZEN_HEI)}, rule)
    assert fonts.glyphs("心")[0].face.startswith(ZEN_HEI.file)


def test_fonts_with_postscript_outlines_are_passed_over() -> None:
    noto = FontFile("NotoSansCJK-Regular.ttc")
    assert only(noto, ZEN_HEI).glyphs("心")[0].face.startswith(ZEN_HEI.file)
    with pytest.raises(EnvironmentProblem):
        only(noto)


def test_without_a_chinese_font_the_person_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as refused:
        Fonts.find(msgspec.structs.replace(RULE, folders=(str(tmp_path), str(tmp_path / "missing"))))
    for language in LANGUAGES:
        assert "apt install fonts-wqy-zenhei" in Texts.load(language).problem(refused.value)


def test_a_font_that_draws_no_latin_is_not_enough() -> None:
    with pytest.raises(EnvironmentProblem):
        only(DROID)
    assert {glyph.face.partition("/")[0] for glyph in only(DROID, ZEN_HEI).glyphs("心A")} == {DROID.file, ZEN_HEI.file}


def test_fonts_are_found_below_the_folders_whatever_the_case_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a" / "b" / "WQY-ZenHei.TTC"
    place.parent.mkdir(parents=True)
    place.symlink_to(installed(ZEN_HEI))
    monkeypatch.setenv("XINYI_TEST_FONTS", str(tmp_path))
    rule = FontRule(folders=("$XINYI_TEST_FONTS/a",), text=(ZEN_HEI,), heading=(), others=(), packages=())
    assert drawn(Fonts.find(rule), "心") == "心"
