"""Who has an archive open: one program, which is named to others as far as it can be known."""

import datetime as dt
import getpass
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.texts import LANGUAGES, Texts
from storage.errors import EnvironmentProblem, Problem
from storage.lock import Holder, Lock

HOLD = """
import sys
from pathlib import Path
from storage.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "档案.xinyi"


def beside(archive: Path) -> Path:
    return archive.with_name(archive.name + ".lock")


def refusal(archive: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        Lock(archive)
    return caught.value


def hold(archive: Path) -> "subprocess.Popen[str]":
    """Another program that has the archive."""
    command = [sys.executable, "-c", HOLD, str(archive)]
    holding = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holding.stdout is not None
    assert holding.stdout.readline() == "held\n"
    return holding


def test_another_program_is_told_since_when_and_by_which_user_of_the_system(archive: Path) -> None:
    before = dt.datetime.now().astimezone()
    with hold(archive) as other:
        problem = refusal(archive)
        holder = msgspec.json.decode(beside(archive).read_bytes(), type=Holder)
        other.kill()
    assert problem.key == "archive.in_use_here"
    assert problem.values["user"] == getpass.getuser()
    since = dt.datetime.strptime(str(problem.values["since"]), "%Y-%m-%d %H:%M").astimezone()
    assert dt.timedelta() <= since - before.replace(second=0, microsecond=0) <= dt.timedelta(minutes=2)
    assert (holder.host, holder.pid) == (platform.node(), other.pid)
    assert holder.since.utcoffset() is not None


def test_the_file_of_a_program_that_died_holds_nobody_up(archive: Path) -> None:
    with hold(archive) as other:
        other.kill()
    assert beside(archive).read_bytes()
    lock = Lock(archive)
    assert msgspec.json.decode(beside(archive).read_bytes(), type=Holder).pid == os.getpid()
    lock.release()


def test_who_lets_the_archive_go_leaves_no_name_behind(archive: Path) -> None:
    lock = Lock(archive)
    lock.release()
    assert beside(archive).read_bytes() == b""
    lock.release()
    Lock(archive).release()


def test_an_attempt_leaves_the_holder_s_words_alone(archive: Path) -> None:
    lock = Lock(archive)
    written = beside(archive).read_bytes()
    refusal(archive)
    assert beside(archive).read_bytes() == written
    lock.release()


def write_over(archive: Path, content: bytes) -> Problem:
    """Who is refused while somebody has the archive and the file says this."""
    lock = Lock(archive)
    try:
        beside(archive).write_bytes(content)
        return refusal(archive)
    finally:
        lock.release()


def holder(**other: Any) -> bytes:
    since = "2026-11-22T14:05:00+08:00"
    return msgspec.json.encode({"host": platform.node(), "user": "nurse", "since": since, "pid": 7, **other})


def test_a_holder_on_another_computer_is_named_with_it(archive: Path) -> None:
    problem = write_over(archive, holder(host="clinic-2"))
    assert (problem.key, problem.values["host"]) == ("archive.in_use_elsewhere", "clinic-2")
    here = dt.datetime(2026, 11, 22, 14, 5, tzinfo=dt.timezone(dt.timedelta(hours=8))).astimezone()
    assert problem.values["since"] == here.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"4711",
        b"{}",
        b"\xff\xfe",
        holder(host="x" * 300),
        holder(since="yesterday"),
        holder(since="0001-01-01T00:00:00+14:00"),
        holder(pid="many"),
        holder(user=None),
        b"[" * 9000,
    ],
)
def test_a_file_that_does_not_say_who_names_nobody(archive: Path, content: bytes) -> None:
    assert write_over(archive, content).key == "archive.in_use"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("host", [platform.node(), "clinic-2"])
def test_the_sentence_says_all_that_is_known(archive: Path, language: str, host: str) -> None:
    said = Texts.load(language).problem(write_over(archive, holder(host=host)))
    assert all(part in said for part in (archive.name, "2026-11-22", "nurse"))
    assert ("clinic-2" in said) == (host == "clinic-2")


def test_a_folder_that_is_gone_is_not_called_in_use(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path / "gone" / "a.xinyi"), EnvironmentProblem)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path)])
def test_something_else_in_the_place_of_the_file_is_not_called_in_use(
    archive: Path, make: Callable[[Path], None]
) -> None:
    make(beside(archive))
    assert refusal(archive).key == "archive.cannot_read"
