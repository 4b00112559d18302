"""Full disks, folders that cannot be written, and programs that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.archive import Archive, Owner
from storage.device import Names
from storage.errors import EnvironmentProblem, Problem
from storage.records import Draft

if TYPE_CHECKING:
    from tests.conftest import Disk, Workshop


def save(archive: Archive, *names: str) -> None:
    archive.save([Draft.new("person", archive.new_id(), {"name": name}) for name in names])


def names(archive: Archive) -> list[str]:
    return [record.fields["name"] for record in archive.find("person")]


def refused(action: Callable[[], object]) -> Problem:
    with pytest.raises(EnvironmentProblem) as caught:
        action()
    return caught.value


# ---- a full disk ----


def test_a_full_disk_costs_the_last_step_and_nothing_else(workshop: Workshop, disk: Disk) -> None:
    path = workshop.copy(disk.path)
    with workshop.open(path) as archive:
        save(archive, "甲", "乙")
        state = archive.state_hash()
        with disk.full():
            problem = refused(lambda: save(archive, *("丙" * 2000)))
            assert problem.key == disk.says("archive.disk_full", otherwise="archive.disk_error")
            assert (names(archive), archive.state_hash()) == (["甲", "乙"], state)
        save(archive, "丁")
        assert names(archive) == ["甲", "乙", "丁"]
        assert archive.verify() == []
    with workshop.open(path) as again:
        assert names(again) == ["甲", "乙", "丁"]


def test_an_archive_can_be_closed_on_a_full_disk(workshop: Workshop, disk: Disk) -> None:
    path = workshop.copy(disk.path)
    archive = workshop.open(path)
    save(archive, *(f"学生{number}" for number in range(1500)))
    with disk.full():
        archive.close()
    with workshop.open(path) as again:
        assert len(names(again)) == 1500


def test_a_new_archive_on_a_full_disk_leaves_nothing_that_would_be_in_the_way(workshop: Workshop, disk: Disk) -> None:
    path, owner = disk.path / "a.xinyi", Owner("u", "p", Names("d", "s"))

    def create() -> Archive:
        return Archive.create(path, owner, workshop.catalogue)

    with disk.full():
        refused(create)
        assert [left.name for left in disk.path.iterdir() if left.name not in {"filler", "a.xinyi.lock"}] == []
    create().close()


# ---- nothing may be written ----


@contextmanager
def unprivileged() -> Iterator[None]:
    """Act as a user to whom the rights of files apply; they do not to an administrator."""
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(65534)
    try:
        yield
    finally:
        if administrator:
            os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "inner").mkdir()
        yield Path(name) / "inner"
        (Path(name) / "inner").chmod(0o755)


def forbid(folder: Path, mode: int) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(mode)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_that_may_only_be_read_is_a_problem_and_nothing_changes(workshop: Workshop, folder: Path) -> None:
    path = workshop.copy(folder)
    before = contents(folder)
    forbid(folder, 0o555)
    with unprivileged():
        problem = refused(lambda: workshop.open(path))
    assert problem.key == "archive.cannot_read"
    assert contents(folder) == before


def test_a_file_that_may_only_be_read_can_be_read_and_nothing_changes(workshop: Workshop, folder: Path) -> None:
    path = workshop.copy(folder)
    with workshop.open(path) as archive:
        save(archive, "甲")
    before = path.read_bytes()
    forbid(folder, 0o777)
    path.with_name(f"{path.name}.lock").chmod(0o666)
    with unprivileged(), workshop.open(path) as archive:
        problem = refused(lambda: save(archive, "乙"))
        assert names(archive) == ["甲"]
    assert problem.key == "archive.read_only"
    assert path.read_bytes() == before


def test_an_archive_cannot_be_made_where_nothing_may_be_written(workshop: Workshop, folder: Path) -> None:
    forbid(folder, 0o555)
    with unprivileged():
        problem = refused(
            lambda: Archive.create(folder / "a.xinyi", Owner("u", "p", Names("d", "s")), workshop.catalogue)
        )
    assert problem.key == "archive.cannot_read"
    assert contents(folder) == {}


def test_a_folder_that_may_not_even_be_looked_into_is_a_problem(workshop: Workshop, folder: Path) -> None:
    path = workshop.copy(folder)
    forbid(folder, 0o000)
    with unprivileged():
        problem = refused(lambda: Archive.open(path, workshop.user, workshop.password, workshop.catalogue))
    assert problem.key == "archive.cannot_read"


# ---- a program that is killed ----

SAVE = """
import sys
from pathlib import Path
from storage.archive import Archive
from storage.records import Catalogue, Draft, RecordType

catalogue = Catalogue([
    RecordType(name="person", index=("name", "birth_date"), person=True, terms=lambda fields: fields["name"]),
    RecordType(name="screening", index=("date", "score")),
    RecordType(name="alert", index=("level",), ranked={"level": ("blue", "yellow", "orange", "red")}),
])
print(catalogue.fingerprint().hex(), flush=True)
with Archive.open(Path(sys.argv[1]), sys.argv[2], sys.argv[3], catalogue) as archive:
    number = archive.tally("person")[()]
    while True:
        batch = 1 if number % 3 else 50
        people = [archive.new_id() for _ in range(batch)]
        archive.save([Draft.new("person", person, {"name": f"{number}"}) for person in people])
        (first,) = archive.find("person", {"person": people[0]})
        archive.save([
            Draft.new("screening", archive.new_id(), {"score": number}, person=people[0]),
            Draft.edit(first, {"birth_date": "2012-03-04"}),
        ])
        print(people[0].hex(), batch, flush=True)
        number += batch
"""


def test_what_was_acknowledged_survives_being_killed_at_any_moment(workshop: Workshop, tmp_path: Path) -> None:
    """Several lives of one archive, each ended without warning after another number of acknowledgements."""
    path = workshop.copy(tmp_path)
    command = [sys.executable, "-c", SAVE, str(path), workshop.user, workshop.password]
    acknowledged: dict[bytes, int] = {}
    for lives in (1, 5, 17, 40):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            # With another dictionary the next opening would rebuild everything, and hide what the kill did.
            assert program.stdout.readline().strip() == workshop.catalogue.fingerprint().hex()
            for _ in range(lives):
                person, batch = program.stdout.readline().split()
                acknowledged[bytes.fromhex(person)] = int(batch)
            program.kill()
            # What was said before it died counts as well; only a line cut short was never said.
            for line in program.stdout.read().splitlines(keepends=True):
                if line.endswith("\n"):
                    acknowledged[bytes.fromhex(line.split()[0])] = int(line.split()[1])
        assert program.returncode == -signal.SIGKILL
        with workshop.open(path) as archive:
            for one in acknowledged:
                (record,) = archive.find("person", {"person": one})
                assert record.fields["birth_date"] == "2012-03-04"
                assert len(archive.find("screening", {"person": one})) == 1
            assert archive.tally("person")[()] >= sum(acknowledged.values())
            state = archive.state_hash()
            assert archive.verify() == []
            archive.rebuild()
            assert archive.state_hash() == state
