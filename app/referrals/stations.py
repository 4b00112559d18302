"""The stations of the county, as this device heard of them last: so that a slip can be written without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from app.referrals.rules import ReferralRules
from app.risk.rules import HOUR_MS
from storage.archive import Archive

_STATIONS = "county stations"
_DAY_MS = 24 * HOUR_MS


class Station(NamedTuple):
    """A station of the county: its id there, and its name."""

    id: bytes
    name: str


class Heard(msgspec.Struct, frozen=True):
    """What the county's server said, and when, in milliseconds since 1970."""

    at: int
    stations: list[Station]


def heard(archive: Archive) -> Heard:
    """What was heard last; no stations, at 0, where nothing was."""
    said = archive.local(_STATIONS)
    return msgspec.json.decode(said, type=Heard) if said else Heard(0, [])


def others(archive: Archive) -> list[Station]:
    """All stations that are known but our own, by name."""
    own = archive.device.certificate
    return [one for one in heard(archive).stations if own is None or one.id != own.station]


def remember_stations(archive: Archive, stations: Sequence[tuple[bytes, str]]) -> None:
    """Remember what the server said just now."""
    said = Heard(archive.now(), [Station(*one) for one in stations])
    archive.remember(_STATIONS, msgspec.json.encode(said).decode())


def wants_stations(archive: Archive) -> bool:
    """Whether to ask the server when it is met: what is known is old, or of a clock that went ahead, or nobody yet."""
    rules = ReferralRules.load()
    days = rules.stations_days if others(archive) else rules.alone_days
    return not 0 <= archive.now() - heard(archive).at < days * _DAY_MS
