"""Meeting the county's server by itself, whenever there is a chance. When that is, `app.opportunities` knows."""

from __future__ import annotations

import random
import time
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import EnvironmentProblem, Problem
from app.opportunities import Metered, Opportunity, SyncRules, metered_choice, urgent_waiting
from ui.desktop.desk import Desk
from ui.desktop.meetings import Meetings, Outcome
from ui.desktop.network import Network
from ui.desktop.tasks import Tasks
from ui.meetings import county_address

Standing = Literal["off", "no_address", "ready", "failing", "metered"]
"""How it stands: ``off`` while no archive is open or it has not joined a county."""


class _Seen(msgspec.Struct, frozen=True):
    """What the archive says: whether there is anybody to meet, where, at what cost, and what is urgent."""

    standing: Standing
    address: str
    metered: Metered
    urgent: set[bytes]


class SelfSync(QObject):
    """Tries when it is time, and says how it stands.

    Args:
        meetings: does it.
        tasks: the way to the archive.
        parent: lives as long as it, through locking and unlocking.

    Attributes:
        rules: how long to wait.
        standing: how it stands.
        problem: why the last try failed, while it is ``failing``.
        network: as the system sees it.

    Signals:
        changed: `standing` is another, or the time of the next try.
        arrived: a meeting is over, and something may have come in or gone out.
    """

    changed = Signal()
    arrived = Signal()

    def __init__(self, meetings: Meetings, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self.rules = SyncRules.load()
        self.standing: Standing = "off"
        self.problem: Problem | None = None
        self.network = Network(self)
        self._meetings = meetings
        self._tasks = tasks
        self._opportunity: Opportunity | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._time_has_come)
        self.network.came.connect(self.cleared)
        self.network.changed.connect(self.changed)
        meetings.ended.connect(self._ended)

    @property
    def minutes(self) -> int:
        """After how many minutes it is tried again, at least 1."""
        return max(1, round((self._opportunity.at - _now()) / 60_000)) if self._opportunity else 0

    # ---- what happens ----

    def opened(self) -> None:
        """An archive was opened."""
        self._opportunity = Opportunity(self.rules, random.random, _now())
        self.standing, self.problem = "off", None
        self._plan()
        self.look()

    def locking(self) -> None:
        """The window is being locked or closed; it goes on after unlocking."""
        self._timer.stop()
        self._opportunity = None
        self.standing = "off"
        self._meetings.stop()

    def look(self) -> None:
        """See whether something urgent waits, and whether there is anybody to meet."""
        self._tasks.on_archive(self, self._see, self._saw, _no_matter)

    def _see(self, desk: Desk) -> _Seen:
        archive = desk.archive
        address = county_address(archive)
        if archive.device.server is None:
            return _Seen("off", address, metered_choice(archive), set())
        urgent = urgent_waiting(archive, self.rules)
        return _Seen("ready" if address else "no_address", address, metered_choice(archive), urgent)

    def _saw(self, seen: _Seen) -> None:
        if self._opportunity is None:
            return
        self._opportunity.saw(seen.urgent, _now())
        if seen.standing != "ready" or self.standing in {"off", "no_address"}:
            self.standing = seen.standing
        self._plan()

    def cleared(self) -> None:
        """What stood in the way is gone: a network came up, or somebody allowed to use it."""
        if self._opportunity is not None:
            self._opportunity.cleared(_now())
            self._plan()

    def _ended(self, outcome: Outcome) -> None:
        """A meeting is over, whoever began it."""
        if self._opportunity is None:
            return
        if outcome.place.kind == "server" and not outcome.was_stopped:
            self._learn(self._opportunity, outcome.problem)
        self._plan()
        if outcome.transfer is not None or outcome.has_moved:
            self.arrived.emit()

    def _learn(self, opportunity: Opportunity, problem: Problem | None) -> None:
        self.problem = problem
        if problem is None:
            self.standing = "ready"
            opportunity.succeeded(_now())
        else:
            self.standing = "failing"
            opportunity.failed(_now(), lasting=not isinstance(problem, EnvironmentProblem))

    # ---- trying ----

    def _plan(self) -> None:
        """Come again when it is time; while somebody is being met, when that is over."""
        if self._opportunity is not None and self._meetings.running is None:
            self._timer.start(max(0, self._opportunity.at - _now()))
        self.changed.emit()

    def _time_has_come(self) -> None:
        if self._meetings.running is None:
            self._tasks.on_archive(self, self._see, self._try, _no_matter)

    def _try(self, seen: _Seen) -> None:
        opportunity = self._opportunity
        if opportunity is None or self._meetings.running is not None:
            return
        opportunity.saw(seen.urgent, _now())
        costs = self.network.is_metered and not opportunity.may_use(seen.metered)
        if seen.standing == "ready" and not costs:
            self._meetings.meet_server(seen.address, by_itself=True)
            return
        self.standing = "metered" if seen.standing == "ready" else seen.standing
        opportunity.put_off(_now())
        self._plan()


def _now() -> int:
    return int(time.monotonic() * 1000)


def _no_matter(_problem: Problem) -> None:
    """Nobody asked for it; it is tried again."""
