"""Salvage: everything that can still be read in a damaged archive goes into a new one, and what is missing is named.

Two things are kept of every change, a row in the log and its place in a segment, so most damage costs nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from storage import copies, database
from storage.archive import Archive
from storage.database import Connection, Meta, file_errors_explained
from storage.device import Device
from storage.errors import Problem
from storage.keys import DeviceSecret, Unlocked, no_device_secret, open_slots, slots_path
from storage.lock import Lock
from storage.pages import read_pages
from storage.records import Catalogue
from storage.waiting import Waiting
from storage.wreck import Place, Stream, Wreck, sort_out
from sync.changes import ChangeId, decode_payload, encode_payload
from sync.crypto import Recipient, Signer
from sync.files import replace_file, sync_folder
from sync.segments import CHAIN_START

_decode = msgspec.msgpack.decode
_encode = msgspec.msgpack.encode


class Gap(msgspec.Struct, frozen=True):
    """Something that is missing out of a stream: ordinals of changes, or seqs of segments, both ends included."""

    stream: str
    first: int
    last: int


class Salvaged(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        damaged_pages: how many pages could not be read.
        changes: how many changes were saved.
        missing_changes: those that were there and are not any more.
        missing_segments: the same for segments. Their changes may be there all the same.
        people_without_key: ids of people whose content key is lost, and who were given a new one: what is written about them
            here can be read elsewhere only if nobody there has the old one.
        unknown_devices: ids of devices whose certificates are lost. They come again with the next meeting; until then
            nobody can say whether the segments of these devices are theirs.
        same_device: whether the device's own keys and its county's address were saved. Where not, it must be admitted again.
    """

    damaged_pages: int
    changes: int
    missing_changes: list[Gap]
    missing_segments: list[Gap]
    people_without_key: list[str]
    unknown_devices: list[str]
    same_device: bool


def unlock(
    path: Path, user_name: str, password: str, now: int, device_secret: DeviceSecret = no_device_secret
) -> Unlocked:
    """The key of an archive that cannot be opened, as `Archive.open` would find it: wrong passwords cost time here too.

    `now` is in milliseconds since 1970. Raises Problem.
    """
    waiting = Waiting(path)
    waiting.refuse_early(now)
    try:
        unlocked = open_slots(slots_path(path), user_name, password, device_secret)
    except Problem as problem:
        if problem.key == "archive.wrong_password":
            waiting.failed(now)
        raise
    waiting.passed()
    return unlocked


def salvage(path: Path, unlocked: Unlocked, new: Path, catalogue: Catalogue) -> Salvaged:
    """Make a new archive at `new` out of what can be read at `path`, which is not changed; both have the same keys.

    Raises:
        Problem: somebody has the archive open, there is something at `new`, there is no room, or nothing at all can
            be read with this key.
    """
    if any(new.with_name(new.name + end).exists() for end in ("", ".keys", "-wal")):
        raise Problem("archive.exists", file=new.name)
    lock = Lock(path)
    try:
        with file_errors_explained(path.name):
            pages = read_pages(path, unlocked.key)
            slots = slots_path(path).read_bytes()
    finally:
        lock.release()
    wreck = sort_out(pages.good)
    if not (wreck.scope_keys or wreck.streams or "scope" in wreck.meta):
        raise Problem("backup.nothing_to_salvage", file=path.name)
    wreck.fill_gaps()
    report = Salvaged(
        damaged_pages=len(pages.damaged),
        changes=len(wreck.changes),
        missing_changes=_gaps(wreck, wreck.expected - wreck.changes.keys()),
        missing_segments=_gaps(wreck, wreck.expected_segments() - wreck.segments.keys()),
        people_without_key=[person.hex() for person in wreck.give_new_keys()],
        unknown_devices=[device.hex() for device in wreck.unknown_devices()],
        same_device=wreck.knows_its_device() and wreck.knows_its_county(),
    )
    made = new.with_name(new.name + "~salvaged")
    try:
        with file_errors_explained(new.name):
            _remove(made)
            replace_file(slots_path(made), slots)
            made.touch(mode=0o600)
        _Builder(wreck).build(made, unlocked)
        # The first opening folds the log and puts into segments what was in none, the second begins a new incarnation.
        for _ in range(2):
            with Archive.open_unlocked(made, unlocked, catalogue) as archive:
                archive.meeting.seal()
        with file_errors_explained(new.name):
            slots_path(made).replace(slots_path(new))
            made.replace(new)
            sync_folder(new.parent)
    finally:
        _remove(made)
    return report


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", ".keys", ".lock", ".wait"):
        with suppress(OSError):
            path.with_name(path.name + end).unlink(missing_ok=True)


def _gaps(wreck: Wreck, places: Iterable[Place]) -> list[Gap]:
    gaps: list[Gap] = []
    for number, place in sorted(places):
        stream = wreck.streams[number].id.hex() if number in wreck.streams else f"#{number}"
        if gaps and (gaps[-1].stream, gaps[-1].last + 1) == (stream, place):
            gaps[-1] = Gap(stream, gaps[-1].first, place)
        else:
            gaps.append(Gap(stream, place, place))
    return gaps


