"""The recovery code: what is mistyped is noticed, and where."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Problem
from storage.recovery_code import CODE_SIZE, GROUPS, new_code, read, written

CODES = st.integers(0, 2**140 - 1).map(lambda number: number.to_bytes(CODE_SIZE, "big"))
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(CODES)
def test_a_code_is_read_as_it_is_written(code: bytes) -> None:
    assert read(written(code)) == code


@given(CODES)
def test_how_it_is_typed_does_not_matter(code: bytes) -> None:
    text = written(code)
    assert read(text.lower().replace("-", "  ")) == code
    assert read(text.replace("0", "O").replace("1", "l")) == code
    assert read("".join(chr(ord(one) + 0xFEE0) for one in text)) == code  # full width


@given(CODES, st.integers(0, 34), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed_in_its_group(code: bytes, place: int, wrong: str) -> None:
    characters = list(written(code).replace("-", ""))
    if characters[place] == wrong:
        return
    characters[place] = wrong
    with pytest.raises(Problem) as caught:
        read("".join(characters))
    assert (caught.value.key, caught.value.values) == ("recovery.group", {"group": place // 5 + 1})


@given(CODES, st.integers(0, 33))
def test_two_neighbours_exchanged_are_noticed(code: bytes, place: int) -> None:
    characters = list(written(code).replace("-", ""))
    if characters[place] == characters[place + 1]:
        return
    characters[place], characters[place + 1] = characters[place + 1], characters[place]
    with pytest.raises(Problem):
        read("".join(characters))


@given(CODES, st.integers(0, GROUPS - 2))
def test_two_groups_exchanged_are_noticed(code: bytes, place: int) -> None:
    groups = written(code).split("-")
    if groups[place] == groups[place + 1]:
        return
    groups[place], groups[place + 1] = groups[place + 1], groups[place]
    with pytest.raises(Problem):
        read("-".join(groups))


@pytest.mark.parametrize("text", ["", "ABCDE", "A" * 34, "A" * 36, "你好"])
def test_another_length_is_told(text: str) -> None:
    with pytest.raises(Problem) as caught:
        read(text)
    assert caught.value.key == "recovery.length"


def test_a_character_that_no_code_has_is_told_with_its_group() -> None:
    with pytest.raises(Problem) as caught:
        read("U" + written(new_code())[1:])
    assert caught.value.values == {"group": 1}


def test_no_two_codes_are_alike() -> None:
    codes = sorted(new_code() for _ in range(200))
    assert all(one != other for one, other in pairwise(codes))
