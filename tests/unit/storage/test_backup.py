"""Backups: what is in them, what happens to them on bad disks, and how an archive goes on from one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from storage.archive import Archive
from storage.backup import Made, backup, check, read_manifest, restore
from storage.errors import EnvironmentProblem, Problem
from storage.records import Draft
from sync.engine import Transfer, meet

if TYPE_CHECKING:
    from tests.conftest import Disk, Station, Workshop


def add_person(archive: Archive, name: str) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def names(archive: Archive) -> list[str]:
    return sorted(record.fields["name"] for record in archive.find("person"))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def key_of(action: Callable[[], object]) -> str:
    with pytest.raises(Problem) as caught:
        action()
    return caught.value.key


def everybody_meets(*archives: Archive, station: Station) -> list[Transfer]:
    return [meet(archive.meeting, station.server) for _ in range(2) for archive in archives]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "备份").mkdir()
    return tmp_path / "备份"


# ---- one backup ----


def test_what_is_put_back_holds_what_the_archive_held_and_opens_with_its_password(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    person = add_person(archive, "李雷")
    archive.save([Draft.new("screening", archive.new_id(), {"score": 9}, person=person)])
    made = backup(archive, folder)
    state, shown = archive.state_hash(), archive.find("screening")
    add_person(archive, "韩梅")
    restore(made.path, folder / "again.xinyi")
    assert sorted(files(folder)) == sorted([made.path.name, "again.xinyi", "again.xinyi.keys"])
    with Archive.open(folder / "again.xinyi", workshop.user, workshop.password, workshop.catalogue) as again:
        assert (again.state_hash(), names(again), again.find("screening")) == (state, ["李雷"], shown)
        assert [record.fields for record in again.search("person", '"李"')] == [{"name": "李雷"}]
        assert again.verify() == []
        assert again._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        add_person(again, "林涛")
    assert names(archive) == ["李雷", "韩梅"]


def test_a_backup_has_a_name_that_tells_its_moment_and_is_readable_by_its_owner_alone(
    archive: Archive, folder: Path
) -> None:
    made = backup(archive, folder)
    assert made.path.name == "档案-20260921T141320Z.xinyi-backup"
    assert made.path.stat().st_mode & 0o077 == 0
    assert backup(archive, folder).path.name == "档案-20260921T141321Z.xinyi-backup", "never over another one"


def test_nothing_in_a_backup_can_be_read_and_no_member_is_named_after_anything(archive: Archive, folder: Path) -> None:
    for number in range(200):
        add_person(archive, f"READABLE-{number}")
    made = backup(archive, folder)
    data = made.path.read_bytes()
    for plain in (b"READABLE", "青禾".encode(), "护士".encode(), "档案".encode(), b"SQLite format 3", b"CREATE TABLE"):
        assert plain not in data
    with zipfile.ZipFile(made.path) as container:
        assert [(one.filename, one.compress_type) for one in container.infolist()] == [
            ("archive", zipfile.ZIP_STORED),
            ("keys", zipfile.ZIP_STORED),
            ("manifest.json", zipfile.ZIP_STORED),
        ]
        assert set(json.loads(container.read("manifest.json"))) == {"format", "archive", "made", "state", "digests"}


def test_what_was_saved_a_moment_ago_and_lies_in_the_write_ahead_log_is_in_the_backup(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    archive._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    add_person(archive, "李雷")
    restore(backup(archive, folder).path, folder / "again.xinyi")
    with workshop.open(folder / "again.xinyi") as again:
        assert names(again) == ["李雷"]


# ---- rotation ----


def make(archive: Archive, folder: Path, count: int, keep: int = 10) -> list[Made]:
    return [backup(archive, folder, keep) for _ in range(count)]


def test_the_newest_are_kept_and_files_of_others_are_left_alone(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    with workshop.archive(1) as other:
        foreign = backup(other, folder).path
    (folder / "档案-19990101T000000Z.xinyi-backup").write_bytes(b"somebody's work")
    made = make(archive, folder, 5, keep=2)
    assert [one.removed for one in made] == [[], [], [made[0].path], [made[1].path], [made[2].path]]
    expected = {made[3].path.name, made[4].path.name, foreign.name, "档案-19990101T000000Z.xinyi-backup"}
    assert set(files(folder)) == expected


def test_a_damaged_newer_backup_does_not_push_out_the_last_good_one(archive: Archive, folder: Path) -> None:
    good, bad = (one.path for one in make(archive, folder, 2))
    data = bytearray(bad.read_bytes())
    data[len(data) // 2] ^= 1
    bad.write_bytes(data)
    made = backup(archive, folder, keep=2)
    assert (made.removed, made.broken) == ([], [bad])
    assert good.exists()
    assert bad.read_bytes() == data


def test_a_clock_that_was_put_back_does_not_cost_the_backup_that_was_just_made(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    made = make(archive, folder, 3)
    archive._clock.wall = workshop.wall(1_600_000_000_000)
    last = backup(archive, folder, keep=1)
    assert sorted(files(folder)) == [last.path.name]
    assert last.removed == [one.path for one in reversed(made)]


def test_what_a_backup_that_was_cut_off_left_behind_goes_with_the_next(archive: Archive, folder: Path) -> None:
    (folder / f"~{archive.id.hex()}.copy.tmp").write_bytes(b"half")
    (folder / f"~{archive.id.hex()}.whole.tmp").write_bytes(b"half")
    (folder / "~0.copy.tmp").write_bytes(b"somebody else's")
    made = backup(archive, folder)
    assert set(files(folder)) == {made.path.name, "~0.copy.tmp"}


# ---- surroundings ----


def test_a_full_disk_leaves_nothing_and_costs_no_earlier_backup(workshop: Workshop, disk: Disk) -> None:
    with workshop.archive() as archive:
        add_person(archive, "李雷")
        backup(archive, disk.path)
        before = files(disk.path)
        with disk.full():
            with pytest.raises(EnvironmentProblem) as caught:
                backup(archive, disk.path, keep=1)
            assert {name: data for name, data in files(disk.path).items() if name != "filler"} == before
        assert caught.value.key == disk.says("backup.disk_full", otherwise="backup.disk_error")
        add_person(archive, "韩梅")
        assert archive.verify() == []
        (old,) = before
        with disk.full():
            with pytest.raises(EnvironmentProblem):
                restore(disk.path / old, disk.path / "again.xinyi")
            assert {name: data for name, data in files(disk.path).items() if name != "filler"} == before


def test_a_folder_that_is_gone_or_cannot_be_written_is_told(archive: Archive, folder: Path) -> None:
    made = backup(archive, folder).path
    assert key_of(lambda: backup(archive, folder / "pulled")) == "backup.cannot_write"
    assert key_of(lambda: restore(made, folder / "pulled" / "a.xinyi")) == "backup.cannot_write"
    assert key_of(lambda: backup(archive, made)) == "backup.cannot_write"
    assert sorted(files(folder)) == [made.name]


def test_an_archive_whose_key_file_somebody_changed_is_not_backed_up(archive: Archive, folder: Path) -> None:
    earlier = backup(archive, folder).path
    slots = archive.path.with_name(f"{archive.path.name}.keys")
    data = bytearray(slots.read_bytes())
    data[-40] ^= 1
    slots.write_bytes(data)
    assert key_of(lambda: backup(archive, folder, keep=1)) in {"archive.keys_damaged", "archive.keys_foreign"}
    assert sorted(files(folder)) == [earlier.name]


def test_a_damaged_archive_is_not_backed_up(workshop: Workshop, tmp_path: Path, folder: Path) -> None:
    path = workshop.copy(tmp_path)
    with workshop.open(path) as archive:
        for number in range(300):
            add_person(archive, f"{number}")
        earlier = backup(archive, folder).path
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 1
    path.write_bytes(data)
    with workshop.open(path) as archive:
        assert archive.verify() != []
        with pytest.raises(Problem):
            backup(archive, folder, keep=1)
    assert sorted(files(folder)) == [earlier.name]


# ---- putting back ----


@pytest.mark.parametrize("ending", ["", ".keys", "-wal"])
def test_nothing_that_exists_is_written_over(archive: Archive, folder: Path, ending: str) -> None:
    made = backup(archive, folder).path
    (folder / f"a.xinyi{ending}").write_bytes(b"somebody's work")
    before = files(folder)
    assert key_of(lambda: restore(made, folder / "a.xinyi")) == "archive.exists"
    assert files(folder) == before


def test_a_backup_with_any_byte_changed_or_cut_off_is_refused_and_nothing_is_left(
    archive: Archive, folder: Path
) -> None:
    path = backup(archive, folder).path
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as container:
        directory = container.start_dir
        inside = [one.header_offset + 40 + one.file_size // 2 for one in container.infolist()]
    damaged = [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in (0, *inside, directory)]
    damaged += [whole[:length] for length in (0, 10, 5000, len(whole) // 2, len(whole) - 30)]
    for data in (*damaged, b"PK\5\6" + bytes(18), b"no container"):
        path.write_bytes(data)
        assert key_of(lambda: restore(path, folder / "a.xinyi")) == "backup.damaged"
        assert sorted(files(folder)) == [path.name]


def test_a_backup_of_a_newer_program_is_told_so(archive: Archive, folder: Path) -> None:
    path = backup(archive, folder).path
    manifest = msgspec.to_builtins(read_manifest(path))
    newer = folder / "newer.xinyi-backup"
    for format_, key in ((2, "archive.newer"), (1, "backup.damaged")):
        with zipfile.ZipFile(newer, "w") as container:
            content = {**manifest, "format": format_, "added": "later", "digests": {"other": "0"}}
            container.writestr("manifest.json", json.dumps(content))
        assert key_of(lambda: restore(newer, folder / "a.xinyi")) == key
    assert key_of(lambda: restore(folder / "none.xinyi-backup", folder / "a.xinyi")) == "backup.not_there"


def test_a_restore_that_was_killed_between_both_files_can_be_done_again(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    path = backup(archive, folder).path
    restore(path, folder / "a.xinyi")
    (folder / "a.xinyi").unlink()
    (folder / "a.xinyi~restored").write_bytes(b"half")
    restore(path, folder / "a.xinyi")
    assert sorted(files(folder)) == sorted(["a.xinyi", "a.xinyi.keys", path.name])
    workshop.open(folder / "a.xinyi").close()


# ---- going on after a restore ----


@pytest.fixture
def known(station: Station) -> Station:
    everybody_meets(*station.archives, station=station)
    return station


def test_after_the_laptop_is_lost_its_backup_takes_everything_back_and_nothing_clashes(
    known: Station, workshop: Workshop, folder: Path
) -> None:
    one, other = known.archives
    person = add_person(one, "李雷")
    meet(one.meeting, known.server)
    add_person(one, "韩梅")
    made = backup(one, folder).path
    add_person(one, "林涛")
    one.save([Draft.edit(one.find("person", {"id": person})[0], {"birth_date": "2012-03-04"})])
    meet(one.meeting, known.server)
    lost, state = one.device.stream, one.state_hash()
    one.close()
    restore(made, folder / "again.xinyi")
    with workshop.open(folder / "again.xinyi") as again:
        assert again.device.stream[1] != lost[1]
        assert again.device.stream[1][:16] == again.device.id
        # It writes before it has heard of what it wrote in its other life.
        add_person(again, "魏华")
        assert all(one.refused == [] for one in everybody_meets(again, other, station=known))
        assert names(again) == names(other) == sorted(["李雷", "韩梅", "林涛", "魏华"])
        assert again.state_hash() == other.state_hash() != state
        assert again.get("person", person) is not None
        assert [archive.info().changes for archive in (again, other)] == [5, 5]
        assert [archive.meeting.backlog().waiting for archive in (again, other)] == [0, 0]
        assert [archive.verify() for archive in (again, other)] == [[], []]


def test_the_old_laptop_and_its_restored_copy_both_go_on_and_nothing_is_lost(
    known: Station, workshop: Workshop, folder: Path
) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    made = backup(one, folder).path
    restore(made, folder / "first.xinyi")
    restore(made, folder / "second.xinyi")
    with workshop.open(folder / "first.xinyi") as first, workshop.open(folder / "second.xinyi") as second:
        everyone = (one, other, first, second)
        streams = {archive.device.stream[1] for archive in everyone}
        assert len(streams) == 4
        for number, archive in enumerate((one, first, second, one, second, first)):
            add_person(archive, f"{number}")
        assert all(one.refused == [] for one in everybody_meets(*everyone, station=known))
        for archive in everyone:
            edited = archive.find("person")[0]
            archive.save([Draft.edit(edited, {"birth_date": "2012-03-04"})])
        assert all(one.refused == [] for one in everybody_meets(*everyone, station=known))
        assert len({archive.state_hash() for archive in everyone}) == 1
        assert names(first) == ["0", "1", "2", "3", "4", "5", "李雷"]
        assert known.county.status().changes == 7 + 4
        assert [archive.meeting.backlog().waiting for archive in everyone] == [0] * 4
        assert [archive.verify() for archive in everyone] == [[]] * 4


def test_a_new_incarnation_is_begun_once(known: Station, workshop: Workshop, folder: Path) -> None:
    made = backup(known.archives[0], folder).path
    restore(made, folder / "again.xinyi")
    streams = []
    for _ in range(3):
        with workshop.open(folder / "again.xinyi") as again:
            streams.append(again.device.stream)
    assert len(set(streams)) == 1
    assert streams[0] != known.archives[0].device.stream


def test_an_archive_that_never_joined_goes_on_as_it_was_and_joins_with_all_it_has(
    workshop: Workshop, station: Station, folder: Path
) -> None:
    """Nobody has seen its stream, and a device that joins takes one stream along."""
    with workshop.archive(3) as alone:
        add_person(alone, "李雷")
        made = backup(alone, folder).path
    restore(made, folder / "again.xinyi")
    with workshop.open(folder / "again.xinyi", 3) as again:
        add_person(again, "韩梅")
        workshop.join(again, station.county)
        assert all(one.refused == [] for one in everybody_meets(*station.archives, again, station=station))
        assert names(again) == names(station.archives[0]) == ["李雷", "韩梅"]
        assert again.state_hash() == station.archives[0].state_hash()
    with workshop.open(folder / "again.xinyi", 3) as again:
        assert again.device.stream[0] != 1, "from here on others could know more of its stream than it does"


def test_a_device_that_waits_for_its_key_keeps_what_it_wrote_and_sends_it_when_the_key_comes(
    station: Station, workshop: Workshop, folder: Path
) -> None:
    first, second = station.archives
    add_person(second, "李雷")
    made = backup(second, folder).path
    second.close()
    restore(made, folder / "again.xinyi")
    with workshop.open(folder / "again.xinyi", 1) as again:
        add_person(again, "韩梅")
        assert all(one.refused == [] for one in everybody_meets(again, first, again, station=station))
        assert names(again) == names(first) == ["李雷", "韩梅"]
        assert again.meeting.backlog().waiting == 0


# ---- killed on the way ----

MAKE = """
import sys
from pathlib import Path
from storage.archive import Archive
from storage.backup import backup, restore
from storage.records import Catalogue
with Archive.open(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Catalogue([])) as archive:
    print("open", flush=True)
    while True:
        backup(archive, Path(sys.argv[4]), 3)
        print("made", flush=True)
