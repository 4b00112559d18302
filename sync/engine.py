"""How two stores become equal. The only code that moves segments, whatever lies between the stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, Self

import msgspec

from sync.errors import Problem
from sync.segments import NOWHERE, Segment, read_header
from sync.store import NOTHING, Overview, SegmentStore

NOT_A_MEMBER = "sync.not_a_member"
"""The Problem of a server that does not know a scope, or not as one of ours."""

NOT_BEGUN = "sync.refused_scope"

ServerState = Literal["", "restored", "rolled_back"]
"""What a receipt tells of a server: that it was put back from a backup, or has lost something without saying so."""

Progress = Callable[[int, int], None]
"""Called with how many segments have moved and how many there are."""


class Refusal(NamedTuple):
    """A segment that one side did not take. `reason` is a text key (``sync.refused_…``)."""

    stream: bytes
    seq: int
    reason: str


class Transfer(msgspec.Struct):
    """What moved, in changes.

    Attributes:
        sent: changes that went from ours to theirs.
        received: changes that came from theirs to ours.
        refused: segments that one side did not take, and why.
        beside: how far the other side's clock is ahead of ours, in milliseconds; None where it did not say.
        server: what its receipts tell of a server.
        stations: ids and names of the county's stations, where the server was asked for them; else None.
    """

    sent: int = 0
    received: int = 0
    refused: list[Refusal] = msgspec.field(default_factory=list)
    beside: int | None = None
    server: ServerState = ""
    stations: list[tuple[bytes, str]] | None = None

    def __iadd__(self, other: Transfer) -> Self:
        """Add what another exchange moved."""
        self.sent += other.sent
        self.received += other.received
        self.server = other.server or self.server
        self.refused += [refusal for refusal in other.refused if refusal not in self.refused]
        return self


class Reconciled(NamedTuple):
    """What came of two stores meeting about a scope.

    Attributes:
        transfer: what moved.
        receipt: the other side's last one, empty where it gives none.
        declined: ids of papers that one of them has and the other does not take.
    """

    transfer: Transfer
    receipt: bytes
    declined: list[bytes]


class Home(SegmentStore, Protocol):
    """The store that a person works with: it also writes and reads what the segments hold."""

    @property
    def scope(self) -> bytes:
        """The scope of the station's own records."""
        ...

    def scopes(self) -> list[bytes]:
        """The scopes that it meets others about, what cannot wait first."""
        ...

    def seal(self) -> None:
        """Put everything that was saved into segments, as far as the scopes' keys are here."""
        ...

    def settle(self) -> bool:
        """Take keys out of papers, fold what has become readable, hand keys on; True where others should get more now."""
        ...

    def acknowledge(self, receipt: bytes) -> ServerState:
        """Remember a server's receipt."""
        ...

    def set_aside(self, scope: bytes, ids: Sequence[bytes]) -> None:
        """Note papers that only one of this home and the county's server takes."""
        ...

    def untold(self, scope: bytes) -> list[Segment]:
        """Genuine segments that may not count, as far as the county has not been shown them."""
        ...

    def told(self, segments: Sequence[Segment]) -> None:
        """Note that the county has been shown them."""
        ...


def meet(home: Home, other: SegmentStore, progress: Progress | None = None) -> Transfer:
    """Bring a home and another store to the same content, as far as both take it; can be interrupted anywhere."""
    home.seal()
    transfer = Transfer()
    missing: set[bytes] = set()
    while True:
        try:
            here = home.overviews({})
            there = other.overviews(here)
            again = _get_acquainted(home, other, here, there)
            transfer += _reconcile_all(home, other, here, there, progress)
        except Problem:
            # The line broke. What has arrived until then is here to stay, and people may see it.
            home.settle()
            raise
        # Of a scope that has only just come there, others may have to say something.
        again |= not here.keys() - there.keys() <= missing
        missing |= here.keys() - there.keys()
        again |= home.settle()
        if not again:
            return transfer


def _get_acquainted(
    home: Home, other: SegmentStore, here: Mapping[bytes, Overview], there: Mapping[bytes, Overview]
) -> bool:
    """Show a home the papers of scopes that it does not know; whether it takes part in one of them from now on."""
    for scope in there.keys() - here.keys():
        home.add_papers(scope, other.read_papers(scope, sorted(there[scope].papers)))
    return set(home.scopes()) != here.keys()


