"""A program that works with an archive is killed, again and again, at moments that its own files choose.

Whatever it had acknowledged must be there afterwards, and everything must be sound.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.archive import Archive
from storage.backup import backup, check
from storage.records import Draft
from tests.effort import dice, rounds

if TYPE_CHECKING:
    from tests.conftest import Workshop

pytestmark = pytest.mark.soak

PATIENCE = 0.4
"""Seconds. A program that cuts its log short all the time never reaches some lengths."""

LIVES = rounds(3, soak=30)

WORKER = """
import sys
from pathlib import Path
from storage.archive import Archive
from storage.backup import backup, restore
from storage.keys import Unlocked
from storage.records import Catalogue, Draft, RecordType

catalogue = Catalogue([
    RecordType(name="person", index=("name", "birth_date"), person=True, terms=lambda fields: " ".join(fields["name"])),
    RecordType(name="screening", index=("date", "score")),
    RecordType(name="alert", index=("level",), ranked={"level": ("blue", "yellow", "orange", "red")}),
])
what, path, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
unlocked = Unlocked(*(bytes.fromhex(part) for part in sys.stdin.readline().split(",")))

def say(*words):
    print(*words, flush=True)

def save(archive, number):
    person = archive.new_id()
    archive.save([
        Draft.new("person", person, {"name": str(number)}),
        Draft.new("screening", archive.new_id(), {"score": number}, person=person),
    ])
    say("saved", person.hex())

if what == "restore":
    say("ready", catalogue.fingerprint().hex())
    source = next(folder.glob("*.xinyi-backup"))
    for number in range(10_000):
        restore(source, folder / f"{number}.xinyi")
        say("restored", number)
with Archive.open_unlocked(path, unlocked, catalogue) as archive:
    say("ready", catalogue.fingerprint().hex())
    for number in range(10_000):
        save(archive, number)
        if what == "backup":
            say("made", backup(archive, folder, 2).path.name)
        if what == "rebuild":
            archive.rebuild()
        if what == "seal":
            archive.meeting.seal()
            archive.meeting.settle()
        if what == "checkpoint":
            archive._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


class Life:
    """One run of the worker, until it is killed."""

    def __init__(self, workshop: Workshop, what: str, path: Path, folder: Path) -> None:
        self._fingerprint = workshop.catalogue.fingerprint().hex()
        self._program = subprocess.Popen(
            [sys.executable, "-c", WORKER, what, str(path), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._program.stdin is not None
        unlocked = workshop.template(0).unlocked
        self._program.stdin.write(",".join(part.hex() for part in unlocked) + "\n")
        self._program.stdin.flush()

    def lines(self) -> Iterator[list[str]]:
        """What it says; a line that was cut short was never said."""
        assert self._program.stdout is not None
        for line in self._program.stdout:
            if line.endswith("\n"):
                if line.startswith("ready"):
                    # With another dictionary the next opening would rebuild everything, and hide what the kill did.
                    assert line.split()[1] == self._fingerprint
                yield line.split()

    def kill_when(self, watched: Path, size: int) -> None:
        """Kill it as soon as a file that it writes has this size or has gone again, or when it has had its time."""
        seen = False
        end = time.monotonic() + PATIENCE
        while self._program.poll() is None and time.monotonic() < end:
            try:
                now = watched.stat().st_size
            except FileNotFoundError:
                now = size if seen else 0
            seen = seen or now > 0
            if seen and now >= size:
                break
        self._program.kill()

    def end(self) -> int:
        """Collect it."""
        with self._program:
            self._program.kill()
        return self._program.returncode


def live(workshop: Workshop, what: str, path: Path, folder: Path, *, watched: Path, size: int, words: int) -> list[str]:
    """Let it say some words, kill it when a file has a size, and give all that it acknowledged."""
    life = Life(workshop, what, path, folder)
    try:
        lines = life.lines()
        said = [next(lines) for _ in range(1 + words)]
        life.kill_when(watched, size)
        said += lines
    finally:
        code = life.end()
    assert code == -signal.SIGKILL
    return [word[1] for word in said if word[0] == "saved"]


def is_sound(archive: Archive, acknowledged: set[str]) -> None:
    people = {record.id.hex() for record in archive.find("person")}
    assert acknowledged <= people
    assert {record.person.hex() for record in archive.find("screening") if record.person} == people
    assert archive.verify() == []
    state = archive.state_hash()
    archive.rebuild()
    assert archive.state_hash() == state


@pytest.mark.parametrize("what", ["save", "seal", "rebuild", "checkpoint"])
def test_what_was_acknowledged_survives_a_kill_at_any_length_of_the_log(
    workshop: Workshop, tmp_path: Path, what: str
) -> None:
    path = workshop.copy(tmp_path)
    log = path.with_name(path.name + "-wal")
    chance = dice(f"killed in {what}")
    acknowledged: set[str] = set()
    for _ in range(LIVES):
        size = chance.randrange(1, 400_000)
        acknowledged.update(live(workshop, what, path, tmp_path, watched=log, size=size, words=chance.randrange(8)))
        with workshop.open(path) as archive:
            is_sound(archive, acknowledged)
    assert acknowledged


def test_a_kill_during_a_backup_costs_neither_the_archive_nor_an_earlier_backup(
    workshop: Workshop, tmp_path: Path
) -> None:
    path = workshop.copy(tmp_path)
    folder = tmp_path / "backups"
    folder.mkdir()
    archive_id = workshop.template(0).unlocked.archive.hex()
    chance = dice("killed in a backup")
    acknowledged: set[str] = set()
    for life in range(LIVES):
        part = folder / f"~{archive_id}.{('copy', 'whole')[life % 2]}.tmp"
        acknowledged.update(
            live(workshop, "backup", path, folder, watched=part, size=chance.randrange(1, 150_000), words=life % 5)
        )
        for one in folder.glob("*.xinyi-backup"):
            check(one)
        with workshop.open(path) as archive:
            is_sound(archive, acknowledged)
    with workshop.open(path) as archive:
        made = backup(archive, folder, keep=1)
    assert [one.name for one in folder.iterdir()] == [made.path.name]


def test_a_kill_during_a_restore_leaves_a_whole_archive_or_none(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    folder = tmp_path / "backups"
    folder.mkdir()
    with workshop.open(path) as archive:
        archive.save([Draft.new("person", archive.new_id(), {"name": f"{number}"}) for number in range(500)])
        state = archive.state_hash()
        backup(archive, folder)
    chance = dice("killed in a restore")
    for _ in range(LIVES):
        number = chance.randrange(4)
        part = folder / f"{number}.xinyi~restored"
        live(workshop, "restore", path, folder, watched=part, size=chance.randrange(1, 400_000), words=0)
        for restored in folder.glob("*.xinyi"):
            with workshop.open(restored) as archive:
                assert (archive.state_hash(), archive.verify()) == (state, [])
        for left in folder.glob("[0-9]*.xinyi*"):
            left.unlink()
