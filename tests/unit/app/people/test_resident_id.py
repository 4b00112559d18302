"""Identity numbers of residents: what is valid, what they say, and which of many ways of being wrong one is."""

from datetime import date

import pytest

from app.people.identity import IdentityFault, mask, parse_resident_id, resident_id_checksum

TODAY = date(2025, 9, 1)


def number(birth: str, order: str) -> str:
    first = f"990000{birth}{order}"
    return first + resident_id_checksum(first)


def fault(text: str) -> str:
    with pytest.raises(IdentityFault) as caught:
        parse_resident_id(text, today=TODAY)
    return caught.value.key


def test_the_check_character_is_that_of_the_standard() -> None:
    # By hand: the weighted sum of 99000020120304123 is 229, 229 mod 11 is 9, and place 9 of 10X98765432 holds 3.
    assert resident_id_checksum("99000020120304123") == "3"


def test_a_checksum_needs_seventeen_digits() -> None:
    with pytest.raises(ValueError, match="zip"):
        resident_id_checksum("990000")


def test_date_of_birth_and_sex_come_from_the_number() -> None:
    boy = parse_resident_id(number("20120304", "123"), today=TODAY)
    girl = parse_resident_id(number("20120229", "122"), today=TODAY)
    assert (boy.birth_date, boy.sex) == (date(2012, 3, 4), "male")
    assert (girl.birth_date, girl.sex) == (date(2012, 2, 29), "female")


def test_numbers_are_read_as_people_write_them() -> None:
    with_x = next(whole for order in range(100, 200) if (whole := number("20120304", str(order))).endswith("X"))
    spellings = [
        with_x.lower(),
        f" {with_x[:6]} {with_x[6:14]} {with_x[14:]} ",
        f"{with_x[:6]}-{with_x[6:14]}-{with_x[14:]}",
        with_x.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
        f"'{with_x}",
        f"{with_x[:9]}\u200b{with_x[9:]}",
    ]
    assert {parse_resident_id(text, today=TODAY).number for text in spellings} == {with_x}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "identity.empty"),
        ("  ", "identity.empty"),
        ("99000020120304123", "identity.length"),
        ("9900002012030412345", "identity.length"),
        ("990000120304123", "identity.first_generation"),
        ("E12345678", "identity.not_digits"),
        ("99000020120304X233", "identity.not_digits"),
        ("无", "identity.not_digits"),
        ("９９００００２０１２０３０４１２３٣", "identity.not_digits"),
        ("9.90000201203041E+17", "identity.spoiled"),
        ("9.9e17", "identity.spoiled"),
        ("3.3E+17", "identity.spoiled"),
        (number("20120230", "123"), "identity.impossible_date"),
        (number("20121304", "123"), "identity.impossible_date"),
        (number("00000304", "123"), "identity.impossible_date"),
        (number("20250902", "123"), "identity.born_in_future"),
        (number("18940101", "123"), "identity.too_old"),
    ],
)
def test_every_fault_has_its_own_sentence(text: str, key: str) -> None:
    assert fault(text) == key


def test_the_day_of_birth_may_be_today_and_the_age_the_highest() -> None:
    assert parse_resident_id(number("20250901", "123"), today=TODAY).birth_date == TODAY
    assert parse_resident_id(number("18950101", "123"), today=TODAY).birth_date.year == 1895


def test_a_wrong_check_character_is_a_miscopied_number() -> None:
    right = number("20120304", "123")
    wrong = "0" if right[-1] != "0" else "1"
    assert fault(right[:-1] + wrong) == "identity.checksum"


def test_three_zeros_at_the_end_of_a_wrong_number_are_the_work_of_a_spreadsheet() -> None:
    spoiled = next(
        f"990000201203{day:02}{first}000"
        for day in range(1, 29)
        for first in range(10)
        if resident_id_checksum(f"990000201203{day:02}{first}00") != "0"
    )
    assert fault(spoiled) == "identity.spoiled"


def test_three_zeros_at_the_end_of_a_right_number_are_right() -> None:
    right = next(
        f"990000201203{day:02}{first}000"
        for day in range(1, 29)
        for first in range(10)
        if resident_id_checksum(f"990000201203{day:02}{first}00") == "0"
    )
    assert parse_resident_id(right, today=TODAY).number == right


def test_a_fault_does_not_carry_the_number() -> None:
    for text in ("99000020120304123", number("20120230", "123"), "E12345678"):
        with pytest.raises(IdentityFault) as caught:
            parse_resident_id(text, today=TODAY)
        assert text not in str(caught.value)
        assert all(text not in str(value) for value in caught.value.values.values())


@pytest.mark.parametrize(
    ("whole", "masked"),
    [("990000201203041234", "**************1234"), ("E1234", "*1234"), ("1234", "****"), ("", "")],
)
def test_only_the_last_four_characters_are_shown(whole: str, masked: str) -> None:
    assert mask(whole) == masked
