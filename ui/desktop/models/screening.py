"""Rounds, how far they have come, and the people of a class with the state of their answer sheets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.errors import Problem
from app.instruments.filling import Filling
from app.instruments.flow import Facts
from app.instruments.library import Library
from app.people.identity import age
from app.records import Campaign, Kept, Person, Screening
from app.risk.alerts import AlertLine
from app.screening.service import Progress, Sheet, campaign_of
from app.texts import Texts
from ui.desktop.desk import Desk
from ui.desktop.theme import Theme
from ui.desktop.widgets.tables import BAR_ROLE, CHIP_ROLE

Index = QModelIndex | QPersistentModelIndex
Phase = Literal["running", "coming", "over"]
State = Literal["none", "typed", "saving", "complete", "unfinished", "closed"]
"""How a sheet stands; `closed`: somebody else took the answers, and this user may not see them."""

_NO_PARENT = QModelIndex()
_PHASES: dict[Phase, str] = {"running": "green", "coming": "blue", "over": "plain"}
_STATE_COLORS: dict[State, str] = {
    "none": "muted",
    "typed": "blue",
    "saving": "muted",
    "complete": "green",
    "unfinished": "orange",
    "closed": "green",
}


# ---- what is read ----


class RoundsData(msgspec.Struct, frozen=True):
    """What the page of rounds shows.

    Attributes:
        people: how many there are in the archive; `ungrouped` of them are in no class.
        groups: the names of classes.
        sizes: how many people each class has.
        rounds: the running ones first.
        progress: of the round that was asked for.
    """

    people: int
    ungrouped: int
    groups: dict[bytes, str]
    sizes: dict[bytes, int]
    rounds: list[Kept[Campaign]]
    chosen: Kept[Campaign] | None
    progress: Progress | None
    today: dt.date


class ClassData(msgspec.Struct, frozen=True):
    """The people of a class and their sheets for one instrument in a round.

    Attributes:
        sheets: those that may be seen, by person.
        closed: people whose sheet is there and may not be seen.
    """

    people: list[Kept[Person]]
    sheets: dict[bytes, Kept[Screening]]
    today: dt.date
    closed: frozenset[bytes] = frozenset()

    def is_saved(self, library: Library, person: bytes, draft: Mapping[str, Any]) -> bool:
        """Whether what a draft says is what the saved sheet of a person says."""
        saved = self.sheets[person].fields
        who = next((one.fields for one in self.people if one.id == person), Person(""))
        filling = Filling(library.get(saved.instrument))
        filling.begin(draft, facts_about(who, dt.date.fromisoformat(saved.date)))
        return filling.given == saved.answers


class SavedSheet(msgspec.Struct, frozen=True):
    """A sheet as it was saved, and the alert that it raised."""

    screening: Kept[Screening]
    alert: AlertLine | None


def read_rounds(desk: Desk, chosen: bytes | None) -> RoundsData:
    """Gather the rounds and the progress of one of them: the chosen one, or else the first."""
    today = today_of(desk)
    rounds = in_order(desk.screenings.campaigns(), today)
    found = next((one for one in rounds if one.id == chosen), rounds[0] if rounds else None)
    people, sizes = desk.people.count(), desk.people.group_sizes()
    return RoundsData(
        people=people,
        ungrouped=people - sum(sizes.values()),
        groups={group.id: group.fields.name for group in desk.people.groups()},
        sizes=sizes,
        rounds=rounds,
        chosen=found,
        progress=desk.screenings.progress(found) if found else None,
        today=today,
    )


def read_class(desk: Desk, campaign: bytes, instrument: str, group: bytes) -> ClassData:
    """Gather a class."""
    people = desk.people.of_group(group)
    sheets = desk.screenings.sheets(campaign, instrument, [person.id for person in people])
    closed = desk.screenings.screened(instrument, campaign=campaign, people=[person.id for person in people])
    return ClassData(people, sheets, today_of(desk), closed.difference(sheets))


def save_sheet(desk: Desk, sheet: Sheet, campaign: Kept[Campaign]) -> SavedSheet:
    """Save a sheet of a round.

    Raises:
        Problem: as `Screenings.record`, or the sheet would count for another round.
    """
    rounds = desk.screenings.campaigns()
    belongs = campaign_of(rounds, sheet)
    if belongs != campaign.id:
        other = next((one.fields.name for one in rounds if one.id == belongs), "")
        raise Problem("desktop_screening.other_round" if other else "desktop_screening.not_in_round", name=other)
    recorded = desk.screenings.record(sheet)
    screening = desk.screenings.sheets(campaign.id, sheet.instrument, [sheet.person.id])[sheet.person.id]
    return SavedSheet(screening, desk.alerts.get(recorded.alert) if recorded.alert else None)


def facts_about(person: Person, day: dt.date) -> Facts:
    """What a form may know of a person besides the answers of a day."""
    return Facts(age(person.birth_date, day), person.sex, day)


def today_of(desk: Desk) -> dt.date:
    """The day by the clock of the archive."""
    return dt.datetime.fromtimestamp(desk.archive.now() / 1000).astimezone().date()


def phase(campaign: Campaign, today: dt.date) -> Phase:
    """Whether a round is running."""
    day = today.isoformat()
    if day < campaign.opens:
        return "coming"
    return "running" if day <= campaign.closes else "over"


def phase_kind(now: Phase) -> str:
    """The kind of chip that a phase is shown as."""
    return _PHASES[now]


def in_order(rounds: Sequence[Kept[Campaign]], today: dt.date) -> list[Kept[Campaign]]:
    """Running rounds first, those that end soonest on top; then coming ones; then past ones, the last one first."""
    by_phase: dict[Phase, list[Kept[Campaign]]] = {"running": [], "coming": [], "over": []}
    for one in rounds:
        by_phase[phase(one.fields, today)].append(one)
    by_phase["running"].sort(key=lambda one: one.fields.closes)
    by_phase["coming"].sort(key=lambda one: one.fields.opens)
    by_phase["over"].sort(key=lambda one: one.fields.closes, reverse=True)
    return [one for ones in by_phase.values() for one in ones]


def short_title(library: Library, instrument: str) -> str:
    """What an instrument is called, also where only a newer version of the program knows it."""
    return library.get(instrument).short_title if instrument in library.ids() else instrument


# ---- models ----


class RoundsModel(QAbstractTableModel):
    """Rounds by name, with whether they are running."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        self._rounds: list[Kept[Campaign]] = []
        self._today = dt.date.min

    def show(self, rounds: list[Kept[Campaign]], today: dt.date) -> None:
        """Show these rounds."""
        same = [one.id for one in rounds] == [one.id for one in self._rounds]

        def fill() -> None:
            self._rounds, self._today = rounds, today

        _replace(self, fill, same_rows=same)

    def round_at(self, row: int) -> Kept[Campaign]:
        """The round in a row."""
        return self._rounds[row]

    def row_of(self, record: bytes) -> int:
        """The row of a round, -1 where it is not there."""
        return next((row for row, one in enumerate(self._rounds) if one.id == record), -1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """One row for each round."""
        return 0 if parent.isValid() else len(self._rounds)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """Name, phase."""
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        campaign = self._rounds[index.row()].fields
        now = phase(campaign, self._today)
        if role == CHIP_ROLE and index.column() == 1:
            return phase_kind(now)
        if role == Qt.ItemDataRole.DisplayRole:
            return campaign.name if index.column() == 0 else self._texts(f"desktop_screening.phase_{now}")
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{campaign.name}\n{campaign.opens} — {campaign.closes}"
        return None


class ProgressModel(QAbstractTableModel):
    """Classes down, instruments across: how many of how many have answered."""

    FIXED = 2
    """Columns before the first instrument: class, people."""

    def __init__(self, texts: Texts, library: Library) -> None:
        super().__init__()
        self._texts = texts
        self._library = library
        self._groups: list[bytes] = []
        self._instruments: list[str] = []
        self._names: dict[bytes, str] = {}
        self._progress = Progress({}, {}, {})

    def show(self, campaign: Campaign, names: dict[bytes, str], progress: Progress) -> None:
        """Show the progress of a round."""
        groups = list(campaign.groups)
        instruments = list(campaign.instruments)

        def fill() -> None:
            self._groups, self._instruments, self._names, self._progress = groups, instruments, names, progress

        _replace(self, fill, same_rows=(groups, instruments) == (self._groups, self._instruments))

    def cell(self, row: int, column: int) -> tuple[bytes, str]:
        """The class and the instrument of a cell; before the first instrument, the one that lacks most."""
        group = self._groups[row]
        if column >= self.FIXED:
            return group, self._instruments[column - self.FIXED]
        return group, min(self._instruments, key=lambda instrument: self._progress.screened[group, instrument])

    def first_open(self) -> tuple[int, int]:
        """The first cell with people who have not answered, or the first of all."""
        for row, group in enumerate(self._groups):
            for place, instrument in enumerate(self._instruments):
                if self._progress.screened[group, instrument] < self._progress.people[group]:
                    return row, place + self.FIXED
        return 0, self.FIXED

    def group_name(self, group: bytes) -> str:
        """What a class is called; a dash where its entry has not arrived yet."""
        return self._names.get(group) or "—"

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """One row for each class."""
        return 0 if parent.isValid() else len(self._groups)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """Class, people, instruments."""
        return 0 if parent.isValid() else self.FIXED + len(self._instruments)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802 -- Qt's name
        """The titles of columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if section < self.FIXED:
            return self._texts(("desktop_screening.column_class", "desktop_screening.column_people")[section])
        return short_title(self._library, self._instruments[section - self.FIXED])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        group, column = self._groups[index.row()], index.column()
        people = self._progress.people[group]
        screened = self._progress.screened[self.cell(index.row(), column)] if column >= self.FIXED else 0
        if role == BAR_ROLE and column >= self.FIXED:
            return screened, people
        if role == Qt.ItemDataRole.DisplayRole:
            if column < self.FIXED:
                return self.group_name(group) if column == 0 else str(people)
            key = "all_of" if screened == people and people else "some_of"
            return self._texts(f"desktop_screening.{key}", screened=screened, people=people)
        if role == Qt.ItemDataRole.ToolTipRole and column == 0:
            return self.group_name(group)
        return None


class ClassModel(QAbstractTableModel):
    """The people of a class and how their sheets stand, in words, with a sign."""

    def __init__(self, texts: Texts, theme: Theme) -> None:
        super().__init__()
        self._texts = texts
        self._theme = theme
        self._people: list[Kept[Person]] = []
        self._names: list[str] = []
        self._states: dict[bytes, State] = {}

    def show(self, people: list[Kept[Person]], states: Mapping[bytes, State]) -> None:
        """Show these people in these states."""
        counts = Counter(person.fields.name for person in people)

        def fill() -> None:
            self._people, self._states = people, dict(states)
            # Two pupils of one name in one class are told apart by their numbers.
            self._names = [
                person.fields.name
                if counts[person.fields.name] == 1
                else f"{person.fields.name} {(person.fields.student_number or '')[-4:]}".strip()
                for person in people
            ]

        _replace(self, fill, same_rows=[one.id for one in people] == [one.id for one in self._people])

    def set_state(self, person: bytes, state: State) -> None:
        """Show a person in another state."""
        row = self.row_of(person)
        self._states[person] = state
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 1))

    def state(self, person: bytes) -> State:
        """How the sheet of a person stands."""
        return self._states.get(person, "none")

    def states(self) -> list[State]:
        """How the sheets stand, in the order of rows."""
        return [self.state(person.id) for person in self._people]

    def person_at(self, row: int) -> Kept[Person]:
        """The person in a row."""
        return self._people[row]

    def row_of(self, person: bytes) -> int:
        """The row of a person, -1 where they are not in this class."""
        return next((row for row, one in enumerate(self._people) if one.id == person), -1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """One row for each person."""
        return 0 if parent.isValid() else len(self._people)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """Name, state."""
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        person = self._people[index.row()]
        state = self.state(person.id)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[index.row()] if index.column() == 0 else self._texts(f"desktop_screening.state_{state}")
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 1:
            return self._theme.color(_STATE_COLORS[state])
        if role == Qt.ItemDataRole.ToolTipRole:
            return "  ".join(part for part in (person.fields.name, person.fields.student_number) if part)
        return None


def _replace(model: QAbstractTableModel, fill: Callable[[], None], *, same_rows: bool) -> None:
    """Fill a model anew. Where its rows stay the same ones, whoever looks keeps the chosen row and the place."""
    if not same_rows:
        model.beginResetModel()
    fill()
    if not same_rows:
        model.endResetModel()
    elif model.rowCount():
        model.dataChanged.emit(model.index(0, 0), model.index(model.rowCount() - 1, model.columnCount() - 1))
