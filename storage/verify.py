"""Whether an archive is sound: its pages, the chains and signatures of its segments, and its folded records."""

from __future__ import annotations

from typing import Literal, NamedTuple

from storage.database import Connection
from sync.segments import Tail, UnreadableSegment, check_signature, read_header

MAX_FINDINGS = 100


class Finding(NamedTuple):
    """Something that is not as it should be, and where."""

    kind: Literal["page", "chain", "signature", "fold"]
    place: str


def damaged_pages(connection: Connection) -> list[Finding]:
    """What SQLCipher and SQLite find wrong with the file: authentication of every page, and structure."""
    places = [row[0] for row in connection.execute("PRAGMA cipher_integrity_check")]
    # The structure cannot be walked through where a page of it cannot be read.
    if not places:
        found = connection.execute(f"PRAGMA integrity_check({MAX_FINDINGS})")
        places = [row[0] for row in found if row[0] != "ok"]
    return [Finding("page", place) for place in places][:MAX_FINDINGS]


def broken_segments(connection: Connection, keys: dict[bytes, bytes]) -> list[Finding]:
    """Segments that do not continue their stream, or that their device did not sign.

    Args:
        connection: the archive's.
        keys: the signing keys of all devices, by their ids.
    """
    findings: list[Finding] = []
    streams = connection.execute("SELECT no, id, seq FROM stream ORDER BY no").fetchall()
    for number, stream, last in streams:
        tail = Tail.of_new(stream)
        rows = connection.execute("SELECT seq, data FROM segment WHERE stream = ? ORDER BY seq", (number,))
        for seq, data in rows:
            place = f"{stream.hex()}/{seq}"
            try:
                header = read_header(data)
                check_signature(data, keys.get(stream[:16], b""))
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
