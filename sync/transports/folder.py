"""A folder as a store: a USB stick that goes from hand to hand. Names fit FAT32. Layout: docs/sync-protocol.md.

A stick is pulled out when nobody expects it. What does not prove whole counts as missing, and whoever still has the
real bytes writes them again.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from sync.crypto import digest
from sync.errors import EnvironmentProblem, Problem
from sync.files import replace_file
from sync.ids import ID_SIZE, STREAM_ID_SIZE
from sync.papers import MAX_PAPER, Erasure, UnreadablePaper, paper_id, read_paper
from sync.segments import (
    CHAIN_START,
    MAX_SEGMENT,
    Segment,
    Tail,
    UnreadableSegment,
    read_envelopes,
    read_header,
    without_envelopes,
)
from sync.store import READ_LIMIT, Appended, Overview

ROOT = "xinyi"
CHECK_SIZE = 32
"""A file of envelopes begins with the hash of its segment and itself: nothing else would tell that a bit was lost."""

_PAPERS = "papers"
_SCOPE_NAME = re.compile(f"[0-9a-f]{{{2 * ID_SIZE}}}")
_STREAM_NAME = re.compile(f"[0-9a-f]{{{2 * STREAM_ID_SIZE}}}")


class FolderStore:
    """The store in `folder`, which must exist."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / ROOT
        self._name = folder
        with self._errors():
            if not folder.is_dir():
                raise Problem("sync.no_folder", folder=folder)

    def overview(self, scope: bytes) -> Overview:
        """What is here and whole: of each stream as much as hangs together from its beginning."""
        with self._errors():
            base = self._root / scope.hex()
            names = sorted(path.name for path in base.iterdir()) if base.is_dir() else []
            tails = [self._tail(scope, bytes.fromhex(name)) for name in names if _STREAM_NAME.fullmatch(name)]
            return Overview({tail.stream: tail.point for tail in tails if tail.seq}, sorted(self._papers(scope)))

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        """What is here of the scopes that are known; of others the papers alone, which say whom they are for."""
        with self._errors():
            names = [path.name for path in self._root.iterdir()] if self._root.is_dir() else []
            others = {bytes.fromhex(name) for name in names if _SCOPE_NAME.fullmatch(name)} - known.keys()
            papers = {scope: Overview({}, sorted(self._papers(scope))) for scope in sorted(others)}
        return {**{scope: self.overview(scope) for scope in known}, **papers}

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`."""
        segments: list[Segment] = []
        size = 0
        with self._errors():
            for segment in self._from(scope, stream, start):
                segments.append(segment)
                size += len(segment.data) + len(segment.envelopes)
                if size > READ_LIMIT:
                    break
        return segments

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Write segments. Whether they are genuine is decided by whoever reads them: a stick knows no keys."""
        with self._errors():
            erased = self._erased(scope)
            for taken, segment in enumerate(segments):
                reason = self._write(scope, segment, erased)
                if reason:
                    return Appended(taken, reason)
        return Appended(len(segments))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        with self._errors():
            papers = self._papers(scope)
        return [papers[paper] for paper in ids if paper in papers]

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Write papers. Whoever reads them has to ask whether they prove themselves."""
        with self._errors():
            folder = self._root / scope.hex() / _PAPERS
            folder.mkdir(parents=True, exist_ok=True)
            for data in papers:
                replace_file(folder / f"{paper_id(data).hex()}.ppr", data)
                with suppress(UnreadablePaper):
                    self._forget(scope, read_paper(data, Erasure).person)
        return []

    def _forget(self, scope: bytes, person: bytes) -> None:
        """Destroy the envelopes of a person. Whether they are erased is not asked: whoever holds a stick can erase it."""
        for path in (self._root / scope.hex()).glob("*/*.env"):
            envelopes = _read(path, MAX_SEGMENT)[CHECK_SIZE:]
            data = _read(path.with_suffix(".seg"), MAX_SEGMENT)
            if person in envelopes:
                with suppress(UnreadableSegment):
                    left = without_envelopes(envelopes, {person})
                    replace_file(path, digest(data + left) + left)

    def _erased(self, scope: bytes) -> set[bytes]:
        people = set()
        for data in self._papers(scope).values():
            with suppress(UnreadablePaper):
                people.add(read_paper(data, Erasure).person)
        return people

    def _papers(self, scope: bytes) -> dict[bytes, bytes]:
        papers: dict[bytes, bytes] = {}
        for path in (self._root / scope.hex() / _PAPERS).glob("*.ppr"):
            data = _read(path, MAX_PAPER)
            if paper_id(data).hex() == path.stem:
                papers[paper_id(data)] = data
        return papers

    # ---- segments ----

    def _tail(self, scope: bytes, stream: bytes) -> Tail:
        tail = Tail.of_new(stream)
        for segment in self._from(scope, stream, 1):
            header = read_header(segment.data)
            if not tail.continued_by(header):
                break
            tail = tail.after(header, segment.data)
        return tail

    def _from(self, scope: bytes, stream: bytes, start: int) -> Iterator[Segment]:
        for seq in count(start):
            segment = self._load(scope, stream, seq)
            if segment is None:
                return
            yield segment

    def _load(self, scope: bytes, stream: bytes, seq: int) -> Segment | None:
        """The segment at its place, None unless both of its files are there and whole."""
        data = _read(self._file(scope, stream, seq, "seg"), MAX_SEGMENT)
        checked = _read(self._file(scope, stream, seq, "env"), MAX_SEGMENT)
        check, envelopes = checked[:CHECK_SIZE], checked[CHECK_SIZE:]
        if check != digest(data + envelopes):
            return None
        try:
            header = read_header(data)
            read_envelopes(envelopes)
        except UnreadableSegment:
            return None
        return Segment(data, envelopes) if (header.scope, header.stream, header.seq) == (scope, stream, seq) else None

    def _write(self, scope: bytes, segment: Segment, erased: set[bytes]) -> str:
        """Write a segment where nothing whole is in its place; returns why it was refused, or nothing."""
        try:
            header = read_header(segment.data)
        except UnreadableSegment:
            return "sync.refused_unreadable"
        if header.scope != scope:
            return "sync.refused_scope"
        here = self._load(scope, header.stream, header.seq)
        if here:
            return "" if here.data == segment.data else "sync.refused_fork"
        before = self._load(scope, header.stream, header.seq - 1)
        if header.seq > 1 and before is None:
            return "sync.refused_gap"
        if header.previous != (digest(before.data) if before else CHAIN_START):
            return "sync.refused_fork"
        files = [self._file(scope, header.stream, header.seq, ending) for ending in ("env", "seg")]
        files[0].parent.mkdir(parents=True, exist_ok=True)
        envelopes = without_envelopes(segment.envelopes, erased)
        replace_file(files[0], digest(segment.data + envelopes) + envelopes)
        replace_file(files[1], segment.data)
        return ""

    def _file(self, scope: bytes, stream: bytes, seq: int, ending: str) -> Path:
        return self._root / scope.hex() / stream.hex() / f"{seq:08d}.{ending}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            key = "sync.stick_full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "sync.stick_failed"
            raise EnvironmentProblem(key, folder=self._name) from error


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a file; none where it is missing or larger than anything of ours."""
    try:
        return path.read_bytes() if path.stat().st_size <= limit else b""
    except (FileNotFoundError, NotADirectoryError):
        return b""
