"""What somebody types into a field, as the answer that it is, or with a sentence about why it is none."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from app.instruments.filling import BLANK, Unread
from app.instruments.items import Day, Quantity, Words
from app.instruments.parts import Number
from app.instruments.wording import Wording
from app.texts import Texts

NOT_APPLICABLE = "/"
"""Typed into a field, as on paper: does not apply."""

_DAY = re.compile(r"(\d{4})[-/.年 ]{1,3}(\d{1,2})[-/.月 ]{1,3}(\d{1,2}) ?日?|(\d{4})(\d{2})(\d{2})")
_DIGITS_OF_DAY = 8
_BEGUN = re.compile(r"[-+]?\d*\.?")


class Reading(NamedTuple):
    """What a field says.

    Attributes:
        entry: the answer; BLANK for nothing, Unread for what cannot be one.
        fault: why it is none.
        hopeless: whether typing on cannot make it one, so that it is to be said at once and not only when it is left.
    """

    entry: Any
    fault: str = ""
    hopeless: bool = False


def plain(text: str) -> str:
    """A line as it was meant: full-width characters, as input methods make them, are the usual ones."""
    return unicodedata.normalize("NFKC", text).replace("。", ".").strip()


def read_number(text: str, item: Quantity, wording: Wording, texts: Texts) -> Reading:
    """A number within the limits of its item."""
    typed = plain(text)
    if not typed:
        return Reading(BLANK)
    wanted = limits(item, wording, texts)
    try:
        number = Decimal(typed) if typed.isascii() else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or "E" in typed.upper() or "_" in typed:
        begun = _BEGUN.fullmatch(typed) is not None and (item.low < 0 or not typed.startswith("-"))
        return Reading(Unread(text), texts("form.no_number", text=text.strip(), wanted=wanted), not begun)
    places = -int(number.as_tuple().exponent)
    too_far = number > item.high or (number < 0 and number < item.low)
    if places > item.decimals or too_far:
        return Reading(Unread(text), wanted, hopeless=True)
    if number < item.low:
        return Reading(Unread(text), wanted)
    answer: Number = float(number) if item.decimals else int(number)
    return Reading(answer)


def limits(item: Quantity, wording: Wording, texts: Texts) -> str:
    """Which numbers are possible, in a sentence."""
    key = "number_wanted_decimals" if item.decimals else "number_wanted"
    unit = wording.said(item.unit)
    values = {"low": item.low, "high": item.high, "count": item.decimals}
    return texts(f"form.{key}", unit=f" {unit}" if unit else "", **values)


def read_day(text: str, item: Day, today: dt.date | None, texts: Texts) -> Reading:
    """A day: ``2026-09-01``, ``20260901``, ``2026.9.1``, ``2026年9月1日``."""
    typed = plain(text)
    if not typed:
        return Reading(BLANK)
    found = _DAY.fullmatch(typed)
    if found is None:
        digits = sum(one.isdigit() for one in typed)
        hopeless = digits > _DIGITS_OF_DAY or re.search(r"[^\d\-/.年月日 ]", typed) is not None
        return Reading(Unread(text), texts("form.no_day", text=text.strip()), hopeless)
    try:
        day = dt.date(*(int(part) for part in found.groups() if part))
    except ValueError:
        return Reading(Unread(text), texts("form.no_such_day", text=text.strip()), hopeless=True)
    if today and item.when == "past" and day > today:
        return Reading(Unread(text), texts("form.day_ahead", today=today), hopeless=True)
    if today and item.when == "future" and day <= today:
        return Reading(Unread(text), texts("form.day_past", today=today), hopeless=True)
    return Reading(day.isoformat())


def read_words(text: str, item: Words, texts: Texts) -> Reading:
    """A text of the length that there is room for."""
    typed = text.strip()
    if not typed:
        return Reading(BLANK)
    if len(typed) > item.longest:
        fault = texts("form.too_long", longest=item.longest, count=len(typed) - item.longest)
        return Reading(Unread(text), fault, hopeless=True)
    return Reading(typed)
