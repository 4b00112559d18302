"""Identity numbers: every valid one is read, every single slip of the pen is noticed."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.people.identity import IdentityFault, mask, parse_resident_id, resident_id_checksum

TODAY = date(2025, 9, 1)

numbers = st.builds(
    lambda birth, order: f"990000{birth:%Y%m%d}{order:03}",
    st.dates(date(1896, 1, 1), TODAY),
    st.integers(0, 999),
).map(lambda first: first + resident_id_checksum(first))


@given(numbers)
def test_what_a_number_says_is_what_was_put_into_it(number: str) -> None:
    resident = parse_resident_id(number, today=TODAY)
    assert resident.number == number
    assert f"{resident.birth_date:%Y%m%d}" == number[6:14]
    assert resident.sex == ("male" if number[16] in "13579" else "female")


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_noticed(number: str, place: int, character: str) -> None:
    assume(number[place] != character)
    with pytest.raises(IdentityFault):
        parse_resident_id(number[:place] + character + number[place + 1 :], today=TODAY)


@given(numbers, st.integers(0, 16))
def test_two_neighbours_exchanged_are_always_noticed(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    exchanged = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(IdentityFault):
        parse_resident_id(exchanged, today=TODAY)


@given(numbers, st.data())
def test_spaces_hyphens_and_widths_change_nothing(number: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(st.sampled_from(["", " ", "-", "\u3000", "\u200b"]))
        + (chr(ord(character) + 0xFEE0) if data.draw(st.booleans()) else character)
        for character in number
    )
    assert parse_resident_id(written, today=TODAY).number == number


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_fault(text: str) -> None:
    try:
        number = parse_resident_id(text, today=TODAY).number
    except IdentityFault as fault:
        number = fault.key.removeprefix("identity.")
    assert number.isascii()


@given(st.text(max_size=30))
def test_a_mask_never_shows_more_than_four_characters(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert len(masked.replace("*", "")) <= 4