"""


def test_killed_at_any_moment_a_backup_under_its_name_is_a_whole_one(
    workshop: Workshop, tmp_path: Path, folder: Path
) -> None:
    path = workshop.copy(tmp_path)
    command = [sys.executable, "-c", MAKE, str(path), workshop.user, workshop.password, str(folder)]
    acknowledged = 0
    for lives in (0, 1, 3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            for _ in range(lives + 1):
                program.stdout.readline()
            program.kill()
            acknowledged += lives
        made = list(folder.glob("*.xinyi-backup"))
        assert len(made) >= min(acknowledged, 3)
        for one in made:
            check(one)
    with workshop.open(path) as archive:
        last = backup(archive, folder, keep=1)
        assert archive.verify() == []
    assert sorted(files(folder)) == [last.path.name]


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def test_without_rights_in_the_folder_nothing_is_changed(archive: Archive, reachable: Path) -> None:
    """As another user, where we are the administrator, to whom rights do not apply."""
    earlier = backup(archive, reachable).path
    reachable.chmod(0o555)
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(65534)
    try:
        assert key_of(lambda: backup(archive, reachable, keep=1)) == "backup.cannot_write"
    finally:
        if administrator:
            os.seteuid(0)
    assert sorted(files(reachable)) == [earlier.name]
