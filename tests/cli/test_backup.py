"""Backup, restore and salvage, as an administrator types them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def path(class_archive: Path, tmp_path: Path) -> Path:
    """An archive with some people in it, and a folder for backups beside it."""
    (tmp_path / "U盘").mkdir()
    return class_archive


def test_a_backup_is_made_kept_and_put_back(cli: type[Cli], path: Path, tmp_path: Path) -> None:
    stick = tmp_path / "U盘"
    first = cli.run("archive", "backup", "--out", stick, "--json", archive=path).data
    second = cli.run("archive", "backup", "--out", stick, "--keep", 1, "--json", archive=path).data
    info = cli.run("archive", "info", "--json", archive=path).data
    assert (first["removed"], second["removed"], second["broken"]) == ([], [first["file"]], [])
    assert [str(file) for file in stick.iterdir()] == [second["file"]]
    again = tmp_path / "again.xinyi"
    said = cli.run("--language", "en", "archive", "restore", second["file"], again)
    assert str(again) in said.out
    again.with_suffix(".password").write_bytes(path.with_suffix(".password").read_bytes())
    assert cli.run("archive", "info", "--json", archive=again).data["state_hash"] == info["state_hash"]
    refused = cli.run("--language", "en", "archive", "restore", second["file"], again, expect=1)
    assert "exists already" in refused.err


def test_what_cannot_be_done_is_one_sentence(cli: type[Cli], path: Path, tmp_path: Path) -> None:
    pulled = cli.run("--language", "en", "archive", "backup", "--out", tmp_path / "gone", archive=path, expect=1)
    assert pulled.err.startswith("Nothing can be written to the folder “gone”")
    none = cli.run("archive", "backup", "--out", tmp_path, "--keep", 0, archive=path, expect=1)
    assert none.err == "至少要保留一份备份。\n"
    foreign = cli.run("--language", "en", "archive", "restore", tmp_path / "roster.xlsx", tmp_path / "a", expect=1)
    assert "is not a backup of Xinyi" in foreign.err


def test_a_damaged_newer_backup_is_named_and_left(cli: type[Cli], path: Path, tmp_path: Path) -> None:
    stick = tmp_path / "U盘"
    made = Path(cli.run("archive", "backup", "--out", stick, "--json", archive=path).data["file"])
    data = bytearray(made.read_bytes())
    data[5000] ^= 1
    made.write_bytes(data)
    ran = cli.run("--language", "en", "archive", "backup", "--out", stick, "--keep", 1, archive=path, expect=1)
    assert str(made) in ran.err
    assert made.exists()
    assert len(list(stick.iterdir())) == 2


def test_a_damaged_archive_is_salvaged_with_a_list_of_what_is_missing(
    cli: type[Cli], path: Path, tmp_path: Path
) -> None:
    people = cli.run("archive", "info", "--json", archive=path).data["records"]["person"]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 4096])
    for option in ([], ["--json"]):
        new = tmp_path / f"new{len(option)}.xinyi"
        ran = cli.run("--language", "en", "archive", "salvage", new, *option, archive=path, expect=0)
        assert path.read_bytes() == whole[: len(whole) - 4096]
    assert ran.data["damaged_pages"] == 1
    assert ran.data["missing_changes"] == []
    new.with_suffix(".password").write_bytes(path.with_suffix(".password").read_bytes())
    assert cli.run("archive", "info", "--json", archive=new).data["records"]["person"] == people
    assert cli.run("archive", "verify", "--json", archive=new).data["sound"]
    wrong = tmp_path / "wrong.password"
    wrong.write_text("wrong\n", "utf-8")
    arguments = ["archive", "salvage", tmp_path / "b.xinyi", "--archive", path, "--user", "王老师"]
    refused = cli.run("--language", "en", *arguments, "--password-file", wrong, expect=1)
    assert "password is wrong" in refused.err
    assert not (tmp_path / "b.xinyi").exists()


def kinds(cli: type[Cli], path: Path) -> list[str]:
    return [one["kind"] for one in cli.run("archive", "audit", "--json", archive=path).data]


def test_an_automatic_backup_is_made_once_a_day_into_the_chosen_folder(
    cli: type[Cli], path: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "U盘"
    none = cli.run("--language", "en", "archive", "backup", "--auto", archive=path, expect=1)
    assert none.err.startswith("No folder for backups was chosen")
    first = cli.run("archive", "backup", "--auto", "--out", stick, "--json", archive=path).data
    assert [str(file) for file in stick.iterdir()] == [first["file"]]
    second = cli.run("archive", "backup", "--auto", "--json", archive=path).data
    assert second == {"file": None, "removed": [], "broken": []}
    assert kinds(cli, path) == ["backup"]


def test_a_stick_that_is_not_plugged_in_is_told_and_nothing_is_written_down(
    cli: type[Cli], path: Path, tmp_path: Path
) -> None:
    stick, shelf = tmp_path / "U盘", tmp_path / "shelf"
    stick.rename(shelf)
    missing = cli.run("--language", "en", "archive", "backup", "--auto", "--out", stick, archive=path, expect=1)
    assert missing.err.startswith("Nothing can be written to the folder “U盘”")
    shelf.rename(stick)
    cli.run("archive", "backup", "--auto", "--out", stick, archive=path)
    assert kinds(cli, path) == ["backup"]


def test_how_often_and_how_many_are_not_said_at_once(cli: type[Cli], path: Path, tmp_path: Path) -> None:
    cli.run("archive", "backup", "--auto", "--keep", 3, "--out", tmp_path, archive=path, expect=2)
    nowhere = cli.run("--language", "en", "archive", "backup", archive=path, expect=1)
    assert nowhere.err.startswith("Where to back up was not said")
