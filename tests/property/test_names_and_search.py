"""Names keep their characters, and everybody can be found by any part of the name."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlcipher3 import dbapi2

from app.people.names import NameFault, normalise_name
from app.people.pinyin import readings
from app.people.search_terms import index_terms, query_terms
from tests.effort import examples

ideographs = st.one_of(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
    st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF),
    st.characters(min_codepoint=0xF900, max_codepoint=0xFAFF),
    st.characters(min_codepoint=0x20000, max_codepoint=0x323AF),
)
names = st.text(ideographs, min_size=1, max_size=8)


def index_of(terms: str) -> Any:
    connection = dbapi2.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE s USING fts5(terms, content='', tokenize='ascii', detail='none')")
    connection.execute("INSERT INTO s(rowid, terms) VALUES (1, ?)", (terms,))
    return connection


def finds(index: Any, text: str) -> bool:
    match = query_terms(text)
    return bool(match) and index.execute("SELECT count(*) FROM s WHERE s MATCH ?", (match,)).fetchone()[0] == 1


@given(names)
def test_a_name_of_ideographs_is_kept_as_it_is(name: str) -> None:
    assert normalise_name(name) == name
    assert normalise_name(" ".join(name)) == name


@examples(500)
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(st.sampled_from("张三·•. '-AbＡ\u0301\u200b\u3000\ue001\u2ee2\U000e0100"), max_size=9),
    )
)
def test_a_normalised_name_is_normal(text: str) -> None:
    try:
        name = normalise_name(text)
    except NameFault:
        return
    assert normalise_name(name) == name


@examples(60)
@given(names, st.data())
def test_somebody_is_found_by_any_run_of_characters(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    assert finds(index_of(index_terms(name)), name[start:end])


@examples(60)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=3), st.randoms())
def test_somebody_is_found_by_up_to_two_uncommon_readings_in_full_and_by_initials(
    name: str, choice: random.Random
) -> None:
    ways = [readings(character) for character in name]
    uncommon = choice.sample(range(len(name)), min(2, len(name)))
    syllables = [choice.choice(way) if place in uncommon else way[0] for place, way in enumerate(ways) if way]
    index = index_of(index_terms(name))
    if len(syllables) == len(name):
        assert finds(index, "".join(syllables))
        assert finds(index, "".join(syllable[0] for syllable in syllables))
        assert finds(index, " ".join(syllables))


@given(st.text(max_size=200))
def test_no_text_breaks_the_question(text: str) -> None:
    finds(index_of(index_terms("张三丰", "990000201203041234")), text)


@given(st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True), st.data())
def test_somebody_is_found_by_the_ends_of_the_number(number: str, data: st.DataObject) -> None:
    index = index_of(index_terms("张三", number))
    assert finds(index, number[-data.draw(st.integers(3, 18)) :])
    assert finds(index, number[: data.draw(st.integers(6, 17))])
