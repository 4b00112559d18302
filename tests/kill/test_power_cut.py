"""The power goes while an archive is written: whatever part of the write-ahead log reached the disk, what is found
afterwards is the transactions that are whole in it, one after the other, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from storage.archive import Archive
from storage.records import Draft
from tests.effort import dice, rounds

if TYPE_CHECKING:
    from tests.conftest import Workshop

pytestmark = pytest.mark.soak

HEADER, FRAME = 32, 24 + 4096
CUTS = rounds(40, soak=600)


class Recording(NamedTuple):
    """The files of an archive that was never closed, and its state after each commit, by the number of whole frames."""

    folder: Path
    file: str
    log: bytes
    states: dict[int, bytes]

    def after(self, frames: int) -> bytes:
        """The state that must be found where so many frames are whole."""
        return self.states[max(count for count in self.states if count <= frames)]


@pytest.fixture(scope="module")
def recording(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    folder = tmp_path_factory.mktemp("recording")
    with workshop.archive() as archive:
        log = archive.path.with_name(archive.path.name + "-wal")
        archive._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        archive._connection.execute("PRAGMA wal_autocheckpoint = 0")
        states = {0: archive.state_hash()}

        def note() -> None:
            states[(log.stat().st_size - HEADER) // FRAME] = archive.state_hash()

        for number in range(12):
            person = archive.new_id()
            archive.save([Draft.new("person", person, {"name": f"学生{number}"})])
            note()
            with archive.transaction():
                archive.save([Draft.new("screening", archive.new_id(), {"score": number}, person=person)])
                archive.save([Draft.edit(archive.find("person", {"id": person})[0], {"birth_date": "2012-03-04"})])
            note()
            if number % 5 == 4:
                archive.meeting.seal()
        archive.save([Draft.new("person", archive.new_id(), {"name": f"{number}"}) for number in range(60)])
        note()
        for ending in ("", "-wal", ".keys"):
            shutil.copy(archive.path.with_name(archive.path.name + ending), folder)
        yield Recording(folder, archive.path.name, log.read_bytes(), states)


def found(workshop: Workshop, recording: Recording, log: bytes, folder: Path) -> bytes:
    """Put the files there with this log, open them, and give the state; everything must be sound."""
    shutil.rmtree(folder)
    shutil.copytree(recording.folder, folder)
    (folder / f"{recording.file}-wal").write_bytes(log)
    with workshop.open(folder / recording.file) as archive:
        assert archive.verify() == []
        state = archive.state_hash()
        work_goes_on(archive)
    with workshop.open(folder / recording.file) as archive:
        assert archive.state_hash() != state
        assert archive.verify() == []
    return state


def work_goes_on(archive: Archive) -> None:
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])


def chosen(count: int, limit: int) -> list[int]:
    """All of so many, or an even choice with both ends."""
    return (
        sorted({round(step * (count - 1) / (limit - 1)) for step in range(limit)}) if count > limit else [*range(count)]
    )


def test_a_log_that_ends_between_frames_or_within_one_holds_its_whole_transactions(
    workshop: Workshop, recording: Recording, tmp_path: Path
) -> None:
    frames = (len(recording.log) - HEADER) // FRAME
    lengths = [HEADER + frame * FRAME + extra for frame in range(frames + 1) for extra in (0, 10, 24, 2000, FRAME - 1)]
    lengths = [length for length in [0, 10, HEADER - 1, *lengths] if length <= len(recording.log)]
    states = set()
    for index in chosen(len(lengths), CUTS):
        length = lengths[index]
        state = found(workshop, recording, recording.log[:length], tmp_path)
        assert state == recording.after(max(0, length - HEADER) // FRAME), length
        states.add(state)
    assert len(states) > 10


def test_a_tail_that_reached_the_disk_as_rubbish_counts_as_not_written(
    workshop: Workshop, recording: Recording, tmp_path: Path
) -> None:
    """Sectors of the last writes can hold zeros, old bytes or half of the new ones."""
    frames = (len(recording.log) - HEADER) // FRAME
    chance = dice("rubbish")
    for frame in chosen(frames, CUTS // 2):
        start = HEADER + frame * FRAME
        place = start + chance.randrange(FRAME)
        rest = len(recording.log) - place
        for tail in (
            bytes(rest),
            chance.randbytes(rest),
            bytes([recording.log[place] ^ 1]) + recording.log[place + 1 :],
        ):
            # Bytes that stayed what they were by chance are none that were lost.
            same = next((i for i in range(rest) if tail[i] != recording.log[place + i]), rest)
            state = found(workshop, recording, recording.log[:place] + tail, tmp_path)
            assert state == recording.after((place + same - HEADER) // FRAME), place


def test_a_whole_log_is_taken_whole(workshop: Workshop, recording: Recording, tmp_path: Path) -> None:
    state = found(workshop, recording, recording.log, tmp_path)
    assert state == recording.states[max(recording.states)]
