"""The identity number of Chinese residents (公民身份号码, GB 11643-1999): 17 digits and a check character.

Digits 1 to 6 are the division that issued it, 7 to 14 the date of birth, 15 to 17 an order number, odd for men and even
for women. Whether the division exists is not looked up: divisions are renamed and dissolved, numbers stay.
"""

from __future__ import annotations

import re
from datetime import date

import msgspec

from app.errors import Problem
from app.people.fields import Sex
from app.spreadsheets import cell_text

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_LENGTH = 18
_FIRST_GENERATION_LENGTH = 15
# Nobody has lived longer; an older date is a slip of the pen.
_OLDEST = 130

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}")
_FORM = re.compile(r"[0-9]*X?", re.ASCII)


class ResidentId(msgspec.Struct, frozen=True):
    """A valid number and what it says.

    Attributes:
        number: 18 characters; a check character X is a capital.
        birth_date: from the number.
        sex: from the number.
    """

    number: str
    birth_date: date
    sex: Sex


class IdentityFault(Problem):
    """Why a text is no valid identity number. Its values never hold the number."""


def parse_resident_id(text: str, *, today: date) -> ResidentId:
    """The number in `text`; full-width digits, a small x, spaces and hyphens are accepted.

    Raises:
        IdentityFault: with one of the keys ``identity.empty``, ``spoiled`` (a spreadsheet program has replaced the last
            digits), ``first_generation`` (15 digits, invalid since 2013), ``not_digits``, ``length``,
            ``impossible_date``, ``born_in_future``, ``too_old``, ``checksum``.
    """
    number = _SEPARATORS.sub("", cell_text(text, as_half_width=True)).upper()
    _check_form(number)
    try:
        birth_date = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdentityFault("identity.impossible_date") from None
    if birth_date > today:
        raise IdentityFault("identity.born_in_future")
    if today.year - birth_date.year > _OLDEST:
        raise IdentityFault("identity.too_old", years=_OLDEST)
    if resident_id_checksum(number[:17]) != number[17]:
        raise IdentityFault("identity.spoiled" if number.endswith("000") else "identity.checksum")
    return ResidentId(number, birth_date, "male" if int(number[16]) % 2 else "female")


def _check_form(number: str) -> None:
    if not number:
        raise IdentityFault("identity.empty")
    if _SCIENTIFIC.fullmatch(number):
        raise IdentityFault("identity.spoiled")
    if not _FORM.fullmatch(number):
        raise IdentityFault("identity.not_digits")
    if len(number) == _FIRST_GENERATION_LENGTH and number.isdigit():
        raise IdentityFault("identity.first_generation")
    if len(number) != _LENGTH:
        raise IdentityFault("identity.length", length=len(number))


def resident_id_checksum(first17: str) -> str:
    """The check character of the first 17 digits (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def mask(number: str) -> str:
    """`number` for the screen: a star for each character but the last four; nothing is left of four or fewer."""
    shown = number[-4:] if len(number) > 4 else ""
    return shown.rjust(len(number), "*")


def age(birth_date: str | None, day: date) -> int | None:
    """Completed years of age on a day, a birthday on 29 February counting on 1 March; None where it is not known."""
    try:
        born = date.fromisoformat(birth_date or "")
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
