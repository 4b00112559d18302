"""Waiting after wrong passwords."""

from pathlib import Path

import pytest

from storage.archive import Archive
from storage.errors import Problem
from storage.waiting import FIRST_WAIT_MS, FREE_TRIES, LONGEST_WAIT_MS, Waiting
from tests.conftest import Workshop

NOW = 1_790_000_000_000


def wait(path: Path, now: int) -> int:
    """Seconds to wait, 0 for none; a new object each time, as after a restart."""
    try:
        Waiting(path).refuse_early(now)
    except Problem as problem:
        return int(str(problem.values["seconds"]))
    return 0


def fail(path: Path, times: int, now: int = NOW) -> None:
    for _ in range(times):
        Waiting(path).failed(now)


def test_a_few_wrong_ones_cost_nothing(tmp_path: Path) -> None:
    fail(tmp_path / "a", FREE_TRIES - 1)
    assert wait(tmp_path / "a", NOW) == 0


def test_then_the_wait_doubles_up_to_a_bound(tmp_path: Path) -> None:
    waits = []
    for number in range(FREE_TRIES, FREE_TRIES + 20):
        path = tmp_path / str(number)
        fail(path, number)
        waits.append(1000 * wait(path, NOW))
    assert waits[:4] == [FIRST_WAIT_MS, 2 * FIRST_WAIT_MS, 4 * FIRST_WAIT_MS, 8 * FIRST_WAIT_MS]
    assert waits[-1] == LONGEST_WAIT_MS


def test_waiting_helps_and_a_clock_put_back_does_not(tmp_path: Path) -> None:
    fail(tmp_path / "a", FREE_TRIES)
    assert wait(tmp_path / "a", NOW + FIRST_WAIT_MS - 1) == 1
    assert wait(tmp_path / "a", NOW + FIRST_WAIT_MS) == 0
    assert 1000 * wait(tmp_path / "a", NOW - 10 * FIRST_WAIT_MS) == FIRST_WAIT_MS


def test_the_right_one_ends_it_and_tells_how_many_there_were(tmp_path: Path) -> None:
    fail(tmp_path / "a", 7)
    assert Waiting(tmp_path / "a").passed() == 7
    assert wait(tmp_path / "a", NOW) == 0
    assert Waiting(tmp_path / "a").passed() == 0


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"failed": "many"}'])
def test_a_spoiled_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wait").write_bytes(content)
    assert wait(tmp_path / "a", NOW) == 0


def test_an_archive_refuses_even_the_right_password_too_early(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    fail(path, FREE_TRIES)

    def opened(now: int) -> int:
        with Archive.open(path, workshop.user, workshop.password, workshop.catalogue, wall=lambda: now) as archive:
            return archive.failed_tries

    with pytest.raises(Problem) as caught:
        opened(NOW + 1000)
    assert caught.value.key == "archive.wait"
    assert opened(NOW + FIRST_WAIT_MS) == FREE_TRIES
    assert opened(NOW + FIRST_WAIT_MS) == 0


def test_a_wrong_password_is_counted_and_another_problem_is_not(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    with pytest.raises(Problem):
        Archive.open(path, workshop.user, "wrong", workshop.catalogue, wall=lambda: NOW)
    assert Waiting(path).passed() == 1
    (tmp_path / (path.name + ".keys")).write_bytes(b"XYK1")
    with pytest.raises(Problem):
        Archive.open(path, workshop.user, workshop.password, workshop.catalogue, wall=lambda: NOW)
    assert Waiting(path).passed() == 0
