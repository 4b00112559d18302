"""What whoever runs a county's server types, and what is said where it does not work."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sync.county.office import DATABASE, DATABASE_URL
from ui.__main__ import main

if TYPE_CHECKING:
    from tests.conftest import Station
    from tests.county.conftest import Postgres


def county(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    """Run a command that works; returns its data."""
    capsys.readouterr()
    assert main(["county", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail with one sentence; returns the sentence."""
    capsys.readouterr()
    assert main(["county", *map(str, arguments)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (sentence,) = captured.err.splitlines()
    assert sentence.endswith("。")
    return sentence


def test_a_county_moves_to_postgresql_and_back_by_its_backups(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], postgres: Postgres
) -> None:
    with postgres.database() as url:
        first = county(capsys, "init", tmp_path / "first", "--name", "青禾县")
        made = county(capsys, "backup", tmp_path / "first", "--out", tmp_path / "one")
        assert (made["county"], made["file"]) == ("青禾县", str(tmp_path / "one"))
        assert (
            county(capsys, "restore", tmp_path / "one", tmp_path / "moved", "--database-url", url)["county"] == "青禾县"
        )
        assert not (tmp_path / "moved" / DATABASE).exists()
        assert county(capsys, "status", tmp_path / "moved")["county"] == "青禾县"
        county(capsys, "backup", tmp_path / "moved", "--out", tmp_path / "two")
        county(capsys, "restore", tmp_path / "two", tmp_path / "back")
        assert not (tmp_path / "back" / DATABASE_URL).exists()
        assert county(capsys, "status", tmp_path / "back")["county"] == "青禾县"
        assert first["server"]


def test_a_county_can_begin_in_postgresql_and_no_later_command_has_to_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], postgres: Postgres
) -> None:
    with postgres.database() as url:
        county(capsys, "init", tmp_path / "county", "--name", "青禾县", "--database-url", url)
        assert county(capsys, "status", tmp_path / "county")["county"] == "青禾县"
        assert county(capsys, "devices", tmp_path / "county") == []
        assert (tmp_path / "county" / DATABASE_URL).stat().st_mode & 0o077 == 0
        assert "已经有东西" in refused(capsys, "init", tmp_path / "second", "--database-url", url)
        assert list((tmp_path / "second").iterdir()) == []


@pytest.mark.parametrize(
    "url", ["", "nonsense", "oracle+none://host/name", "postgresql://h:port/name", "mysql://h/name"]
)
def test_an_address_of_no_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str) -> None:
    county(capsys, "init", tmp_path / "county")
    if url:
        assert "不是程序能用的数据库地址" in refused(capsys, "status", tmp_path / "county", "--database-url", url)
    else:
        assert county(capsys, "status", tmp_path / "county", "--database-url", url)["stations"] == 0


def test_a_database_that_lets_nobody_in_is_told_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://somebody:secret-word@127.0.0.1:1/name"
    for command in ("init", "status"):
        if command == "status":
            county(capsys, "init", tmp_path / "county")
        sentence = refused(capsys, command, tmp_path / "county", "--database-url", url)
        assert "进不了县级中心的数据库" in sentence
        assert "secret-word" not in sentence


def test_what_cannot_be_done_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "county"
    county(capsys, "init", folder)
    assert "PostgreSQL" in refused(capsys, "serve", folder, "--workers", 2, "--port", 0)
    assert "读不了" in refused(capsys, "restore", tmp_path / "nothing", tmp_path / "new")
    (tmp_path / "letter").write_text("dear colleague")
    assert "不是完整的县级中心备份" in refused(capsys, "restore", tmp_path / "letter", tmp_path / "new")
    assert "写不了" in refused(capsys, "backup", folder, "--out", tmp_path / "letter" / "backup")
    assert "已经有东西" in refused(capsys, "restore", tmp_path / "letter", folder)


@pytest.mark.parametrize("count", ["0", "-1", "many", "1000"])
def test_a_number_of_workers_that_is_none_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["county", "serve", str(tmp_path), f"--workers={count}"])
    assert caught.value.code == 2
    assert "--workers" in capsys.readouterr().err


def test_a_device_is_revoked_by_its_name_or_id_and_the_list_says_since_when(
    station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lost = station.county.folder, station.archives[1].device
    station.county.close()
    assert [one["revoked"] for one in county(capsys, "devices", folder)] == [None, None]
    for named in ("没有这台", lost.id.hex()[:7]):
        assert named in refused(capsys, "revoke", folder, named)
    told = county(capsys, "revoke", folder, lost.id.hex()[:8])
    assert (told["device"], told["apart"]) == (lost.id.hex(), 0)
    revoked = {one["device"]: one["revoked"] for one in county(capsys, "devices", folder)}
    assert revoked.pop(lost.id.hex()) is not None
    assert list(revoked.values()) == [None]
    assert main(["county", "devices", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    day = dt.datetime.now().astimezone().strftime("%Y-%m-%d")
    place = lines[0].index("停用时间")
    assert [day in line[place - 8 :] for line in lines[1:]].count(True) == 1
    assert county(capsys, "revoke", folder, lost.names.device, "--accept-later")["accepted"] == 0
