"""What is shared among whom, and which records belong to which scope. Rule: docs/sync-protocol.md, Scopes."""

from __future__ import annotations

from typing import NamedTuple

from sync.crypto import digest
from sync.ids import ID_SIZE, new_id

STATION = "station"
STATION_ROLE = "station"
COLLECTOR = "collector"
COUNTY = "county"
ROLES = (STATION_ROLE, COLLECTOR, COUNTY)
"""What the county makes a device: one of a station's own, one that only collects in the field, one of its centre."""

WITHOUT_HISTORY = frozenset({COLLECTOR})
"""Roles that are given no key of what was written before they came."""

_PREFIX = 8
_SHARED = 0x80
"""Ids of a station's own records begin with milliseconds since 1970: less than this until the year 6429."""


class Kind(NamedTuple):
    """How a kind of scope is treated: who takes part, and how soon it is its turn when a line is slow."""

    roles: frozenset[str]
    turn: int


_FULL = frozenset({STATION_ROLE, COUNTY})
KINDS = {
    "referral": Kind(_FULL, 0),
    "transfer": Kind(_FULL, 1),
    STATION: Kind(frozenset(ROLES), 2),
    "statistics": Kind(_FULL, 3),
}
"""One referral and one transfer between two stations, a station's records, a station's statistics for the county."""


MAY_REFER = KINDS["referral"].roles | KINDS["transfer"].roles
"""Roles whose stations others can refer somebody to."""


def founded_id(founder: bytes, nonce: bytes) -> bytes:
    """The id of a scope that a device founds: nobody can take that of another."""
    return digest(b"xinyi founding 1" + founder + nonce)[:ID_SIZE]


def prefix_of(scope: bytes) -> bytes:
    """What the ids of all records in a shared scope begin with; no record of a station's own does."""
    start = digest(b"xinyi shared 1" + scope)[:_PREFIX]
    return bytes([start[0] | _SHARED]) + start[1:]


def prefix_in(record: bytes) -> bytes:
    """The prefix of a record that is in a shared scope; nothing for one of a station's own."""
    return record[:_PREFIX] if record[0] >= _SHARED else b""


def new_record(scope: bytes, milliseconds: int) -> bytes:
    """An id for a new record in a shared scope."""
    return prefix_of(scope) + new_id(milliseconds)[-_PREFIX:]
