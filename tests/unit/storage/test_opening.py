"""Making and opening archives: who gets in, and what happens to files that are not what they should be."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from storage import database
from storage.archive import Archive, Owner
from storage.device import Names
from storage.errors import EnvironmentProblem, Problem
from storage.records import Draft
from sync.clock import to_milliseconds
from tests.conftest import Wall

if TYPE_CHECKING:
    from tests.conftest import Workshop


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, without the lock, which holds a process number and nothing else."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing is ever written to standard output or standard error but by whoever shows the sentence."""
    yield
    assert capfd.readouterr() == ("", "")


def refusal(workshop: Workshop, path: Path) -> Problem:
    """Open with the right key; it must be refused, and no byte of it may change."""
    before = files(path.parent)
    with pytest.raises(Problem) as caught:
        workshop.open(path)
    assert files(path.parent) == before
    return caught.value


# ---- making ----


def test_a_new_archive_is_empty_and_opens_with_its_password(workshop: Workshop, tmp_path: Path) -> None:
    path = tmp_path / "新档案.xinyi"
    owner = Owner("王护士", "correct horse", Names("前台", "青禾镇卫生院"))
    with Archive.create(path, owner, workshop.catalogue) as archive:
        info = archive.info()
        assert (info.changes, info.records) == (0, {"person": 0, "screening": 0, "alert": 0})
        assert (info.names, info.county) == (owner.names, "")
    with Archive.open(path, "王护士", "correct horse", workshop.catalogue) as again:
        assert again.info() == info
        assert again.user == archive.user


