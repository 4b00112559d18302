"""How sync stands, read from the archive in one go, and its words: what waits, what was refused, the meetings that were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.opportunities import Metered, metered_choice
from app.records import CATALOGUE
from app.texts import Texts
from app.words import Words, moment
from storage.archive import Archive
from storage.fates import Fate, Refused, Waiting
from storage.meeting import Backlog
from sync.engine import Transfer
from sync.ids import device_of
from sync.papers import Certificate
from ui.desktop.desk import Desk
from ui.meetings import Met, county_address, last_meeting, meetings

COLUMNS = ("when", "who", "how", "sent", "received", "result")
RESULT_COLUMN = 5
OTHER = "other"
_NUMBERS = {"sent", "received"}

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class SyncState(msgspec.Struct, frozen=True):
    """Everything the page shows. `county` is empty before the device has joined one.

    Attributes:
        waiting: what waits, by type, as far as the user may know what there is.
        refused: what was not taken.
        devices: names of the devices of the station, by id.
    """

    station: str
    device: str
    county: str
    address: str
    last: int
    now: int
    backlog: Backlog
    waiting: list[Waiting]
    refused: list[Refused]
    history: list[Met]
    metered: Metered
    devices: dict[bytes, str]


def read_sync(desk: Desk) -> SyncState:
    """Gather what the page shows."""
    archive = desk.archive
    server = archive.device.server
    return SyncState(
        station=archive.device.names.station,
        device=archive.device.names.device,
        county=server.county_name if server else "",
        address=county_address(archive),
        last=last_meeting(archive),
        now=archive.now(),
        backlog=archive.meeting.backlog(),
        waiting=waiting_of(archive) if server else [],
        refused=archive.fates.refusals(),
        history=meetings(archive),
        metered=metered_choice(archive),
        devices=device_names(archive),
    )


def device_names(archive: Archive) -> dict[bytes, str]:
    """What the devices of the station are called, by id."""
    members = {member.device: member.device_name for member in archive.device.papers(Certificate)}
    return {**members, archive.device.id: archive.device.names.device}


def waiting_of(archive: Archive) -> list[Waiting]:
    """What waits. Whoever may not see the records of a type, or not all of them, is not told how many of it do."""
    known = {kind.name for kind in CATALOGUE}
    waiting = archive.fates.waiting()
    shown: list[Waiting] = []
    others: list[Waiting] = []
    for line in waiting:
        is_seen = line.kind in known and archive.may_read(line.kind) and not archive.guard.within(line.kind)
        (shown if is_seen else others).append(line)
    # Segments that cannot be opened yet wait too.
    unopened = archive.meeting.backlog().waiting - sum(line.count for line in waiting)
    if unopened > 0:
        others.append(Waiting(OTHER, unopened, 0))
    if others:
        oldest = [line.oldest for line in others if line.oldest]
        count, handed = (sum(getattr(line, name) for line in others) for name in ("count", "handed"))
        shown.append(Waiting(OTHER, count, min(oldest, default=0), handed))
    return shown


# ---- words ----


def waiting_words(texts: Texts, words: Words, waiting: Sequence[Waiting], now: int) -> str:
    """What waits, how much of each type, and since when."""
    if not waiting:
        return texts("syncing.waiting_none")
    parts = [texts("syncing.waiting_part", kind=texts(f"syncing.kind_{one.kind}"), count=one.count) for one in waiting]
    kinds = texts("words.separator").join(parts)
    oldest = min((one.oldest for one in waiting if one.oldest), default=0)
    said = texts("syncing.waiting", kinds=kinds)
    if oldest:
        said += texts("syncing.waiting_oldest", ago=words.ago(oldest, now))
    handed = sum(one.handed for one in waiting)
    return said + texts("syncing.waiting_handed", count=handed) if handed else said


def fate_words(texts: Texts, fate: Fate, devices: Mapping[bytes, str]) -> str:
    """What has become of a record, in a sentence or two."""
    said = texts(f"syncing.fate_{fate.state}", reason=reason_words(texts, fate.reason)) if fate.reason else ""
    said = said or texts(f"syncing.fate_{fate.state}")
    if not fate.device:
        return said
    return f"{texts('syncing.fate_from', device=device_words(fate.device, devices))}{said}"


def device_words(device: bytes, devices: Mapping[bytes, str]) -> str:
    """The name of a device, or the beginning of its id."""
    return devices.get(device) or f"{device[:4].hex()}…"


def reason_words(texts: Texts, reason: str) -> str:
    """Why a segment was not taken; also for a reason that only a newer version knows."""
    return texts(reason if reason in texts else "sync.refused_other")


def place_words(texts: Texts, kind: str, name: str) -> str:
    """Who it was that this device met."""
    if kind == "server":
        return texts("syncing.who_server")
    return texts(f"syncing.who_{kind}", name=name) if name else texts("syncing.who_neighbour_unknown")


def refused_words(texts: Texts, refused: Refused, devices: Mapping[bytes, str]) -> tuple[str, str]:
    """What was not taken and why, and what to do about it."""
    key = "syncing.refused_there" if refused.ours else "syncing.refused_here"
    device = device_words(device_of(refused.stream), devices)
    what = texts(key, device=device, segment=refused.seq, reason=reason_words(texts, refused.reason))
    todo = f"syncing.todo_{refused.reason.removeprefix('sync.refused_')}"
    return what, texts(todo if todo in texts else "syncing.todo_other")


def transfer_words(texts: Texts, transfer: Transfer) -> str:
    """What came of a meeting, in words."""
    moved = transfer.sent or transfer.received
    said = texts("syncing.moved", sent=transfer.sent, received=transfer.received) if moved else texts("syncing.equal")
    lines = [said, *([texts(f"sync.server_{transfer.server}")] if transfer.server else [])]
    if transfer.refused:
        lines.append(texts("syncing.result_refused", count=len(transfer.refused)))
    return "\n".join(lines)


class MeetingsModel(QAbstractTableModel):
    """The meetings that were, one row each, the last first."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        self._met: list[Met] = []

    def show(self, met: list[Met]) -> bool:
        """Take over what is remembered; returns whether it is anything new."""
        if met == self._met:
            return False
        self.beginResetModel()
        self._met = met
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """One row for each meeting, or for several alike."""
        return 0 if parent.isValid() else len(self._met)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts; what went wrong is in the tip as well, in full."""
        met, column = self._met[index.row()], COLUMNS[index.column()]
        match role:
            case Role.DisplayRole:
                return self._text(met, column)
            case Role.ToolTipRole if column == "result":
                return met.words(self._texts) or None
            case Role.ToolTipRole if column == "who":
                return met.place.name
            case Role.TextAlignmentRole if column in _NUMBERS:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _text(self, met: Met, column: str) -> str:
        texts = self._texts
        match column:
            case "when":
                return moment(met.at)
            case "who":
                return place_words(texts, met.place.kind, met.place.name)
            case "how":
                return texts("syncing.how_by_itself" if met.by_itself else "syncing.how_by_hand")
            case "sent" | "received":
                count = met.sent if column == "sent" else met.received
                return "" if met.problem else str(count)
        return self._result(met)

    def _result(self, met: Met) -> str:
        texts = self._texts
        if met.problem:
            result = met.words(texts)
        elif met.refused:
            result = texts("syncing.result_refused", count=met.refused)
        else:
            result = texts("syncing.result_done" if met.sent or met.received else "syncing.result_equal")
        return texts("syncing.result_times", result=result, count=met.times) if met.times > 1 else result

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.TextAlignmentRole and COLUMNS[section] in _NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return self._texts(f"syncing.column_{COLUMNS[section]}") if role == Role.DisplayRole else None
