"""Meeting the computer next to this one: waits for it and looks for it at the same time, whichever side comes first."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.errors import EnvironmentProblem, Problem
from sync.engine import Home, Progress, Transfer
from sync.transports.handshake import Party
from sync.transports.nearby import Browser, Neighbour, own_addresses
from sync.transports.neighbour import Host, Visitor
from ui.desktop.desk import Desk
from ui.desktop.meetings import Brake, Company, Meet, Meetings, Outcome
from ui.desktop.tasks import Task, Tasks
from ui.meetings import Place, party_of


class _Try:
    """One encounter, as host or as visitor, and what people said about it. Used from two threads."""

    def __init__(self, name: str) -> None:
        self.brake = Brake()
        self._name = name
        self._encounter: Host | Visitor | None = None

    def run(self, encounter: Host | Visitor, home: Home, progress: Progress) -> Transfer:
        """Go through with it."""
        self._encounter = encounter
        self.brake.fit(encounter.cancel)
        return encounter.run(home, progress)

    def answer(self, *, same: bool) -> None:
        """Whether the digits are the same."""
        if self._encounter is not None:
            (self._encounter.confirm if same else self._encounter.deny)()

    def place(self) -> Place:
        """Who it is, as far as is known."""
        return Place("neighbour", (self._encounter.peer if self._encounter else "") or self._name)


class Nearby(QObject):
    """Waits as a host until somebody comes, or until somebody here chooses to go and visit; and looks meanwhile.

    Args:
        meetings: runs the meeting. This lives as long as they do, or until it is closed and over.
        tasks: the way to the archive, and to threads of their own.
        listen: the one address of this computer to use, empty for all.

    Attributes:
        addresses: where this computer can be reached, each ``host:port``; empty while it does not wait.

    Signals:
        changed: `addresses` or `others` is another.
        blind: there is no way to look for others in this network.
        acquainted: the digits to compare, and what the other computer calls itself.
        ended: an `Outcome`.
    """

    changed = Signal()
    blind = Signal()
    acquainted = Signal(str, str)
    ended = Signal(object)
    _waits = Signal(list)
    _found = Signal(object)
    _gone = Signal(str)

    def __init__(self, meetings: Meetings, tasks: Tasks, listen: str = "") -> None:
        super().__init__(meetings)
        self.addresses: list[str] = []
        self._meetings = meetings
        self._tasks = tasks
        self._listen = listen
        self._closed = threading.Event()
        self._company: Company | None = None
        self._try = _Try("")
        self._is_looking = self._is_preparing = False
        self._seen: dict[str, Neighbour] = {}
        # From their threads to this one.
        self._waits.connect(self._waiting)
        self._found.connect(self._add)
        self._gone.connect(self._remove)
        meetings.ended.connect(self._over)

    @property
    def others(self) -> list[Neighbour]:
        """The computers that wait, without this one; none before it is known which of them this one is."""
        if self._is_preparing:
            return []
        return sorted(one for one in self._seen.values() if not {*one.addresses} & {*self.addresses})

    def open(self) -> None:
        """Begin to wait and to look."""
        trying = self._try

        def host(home: Home, progress: Progress) -> Transfer:
            party, device = self._tasks.ask_archive(_who)
            with Host(party, self.acquainted.emit, device, address=self._listen) as made:
                here = [self._listen] if self._listen else own_addresses()
                self._waits.emit([f"{one}:{made.port}" for one in here])
                return trying.run(made, home, progress)

        self._begin(host)
        self._is_looking = self._is_preparing = True
        self._tasks.aside(self, self._look, lambda _: self._looked(), self._cannot_look)

    def visit(self, name: str, addresses: Sequence[str]) -> None:
        """Go to one that waits, instead of waiting."""
        self._meetings.stop_running()
        self._try = trying = _Try(name)

        def visit(home: Home, progress: Progress) -> Transfer:
            party, _ = self._tasks.ask_archive(_who)
            return trying.run(Visitor(party, self.acquainted.emit, addresses), home, progress)

        self._begin(visit)

    def answer(self, *, same: bool) -> None:
        """Whether the digits are the same."""
        self._try.answer(same=same)

    def close(self) -> None:
        """End it, wherever it is. What has moved is safe on both sides."""
        self._closed.set()
        if self._company is not None:
            self._meetings.stop()
        self._vanish_when_over()

    # ---- the meeting ----

    def _begin(self, meet: Meet) -> None:
        self._company = Company(self._try.place, meet, self._try.brake)
        self._meetings.begin(self._company)

    def _over(self, outcome: Outcome) -> None:
        # That waiting was given up for a visit is no end.
        if outcome.company is self._company:
            self._company, self._is_preparing = None, False
            self.ended.emit(outcome)
            self._vanish_when_over()

    def _waiting(self, addresses: list[str]) -> None:
        self.addresses, self._is_preparing = addresses, False
        self.changed.emit()

    # ---- looking ----

    def _look(self, _task: Task) -> None:
        try:
            with Browser(self._found.emit, self._gone.emit, self._listen):
                self._closed.wait()
        except OSError as error:
            raise EnvironmentProblem("neighbour.no_network") from error

    def _add(self, neighbour: Neighbour) -> None:
        self._seen[neighbour.name] = neighbour
        self.changed.emit()

    def _remove(self, name: str) -> None:
        self._seen.pop(name, None)
        self.changed.emit()

    def _cannot_look(self, _problem: Problem) -> None:
        self.blind.emit()
        self._looked()

    def _looked(self) -> None:
        self._is_looking = False
        self._vanish_when_over()

    def _vanish_when_over(self) -> None:
        if self._closed.is_set() and self._company is None and not self._is_looking:
            self.deleteLater()


def _who(desk: Desk) -> tuple[Party, str]:
    return party_of(desk.archive), desk.archive.device.names.device
