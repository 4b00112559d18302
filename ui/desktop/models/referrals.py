"""Referrals in a table, one of them in full, and what the form for a new one starts from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.referrals.service import Listing, Slip
from app.referrals.slip import MOST_URGENT, ReferralKind
from app.referrals.stations import Station, remember_stations
from app.referrals.words import SlipWords
from app.referrals.writing import Extract, Sender
from storage.fates import Fate
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.alerts import short_moment
from ui.desktop.models.meetings import device_names
from ui.desktop.models.screening import today_of
from ui.desktop.tasks import Tasks
from ui.desktop.widgets.tables import CHIP_ROLE
from ui.meetings import county_address, fetch_stations, pass_of

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("direction", "name", "other", "urgency", "state", "when")
OTHER = COLUMNS.index("other")

_NO_PARENT = QModelIndex()
_STATE_CHIPS = {
    ("received", "sent"): "orange",
    ("received", "seen"): "yellow",
    ("received", "accepted"): "green",
    ("received", "refused"): "plain",
    ("sent", "sent"): "plain",
    ("sent", "seen"): "blue",
    ("sent", "accepted"): "green",
    ("sent", "refused"): "red",
}
"""What somebody here has to do something about stands out."""


class ReferralsData(msgspec.Struct, frozen=True):
    """What the list shows. `now` in milliseconds since 1970."""

    listing: Listing
    now: int


class SlipDetail(msgspec.Struct, frozen=True):
    """One slip.

    Attributes:
        fate: how far what we wrote has come; None before this device has joined a county.
        devices: names of the devices of the station, by id.
        person_here: whether the person is in this archive.
        may_answer: whether the user may.
        was_news: whether the sender is told only now that somebody here has seen it.
    """

    slip: Slip
    fate: Fate | None
    devices: dict[bytes, str]
    person_here: bool
    may_answer: bool
    was_news: bool


class ReferralStart(msgspec.Struct, frozen=True):
    """What the form starts from.

    Attributes:
        extracts: what there is to send, by kind.
        address: of the county's server; empty before it was met for the first time.
    """

    person: bytes
    name: str
    today: dt.date
    now: int
    sender: Sender
    stations: list[Station]
    address: str
    extracts: dict[ReferralKind, Extract]


def read_referrals(desk: Desk) -> ReferralsData:
    """Gather the list."""
    return ReferralsData(desk.referrals.listing(), desk.archive.now())


def open_slip(desk: Desk, referral: bytes) -> SlipDetail:
    """Read a slip; one that came here is seen from now on. Raises Problem."""
    slip = desk.referrals.get(referral)
    person = slip.referral.record.person
    if person:
        desk.audit.read(person, "referral")
    may_write = desk.archive.guard.may_write("referral")
    was_news = may_write and desk.referrals.seen(referral)
    if was_news:
        slip = desk.referrals.get(referral)
    has_joined = desk.archive.device.server is not None
    return SlipDetail(
        slip=slip,
        fate=desk.archive.fates.of(referral) if has_joined else None,
        devices=device_names(desk.archive) if has_joined else {},
        person_here=person is not None and desk.archive.get("person", person) is not None,
        may_answer=may_write and slip.direction == "received" and slip.is_open,
        was_news=was_news,
    )


def read_start(desk: Desk, person: bytes) -> ReferralStart:
    """Gather what the form starts from. Raises Problem where the person is not here, or this device has joined no county."""
    kinds: tuple[ReferralKind, ...] = ("referral", "transfer")
    sender = desk.referrals.sender()
    return ReferralStart(
        person=person,
        name=desk.people.get(person).fields.name,
        today=today_of(desk),
        now=desk.archive.now(),
        sender=sender,
        stations=desk.referrals.stations(),
        address=county_address(desk.archive),
        extracts={kind: desk.referrals.extract(person, kind) for kind in kinds},
    )


def ask_for_stations(tasks: Tasks, address: str) -> list[Station]:
    """Ask the server for the stations of the county, from a thread that may wait. Raises Problem."""
    own = tasks.ask_archive(lambda desk: pass_of(desk.archive))
    found = fetch_stations(address, own)

    def remember(desk: Desk) -> list[Station]:
        remember_stations(desk.archive, found)
        return desk.referrals.stations()

    return tasks.ask_archive(remember)


def state_chip(slip: Slip) -> str:
    """The colour of where it stands."""
    return _STATE_CHIPS[slip.direction, slip.referral.fields.status]


def urgency_chip(slip: Slip) -> str:
    """The colour of how urgent it is, as long as nobody has answered."""
    return "red" if slip.is_open and slip.referral.fields.urgency == MOST_URGENT else "plain"


class ReferralsModel(QAbstractTableModel):
    """Slips, one to a row."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._words = SlipWords(context.texts)
        self._data = ReferralsData(Listing([], 0), 0)

    def show(self, data: ReferralsData) -> None:
        """Show these slips. Where they are the same ones, whoever looks keeps the chosen row and the place."""
        slips = data.listing.slips
        same = [one.id for one in slips] == [one.id for one in self._data.listing.slips]
        if not same:
            self.beginResetModel()
        self._data = data
        if not same:
            self.endResetModel()
        elif slips:
            self.dataChanged.emit(self.index(0, 0), self.index(len(slips) - 1, len(COLUMNS) - 1))

    def slip_at(self, row: int) -> bytes:
        """The slip in a row."""
        return self._data.listing.slips[row].id

    def row_of(self, referral: bytes | None) -> int:
        """The row of a slip, -1 where it is not there."""
        return next((row for row, one in enumerate(self._data.listing.slips) if one.id == referral), -1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """One row for each slip."""
        return 0 if parent.isValid() else len(self._data.listing.slips)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802 -- Qt's name
        """The titles of columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return self._context.texts(f"referral.column_{COLUMNS[section]}") if role == 0 else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        slip, column = self._data.listing.slips[index.row()], COLUMNS[index.column()]
        if role == CHIP_ROLE:
            chips: dict[str, Callable[[Slip], str]] = {"state": state_chip, "urgency": urgency_chip}
            return chips[column](slip) if column in chips else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._said(slip, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            moment = self._context.words.moment(slip.referral.fields.sent)
            return moment if column == "when" else self._said(slip, column)
        return None

    def _said(self, slip: Slip, column: str) -> str:
        fields = slip.referral.fields
        said: dict[str, Callable[[], str]] = {
            "direction": lambda: self._context.texts(f"referral.direction_{slip.direction}"),
            "name": lambda: fields.name,
            "other": lambda: slip.other,
            "urgency": lambda: self._words.urgency(fields.urgency),
            "state": lambda: self._words.state(slip),
            "when": lambda: short_moment(fields.sent, self._data.now),
        }
        return said[column]()
