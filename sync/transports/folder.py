"""A folder as a store: a USB stick that goes from hand to hand. Names fit FAT32. Layout: docs/sync-protocol.md.

A stick is pulled out when nobody expects it. What does not prove whole counts as missing, and whoever still has the
real bytes writes them again.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sync.errors import EnvironmentProblem, Problem
from sync.files import replace_file
from sync.papers import MAX_PAPER, UnreadablePaper, paper_id, paper_kind
from sync.segments import (
    MAX_SEGMENT,
    NO_ENVELOPES,
    Segment,
    Tail,
    UnreadableSegment,
    read_envelopes,
    read_header,
)
from sync.store import READ_LIMIT, Appended, Overview

ROOT = "xinyi"
_PAPERS = "papers"


class FolderStore:
    """The store in `folder`, which must exist."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise Problem("sync.no_folder", folder=folder)
        self._root = folder / ROOT
        self._name = folder

    def overview(self, scope: bytes) -> Overview:
        """What is here and whole: of each stream as much as hangs together from its beginning."""
        with self._errors():
            base = self._root / scope.hex()
            streams = [path for path in _folders(base) if path.name != _PAPERS]
            tails = [self._tail(scope, bytes.fromhex(path.name)) for path in streams if _is_hex(path.name)]
            return Overview({tail.stream: tail.point for tail in tails if tail.seq}, sorted(self._papers(scope)))

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
            for segment in segments:
                header = read_header(segment.data)
                folder = self._stream(scope, header.stream)
                folder.mkdir(parents=True, exist_ok=True)
                # The envelopes first: a segment counts only once its own file is there.
                replace_file(_file(folder, header.seq, "env"), segment.envelopes)
                replace_file(_file(folder, header.seq, "seg"), segment.data)
        return Appended(len(segments))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        with self._errors():
            papers = self._papers(scope)
        return [papers[paper] for paper in ids if paper in papers]

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Write papers."""
        with self._errors():
            folder = self._root / scope.hex() / _PAPERS
            folder.mkdir(parents=True, exist_ok=True)
            for data in papers:
                replace_file(folder / f"{paper_id(data).hex()}.ppr", data)

    def _stream(self, scope: bytes, stream: bytes) -> Path:
        return self._root / scope.hex() / stream.hex()

    def _papers(self, scope: bytes) -> dict[bytes, bytes]:
        papers: dict[bytes, bytes] = {}
        for path in sorted((self._root / scope.hex() / _PAPERS).glob("*.ppr")):
            data = _read(path, MAX_PAPER)
            try:
                paper_kind(data)
            except UnreadablePaper:
                continue
            papers[paper_id(data)] = data
        return papers

    def _tail(self, scope: bytes, stream: bytes) -> Tail:
        tail = Tail.of_new(stream)
        for segment in self._from(scope, stream, 1):
            header = read_header(segment.data)
            if not tail.continued_by(header):
                break
            tail = tail.after(header, segment.data)
        return tail

    def _from(self, scope: bytes, stream: bytes, start: int) -> Iterator[Segment]:
        folder = self._stream(scope, stream)
        for seq in count(start):
            data = _read(_file(folder, seq, "seg"), MAX_SEGMENT)
            envelopes = _read(_file(folder, seq, "env"), MAX_SEGMENT) or NO_ENVELOPES
            try:
                read_header(data)
                read_envelopes(envelopes)
            except UnreadableSegment:
                return
            yield Segment(data, envelopes)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            key = "sync.stick_full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "sync.stick_failed"
            raise EnvironmentProblem(key, folder=self._name) from error


def _file(folder: Path, seq: int, ending: str) -> Path:
    return folder / f"{seq:08d}.{ending}"


def _folders(base: Path) -> list[Path]:
    return sorted(path for path in base.iterdir() if path.is_dir()) if base.is_dir() else []


def _is_hex(name: str) -> bool:
    try:
        return len(bytes.fromhex(name)) > 0
    except ValueError:
        return False


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a file; none where it is missing or larger than anything of ours."""
    try:
        return path.read_bytes() if path.stat().st_size <= limit else b""
    except FileNotFoundError:
        return b""
