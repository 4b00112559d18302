"""The promise: every released format is opened by every later version; a newer one is refused and left untouched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.access import enter
from app.records import CATALOGUE, Group, plain
from app.texts import Texts
from storage import backup, database, recovery_code
from storage.accounts import recover
from storage.archive import Archive
from storage.errors import Problem
from storage.keys import MAGIC, open_recovery, slots_path
from storage.records import Catalogue, Draft, RecordType
from tests.archives.make import FILE, HERE, SAID, contents, in_json, notes_of

FORMATS = sorted(file.parent for file in HERE.glob(f"*/{SAID}"))
NEW_PASSWORD = "a new and better password"


class Released:
    """A copy of the archive of a released format, and what is said to be in it."""

    def __init__(self, source: Path, folder: Path) -> None:
        for file in (FILE, slots_path(Path(FILE)).name):
            shutil.copy(source / file, folder)
        self.path = folder / FILE
        self.said: dict[str, Any] = msgspec.json.decode((source / SAID).read_bytes())
        self.users: list[dict[str, Any]] = self.said["users"]

    def open(self, user: int = 0, catalogue: Catalogue = CATALOGUE) -> Archive:
        return Archive.open(self.path, self.users[user]["name"], self.users[user]["password"], catalogue)

    def code(self) -> bytes:
        return recovery_code.read(self.said["recovery_code"])

    def key(self) -> bytes:
        return open_recovery(slots_path(self.path), self.code()).key


@pytest.fixture(params=FORMATS, ids=lambda folder: folder.name)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Released:
    return Released(request.param, tmp_path)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_the_format_of_this_version_has_an_archive_here() -> None:
    assert database.FORMAT in {int(folder.name.rstrip("bcdefgh")) for folder in FORMATS}


# ---- older formats ----


def test_everything_is_as_it_was_when_it_was_saved(released: Released) -> None:
    with released.open() as archive:
        found, said = contents(archive), released.said
        assert archive.verify() == []
        assert (found["archive"], found["state"], found["changes"]) == (said["archive"], said["state"], said["changes"])
        for kind, records in said["records"].items():
            assert found["records"][kind] == records, kind
        assert found["history"] == said["history"]
        assert archive.find("other") == []


def test_every_user_opens_it_and_reads_their_own_notes_and_drafts(released: Released) -> None:
    read = 0
    for number, user in enumerate(released.users):
        with released.open(number) as archive:
            assert notes_of(enter(archive)) == user["notes"]
            assert archive.draft().decode() == user["unfinished"]
        read += len(user["notes"])
    assert read > 0


def test_work_goes_on_in_it(released: Released) -> None:
    with released.open() as archive:
        group = archive.new_id()
        archive.save([Draft.new("group", group, plain(Group("八年级1班", "八年级")))])
        person = archive.find("person")[0]
        archive.save([Draft.edit(person, {"address": "青禾镇"})])
        archive.meeting.seal()
        state = archive.state_hash()
    with released.open(1) as archive:
        assert archive.state_hash() == state != released.said["state"]
        assert archive.get("group", group) is not None
        record = archive.get("person", person.id)
        assert record is not None
        assert record.fields == {**person.fields, "address": "青禾镇"}
        assert archive.verify() == []
        archive.rebuild()
        assert archive.state_hash() == state


def test_the_recovery_code_gives_a_user_a_new_password_and_the_old_notes(released: Released) -> None:
    user = released.users[1]
    recover(released.path, released.code(), user["name"], NEW_PASSWORD)
    with Archive.open(released.path, user["name"], NEW_PASSWORD, CATALOGUE) as archive:
        assert in_json(archive.state_hash()) == released.said["state"]
        assert notes_of(enter(archive)) == user["notes"]
        assert archive.draft().decode() == user["unfinished"]


def test_a_backup_of_it_comes_back_the_same(released: Released, tmp_path: Path) -> None:
    stick, back = tmp_path / "stick", tmp_path / "back.xinyi"
    stick.mkdir()
    with released.open() as archive:
        made = backup.backup(archive, stick)
    backup.restore(made.path, back)
    released.path = back
    with released.open() as archive:
        assert contents(archive)["records"] == released.said["records"]


# ---- newer ones ----


def newer_database(one: Released) -> None:
    connection = database.connect(one.path, one.key())
    connection.execute(f"PRAGMA user_version = {database.FORMAT + 1}")
    connection.close()


def newer_keys(one: Released) -> None:
    slots = slots_path(one.path)
    data = slots.read_bytes()
    slots.write_bytes(MAGIC[:-1] + bytes([MAGIC[-1] + 1]) + data[len(MAGIC) :])


@pytest.mark.parametrize("make_newer", [newer_database, newer_keys])
def test_a_newer_format_is_refused_with_a_sentence_and_left_untouched(
    released: Released, make_newer: Callable[[Released], None]
) -> None:
    make_newer(released)
    folder = released.path.parent
    before = digests(folder)
    acts: list[Callable[[], object]] = [
        released.open,
        lambda: recover(released.path, released.code(), released.users[0]["name"], NEW_PASSWORD),
    ]
    for act in acts[: 1 if make_newer is newer_database else 2]:
        with pytest.raises(Problem) as caught:
            act()
        assert caught.value.key == "archive.newer"
        assert Texts.load().problem(caught.value)
        left = digests(folder)
        assert {name: left[name] for name in before} == before
        assert {*left} - {*before} <= {f"{FILE}.lock"}, "nothing of the attempt stays"


def newer_catalogue() -> Catalogue:
    """What a later version may declare: a type that we do not know, and a higher schema of one that we do."""
    types = [
        msgspec.structs.replace(kind, schema=kind.schema + 1) if kind.name == "alert" else kind for kind in CATALOGUE
    ]
    return Catalogue([*types, RecordType(name="horoscope", index=("sign",))])


def test_what_a_newer_version_wrote_is_shown_as_such_and_is_whole_again_in_the_newer_version(
    released: Released,
) -> None:
    with released.open(catalogue=newer_catalogue()) as newer:
        person = newer.find("person")[0].id
        unknown = newer.new_id()
        newer.save([Draft.new("horoscope", unknown, {"sign": "ram", "about": [1, 2, {"x": b"y"}]}, person=person)])
        (alert, *_) = newer.find("alert")
        newer.save([Draft.edit(alert, {"level": "red", "colour": "violet"})])
        state, expected = newer.state_hash(), newer.get("horoscope", unknown)
    with released.open() as ours:
        assert ours.state_hash() == state
        (other,) = ours.find("other")
        assert (other.id, other.type, other.newer) == (unknown, "horoscope", True)
        shown = ours.get("alert", alert.id)
        assert shown is not None
        assert (shown.newer, shown.fields["colour"]) == (True, "violet")
        assert ours.verify() == []
        ours.save([Draft.edit(shown, {"status": "closed"})])
        ours.meeting.seal()
        state = ours.state_hash()
    with released.open(catalogue=newer_catalogue()) as newer:
        assert newer.state_hash() == state
        again = newer.get("horoscope", unknown)
        assert again is not None
        assert expected is not None
        assert (again.fields, again.person, again.newer) == (expected.fields, person, False)
        changed = newer.get("alert", alert.id)
        assert changed is not None
        assert (changed.fields["colour"], changed.fields["status"]) == ("violet", "closed")
        assert newer.verify() == []


def test_a_backup_of_a_newer_format_is_refused_before_anything_is_put_back(released: Released, tmp_path: Path) -> None:
    import zipfile

    container = tmp_path / "a.xinyi-backup"
    manifest = {"format": backup.FORMAT + 1, "archive": "", "made": 0, "state": "", "digests": {}, "more": 1}
    with zipfile.ZipFile(container, "w") as file:
        file.writestr(backup.MANIFEST, msgspec.json.encode(manifest))
        file.write(released.path, backup.DATABASE)
        file.write(slots_path(released.path), backup.KEYS)
    with pytest.raises(Problem) as caught:
        backup.restore(container, tmp_path / "back.xinyi")
    assert caught.value.key == "archive.newer"
    assert not (tmp_path / "back.xinyi").exists()
