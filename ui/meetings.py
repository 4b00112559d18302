"""How this device meets others, for the command line and the window alike: where, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from app.opportunities import SyncRules
from app.referrals.stations import remember_stations, wants_stations
from app.texts import Texts
from storage.archive import Archive
from storage.errors import Problem
from storage.fates import HANDED, REFUSED, Refused
from sync.crypto import Signer
from sync.engine import Home, Progress, Transfer, meet
from sync.papers import Server
from sync.transports.folder import FolderStore
from sync.transports.handshake import Party

ADDRESS = "county address"
MET = "last meeting"
_HISTORY = "meetings"

PlaceKind = Literal["server", "stick", "neighbour"]


class Place(msgspec.Struct, frozen=True):
    """Where a meeting is: the address of the server, the name of a stick or of another laptop."""

    kind: PlaceKind
    name: str


class Met(msgspec.Struct, frozen=True):
    """A meeting that was, or several of the same kind in a row that brought nothing.

    Attributes:
        at: when it ended, in milliseconds since 1970; of several, the last.
        by_itself: whether the program began it.
        sent: changes, likewise `received`.
        refused: how many segments one side did not take.
        problem: text key of what went wrong, empty where it came to its end; `values` fill its gaps.
        times: how many they were.
    """

    at: int
    place: Place
    by_itself: bool
    sent: int = 0
    received: int = 0
    refused: int = 0
    problem: str = ""
    values: dict[str, str] = {}
    times: int = 1

    def words(self, texts: Texts) -> str:
        """What went wrong, in a sentence; empty where nothing did."""
        return texts(self.problem, **self.values) if self.problem in texts else self.problem


def require_county(archive: Archive) -> Server:
    """The county's server as the admission named it. Raises Problem where the device has not joined."""
    server = archive.device.server
    if server is None:
        raise Problem("sync.not_enrolled")
    return server


class Pass(NamedTuple):
    """With what a device meets the county's server: the server as it knows it, its own key, the county's paper about it.

    Attributes:
        wants_stations: whether to ask for the county's stations as well: a call more, and only now and then.
    """

    server: Server
    signer: Signer
    certificate: bytes
    wants_stations: bool = False


def pass_of(archive: Archive) -> Pass:
    """With what this device meets the county's server. Raises Problem where it has not joined."""
    server, device = require_county(archive), archive.device
    return Pass(server, device.signer, device.certificate_paper, wants_stations(archive))


def party_of(archive: Archive) -> Party:
    """Who this device is to a neighbour. Raises Problem where it has not joined."""
    server, device = require_county(archive), archive.device
    standings = archive.meeting.membership.standings(device.scope)
    revoked = frozenset(one for one, standing in standings.items() if standing.ends is not None)
    return Party(device.signer, device.certificate_paper, server.county_key, revoked)


def meet_server(
    home: Home,
    url: str,
    own: Pass,
    progress: Progress | None = None,
    *,
    begun: Callable[[Callable[[], None]], None] = lambda _cancel: None,
) -> Transfer:
    """Meet the county server. `begun` is told how to cancel it from another thread. Raises Problem, EnvironmentProblem."""
    # Only this way to meet needs the HTTP client, which takes a while to load.
    from sync.transports.http import HttpStore  # noqa: PLC0415

    with HttpStore(url, own.server, own.signer, certificate=own.certificate) as store:
        begun(store.cancel)
        transfer = meet(home, store, progress)
        transfer.beside = store.beside
        if own.wants_stations:
            # A server that is older than this program has no such call. What has moved, has moved.
            with suppress(Problem):
                transfer.stations = store.stations()
        return transfer


def fetch_stations(url: str, own: Pass) -> list[tuple[bytes, str]]:
    """Ask the county server for its stations now: ids and names. Raises Problem, EnvironmentProblem."""
    from sync.transports.http import HttpStore  # noqa: PLC0415 -- as above

    with HttpStore(url, own.server, own.signer, certificate=own.certificate) as store:
        return store.stations()


def meet_folder(home: Home, folder: Path, progress: Progress | None = None) -> Transfer:
    """Meet a stick or a shared folder. Raises Problem, EnvironmentProblem."""
    return meet(home, FolderStore(folder), progress)


# ---- what is remembered ----


def note_met(archive: Archive, place: Place, transfer: Transfer, *, by_itself: bool = False) -> None:
    """Remember that a meeting came to its end just now, and what came of it."""
    now = archive.now()
    refusals = [
        Refused(stream, seq, reason, place.kind, place.name, now, ours=archive.fates.holds(stream, seq))
        for stream, seq, reason in transfer.refused
    ]
    met = Met(now, place, by_itself, transfer.sent, transfer.received, len(refusals))
    with archive.transaction():
        others = [one for one in archive.fates.refusals() if (one.kind, one.place) != (place.kind, place.name)]
        _remember(archive, REFUSED, [*refusals, *others][: _kept()])
        if place.kind == "server":
            archive.remember(ADDRESS, place.name)
            archive.remember(MET, str(now))
            if transfer.beside is not None:
                archive.compare_clock(transfer.beside)
            if transfer.stations is not None:
                remember_stations(archive, transfer.stations)
        else:
            _note_handed(archive, {one.stream for one in refusals})
        _add(archive, met)


def note_failed(archive: Archive, place: Place, problem: Problem, *, by_itself: bool = False) -> None:
    """Remember that a meeting could not be, or was cut off, and why."""
    values = {name: str(value) for name, value in problem.values.items()}
    _add(archive, Met(archive.now(), place, by_itself, problem=problem.key, values=values))


def meetings(archive: Archive) -> list[Met]:
    """The meetings that are remembered, the last first."""
    said = archive.local(_HISTORY)
    return msgspec.json.decode(said, type=list[Met]) if said else []


def county_address(archive: Archive) -> str:
    """Where the county's server was met last; empty before the first time."""
    return archive.local(ADDRESS) or ""


def last_meeting(archive: Archive) -> int:
    """When the county's server was met last, in milliseconds since 1970; 0 for never."""
    return int(archive.local(MET) or 0)


def _note_handed(archive: Archive, refused: set[bytes]) -> None:
    """Whoever is now in step with this device has all that is in its segments, but what was refused."""
    ends = {stream: end for stream, end in archive.fates.ends().items() if stream not in refused}
    before = dict(archive.fates.handed())
    handed = {**before, **{stream: max(end, before.get(stream, 0)) for stream, end in ends.items()}}
    _remember(archive, HANDED, sorted(handed.items()))


def _add(archive: Archive, met: Met) -> None:
    """Put a meeting on top; like ones by itself that brought nothing count as one, or they would push out the others."""
    before = meetings(archive)
    if before and _says_nothing_new(before[0], met):
        met = msgspec.structs.replace(met, times=before[0].times + 1)
        before = before[1:]
    _remember(archive, _HISTORY, [met, *before][: _kept()])


def _says_nothing_new(before: Met, met: Met) -> bool:
    def told(one: Met) -> tuple[object, ...]:
        return one.place, one.by_itself, one.problem, one.refused

    return (
        met.by_itself and told(before) == told(met) and not (met.sent or met.received or before.sent or before.received)
    )


def _kept() -> int:
    return SyncRules.load().history


def _remember(archive: Archive, name: str, value: object) -> None:
    archive.remember(name, msgspec.json.encode(value).decode())
