"""Another raw key: everything is there under the new one, nothing opens with the old one, and no interruption matters."""

from pathlib import Path

import pytest

from storage import rekey as changing
from storage.accounts import Accounts
from storage.archive import Archive
from storage.database import connect
from storage.errors import Problem
from storage.keys import Unlocked, open_slots, slots_path
from storage.records import Draft
from storage.rekey import rekey
from tests.conftest import Workshop


@pytest.fixture
def path(workshop: Workshop, tmp_path: Path) -> Path:
    """A closed archive with some people."""
    path = workshop.copy(tmp_path)
    with workshop.open(path) as archive:
        for name in ("张三", "李四", "王五"):
            record = archive.new_id()
            archive.save([Draft.new("person", record, {"name": name}, person=record)])
    return path


def unlocked(workshop: Workshop, path: Path) -> Unlocked:
    return open_slots(slots_path(path), workshop.user, workshop.password)


def content(workshop: Workshop, path: Path) -> tuple[bytes, int, int]:
    """State hash, people, people found; opened with the password."""
    with Archive.open(path, workshop.user, workshop.password, workshop.catalogue) as archive:
        assert archive.verify() == []
        return archive.state_hash(), archive.tally("person")[()], len(archive.search("person", '"三"*'))


def test_everything_is_there_under_the_new_key(workshop: Workshop, path: Path) -> None:
    before, old = content(workshop, path), unlocked(workshop, path)
    new = rekey(path, old)
    assert new.key != old.key
    assert unlocked(workshop, path) == new
    assert content(workshop, path) == before
    with pytest.raises(Problem):
        connect(path, old.key)
    assert {one.name for one in path.parent.iterdir()} <= {path.name + end for end in ("", ".keys", ".lock")}


def test_it_can_be_done_again_and_written_to(workshop: Workshop, path: Path) -> None:
    rekey(path, rekey(path, unlocked(workshop, path)))
    with Archive.open(path, workshop.user, workshop.password, workshop.catalogue) as archive:
        record = archive.new_id()
        archive.save([Draft.new("person", record, {"name": "赵六"}, person=record)])
    assert content(workshop, path)[1] == 4


@pytest.mark.parametrize("step", ["_copy", "_check"])
def test_where_it_fails_the_archive_opens_as_before(
    workshop: Workshop, path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, old = content(workshop, path), unlocked(workshop, path)

    def fail(*_: object) -> None:
        raise Problem("archive.disk_full", file="")

    monkeypatch.setattr(changing, step, fail)
    with pytest.raises(Problem):
        rekey(path, old)
    assert unlocked(workshop, path) == old
    assert content(workshop, path) == before
    assert not path.with_name(path.name + ".rekey").exists()


@pytest.mark.parametrize("moment", ["after the keys", "before the swap", "after the swap"])
def test_where_it_is_interrupted_the_archive_opens_and_is_put_in_order(
    workshop: Workshop, path: Path, moment: str
) -> None:
    before, old = content(workshop, path), unlocked(workshop, path)
    accounts = Accounts(path, old)
    new = b"n" * 32
    accounts.set_keys(new, old.key)
    if moment != "after the keys":
        changing._copy(path, old.key, new)
    if moment == "after the swap":
        path.with_name(path.name + ".rekey").replace(path)
    assert content(workshop, path) == before
    settled = unlocked(workshop, path)
    assert settled.key == (new if moment == "after the swap" else old.key)
    assert settled.old_key == b""
    assert not path.with_name(path.name + ".rekey").exists()


def test_as_long_as_neither_key_opens_both_are_kept(workshop: Workshop, path: Path) -> None:
    old = unlocked(workshop, path)
    Accounts(path, old).set_keys(b"n" * 32, old.key)
    whole = path.read_bytes()
    path.write_bytes(b"x" * len(whole))
    with pytest.raises(Problem):
        content(workshop, path)
    assert unlocked(workshop, path).old_key == old.key
    path.write_bytes(whole)
    assert content(workshop, path)[1] == 3


def test_an_archive_that_is_open_is_left_alone(workshop: Workshop, path: Path) -> None:
    old = unlocked(workshop, path)
    with workshop.open(path), pytest.raises(Problem) as caught:
        rekey(path, old)
    assert caught.value.key == "archive.in_use_here"