class _Builder:
    """Puts the pieces into a new file."""

    def __init__(self, wreck: Wreck) -> None:
        self._wreck = wreck

    def build(self, path: Path, unlocked: Unlocked) -> None:
        """Write the archive, without its projection."""
        connection = database.connect(path, unlocked.key)
        try:
            database.use_wal(connection)
            with database.transaction(connection, path.name):
                database.create_tables(connection)
                self._put_device(connection, unlocked.archive)
                if Device(connection).certificate is None:
                    self._begin_again(Device(connection), connection)
                else:
                    self._close_ranks()
                self._put_truth(connection)
                copies.mark_copy(connection)
        finally:
            connection.close()

    def _put_device(self, connection: Connection, archive: bytes) -> None:
        wreck, meta = self._wreck, Meta(connection)
        known = dict(wreck.meta)
        if not wreck.knows_its_device():
            # A new device, which nobody has admitted.
            for name in ("certificate", "server", *(one for one in wreck.meta if one.startswith("stream"))):
                known.pop(name, None)
            known |= {"signing_key": Signer.generate().private_key, "sealing_key": Recipient.generate().private_key}
            known = {"device_name": "", "station_name": "", "scope": wreck.most_common_scope(), **known}
        for name, value in {**known, "archive": archive}.items():
            meta.put(name, value)

    # ---- ordinals without gaps in what nobody has seen ----

    def _begin_again(self, device: Device, connection: Connection) -> None:
        """What a device without admission wrote nobody has seen: all of it becomes one new stream.

        So does what was in no segment yet where a device lost its keys: it can sign nothing in its old stream.
        """
        wreck = self._wreck
        met = {number for number, stream in wreck.streams.items() if wreck.was_admitted(stream.id)}
        new = device.scopes.begin_stream(device.scope)
        connection.execute("DELETE FROM stream")
        number = max((place[0] for place in wreck.changes), default=0) + 1
        unseen = [one for one in wreck.changes if one[0] not in met or one[1] >= wreck.streams[one[0]].next_ordinal]
        self._move(sorted(unseen, key=self._arrival), number, new, 1)
        wreck.segments = {place: one for place, one in wreck.segments.items() if place[0] in met}
        wreck.streams = {one: stream for one, stream in wreck.streams.items() if one in met}
        wreck.streams[number] = Stream(new, device.scope, 0, CHAIN_START, 1, 0, 0)
        # Envelopes go out once more; whoever has one ignores the second.
        wreck.people = {one: (key, 0 if key else 1) for one, (key, _) in wreck.people.items()}

    def _close_ranks(self) -> None:
        """Number what was in no segment yet anew where a part of it is lost; nobody has seen the old numbers."""
        wreck = self._wreck
        for place in [one for one in wreck.changes if one[0] not in wreck.streams]:
            del wreck.changes[place]
        written = {value for name, value in wreck.meta.items() if name.startswith("stream")}
        for number, stream in wreck.streams.items():
            if stream.id in written:
                waiting = [one for one in wreck.changes if one[0] == number and one[1] >= stream.next_ordinal]
                self._move(sorted(waiting), number, stream.id, stream.next_ordinal)

    def _arrival(self, place: Place) -> tuple[int, Place]:
        number = self._wreck.changes[place].number
        return (number if number is not None else 2**62, place)

    def _move(self, places: list[Place], number: int, stream: bytes, first: int) -> None:
        """Give changes new places, one after the other, and rewrite what names the old ones."""
        wreck = self._wreck
        new = {place: (number, ordinal) for ordinal, place in enumerate(places, first)}
        named = {
            ChangeId(wreck.streams[old[0]].id, old[1]): ChangeId(stream, place[1])
            for old, place in new.items()
            if old[0] in wreck.streams
        }
        taken = {place: wreck.changes.pop(place) for place in places}
        wreck.changes |= {new[place]: logged for place, logged in taken.items()}
        for place, logged in wreck.changes.items():
            if logged.body:
                kind, schema, person, actor, payload = _decode(logged.body)
                fields, base = decode_payload(payload)
                after = {field: tuple(named.get(one, one) for one in many) for field, many in base.items()}
                if after != base:
                    body = _encode((kind, schema, person, actor, encode_payload(fields, after)))
                    wreck.changes[place] = logged._replace(body=body)

    # ---- writing ----

    def _put_truth(self, connection: Connection) -> None:
        wreck = self._wreck
        connection.executemany(
            "INSERT INTO stream (no, id, scope, seq, hash, next_ordinal, folded, acknowledged)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, *stream) for number, stream in wreck.streams.items()],
        )
        connection.executemany(
            "INSERT INTO segment (stream, seq, first, count, epoch, envelopes, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*place, *segment) for place, segment in sorted(wreck.segments.items())],
        )
        connection.executemany(
            "INSERT INTO scope_key (scope, epoch, key) VALUES (?, ?, ?)",
            [(*place, key) for place, key in wreck.scope_keys.items()],
        )
        connection.executemany(
            "INSERT INTO paper (scope, id, kind, data) VALUES (?, ?, ?, ?)",
            [(*place, *rest) for place, rest in wreck.papers.items()],
        )
        connection.executemany(
            "INSERT INTO person_key (person, scope, key, published) VALUES (?, ?, ?, ?)",
            [(*one, *rest) for one, rest in wreck.people.items()],
        )
        connection.executemany(
            "INSERT INTO quarantine (hash, stream, seq, reason, data, envelopes) VALUES (?, ?, ?, ?, ?, ?)",
            [(whole, *rest) for whole, rest in wreck.apart.items()],
        )
        for scope, kind in wreck.shared.items():
            Device(connection).scopes.join(scope, kind)
        self._put_changes(connection)

    def _put_changes(self, connection: Connection) -> None:
        """In the order in which they came; those out of segments last."""
        rows: list[tuple[object, ...]] = []
        last = 0
        for place in sorted(self._wreck.changes, key=self._arrival):
            logged = self._wreck.changes[place]
            last = max(last + 1, logged.number or 0)
            rows.append((last, *place, logged.record, logged.time, logged.body))
        connection.executemany(
            "INSERT INTO change (no, stream, ordinal, record, time, body) VALUES (?, ?, ?, ?, ?, ?)", rows
        )
