"""What is found on the readable pages of a damaged archive, told apart by its shape: no two tables' rows look alike."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from storage.log import EMPTIED
from storage.pages import Row, rows
from sync.changes import encode_payload
from sync.crypto import KEY_SIZE, Signer, digest
from sync.ids import ID_SIZE, STREAM_ID_SIZE, device_of
from sync.papers import Certificate, paper_id, read_paper
from sync.scopes import prefix_in, prefix_of
from sync.segments import (
    CHAIN_START,
    Opened,
    ScopeKey,
    Tail,
    UnreadableSegment,
    open_envelopes,
    open_segment,
    read_header,
)

_decode = msgspec.msgpack.decode
_encode = msgspec.msgpack.encode

Place = tuple[int, int]
"""A local stream number, and an ordinal or a seq."""

_META = {
    "signing_key", "sealing_key", "device_name", "station_name", "scope", "server", "certificate",
}  # fmt: skip
_PREFIXES = ("local.", "stream")


class Stream(NamedTuple):
    """A row of `stream`, without its number."""

    id: bytes
    scope: bytes
    seq: int
    hash: bytes
    next_ordinal: int
    folded: int
    acknowledged: int


class Segment(NamedTuple):
    """A row of `segment`, without its place."""

    first: int
    length: int
    epoch: int
    envelopes: bytes
    data: bytes


class Logged(NamedTuple):
    """A row of `change`, without its place. The number is None where it comes out of a segment."""

    number: int | None
    record: bytes
    time: int | None
    body: bytes | None


class Wreck(msgspec.Struct):
    """The tables of the truth, as far as they could be read, and which changes there were (`expected`)."""

    meta: dict[str, Any] = msgspec.field(default_factory=dict)
    scope_keys: dict[tuple[bytes, int], bytes] = msgspec.field(default_factory=dict)
    streams: dict[int, Stream] = msgspec.field(default_factory=dict)
    segments: dict[Place, Segment] = msgspec.field(default_factory=dict)
    papers: dict[tuple[bytes, bytes], tuple[int, bytes]] = msgspec.field(default_factory=dict)
    people: dict[tuple[bytes, bytes], tuple[bytes, int]] = msgspec.field(default_factory=dict)
    shared: dict[bytes, str] = msgspec.field(default_factory=dict)
    apart: dict[bytes, tuple[bytes, int, str, bytes, bytes]] = msgspec.field(default_factory=dict)
    changes: dict[Place, Logged] = msgspec.field(default_factory=dict)
    expected: set[Place] = msgspec.field(default_factory=set)

    # ---- what is lost in one place and kept in another ----

    def fill_gaps(self) -> None:
        """Take keys of people and changes out of segments, where their own rows are lost."""
        self._find_certificate()
        for segment in self.segments.values():
            key = self._scope_key(segment)
            if key:
                with suppress(UnreadableSegment):
                    for person, content in open_envelopes(segment.envelopes, key).items():
                        self.people.setdefault((person, key.scope), (content, 1))
        for (number, seq), segment in sorted(self.segments.items()):
            places = {(number, segment.first + offset) for offset in range(segment.length)}
            if number in self.streams and seq <= self.streams[number].folded and places - self.changes.keys():
                for one in self._opened(segment):
                    self.changes.setdefault((number, one.ordinal), self._logged(one, self.streams[number].scope))
        # A page that should be gone may still hold what was erased.
        for place, logged in self.changes.items():
            if logged.body and self._is_erased(_decode(logged.body)[2], self._scope_of(place)):
                self.changes[place] = logged._replace(time=None, body=b"")

    def _find_certificate(self) -> None:
        """The device's own certificate is kept twice."""
        own = self.meta.get("certificate")
        if own and "scope" in self.meta:
            self.papers.setdefault((self.meta["scope"], paper_id(own)), (Certificate.KIND, own))
        elif "signing_key" in self.meta:
            device = Signer(self.meta["signing_key"]).id
            for kind, data in self.papers.values():
                if kind == Certificate.KIND and read_paper(data, Certificate).device == device:
                    self.meta["certificate"] = data

    def _opened(self, segment: Segment) -> list[Opened]:
        key = self._scope_key(segment)
        if key is None:
            return []
        keys = {
            person: content for (person, scope), (content, _) in self.people.items() if content and scope == key.scope
        }
        try:
            opened = open_segment(segment.data, scope_key=key.key, keys_of=lambda _: keys)
        except UnreadableSegment:
            return []
        prefix = b"" if key.scope == self.meta.get("scope") else prefix_of(key.scope)
        return [one if prefix_in(one.record) == prefix else one._replace(change=None, person=EMPTIED) for one in opened]

    def _scope_of(self, place: Place) -> bytes:
        stream = self.streams.get(place[0])
        return stream.scope if stream else self.meta.get("scope", b"")

    def _logged(self, one: Opened, scope: bytes) -> Logged:
        change = one.change
        if change is None:
            return Logged(None, one.record, None, b"" if self._is_erased(one.person, scope) else None)
        payload = encode_payload(change.fields, change.base)
        body = _encode((change.type, change.schema, change.person, change.actor, payload))
        return Logged(None, one.record, change.time, body)

    def _is_erased(self, person: bytes | None, scope: bytes) -> bool:
        known = self.people.get((person, scope)) if person else None
        return person == EMPTIED or (known is not None and not known[0])

    def _scope_key(self, segment: Segment) -> ScopeKey | None:
        header = read_header(segment.data)
        key = self.scope_keys.get((header.scope, header.epoch))
        return ScopeKey(header.scope, header.epoch, key) if key else None

    # ---- what it says ----

    def expected_segments(self) -> set[Place]:
        """The places of all segments that there were."""
        return {(number, seq) for number, stream in self.streams.items() for seq in range(1, stream.seq + 1)}

    def give_new_keys(self) -> list[bytes]:
        """Give people whose key is lost another one; returns who they are."""
        named = {
            (_decode(logged.body)[2], self._scope_of(place)) for place, logged in self.changes.items() if logged.body
        }
        lost = {one for one in named - self.people.keys() if one[0] is not None}
        self.people |= {one: (secrets.token_bytes(KEY_SIZE), 0) for one in lost}
        return sorted({person for person, _ in lost})

    def knows_its_device(self) -> bool:
        """Whether everything is here that makes it the device that it was."""
        return {"signing_key", "sealing_key", "scope", "stream", "device_name", "station_name"} <= self.meta.keys()

    def knows_its_county(self) -> bool:
        """Whether it can meet its county's server, if it has one."""
        return "certificate" not in self.meta or "server" in self.meta

    def was_admitted(self, stream: bytes) -> bool:
        """Whether the device of a stream has a certificate."""
        kinds = (data for kind, data in self.papers.values() if kind == Certificate.KIND)
        return any(device_of(stream) in data for data in kinds)

    def unknown_devices(self) -> list[bytes]:
        """Devices with streams and without a certificate, where there are such things."""
        if "certificate" not in self.meta:
            return []
        return sorted({device_of(one.id) for one in self.streams.values() if not self.was_admitted(one.id)})

    def most_common_scope(self) -> bytes:
        """The scope of most streams, or the one that there is a key for."""
        scopes = [stream.scope for stream in self.streams.values()] or [scope for scope, _ in self.scope_keys]
        return max(sorted(set(scopes)), key=scopes.count)


