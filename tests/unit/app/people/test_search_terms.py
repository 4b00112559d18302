"""People are found as users look for them, asked of the full-text index that the archive uses."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from app.people.search_terms import index_terms, query_terms

ID = "990000201203041234"

PEOPLE = {
    "张三丰": (ID, "G20210001"),
    "章三": ("", "20219999"),
    "赵六": ("EA1234567", "XS2021-015"),
    "李丽": ("", "7"),
    "单曾": ("", ""),
    "仇解": ("", ""),
    "朴区": ("", ""),
    "查翟": ("", ""),
    "乐晟": ("", ""),
    "黑费": ("", ""),
    "吕绿": ("", ""),
    "鲁布": ("", ""),
    "欧阳锋明": ("", ""),
    "阿依古丽·买买提": ("", ""),
    "John Fitzgerald Kennedy": ("E12345678", ""),
    "José O’Brien": ("", ""),
    "\U0002cc56\u36c3": ("", ""),
    "\U0002ebf0\U000323af": ("", ""),
    "\ufa0e\u4dae": ("", ""),
    "张\ue001": ("", ""),
    "ئايگۈل": ("", ""),
}


@pytest.fixture(scope="module", params=["full", "none"])
def index(request: pytest.FixtureRequest) -> Iterator[Any]:
    connection = dbapi2.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE s USING fts5(terms, content='', tokenize='ascii', prefix='1 2 3',"
        f" detail='{request.param}')"
    )
    for row, (name, numbers) in enumerate(PEOPLE.items()):
        connection.execute("INSERT INTO s(rowid, terms) VALUES (?, ?)", (row, index_terms(name, *numbers)))
    yield connection
    connection.close()


def find(index: Any, text: str) -> set[str]:
    match = query_terms(text)
    if not match:
        return set()
    names = list(PEOPLE)
    return {names[row] for (row,) in index.execute("SELECT rowid FROM s WHERE s MATCH ?", (match,))}


@pytest.mark.parametrize(
    "text",
    [
        *["张三丰", "三丰", "丰", "张 丰", "丰 张", " 张三丰 "],
        *["zhangsanfeng", "zhang san feng", "ZhangSanFeng", "zhang sanfeng", "zhangs", "zhangsa", "sanfeng", "feng"],
        *["zsf", "ZSF", "zs", "sf", "zhang sf", "zhangsf", "ｚｓｆ", "zhang'sanfeng"],
        *["1234", "41234", "234", ID, ID[:6], ID[:9], ID[:13], ID[:16], "990000 20120304 1234", "990000-20120304-1234"],
        *["20120304", "201203", "2012-03-04", "2012/03/04"],
        *["G20210001", "0001", "G20210"],
        *["张三丰1234", "zsf 1234", "张sf", "张 zsf", "zhangsanfeng1234"],
    ],
)
def test_one_person_is_found_in_all_the_ways_people_look(index: Any, text: str) -> None:
    assert "张三丰" in find(index, text)


@pytest.mark.parametrize(
    "text",
    [
        "三张",
        "丰张",
        "g2021",
        "zsl",
        "34",
        "12",
        "sanzhang",
        "zf",
        "99000",
        "2013",
        "张三李",
        "zhangsanfengx",
        "anfeng",
    ],
)
def test_what_does_not_stand_there_is_not_found(index: Any, text: str) -> None:
    assert "张三丰" not in find(index, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *[(text, "单曾") for text in ("shan", "dan", "chan", "zeng", "ceng", "shanzeng", "danceng", "sz", "dc")],
        *[(text, "仇解") for text in ("qiuxie", "choujie", "qx", "cj")],
        *[(text, "朴区") for text in ("piaoou", "puqu", "po", "pq")],
        *[(text, "查翟") for text in ("zhazhai", "chadi", "zz", "cd")],
        *[(text, "乐晟") for text in ("yuesheng", "lecheng", "ys", "lc")],
        *[(text, "黑费") for text in ("hefei", "heifei", "hebi")],
        *[(text, "吕绿") for text in ("lv", "lu", "lü", "lvlv", "lulu", "LÜ")],
    ],
)
def test_every_reading_of_a_character_finds_it(index: Any, text: str, name: str) -> None:
    assert name in find(index, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *[
            (text, "阿依古丽·买买提")
            for text in ("阿依", "买买提", "古丽·买", "ayigulimaimaiti", "aygl", "aygl mmt", "mmt", "阿依 买买提")
        ],
        *[(text, "阿依古丽·买买提") for text in ("maimaiti", "ayiguli maimaiti", "ayglmmt")],
        *[
            (text, "John Fitzgerald Kennedy")
            for text in ("john", "kennedy", "john kennedy", "jfk", "Kennedy, John", "E12345678")
        ],
        *[(text, "José O’Brien") for text in ("jose", "José", "obrien", "o'brien", "O’Brien")],
        *[(text, "欧阳锋明") for text in ("ouyangfm", "ouyang", "oyfm", "yangfeng", "欧阳")],
    ],
)
def test_names_of_more_parts_are_found_by_each(index: Any, text: str, name: str) -> None:
    assert name in find(index, text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("\U0002cc56", {"\U0002cc56\u36c3"}),
        ("\u36c3", {"\U0002cc56\u36c3"}),
        ("\U0002cc56\u36c3", {"\U0002cc56\u36c3"}),
        ("\U0002ebf0", {"\U0002ebf0\U000323af"}),
        ("\U0002ebf0\U000323af", {"\U0002ebf0\U000323af"}),
        ("\u4dae", {"\ufa0e\u4dae"}),
        ("\ufa0e", {"\ufa0e\u4dae"}),
        ("\ue001", {"张\ue001"}),
        ("张\ue001", {"张\ue001"}),
        ("ئاي", {"ئايگۈل"}),
    ],
)
def test_rare_characters_are_found_by_themselves(index: Any, text: str, names: set[str]) -> None:
    assert find(index, text) == names


@pytest.mark.parametrize(
    "text", ["EA1234567", "ea12345", "4567", "XS2021-015", "xs2021015", "xs2021", "2021015", "015", "zhaoliu4567"]
)
def test_numbers_that_begin_with_letters_are_found_with_and_without_them(index: Any, text: str) -> None:
    assert find(index, text) == {"赵六"}


def test_a_syllable_twice_asks_for_two_syllables(index: Any) -> None:
    assert find(index, "li li") == {"李丽"}
    assert find(index, "l l") >= {"李丽", "吕绿"}


def test_a_number_of_two_digits_is_looked_for_whole(index: Any) -> None:
    assert find(index, "7") == {"李丽"}
    assert find(index, "99") == set()
    assert find(index, "999") == {"章三"}


@pytest.mark.parametrize(
    "text",
    [
        *['"', '""', "*", "^", "-", "(", ")", "{", "}", ":", "+", "'", "\\", "\x00", "%", "_", "🙂", "·"],
        *[
            '张"',
            "张*",
            "-张",
            "NOT 张",
            "张 OR 李",
            "张 AND 三",
            "NEAR(张 三)",
            "terms:张",
            "{terms}:张",
            "zhang*",
            "^zhang",
        ],
        *["张" * 500, "a " * 500, "1 " * 500, '" OR "" MATCH "', "AND", "OR", "NOT", "NEAR", "x'00'"],
    ],
)
def test_nothing_that_is_typed_breaks_the_question(index: Any, text: str) -> None:
    assert find(index, text) <= set(PEOPLE)


def test_words_of_the_query_language_are_only_letters(index: Any) -> None:
    assert find(index, "zhang OR li") == set()
    assert find(index, "NOT zhang") == set()


@pytest.mark.parametrize("text", ["", "  ", "*", '"', "·", "-", "🙂"])
def test_a_text_without_letters_or_digits_asks_for_nothing(text: str) -> None:
    assert query_terms(text) == ""


def test_a_page_pasted_by_mistake_is_a_short_question() -> None:
    assert len(query_terms("张三 1234 " * 10_000)) < 1000


def test_a_name_of_many_readings_keeps_its_index_small() -> None:
    assert len(index_terms("乐能晟").split()) < 120
    assert len(index_terms("阿依古丽买买提热合曼").split()) < 200
    assert len(index_terms("行" * 50).split()) < 1000


def test_the_resident_number_gives_the_date_of_birth_unless_it_is_given() -> None:
    assert "0n20120304" in index_terms("张三", ID).split()
    assert "0n20110203" in index_terms("张三", ID, birth_date="2011-02-03").split()
    assert "0n20110203" in index_terms("张三", birth_date="2011-02-03").split()
    passport = [word for word in index_terms("张三", "E12345678").split() if word.startswith("0n")]
    assert passport == ["0ne12345678"]
