"""Backup, restore and salvage, as an administrator types them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def path(cli: type[Cli], tmp_path: Path) -> Path:
    """An archive with some people in it, and a folder for backups beside it."""
    made: Path = cli.make_archive(tmp_path, "站点", "示范中学")
    cli.write_roster(tmp_path / "roster.xlsx")
    cli.run("import", "roster", tmp_path / "roster.xlsx", archive=made)
    (tmp_path / "U盘").mkdir()
    return made


def test_a_backup_is_made_kept_and_put_back(cli: type[Cli], path: Path, tmp_path: Path) -> None:
    stick = tmp_path / "U盘"
    info = cli.run("archive", "info", "--json", archive=path).data
    first = cli.run("archive", "backup", "--out", stick, "--json", archive=path).data
    second = cli.run("archive", "backup", "--out", stick, "--keep", 1, "--json", archive=path).data
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
