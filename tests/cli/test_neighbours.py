"""Two laptops side by side, each a process of its own: `xinyi neighbour wait` here, `xinyi neighbour meet` there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import Process, xinyi

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


class Laptop:
    """One side: the process, and what it says before it has finished."""

    def __init__(self, archive: Path, *arguments: object) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XINYI")}
        environment |= {"XINYI_ARCHIVE": str(archive), "XINYI_USER": "王老师"}
        environment["XINYI_PASSWORD_FILE"] = str(archive.with_suffix(".password"))
        self.process = Process(xinyi, ["neighbour", *map(str, arguments), "--json"], environment)

    def line(self) -> Any:
        return json.loads(self.process.stdout.readline())

    def type(self, answer: str) -> None:
        self.process.stdin.write(f"{answer}\n")
        self.process.stdin.flush()

    def end(self, answer: str = "") -> tuple[int, Any, str]:
        """Exit code, JSON and errors once it has finished; `answer` is typed before."""
        out, errors = self.process.communicate(f"{answer}\n", 60)
        assert "Traceback" not in errors
        return self.process.wait(), json.loads(out) if out.strip() else None, errors

    def port(self) -> int:
        return int(self.line()["addresses"].rpartition(":")[2])


@contextlib.contextmanager
def laptop(archive: Path, *arguments: object) -> Iterator[Laptop]:
    one = Laptop(archive, *arguments, "--listen", "127.0.0.1")
    with one.process:
        yield one


def waiting(archive: Path) -> contextlib.AbstractContextManager[Laptop]:
    return laptop(archive, "wait")


def going(archive: Path, *address: str) -> contextlib.AbstractContextManager[Laptop]:
    return laptop(archive, "meet", *address)


@pytest.fixture(scope="module")
def pair(cli: type[Cli], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two archives of one station, the first of them with a roster. They have not met anybody."""
    tmp_path = tmp_path_factory.mktemp("pair")
    county = tmp_path / "county"
    cli.run("county", "init", county, "--name", "示范县")
    archives = []
    for name in ("one", "other"):
        archive = cli.make_archive(tmp_path, name, "示范中学")
        join(cli, archive, county)
        archives.append(archive)
    cli.write_roster(tmp_path / "roster.xlsx")
    cli.run("import", "roster", tmp_path / "roster.xlsx", archive=archives[0])
    return archives[0], archives[1]


def join(cli: type[Cli], archive: Path, county: Path, station: str = "示范中学") -> None:
    request, admission = archive.with_suffix(".request"), archive.with_suffix(".admission")
    cli.run("enrol", "request", "--out", request, archive=archive)
    cli.run("county", "admit", county, request, "--station", station, "--out", admission)
    cli.run("enrol", "accept", admission, archive=archive)


def test_two_processes_meet_once_both_have_confirmed(cli: type[Cli], pair: tuple[Path, Path]) -> None:
    one, other = pair
    with waiting(one) as host, going(other, f"127.0.0.1:{host.port()}") as visitor:
        assert host.line()["code"] == visitor.line()["code"]
        visitor.type("y")
        waited, given, _ = host.end("y")
        code, taken, _ = visitor.end()
    assert (waited, code) == (0, 0)
    assert given["sent"] == taken["received"] > cli.pupils
    assert given["state_hash"] == taken["state_hash"]
    assert json.loads(cli.run("person", "find", cli.pupil(3)[0], "--json", archive=other).out)


def test_where_one_does_not_confirm_nothing_moves(pair: tuple[Path, Path]) -> None:
    one, other = pair
    with waiting(one) as host, going(other, f"127.0.0.1:{host.port()}") as visitor:
        host.line()
        visitor.line()
        code, _, said = visitor.end("n")
        heard, _, told = host.end("y")
    assert (code, heard) == (1, 1)
    assert "没有交换任何内容" in said
    assert "没有交换任何内容" in told


def test_a_laptop_that_waits_is_found_without_its_address(pair: tuple[Path, Path]) -> None:
    one, other = pair
    with waiting(one) as host, going(other) as visitor:
        host.port()
        assert host.line()["code"] == visitor.line()["code"]
        visitor.type("y")
        assert host.end("y")[0] == 0
        assert visitor.end()[0] == 0


def test_a_laptop_that_has_not_joined_is_told(cli: type[Cli], tmp_path: Path) -> None:
    archive = cli.make_archive(tmp_path, "alone", "示范中学")
    for arguments in (("wait",), ("meet", "127.0.0.1:9")):
        assert "还没有加入" in cli.run("neighbour", *arguments, archive=archive, expect=1).err


def test_a_laptop_of_another_station_is_refused(cli: type[Cli], pair: tuple[Path, Path], tmp_path: Path) -> None:
    foreign = cli.make_archive(tmp_path, "foreign", "别的中学")
    join(cli, foreign, pair[0].parent / "county", "别的中学")
    with waiting(pair[0]) as host, going(foreign, f"127.0.0.1:{host.port()}") as visitor:
        assert visitor.end()[0] == 1
        code, _, errors = host.end()
    assert code == 1
    assert "属于别的站点" in errors


def test_where_nobody_waits_and_for_what_is_no_address_there_is_a_sentence(
    cli: type[Cli], pair: tuple[Path, Path]
) -> None:
    for address, words in (("127.0.0.1:9", "连不上另一台电脑"), ("nonsense", "不是电脑的地址")):
        assert words in cli.run("neighbour", "meet", address, archive=pair[0], expect=1).err
