"""The words of the status page, and how it writes numbers, sizes and times."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

PAGES = Path(__file__).parent / "pages"
LANGUAGES = ("zh-CN", "en")
"""The first one is for whoever asks for neither."""

_MINUTE, _HOUR, DAY = 60, 3600, 86400
_UNITS = ("KB", "MB", "GB", "TB")
_NAMED = 8
"""So many names are listed in a sentence; the table has all."""


class Words:
    """One language. Gaps are filled by keyword; `count` decides between one and many where the language does."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = msgspec.json.decode(
            (PAGES / f"{language}.json").read_bytes(), type=dict[str, str | dict[str, str]]
        )

    def __call__(self, key: str, /, **values: object) -> str:
        """The text `key`; an unknown key is a bug and raises KeyError."""
        text = self._texts[key]
        if not isinstance(text, str):
            text = text["one" if values.get("count") == 1 else "other"]
        return text.format(**values) if values else text

    def or_else(self, key: str, otherwise: str) -> str:
        """The text `key`, or something else where there is none."""
        return self(key) if key in self._texts else otherwise

    def names(self, names: list[str]) -> str:
        """The first of some names, as part of a sentence."""
        listed = self("name_comma").join(names[:_NAMED])
        return self("more_names", names=listed) if len(names) > _NAMED else listed

    def size(self, size: int) -> str:
        """A number of bytes, rounded to what somebody reads: a kilobyte is 1024 bytes."""
        if size < 1024:
            return self("size_B", number=size)
        number = float(size)
        for unit in _UNITS:
            number /= 1024
            # What would be rounded up to 1024 belongs to the next unit.
            if number < 1023.95 or unit == _UNITS[-1]:
                break
        return self(f"size_{unit}", number=f"{number:.1f}" if number < 10 else f"{number:.0f}")

    def ago(self, seconds: int) -> str:
        """How long ago something was."""
        if seconds < _MINUTE:
            return self("ago_moment")
        if seconds < _HOUR:
            return self("ago_minutes", count=seconds // _MINUTE)
        if seconds < DAY:
            return self("ago_hours", count=seconds // _HOUR)
        return self("ago_days", count=seconds // DAY)


def choose_language(wanted: str, accepted: str) -> str:
    """The language for a visitor.

    Args:
        wanted: what they chose on the page, or nothing.
        accepted: the header Accept-Language.
    """
    if wanted in LANGUAGES:
        return wanted
    ranked: list[tuple[float, str]] = []
    for entry in accepted.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        weights = [one[2:] for one in parameters if one.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            continue
        known = next((one for one in LANGUAGES if name.split("-")[0] == one.split("-")[0].lower()), None)
        if known and weight > 0:
            ranked.append((weight, known))
    return max(ranked, key=lambda one: one[0])[1] if ranked else LANGUAGES[0]


def moment(seconds: int) -> str:
    """A date and a time of day by the clock of the server."""
    return _local(seconds).strftime("%Y-%m-%d %H:%M")


def day(seconds: int) -> str:
    """A date by the clock of the server."""
    return _local(seconds).date().isoformat()


def zone(seconds: int) -> str:
    """The time zone of the server."""
    return f"UTC{_local(seconds).isoformat()[-6:]}"


def _local(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds).astimezone()