def sort_out(pages: Mapping[int, bytes]) -> Wreck:
    """Tell rows apart, and put together what the lost ones must have said about streams."""
    wreck = Wreck()
    names: dict[int, bytes] = {}
    indexed: set[Place] = set()
    for row in rows(pages):
        if row.number is None:
            _sort_entry(wreck, row.values, names, indexed)
        else:
            _sort_row(wreck, row)
    _complete_streams(wreck, names)
    wreck.expected = wreck.changes.keys() | indexed
    for number, stream in wreck.streams.items():
        # What was opened was in the log, and an ordinal that was given had others before it.
        opened = [
            one.first + one.length for (no, seq), one in wreck.segments.items() if no == number and seq <= stream.folded
        ]
        opened += [stream.next_ordinal] if stream.folded == stream.seq else []
        end = max([*opened, *(ordinal + 1 for no, ordinal in wreck.expected if no == number)], default=1)
        wreck.expected |= {(number, ordinal) for ordinal in range(1, end)}
    return wreck


def _sort_entry(wreck: Wreck, values: tuple[Any, ...], names: dict[int, bytes], indexed: set[Place]) -> None:
    """Rows of the tables without row numbers, and entries of indexes."""
    match values:
        case (str(name), (str() | bytes()) as value) if name in _META or name.startswith(_PREFIXES):
            wreck.meta[name] = value
        case ("clock", int(clock)):
            # The index of a name that somebody bears looks the same; its row numbers are small.
            wreck.meta["clock"] = max(clock, wreck.meta.get("clock", 0))
        case (bytes(stream), int(number)) if len(stream) == STREAM_ID_SIZE:
            names[number] = stream
        case (bytes(scope), int(epoch), bytes(key)) if (len(scope), len(key)) == (ID_SIZE, KEY_SIZE):
            wreck.scope_keys[scope, epoch] = key
        case (bytes(person), bytes(scope), bytes(key), int(published)) if (len(person), len(scope)) == (
            ID_SIZE,
            ID_SIZE,
        ) and len(key) in {0, KEY_SIZE}:
            wreck.people[person, scope] = key, published
        case (bytes(scope), bytes(paper), int(kind), bytes(data)) if (len(paper), len(scope)) == (ID_SIZE, ID_SIZE):
            wreck.papers[scope, paper] = kind, data
        case (int(stream), int(ordinal), int(_)):
            # Those of the index of segments look the same; a stream has at least as many changes as segments.
            indexed.add((stream, ordinal))


