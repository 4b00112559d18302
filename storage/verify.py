"""Whether an archive is sound: its pages, its keys, the chains and signatures of its segments, and its records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from storage.database import Connection
from storage.errors import Problem
from storage.keys import read_slots
from storage.records import OTHER, Catalogue
from sync.ids import ID_SIZE, device_of
from sync.segments import Tail, UnreadableSegment, check_signature, read_header

MAX_FINDINGS = 100


class Finding(NamedTuple):
    """Something that is not as it should be, and where."""

    kind: Literal["page", "chain", "signature", "fold", "reference", "keys"]
    place: str


def damaged_pages(connection: Connection) -> list[Finding]:
    """What SQLCipher and SQLite find wrong with the file: authentication of every page, and structure."""
    places = [row[0] for row in connection.execute("PRAGMA cipher_integrity_check")]
    # The structure cannot be walked through where a page of it cannot be read.
    if not places:
        found = connection.execute(f"PRAGMA integrity_check({MAX_FINDINGS})")
        places = [row[0] for row in found if row[0] != "ok"]
    return [Finding("page", place) for place in places][:MAX_FINDINGS]


def broken_segments(connection: Connection, keys_of: Callable[[bytes], dict[bytes, bytes]]) -> list[Finding]:
    """Segments that do not continue their stream, or that their device did not sign.

    Args:
        connection: the archive's.
        keys_of: gives the signing keys of all devices of a scope, by their ids.
    """
    findings: list[Finding] = []
    keys = {scope: keys_of(scope) for (scope,) in connection.execute("SELECT DISTINCT scope FROM stream").fetchall()}
    streams = connection.execute("SELECT no, id, seq, scope FROM stream ORDER BY no").fetchall()
    for number, stream, last, scope in streams:
        tail = Tail.of_new(stream)
        rows = connection.execute("SELECT seq, data FROM segment WHERE stream = ? ORDER BY seq", (number,))
        for seq, data in rows:
            place = f"{stream.hex()}/{seq}"
            try:
                header = read_header(data)
                check_signature(data, keys[scope].get(device_of(stream), b""))
            except UnreadableSegment:
                findings.append(Finding("signature", place))
                break
            if not tail.continued_by(header):
                findings.append(Finding("chain", place))
                break
            tail = tail.after(header, data)
        else:
            if tail.seq != last:
                findings.append(Finding("chain", f"{stream.hex()}/{tail.seq + 1}"))
    return findings


def damaged_keys(slots: Path, key: bytes) -> list[Finding]:
    """Whether the key-slot file is as its last writer, who had the raw key, left it."""
    try:
        read_slots(slots, key)
    except Problem:
        return [Finding("keys", slots.name)]
    return []


def broken_references(connection: Connection, catalogue: Catalogue) -> list[Finding]:
    """Records about a person who is not there, or that name another record which is not there.

    An index field that holds the bytes of an id names a record: nothing else in the archive has that shape.
    """
    kinds = list(catalogue)
    names = [*(kind.name for kind in kinds), OTHER]
    everything = " UNION ALL ".join(f"SELECT id FROM r_{name}" for name in names)  # noqa: S608 -- the catalogue's
    # People who were erased are still named by records that belong to nobody: that they were erased, who looked at them.
    # So are people whom others have, and of whom they shared something with us.
    everything += " UNION ALL SELECT person FROM person_key WHERE length(key) = 0 OR scope IN (SELECT id FROM shared)"
    people = " UNION ALL ".join(f"SELECT id FROM r_{kind.name}" for kind in kinds if kind.person)  # noqa: S608
    findings: list[Finding] = []
    for kind in kinds:
        # What others share with us is about people whom they have.
        named = [("person", people)] if people and not kind.shared else []
        named += [(f"f_{field}", everything) for field in kind.index]
        for column, targets in named:
            rows = connection.execute(
                f"SELECT id FROM r_{kind.name} WHERE typeof({column}) = 'blob' AND length({column}) = {ID_SIZE}"  # noqa: S608
                f" AND {column} NOT IN ({targets}) ORDER BY no LIMIT {MAX_FINDINGS}"
            )
            findings += [Finding("reference", f"{kind.name}/{row[0].hex()}") for row in rows]
    return findings[:MAX_FINDINGS]
