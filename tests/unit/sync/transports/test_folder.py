"""A stick: pulled out, cut short, mixed up, full, and used by people who keep other things on it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.engine import Refusal, reconcile
from sync.errors import EnvironmentProblem, Problem
from sync.segments import NO_ENVELOPES, Segment, read_header
from sync.store import READ_LIMIT, Appended
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Chain, Disk


@pytest.fixture
def stick(tmp_path: Path) -> FolderStore:
    folder = tmp_path / "stick"
    folder.mkdir()
    return FolderStore(folder)


@pytest.fixture
def source(tmp_path: Path) -> FolderStore:
    """A store that has everything."""
    folder = tmp_path / "source"
    folder.mkdir()
    return FolderStore(folder)


def files(stick: FolderStore, ending: str) -> list[Path]:
    return sorted(stick._root.rglob(f"*.{ending}"))


def streams(segments: list[Segment]) -> bytes:
    return read_header(segments[0].data).stream


def test_what_was_put_on_a_stick_comes_back_from_it(stick: FolderStore, chain: Chain) -> None:
    scope, segments = chain.scope_key.scope, chain(3)
    assert stick.append(scope, segments) == Appended(3)
    last = read_header(segments[-1].data)
    assert {stream: point.seq for stream, point in stick.overview(scope).vector.items()} == {last.stream: 3}
    assert [stick.read(scope, last.stream, start) for start in (1, 2, 4)] == [segments, segments[1:], []]


def test_names_on_a_stick_fit_fat32(stick: FolderStore, chain: Chain, tmp_path: Path) -> None:
    stick.append(chain.scope_key.scope, chain(1))
    stick.add_papers(chain.scope_key.scope, [b"a paper"])
    for path in (tmp_path / "stick").rglob("*"):
        assert path.name == path.name.lower()
        assert set(path.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.")
        assert len(path.name) <= 64


def test_writing_the_same_again_changes_no_file(stick: FolderStore, chain: Chain, tmp_path: Path) -> None:
    segments = chain(2)
    stick.append(chain.scope_key.scope, segments)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "stick").rglob("*")}
    assert stick.append(chain.scope_key.scope, segments) == Appended(2)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "stick").rglob("*")} == before


def test_more_than_a_read_holds_is_read_in_parts(stick: FolderStore, chain: Chain) -> None:
    scope, segments = chain.scope_key.scope, chain(5, size=READ_LIMIT // 3)
    stick.append(scope, segments)
    first = stick.read(scope, streams(segments), 1)
    assert 0 < len(first) < 5
    assert first + stick.read(scope, streams(segments), len(first) + 1) == segments


# ---- damage ----

DAMAGES = ["gone", "empty", "cut short", "one bit", "longer", "zeros"]


def hurt(path: Path, damage: str) -> None:
    data = path.read_bytes()
    match damage:
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "cut short":
            path.write_bytes(data[: len(data) // 2])
        case "one bit":
            place = len(data) * 2 // 3
            path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        case "longer":
            path.write_bytes(data + b"\0" * 512)
        case "zeros":
            path.write_bytes(bytes(len(data)))


@pytest.mark.parametrize("ending_and_damage", list(itertools.product(["seg", "env"], DAMAGES)))
@pytest.mark.parametrize("place", [0, 2, 4])
def test_whatever_happens_to_a_file_whoever_has_the_bytes_heals_it(
    stick: FolderStore, source: FolderStore, chain: Chain, ending_and_damage: tuple[str, str], place: int
) -> None:
    scope, segments = chain.scope_key.scope, chain(5)
    source.append(scope, segments)
    stick.append(scope, segments)
    ending, damage = ending_and_damage
    hurt(files(stick, ending)[place], damage)
    assert stick.overview(scope).vector.get(streams(segments), (0,))[0] == place
    transfer = reconcile(source, stick, scope).transfer
    assert transfer.refused == []
    assert stick.overview(scope) == source.overview(scope)
    assert stick.read(scope, streams(segments), 1) == segments


@pytest.mark.parametrize("endings", [("seg",), ("env",), ("seg", "env")])
def test_files_that_were_swapped_are_noticed_and_healed(
    stick: FolderStore, source: FolderStore, chain: Chain, endings: tuple[str, ...]
) -> None:
    scope, segments = chain.scope_key.scope, chain(4)
    source.append(scope, segments)
    stick.append(scope, segments)
    for ending in endings:
        one, other = files(stick, ending)[1:3]
        contents = one.read_bytes(), other.read_bytes()
        other.write_bytes(contents[0])
        one.write_bytes(contents[1])
    assert stick.overview(scope).vector[streams(segments)].seq == 1
    assert reconcile(source, stick, scope)[0].refused == []
    assert stick.read(scope, streams(segments), 1) == segments


def test_files_of_another_stream_are_not_taken_for_this_one(stick: FolderStore, chain: Chain) -> None:
    scope, ours, theirs = chain.scope_key.scope, chain(1), chain(1)
    stick.append(scope, ours)
    stick.append(scope, theirs)
    for ending in ("seg", "env"):
        one, other = files(stick, ending)
        one.write_bytes(other.read_bytes())
    assert len(stick.overview(scope).vector) == 1


def test_a_damaged_stick_gives_what_is_still_whole(stick: FolderStore, source: FolderStore, chain: Chain) -> None:
    scope, segments = chain.scope_key.scope, chain(5)
    stick.append(scope, segments)
    hurt(files(stick, "seg")[3], "one bit")
    reconcile(source, stick, scope)
    assert source.read(scope, streams(segments), 1) == segments[:3]


def test_a_paper_that_was_damaged_is_left_out_and_healed(stick: FolderStore, chain: Chain) -> None:
    scope = chain.scope_key.scope
    stick.add_papers(scope, [b"one paper", b"another paper"])
    hurt(files(stick, "ppr")[0], "cut short")
    (left,) = stick.overview(scope).papers
    assert stick.read_papers(scope, [left]) in ([b"one paper"], [b"another paper"])
    stick.add_papers(scope, [b"one paper", b"another paper"])
    assert len(stick.overview(scope).papers) == 2


def test_other_things_on_the_stick_are_left_alone(stick: FolderStore, chain: Chain, tmp_path: Path) -> None:
    scope, segments = chain.scope_key.scope, chain(2)
    stick.append(scope, segments)
    stream = files(stick, "seg")[0].parent
    others = [
        tmp_path / "stick" / "照片.jpg",
        tmp_path / "stick" / "xinyi" / "Thumbs.db",
        stream.parent / "00",
        stream.parent / ("f" * 48),
        stream / "~$abc.tmp",
        stream / "00000003.seg.bak",
        stream / "desktop.ini",
    ]
    for other in others:
        other.write_bytes(b"something else")
    (stream.parent / "not hexadecimal").mkdir()
    assert stick.overview(scope).vector[streams(segments)].seq == 2
    assert stick.append(scope, chain(1)) == Appended(1)
    assert [other.read_bytes() for other in others] == [b"something else"] * len(others)


# ---- forks ----


@pytest.mark.parametrize("lengths", [(2, 2), (4, 2), (2, 4)])
def test_a_fork_is_reported_and_nothing_on_the_stick_is_overwritten(
    stick: FolderStore, source: FolderStore, chain: Chain, lengths: tuple[int, int]
) -> None:
    (ours, theirs), scope, stream = lengths, chain.scope_key.scope, chain.stream()
    source.append(scope, chain(ours, stream=stream))
    stick.append(scope, chain(theirs, stream=stream))
    before = {path: path.read_bytes() for path in files(stick, "*")}
    transfer = reconcile(source, stick, scope).transfer
    assert Refusal(stream, min(ours, theirs) + (ours != theirs), "sync.refused_fork") in transfer.refused
    assert {path: path.read_bytes() for path in files(stick, "*")} == before


def test_a_stick_refuses_what_does_not_follow_on(stick: FolderStore, chain: Chain) -> None:
    scope, segments = chain.scope_key.scope, chain(3)
    assert stick.append(scope, segments[1:]) == Appended(0, "sync.refused_gap")
    assert stick.append(scope, [segments[0], segments[2]]) == Appended(1, "sync.refused_gap")
    assert stick.append(b"t" * 16, segments) == Appended(0, "sync.refused_scope")
    assert stick.append(scope, [Segment(b"no segment", NO_ENVELOPES)]) == Appended(0, "sync.refused_unreadable")


# ---- surroundings ----


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        FolderStore(tmp_path / "E:")
    assert caught.value.key == "sync.no_folder"


def test_a_stick_that_goes_away_is_a_problem_of_the_surroundings(
    stick: FolderStore, chain: Chain, tmp_path: Path
) -> None:
    (tmp_path / "stick").rmdir()
    (tmp_path / "stick").write_bytes(b"a file where the stick was")
    with pytest.raises(EnvironmentProblem) as caught:
        stick.append(chain.scope_key.scope, chain(1))
    assert caught.value.key == "sync.stick_failed"


def test_a_full_stick_keeps_what_is_on_it_and_goes_on_once_there_is_room(disk: Disk, chain: Chain) -> None:
    stick, scope = FolderStore(disk.path), chain.scope_key.scope
    segments = chain(6, size=40_000)
    stick.append(scope, segments[:2])
    with disk.full(), pytest.raises(EnvironmentProblem) as caught:
        stick.append(scope, segments)
    assert caught.value.key == disk.says("sync.stick_full", otherwise="sync.stick_failed")
    assert stick.read(scope, streams(segments), 1) == segments[:2]
    assert not list(disk.path.rglob("*.tmp"))
    assert stick.append(scope, segments) == Appended(6)
    assert stick.read(scope, streams(segments), 1) == segments