def _sort_row(wreck: Wreck, row: Row) -> None:
    match row.values:
        case (bytes(scope), str(kind), bytes(prefix)) if prefix == prefix_of(scope):
            wreck.shared[scope] = kind
        case (bytes(whole), bytes(stream), int(seq), str(reason), bytes(data), bytes(envelopes)) if whole == digest(
            data
        ):
            wreck.apart[whole] = stream, seq, reason, data, envelopes
        case (None, bytes(name), bytes(scope), int(seq), bytes(whole), int(following), int(folded), int(safe)) if (
            len(name) == STREAM_ID_SIZE
        ):
            wreck.streams[row.number or 0] = Stream(name, scope, seq, whole, following, folded, safe)
        case (int(number), int(seq), int(first), int(count), int(epoch), bytes(envelopes), bytes(data)):
            try:
                read_header(data)
            except UnreadableSegment:
                return
            wreck.segments[number, seq] = Segment(first, count, epoch, envelopes, data)
        case (None, int(number), int(ordinal), bytes(record), (int() | None) as time, (bytes() | None) as body) if (
            len(record) == ID_SIZE
        ):
            wreck.changes[number, ordinal] = Logged(row.number, record, time, body)


def _complete_streams(wreck: Wreck, names: Mapping[int, bytes]) -> None:
    """Make rows for streams whose own are lost, out of their segments."""
    for number in {place[0] for place in (*wreck.changes, *wreck.segments)} - wreck.streams.keys():
        last = max((seq for no, seq in wreck.segments if no == number), default=0)
        own = wreck.meta.get("stream")
        if last:
            segment = wreck.segments[number, last]
            header = read_header(segment.data)
            tail = Tail.of_new(header.stream).after(header, segment.data)
            opened = [
                seq
                for no, seq in wreck.segments
                if no == number and (no, wreck.segments[no, seq].first) in wreck.changes
            ]
            stream = Stream(tail.stream, header.scope, last, tail.hash, tail.next_ordinal, max(opened, default=0), 0)
        elif number in names or own not in {stream.id for stream in wreck.streams.values()}:
            name = names.get(number) or own
            if name is None or "scope" not in wreck.meta:
                continue
            stream = Stream(name, wreck.meta["scope"], 0, CHAIN_START, 1, 0, 0)
        else:
            continue
        wreck.streams[number] = stream
