"""Another laptop's archive as a store: the calls of a `SegmentStore` as messages over a line.

One side asks, the other serves. Nothing here decides who may: that has happened before (`neighbour`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from sync.engine import Home, Progress, Refusal, Transfer
from sync.errors import EnvironmentProblem
from sync.ids import Id, Number, StreamId
from sync.segments import Segment, UnreadableSegment, read_header
from sync.store import REFUSALS, Appended, Overview
from sync.transports.line import Broken, Line, Silent
from sync.wire import UNDECODABLE

PATIENCE = 600.0
"""Seconds that the other side may think about a call: an old laptop that folds a year's records takes minutes. That it
has gone is noticed sooner, by the line."""

T = TypeVar("T")


class Ask(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A call, by its tag."""


class AskOverview(Ask, tag="overview"):
    """What is there now?"""

    scope: Id


class AskSegments(Ask, tag="read"):
    """Segments of a stream, please."""

    scope: Id
    stream: StreamId
    start: Number


class GiveSegments(Ask, tag="append"):
    """Here are segments."""

    scope: Id
    segments: list[Segment]


class AskPapers(Ask, tag="papers"):
    """Papers, please."""

    scope: Id
    ids: list[Id]


class GivePapers(Ask, tag="add"):
    """Here are papers."""

    scope: Id
    papers: list[bytes]


class Farewell(Ask, tag="done"):
    """That was all."""


_calls = msgspec.msgpack.Decoder(AskOverview | AskSegments | GiveSegments | AskPapers | GivePapers | Farewell)


class PeerStore:
    """The archive at the other end of a line. Every method raises EnvironmentProblem where the line is cut.

    Args:
        line: to it.
        scope: of the station that both belong to; what it shares with other stations goes by way of the county.
    """

    def __init__(self, line: Line, scope: bytes) -> None:
        self._line = line
        self._scope = scope

    def overview(self, scope: bytes) -> Overview:
        """What is there now of one scope; the other side has opened by then what arrived before."""
        return self._ask(AskOverview(scope), Overview)

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        """What is there now of the station's records; of anything else, only that it is just as here."""
        return {**known, self._scope: self.overview(self._scope)}

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`."""
        return self._ask(AskSegments(scope, stream, start), list[Segment])

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Hand segments over."""
        answer = self._ask(GiveSegments(scope, list(segments)), Appended)
        # A newer version may have reasons for which this one has no words.
        known = not answer.reason or answer.reason in REFUSALS
        return answer if known else answer._replace(reason="sync.refused_other")

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        return self._ask(AskPapers(scope, list(ids)), list[bytes])

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Hand papers over."""
        return self._ask(GivePapers(scope, list(papers)), list[bytes])

    def farewell(self) -> None:
        """Say that this was all."""
        self._ask(Farewell(), bool)

    def _ask(self, call: Ask, kind: type[T]) -> T:
        try:
            self._line.send(msgspec.msgpack.encode(call), PATIENCE)
            return msgspec.msgpack.decode(self._line.receive(PATIENCE), type=kind)
        except (Broken, Silent, *UNDECODABLE) as error:
            raise EnvironmentProblem("neighbour.broken_off") from error


class Hosting:
    """Serves a home to the other end of a line, and counts what moves.

    Args:
        home: what is served.
        line: to whom.
        scope: of the station that both belong to; nothing else is served.
        progress: told how many segments have moved; how many there will be is not known on this side.
    """

    def __init__(self, home: Home, line: Line, scope: bytes, progress: Progress | None = None) -> None:
        self._home = home
        self._line = line
        self._scope = scope
        self._progress = progress
        self._moved = 0
        self.transfer = Transfer()

    def serve(self) -> None:
        """Answer until the other side says that this was all. Raises Broken."""
        while True:
            try:
                call = _calls.decode(self._line.receive(PATIENCE))
            except (Silent, *UNDECODABLE) as error:
                raise Broken from error
            self._line.send(msgspec.msgpack.encode(self._answer(call)), PATIENCE)
            if isinstance(call, Farewell):
                return

    def _answer(
        self, call: AskOverview | AskSegments | GiveSegments | AskPapers | GivePapers | Farewell
    ) -> Overview | list[Segment] | Appended | list[bytes] | bool:
        if not isinstance(call, Farewell) and call.scope != self._scope:
            raise Broken
        match call:
            case AskOverview():
                # Keys may have come with papers, and what they open or bring about belongs to what is here.
                self._home.seal()
                self._home.settle()
                return self._home.overview(call.scope)
            case AskSegments():
                segments = list(self._home.read(call.scope, call.stream, call.start))
                self._count(segments, outward=True)
                return segments
            case GiveSegments():
                return self._take(call.segments)
            case AskPapers():
                return self._home.read_papers(call.scope, call.ids)
            case GivePapers():
                return self._home.add_papers(call.scope, call.papers)
            case Farewell():
                return True

    def _take(self, segments: list[Segment]) -> Appended:
        answer = self._home.append(self._scope, segments)
        self._count(segments[: answer.taken], outward=False)
        if answer.reason and answer.taken < len(segments):
            self._refused(segments[answer.taken], answer.reason)
        return answer

    def _refused(self, segment: Segment, reason: str) -> None:
        try:
            header = read_header(segment.data)
        except UnreadableSegment:
            return
        self.transfer += Transfer(refused=[Refusal(header.stream, header.seq, reason)])

    def _count(self, segments: Sequence[Segment], *, outward: bool) -> None:
        changes = sum(read_header(segment.data).count for segment in segments)
        self.transfer += Transfer(sent=changes) if outward else Transfer(received=changes)
        self._moved += len(segments)
        if self._progress:
            self._progress(self._moved, 0)
