"""Backups of a county: made while it serves, restored into either database, and what devices do afterwards."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import text

from sync.county import tables
from sync.county.backup import KEYS, LIST, TRANSIENT, back_up, restore
from sync.county.ledger import Ledger, Refused
from sync.county.office import DATABASE, DATABASE_URL, ROOT_KEY, SERVER_KEY, County
from sync.county.visits import Visits
from sync.errors import EnvironmentProblem, Problem
from sync.segments import Segment
from tests.county.served import Served, add_person, admit, serving

if TYPE_CHECKING:
    from tests.conftest import Chain, Disk, Workshop
    from tests.county.conftest import Postgres

KINDS = ["sqlite", "postgresql"]


@pytest.fixture
def county(tmp_path: Path, database_url: str | None, chain: Chain) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县", database_url)
    admit(county, chain.device, chain.scope_key.scope)
    yield county
    county.close()


@pytest.fixture
def target(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    with postgres.database() as url:
        yield url


def everything(county: County) -> dict[str, list[Any]]:
    """All rows but those of the incarnation and of backups, and the numbers that a database gives."""
    with county.engine.connect() as connection:
        rows = {
            table.name: [
                {name: value for name, value in row._mapping.items() if name != "no"}
                for row in connection.execute(table.select())
                if row[0] not in {"incarnation", "last_backup"}
            ]
            for table in tables.metadata.sorted_tables
        }
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def incarnation(county: County) -> bytes:
    return county._setting("incarnation")


# ---- one file, both databases ----


@pytest.mark.parametrize("target", KINDS, indirect=True)
def test_a_restored_county_is_the_same_but_for_its_incarnation(
    county: County, chain: Chain, target: str | None, tmp_path: Path
) -> None:
    scope, segments = chain.scope_key.scope, chain(70, size=300)
    county.store.append(scope, segments)
    ledger = Ledger(county.engine, 10)
    for seq in (1, 2):
        ledger.refused(Refused(chain.device.id, scope, segments[0].data[:24], seq, "sync.refused_gap"))
    back_up(county, tmp_path / "backup")
    contents = restore(tmp_path / "backup", tmp_path / "again", target)
    again = County(tmp_path / "again")
    assert contents.county == again.name == "青禾县"
    assert again.engine.dialect.name == ("postgresql" if target else "sqlite")
    assert everything(again) == everything(county)
    assert (again.server.id, again.server_paper) == (county.server.id, county.server_paper)
    assert incarnation(again) != incarnation(county)
    more = chain(2)
    assert again.store.append(scope, more)[:2] == (2, "")
    Ledger(again.engine, 10).refused(Refused(chain.device.id, scope, None, None, "sync.refused_gap"))
    assert len(everything(again)["refusal"]) == 3
    again.close()


def test_a_backup_can_be_read_by_its_owner_only_and_does_not_hold_the_root_key(county: County, tmp_path: Path) -> None:
    back_up(county, tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "backup") as tar:
        assert sorted(tar.getnames()) == sorted([LIST, DATABASE, *KEYS])
    assert (county.folder / ROOT_KEY).read_bytes() not in (tmp_path / "backup").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("~")] == []


def test_nobody_is_signed_in_after_a_restore(county: County, tmp_path: Path) -> None:
    visits = Visits(county.engine)
    link = visits.invite()
    assert visits.enter(link)
    back_up(county, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again")
    again = County(tmp_path / "again")
    assert Visits(again.engine).sessions() == 0
    assert {"visit", "piece"} == TRANSIENT
    again.close()


def test_what_comes_during_a_backup_is_in_it_whole_or_not_at_all(county: County, chain: Chain, tmp_path: Path) -> None:
    """A writer goes on all the while; each of its calls adds two segments."""
    scope, stop = chain.scope_key.scope, threading.Event()
    batches = [chain(2, size=2000) for _ in range(400)]
    county.store.append(scope, [segment for batch in batches[:100] for segment in batch])
    written: list[list[Segment]] = []

    def write() -> None:
        for batch in batches[100:]:
            if stop.is_set():
                return
            county.store.append(scope, batch)
            written.append(batch)

    writer = threading.Thread(target=write)
    writer.start()
    back_up(county, tmp_path / "backup")
    stop.set()
    writer.join(60)
    assert written
    restore(tmp_path / "backup", tmp_path / "again")
    again = County(tmp_path / "again")
    vector = again.store.overview(scope).vector
    assert {point.seq for point in vector.values()} == {2}
    assert 100 <= len(vector) <= 100 + len(written)
    assert again.status().segments == 2 * len(vector)
    again.close()


def test_the_time_of_the_last_backup_is_known(county: County, tmp_path: Path) -> None:
    contents = back_up(county, tmp_path / "backup")
    assert int.from_bytes(county._setting("last_backup"), "big") == contents.made
    assert back_up(county, tmp_path / "backup").made >= contents.made


# ---- what is refused ----


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    county = County.init(tmp_path / "small", "青禾县")
    back_up(county, tmp_path / "backup")
    county.close()
    return tmp_path / "backup"


def refused(backup: Path, folder: Path, url: str | None = None) -> str:
    with pytest.raises(Problem) as caught:
        restore(backup, folder, url)
    return caught.value.key


def test_a_folder_or_a_database_with_something_in_it_is_left_alone(
    backup: Path, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("dear colleague")
    assert refused(backup, tmp_path / "used") == "county.folder_in_use"
    with postgres.database() as url:
        engine = tables.connect(url)
        with tables.writing(engine) as connection:
            connection.execute(text("CREATE TABLE diary (page text)"))
        assert refused(backup, tmp_path / "new", url) == "county.database_in_use"
        with pytest.raises(Problem) as caught:
            County.init(tmp_path / "newer", "乙县", url)
        assert caught.value.key == "county.database_in_use"
        engine.dispose()
    assert list((tmp_path / "new").iterdir()) == list((tmp_path / "newer").iterdir()) == []


def test_a_backup_with_any_byte_lost_or_changed_is_refused(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    ends = [
        0,
        100,
        511,
        512,
        700,
        1024,
        5000,
        len(whole) // 2,
        whole.rindex(b"server.key"),
        whole.rindex(b"server.key") + 512,
    ]
    for end in ends:
        backup.write_bytes(whole[:end])
        assert refused(backup, tmp_path / "new") == "county.backup_damaged", end
        assert list((tmp_path / "new").iterdir()) == []
    contents = whole.index(b'"files"')
    for place in (10, contents + 60, len(whole) // 2, whole.rindex(b"server.key") + 520):
        backup.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert refused(backup, tmp_path / "new") == "county.backup_damaged", place
        assert list((tmp_path / "new").iterdir()) == []
    backup.write_bytes(whole)
    restore(backup, tmp_path / "new")


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing", tmp_path / "new") == "county.no_backup"
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        member = tarfile.TarInfo("../../letter.txt")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    assert refused(tmp_path / "other.tar", tmp_path / "new") == "county.backup_damaged"


def test_a_backup_of_a_newer_version_is_told(backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as tar:
        members = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
    listed = msgspec.json.decode(members[LIST])
    members[LIST] = msgspec.json.encode(listed | {"format": 2})
    with tarfile.open(backup, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    assert refused(backup, tmp_path / "new") == "county.backup_newer"


def test_a_restore_that_fails_leaves_no_county(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as caught, tables.reached():
        restore(backup, tmp_path / "new", "postgresql://nobody@127.0.0.1:1/none")
    assert caught.value.key == "county.no_database"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_disk_that_is_full_leaves_the_backup_of_yesterday(county: County, tmp_path: Path, disk: Disk) -> None:
    file = disk.path / "backup"
    back_up(county, file)
    before = file.read_bytes()
    with disk.full(), pytest.raises(EnvironmentProblem) as caught:
        back_up(county, file)
    assert caught.value.key == "county.cannot_write_file"
    assert file.read_bytes() == before


# ---- devices ----


@pytest.mark.parametrize("target", KINDS, indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_devices_send_again_what_a_restored_server_has_lost(
    workshop: Workshop, kept_in: Any, kind: str, target: str | None
) -> None:
    """The backup is of the morning; in the afternoon both devices sent more, and then the disk died."""
    with workshop.station() as station, kept_in(kind, station):
        one, other = station.archives
        with serving(station.folder / "county") as url:
            here = Served(station, url)
            for archive in (one, other, one):
                here.meet(archive)
            add_person(one, "李雷")
            here.meet(one)
            back_up(station.county, station.folder / "backup")
            for archive, name in ((one, "韩梅"), (other, "林涛")):
                add_person(archive, name)
                here.meet(archive)
        assert other.meeting.backlog().waiting == 0
        restore(station.folder / "backup", station.folder / "restored", target)
        with serving(station.folder / "restored") as url:
            here = Served(station, url)
            for archive in (other, one, other):
                here.meet(archive)
        assert one.state_hash() == other.state_hash()
        assert len(one.find("person")) == 3
        assert [archive.meeting.backlog().waiting for archive in (one, other)] == [0, 0]
        restored = County(station.folder / "restored")
        assert restored.store.overview(one.device.scope).vector == one.meeting.overview(one.device.scope).vector
        assert not any(
            (station.folder / "restored" / name).exists() for name in (ROOT_KEY, *([] if target else [DATABASE_URL]))
        )
        assert (station.folder / "restored" / SERVER_KEY).exists()
        restored.close()