@pytest.mark.parametrize("ending", ["", ".keys"])
def test_nothing_that_exists_is_overwritten(workshop: Workshop, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a.xinyi{ending}").write_bytes(b"somebody's work")
    before = files(tmp_path)
    with pytest.raises(Problem) as caught:
        Archive.create(tmp_path / "a.xinyi", Owner("u", "p", Names("d", "s")), workshop.catalogue)
    assert caught.value.key == "archive.exists"
    assert files(tmp_path) == before


def test_an_archive_cannot_be_made_where_there_is_no_folder(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        Archive.create(tmp_path / "no" / "a.xinyi", Owner("u", "p", Names("d", "s")), workshop.catalogue)
    assert caught.value.key == "archive.cannot_read"


def test_only_the_owner_of_the_account_may_read_the_files(workshop: Workshop) -> None:
    with workshop.archive() as archive:
        for ending in ("", ".keys", "-wal"):
            assert archive.path.with_name(archive.path.name + ending).stat().st_mode & 0o077 == 0


# ---- passwords ----


def test_a_wrong_password_then_the_right_one_works(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    before = files(tmp_path)
    with pytest.raises(Problem) as caught:
        Archive.open(path, workshop.user, workshop.password + " ", workshop.catalogue)
    assert caught.value.key == "archive.wrong_password"
    counted = path.name + ".wait"
    assert {name: content for name, content in files(tmp_path).items() if name != counted} == before
    with Archive.open(path, workshop.user, workshop.password, workshop.catalogue) as archive:
        assert archive.info().changes == 0


def test_an_unknown_user_is_told_the_same_as_one_with_a_wrong_password(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    answers = []
    for user, password in ((workshop.user, "wrong"), ("没有这个人", workshop.password), ("\udcff", "\udcff")):
        with pytest.raises(Problem) as caught:
            Archive.open(path, user, password, workshop.catalogue)
        answers.append((caught.value.key, caught.value.values))
    assert answers == [("archive.wrong_password", {})] * 3


def test_a_password_typed_with_another_input_method_is_the_same_password(workshop: Workshop, tmp_path: Path) -> None:
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    owner = Owner(composed, composed, Names("d", "s"))
    Archive.create(tmp_path / "a.xinyi", owner, workshop.catalogue).close()
    Archive.open(tmp_path / "a.xinyi", decomposed, decomposed, workshop.catalogue).close()


# ---- what is not an archive ----


def test_there_is_nothing_at_the_path(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        Archive.open(tmp_path / "a.xinyi", "u", "p", workshop.catalogue)
    assert (caught.value.key, caught.value.values) == ("archive.not_there", {"file": "a.xinyi"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_its_keys_is_left_alone(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    path.with_name(path.name + ".keys").unlink()
    before = files(tmp_path)
    with pytest.raises(Problem) as caught:
        Archive.open(path, workshop.user, workshop.password, workshop.catalogue)
    assert caught.value.key == "archive.keys_missing"
    assert files(tmp_path) == before


def plain_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE other (a); INSERT INTO other VALUES (1);")
    connection.close()


def foreign_sqlcipher(path: Path, key: bytes) -> None:
    connection = sqlcipher.connect(str(path))
    connection.execute(f"PRAGMA key = {database.raw_key(key)}")
    connection.executescript("CREATE TABLE other (a); INSERT INTO other VALUES (1);")
    connection.close()


def test_other_databases_are_refused_and_left_as_they_are(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    own_key = workshop.template(0).unlocked.key
    for make in (
        plain_sqlite,
        lambda place: foreign_sqlcipher(place, bytes(32)),
        lambda place: foreign_sqlcipher(place, own_key),
        lambda place: place.write_bytes(b""),
        lambda place: place.write_bytes(b"SQLite format 3\0"),
        lambda place: place.write_bytes("不是数据库".encode() * 5000),
        lambda place: shutil.copy(workshop.template(1).folder / workshop.file, place),
    ):
        path.unlink()
        make(path)
        assert refusal(workshop, path).key == "archive.not_an_archive"


def test_an_archive_cut_short_anywhere_is_noticed_and_left_as_it_is(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    whole = path.read_bytes()
    pages = range(4096, len(whole), 4096)
    lengths = [1, 15, 16, 100, 511, 512, 1000, 4095, 4097, *pages, *(end + 2000 for end in pages), len(whole) - 1]
    for length in lengths:
        path.write_bytes(whole[:length])
        # Part of the last page may be missing because a machine lost power; the log beside it has that page then.
        last_page = length > len(whole) - 4096
        expected = {"page"} if last_page else {"archive.not_an_archive", "archive.damaged"}
        assert findings(workshop, path) in expected, length
        assert path.read_bytes() == whole[:length]
    path.write_bytes(whole)
    workshop.open(path).close()


def test_a_damaged_page_is_noticed(workshop: Workshop, tmp_path: Path) -> None:
    """On opening, or where nobody reads it then by the check of the whole archive."""
    path = workshop.copy(tmp_path)
    whole = path.read_bytes()
    noticed = []
    for page in range(len(whole) // 4096):
        place = page * 4096 + 2000
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        noticed.append(findings(workshop, path))
    assert set(noticed) == {"archive.not_an_archive", "archive.damaged", "page"}


def findings(workshop: Workshop, path: Path) -> str:
    """Where it opens the kind of the first finding, else the key of the refusal."""
    try:
        archive = workshop.open(path)
    except Problem as problem:
        return problem.key
    with archive:
        kind: str = archive.verify()[0].kind
        return kind


def test_an_archive_of_a_newer_format_is_refused_and_left_as_it_is(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    connection = database.connect(path, workshop.template(0).unlocked.key)
    connection.execute(f"PRAGMA user_version = {database.FORMAT + 1}")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    assert refusal(workshop, path).key == "archive.newer"


def test_the_keys_of_another_archive_do_not_open_this_one(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    shutil.copy(workshop.template(1).folder / f"{workshop.file}.keys", tmp_path)
    before = files(tmp_path)
    with pytest.raises(Problem) as caught:
        Archive.open(path, workshop.user, workshop.password, workshop.catalogue)
    assert caught.value.key == "archive.not_an_archive"
    assert files(tmp_path) == before


def test_the_same_key_with_another_archive_id_does_not_open_it(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    stranger = workshop.template(0).unlocked._replace(archive=bytes(16))
    with pytest.raises(Problem) as caught:
        Archive.open_unlocked(path, stranger, workshop.catalogue)
    assert caught.value.key == "archive.not_an_archive"


# ---- one program at a time ----

HOLD = """
import sys
from pathlib import Path
from storage.archive import Archive
from storage.records import Catalogue
with Archive.open(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Catalogue([])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_program_is_refused_until_the_first_one_is_gone(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    command = [sys.executable, "-c", HOLD, str(path), workshop.user, workshop.password]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        assert refusal(workshop, path).key == "archive.in_use_here"
        first.kill()
    with workshop.open(path) as archive:
        archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])


def test_the_same_program_cannot_open_an_archive_twice(workshop: Workshop, archive: Archive) -> None:
    with pytest.raises(Problem) as caught:
        workshop.open(archive.path)
    assert caught.value.key == "archive.in_use_here"
    archive.close()
    workshop.open(archive.path).close()


def test_a_failed_opening_leaves_the_archive_free(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    for _ in range(2):
        with pytest.raises(Problem) as caught:
            Archive.open(path, workshop.user, "wrong", workshop.catalogue)
        assert caught.value.key == "archive.wrong_password"
        with pytest.raises(Problem) as caught:
            Archive.open_unlocked(path, workshop.template(1).unlocked, workshop.catalogue)
        assert caught.value.key == "archive.not_an_archive"
    workshop.open(path).close()


def test_a_wrong_clock_is_doubted_and_confirmed_by_the_county(workshop: Workshop, tmp_path: Path) -> None:
    path, wall = workshop.copy(tmp_path), Wall()
    now = wall.now
    with workshop.open(path, wall=wall) as archive:
        assert archive.clock_doubt() == ""
        wall.now = now + 73 * 365 * 86_400_000
        assert archive.clock_doubt() == "late"
        archive.save([Draft.new("person", archive.new_id(), {"name": "李雷"})])
        wall.now = now
        assert archive.clock_doubt() == "behind"
    with workshop.open(path, wall=wall) as archive:
        assert archive.clock_doubt() == "behind"
        archive.compare_clock(-2000)
        assert archive.clock_doubt() == ""
    with workshop.open(path, wall=wall) as archive:
        person = archive.new_id()
        archive.save([Draft.new("person", person, {"name": "韩梅"})])
        record = archive.get("person", person)
        assert record is not None
        assert to_milliseconds(record.created) < now + 86_400_000
        archive.compare_clock(3_600_000)
        assert archive.clock_doubt() == "county"
