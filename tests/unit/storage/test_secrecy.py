"""Nobody reads anything out of the files without a password: not at rest, not while the archive is open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from sync.engine import meet
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop

NAME, ANSWER, NUMBER = "欧阳青青", "想过不如死了算了", "990000201203040017"
PLANTED = (NAME, ANSWER, NUMBER, "Ouyang Qingqing", "ouyang")
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


def found_in(folder: Path, texts: tuple[str, ...]) -> set[tuple[str, str]]:
    """Which of the texts lie in any file below a folder, in any encoding, and where."""
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {
        (text, path.name)
        for path, content in contents.items()
        for text in texts
        for encoding in ENCODINGS
        if text.encode(encoding) in content
    }


def plant(archive: Archive) -> None:
    person = archive.new_id()
    fields = {"name": NAME, "id_number": NUMBER, "spelling": "Ouyang Qingqing ouyang"}
    archive.save([Draft.new("person", person, fields)])
    archive.save(
        [
            Draft.new("screening", archive.new_id(), {"date": "2026-03-01", "answers": {"9": ANSWER}}, person=person),
            Draft.new("alert", archive.new_id(), {"level": "red", "text": f"{NAME}：{ANSWER}"}, person=person),
        ]
    )


def test_the_scan_finds_what_lies_open(tmp_path: Path) -> None:
    for encoding in ENCODINGS:
        (tmp_path / encoding).write_bytes(b"\x00..." + NAME.encode(encoding) + b"...\xff")
    assert found_in(tmp_path, (NAME,)) == {(NAME, encoding) for encoding in ENCODINGS}


def test_nothing_can_be_read_from_the_files_of_an_archive(workshop: Workshop, tmp_path: Path) -> None:
    path, owner = tmp_path / "a.xinyi", Owner("欧阳护士", "password of the nurse", Names("前台电脑", "青禾镇卫生院"))
    secrets = (*PLANTED, "欧阳护士", "password of the nurse", "前台电脑", "青禾镇卫生院")
    with Archive.create(path, owner, workshop.catalogue) as archive:
        plant(archive)
        assert (tmp_path / "a.xinyi-wal").stat().st_size > 0
        assert found_in(tmp_path, secrets) == set()
        archive.meeting.seal()
        archive.rebuild()
        assert archive.verify() == []
        assert found_in(tmp_path, secrets) == set()
    assert found_in(tmp_path, secrets) == set()
    with Archive.open(path, owner.user_name, owner.password, workshop.catalogue) as archive:
        assert len(archive.search("person", '"欧"')) == 1
        assert found_in(tmp_path, secrets) == set()


def test_what_is_sorted_and_searched_makes_no_temporary_file(archive: Archive) -> None:
    (store,) = archive._connection.execute("PRAGMA temp_store").fetchone()
    assert store == 2, "memory"


def test_nothing_can_be_read_from_a_stick_or_from_the_county_server(station: Station) -> None:
    archive, other = station.archives
    plant(archive)
    stick = station.folder / "stick"
    stick.mkdir()
    meet(archive.meeting, FolderStore(stick))
    meet(archive.meeting, station.server)
    meet(other.meeting, station.server)
    assert [record.fields["name"] for record in other.find("person")] == [NAME]
    assert (station.folder / "county" / "county.db").stat().st_size > 0
    assert found_in(station.folder, PLANTED) == set()


@pytest.mark.parametrize("what", ["stick", "server"])
def test_neither_stick_nor_server_holds_a_key_that_opens_anything(station: Station, what: str) -> None:
    archive, _ = station.archives
    plant(archive)
    place = station.folder / "stick"
    place.mkdir()
    meet(archive.meeting, FolderStore(place) if what == "stick" else station.server)
    device, scope_key = archive.device, archive.device.scopes.key(archive.device.scope)
    assert scope_key is not None
    secrets = [device.signer.private_key, device.recipient.private_key, scope_key.key]
    secrets += [key for (key,) in archive._connection.execute("SELECT key FROM person_key")]
    folder = place if what == "stick" else station.folder / "county"
    assert len(secrets) > 3
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
