"""Looks for planted words wherever a program could leave them: files, also short-lived ones, open files, processes."""

from __future__ import annotations

import base64
import ctypes
import os
import struct
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import quote

from pypinyin import lazy_pinyin

LOOK_SECONDS = 0.02
SMALL = 512 * 1024
"""Bytes. Larger files are read when the program has ended, and not each time they change."""

IN_MOVED_TO, IN_CREATE = 0x80, 0x100


class Find(NamedTuple):
    """A planted word, where it was, and how it was written there."""

    word: str
    place: str
    spelling: bytes


def spellings(word: str) -> set[bytes]:
    """A word as a program may write it. Base64 has three, by where in its groups of three bytes the word begins."""
    plain = {word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")}
    plain.add(word.encode("unicode_escape"))
    plain.add(quote(word).encode())
    pinyin = lazy_pinyin(word)
    if "".join(pinyin) != word:
        plain |= {"".join(pinyin).encode(), " ".join(pinyin).encode(), "".join(one.title() for one in pinyin).encode()}
    coded = set(plain)
    for one in (word.encode(), word.encode("utf-16-le")):
        coded |= {one.hex().encode(), one.hex().upper().encode()}
        for before in range(3):
            whole = base64.b64encode(bytes(before) + one)
            coded.add(whole[4 if before else 0 : len(whole) - 4 if (before + len(one)) % 3 else None])
    return coded


class Words:
    """What was planted."""

    def __init__(self, words: Iterable[str], raw: Iterable[bytes] = ()) -> None:
        self._spellings = [(spelling, word) for word in words for spelling in spellings(word)]
        self._spellings += [(one, f"key {one.hex()[:4]}…") for key in raw for one in (key, key.hex().encode())]

    def found_in(self, data: bytes, place: str) -> Iterator[Find]:
        """Where something stands open in some bytes."""
        for spelling, word in self._spellings:
            if spelling in data:
                yield Find(word, place, spelling)


_OF_A_DATABASE = (".xinyi-shm (deleted)", ".xinyi-wal (deleted)")
"""What stands beside an archive while it is open, caught in the moment in which it is closed."""


class Watch:
    """Watches folders, and the processes that are started from this one while a block runs.

    Args:
        words: what must not be found.
        folders: where nothing may be found, with all that is below.
        temporary: where no file may be made at all; every name that was made there is kept in `made`.
        allowed: files that may hold words: what goes in, and what was asked for.
    """

    def __init__(
        self, words: Words, folders: Iterable[Path], temporary: Iterable[Path], allowed: Iterable[Path]
    ) -> None:
        self.finds: set[Find] = set()
        self.made: set[str] = set()
        self.processes: set[int] = set()
        self._others: set[int] = set()
        self._looked = threading.Semaphore(0)
        self._words, self._folders, self._allowed = words, tuple(folders), frozenset(map(str, allowed))
        self._seen: set[tuple[str, int, int]] = set()
        self._checked: set[tuple[str, bytes]] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._names = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._names.inotify_init1(os.O_NONBLOCK)
        for folder in temporary:
            watching = self._names.inotify_add_watch(self._inotify, os.fsencode(folder), IN_CREATE | IN_MOVED_TO)
            assert watching >= 0, folder

    def __enter__(self) -> Self:
        # What other tests have started and keep: a browser, say.
        self._others = set(_below(os.getpid()))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()
        self.look(whole=True)
        os.close(self._inotify)

    def check(self, data: bytes, place: str) -> None:
        """Look through something that was said, as on standard error."""
        self.finds.update(self._words.found_in(data, place))

    def _check_once(self, data: bytes, place: str) -> None:
        """Look through something that is there at every look, unless it is as it was."""
        if (place, data) not in self._checked:
            self.check(data, place)
            self._checked.add((place, data))

    def wait_for_looks(self, count: int) -> None:
        """Wait until it has looked so many times from now on, not counting a look that is under way."""
        while self._looked.acquire(blocking=False):
            pass
        for _ in range(count):
            self._looked.acquire()

    def _run(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            self.look()
            self._looked.release()

    def look(self, *, whole: bool = False) -> None:
        """Look once; `whole` reads large files too."""
        self._read_names()
        for folder in self._folders:
            for path in folder.rglob("*"):
                with suppress(OSError):
                    self._look_at(path, whole=whole)
        for process in _below(os.getpid(), self._others):
            with suppress(OSError):
                self._look_at_process(process)

    def _look_at(self, path: Path, *, whole: bool) -> None:
        self._check_once(os.fsencode(path), "name of a file")
        state = path.stat()
        known = (str(path), state.st_mtime_ns, state.st_size)
        if (
            str(path) in self._allowed
            or not path.is_file()
            or known in self._seen
            or (state.st_size > SMALL and not whole)
        ):
            return
        self.check(path.read_bytes(), str(path))
        self._seen.add(known)

    def _look_at_process(self, process: int) -> None:
        self.processes.add(process)
        place = Path("/proc", str(process))
        for name in ("cmdline", "environ"):
            self._check_once((place / name).read_bytes(), name)
        # A process that was just begun has what we have open, until it becomes another program.
        ours = set(_gone_files(os.getpid()).values())
        for descriptor, target in _gone_files(process).items():
            if target not in ours:
                if not target.endswith(_OF_A_DATABASE):
                    self.made.add(target)
                with suppress(OSError):
                    self.check(descriptor.read_bytes(), target)

    def _read_names(self) -> None:
        with suppress(BlockingIOError):
            events = os.read(self._inotify, 65536)
            while events:
                _, _, _, length = struct.unpack_from("iIII", events)
                self.made.add(os.fsdecode(events[16 : 16 + length].rstrip(b"\0")))
                events = events[16 + length :]


def _gone_files(process: int) -> dict[Path, str]:
    """The files that a process has open and that have no name any more."""
    found: dict[Path, str] = {}
    for descriptor in Path("/proc", str(process), "fd").iterdir():
        with suppress(OSError):
            target = str(descriptor.readlink())
            if target.endswith(" (deleted)") and not target.startswith(("/memfd:", "/dev/")):
                found[descriptor] = target
    return found


def _below(parent: int, others: Collection[int] = ()) -> list[int]:
    """The processes that a process has started, and theirs; without some others, and theirs."""
    found, todo = [], [parent]
    while todo:
        one = todo.pop()
        below = [process for process in _children(one) if process not in others]
        found += below
        todo += below
    return found


def _children(process: int) -> list[int]:
    """What the threads of a process have started and is still there."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path("/proc", str(process), "task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found