def _reconcile_all(
    home: Home,
    other: SegmentStore,
    here: Mapping[bytes, Overview],
    there: Mapping[bytes, Overview],
    progress: Progress | None,
) -> Transfer:
    """Exchange what is missing in the scopes of `here`; receipts are noted as they come."""
    pairs = {scope: (mine, there.get(scope, NOTHING)) for scope, mine in here.items()}
    total = sum(_missing(mine, others) + _missing(others, mine) for mine, others in pairs.values())
    moved = 0

    def step(count: int) -> None:
        nonlocal moved
        moved += count
        if progress:
            progress(moved, total)

    transfer = Transfer()
    for scope, overviews in pairs.items():
        # Before anything is sent: what the server has lost is sent again, and would not be noticed after.
        transfer.server = home.acknowledge(overviews[1].receipt) or transfer.server
        try:
            exchanged, receipt, declined = reconcile(home, other, scope, overviews, step)
        except Problem as problem:
            if problem.key != NOT_A_MEMBER or scope in there:
                raise
            # Begun by a device that the county has revoked, or with stations that it does not know. All else goes on.
            exchanged = Transfer(refused=[Refusal(one, 1, NOT_BEGUN) for one in here[scope].vector])
            receipt, declined = b"", []
        home.acknowledge(receipt)
        transfer += exchanged
        if receipt:
            if declined:
                home.set_aside(scope, declined)
            _show_apart(home, other, scope)
    return transfer


def _show_apart(home: Home, other: SegmentStore, scope: bytes) -> None:
    """Show the county what is set apart here: it alone can let it count. That it does not take it is no news."""
    segments = home.untold(scope)
    for segment in segments:
        other.append(scope, [segment])
    if segments:
        home.told(segments)


def reconcile(
    ours: SegmentStore,
    theirs: SegmentStore,
    scope: bytes,
    overviews: tuple[Overview, Overview] | None = None,
    step: Callable[[int], None] = lambda _: None,
) -> Reconciled:
    """Exchange papers and missing segments of a scope, both ways.

    Args:
        ours: one store, whose segments go first.
        theirs: the other one.
        scope: what they meet about.
        overviews: what they have said to hold; asked where that has not been done.
        step: told whenever segments have moved, how many.
    """
    here, there = overviews or (ours.overview(scope), theirs.overview(scope))
    declined = _copy_papers(theirs, ours, scope, there, here) + _copy_papers(ours, theirs, scope, here, there)
    inward, outward = _Copy(theirs, ours, scope, step), _Copy(ours, theirs, scope, step)
    for stream in _least_first(here, there):
        mine, others = here.vector.get(stream, NOWHERE), there.vector.get(stream, NOWHERE)
        if mine.seq == others.seq and mine != others:
            inward.refused.append(Refusal(stream, mine.seq, "sync.refused_fork"))
        outward.stream(stream, others.seq, mine.seq)
        inward.stream(stream, mine.seq, others.seq)
    transfer = Transfer(outward.changes, inward.changes, inward.refused + outward.refused)
    return Reconciled(transfer, outward.receipt or there.receipt, declined)


def _least_first(here: Overview, there: Overview) -> list[bytes]:
    """Streams, those first of which the least is missing: what is urgent has short streams of its own."""

    def missing(stream: bytes) -> tuple[int, bytes]:
        mine, others = here.vector.get(stream, NOWHERE), there.vector.get(stream, NOWHERE)
        return abs(mine.seq - others.seq), stream

    return sorted({*here.vector, *there.vector}, key=missing)


def _missing(target: Overview, source: Overview) -> int:
    return sum(max(0, last.seq - target.vector.get(stream, NOWHERE).seq) for stream, last in source.vector.items())


def _copy_papers(
    source: SegmentStore, target: SegmentStore, scope: bytes, have: Overview, want: Overview
) -> list[bytes]:
    missing = set(have.papers) - set(want.papers)
    return target.add_papers(scope, source.read_papers(scope, sorted(missing))) if missing else []


class _Copy:
    """The copying of missing segments in one direction."""

    def __init__(self, source: SegmentStore, target: SegmentStore, scope: bytes, step: Callable[[int], None]) -> None:
        self._source = source
        self._target = target
        self._scope = scope
        self._step = step
        self.changes = 0
        self.receipt = b""
        self.refused: list[Refusal] = []

    def stream(self, stream: bytes, seq: int, last: int) -> None:
        """Copy a stream beyond `seq`, up to `last`; stops where the target refuses."""
        while seq < last:
            segments = self._source.read(self._scope, stream, seq + 1)
            if not segments:
                self.refused.append(Refusal(stream, seq + 1, "sync.refused_missing"))
                return
            taken, reason, receipt = self._target.append(self._scope, segments)
            self.receipt = receipt or self.receipt
            self.changes += sum(read_header(segment.data).count for segment in segments[:taken])
            seq += taken
            self._step(taken)
            if reason or not taken:
                self.refused.append(Refusal(stream, seq + 1, reason or "sync.refused_unreadable"))
                return
