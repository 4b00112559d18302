"""Whatever is wrong: one clear sentence, exit 1, nothing lost or half-imported."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from ui.__main__ import main

PASSWORD = "password of a"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with nobody in it; no test here may change that."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "password").write_text(PASSWORD + "\n", "utf-8")
    path = folder / "a.xinyi"
    create = ["archive", "create", path, "--station", "示范中学", "--user", "u", "--password-file", folder / "password"]
    assert main([str(part) for part in create]) == 0
    return path


def options(archive: Path, password: Path | None = None) -> list[str]:
    return ["--archive", str(archive), "--user", "u", "--password-file", str(password or archive.parent / "password")]


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail with one sentence; returns the sentence."""
    capsys.readouterr()
    assert main([str(one) for one in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (sentence,) = captured.err.splitlines()
    assert sentence.endswith(("。", "？"))
    return sentence


def unchanged(archive: Path, capsys: pytest.CaptureFixture[str]) -> bool:
    capsys.readouterr()
    assert main(["person", "find", "张", "--json", *options(archive)]) == 0
    return capsys.readouterr().out.strip() == "[]"


def write_workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def bad_files(folder: Path) -> dict[str, Path]:
    files = {
        "random": folder / "random.xlsx",
        "empty": folder / "empty.csv",
        "pdf": folder / "list.xls",
        "missing": folder / "nothing.xlsx",
        "folder": folder,
    }
    files["random"].write_bytes(bytes(range(256)) * 40)
    files["empty"].write_bytes(b"")
    files["pdf"].write_bytes(b"%PDF-1.7\n" + b"x" * 500)
    files["no name"] = write_workbook(folder / "no-name.xlsx", [["学号", "性别"], ["1", "男"]])
    files["blank sheet"] = write_workbook(folder / "blank.xlsx", [])
    files["too long"] = write_workbook(folder / "long.xlsx", [["姓名", "班级"], *[["张三", "1班"]] * 50_001])
    whole = write_workbook(folder / "whole.xlsx", [["姓名", "班级"], *[[f"张{n}", "1班"] for n in range(400)]])
    files["truncated"] = folder / "truncated.xlsx"
    files["truncated"].write_bytes(whole.read_bytes()[:3000])
    return files


def test_files_that_are_no_rosters_are_refused_whole(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = {
        name: refused(capsys, "import", "roster", file, *options(archive)) for name, file in bad_files(tmp_path).items()
    }
    assert "姓名" in sentences["no name"]
    assert "50000" in sentences["too long"].replace(",", "")
    assert unchanged(archive, capsys)


def test_answers_to_an_unknown_instrument_are_refused(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_workbook(tmp_path / "answers.xlsx", [["姓名", 1, 2], ["张三", 0, 0]])
    assert "scl" in refused(capsys, "import", "answers", "--instrument", "scl", file, *options(archive))


def test_a_wrong_password_is_told_and_the_right_one_works(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n", "utf-8")
    assert "密码" in refused(capsys, "archive", "info", *options(archive, wrong))
    assert main(["archive", "info", *options(archive)]) == 0


def test_archives_that_are_none_are_refused_and_not_touched(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def beside(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        path.with_name(name + ".keys").write_bytes(archive.with_name(archive.name + ".keys").read_bytes())
        return path

    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.close()
    password = archive.parent / "password"
    candidates = {
        "truncated": beside("truncated", archive.read_bytes()[:5000]),
        "foreign": beside("foreign", foreign.read_bytes()),
        "empty": beside("empty", b""),
    }
    for path in candidates.values():
        before = path.read_bytes()
        refused(capsys, "archive", "info", *options(path, password))
        assert path.read_bytes() == before
    assert ".keys" in refused(capsys, "archive", "info", *options(foreign, password))
    refused(capsys, "archive", "info", *options(tmp_path / "nothing", password))


def test_an_archive_is_not_made_over_another(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = archive.read_bytes()
    create = ["archive", "create", archive, "--station", "x", *options(archive)[2:]]
    refused(capsys, *create)
    assert archive.read_bytes() == before


def test_missing_options_are_told(archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    for name in ("XINYI_ARCHIVE", "XINYI_USER", "XINYI_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert "--archive" in refused(capsys, "archive", "info")
    assert "--user" in refused(capsys, "archive", "info", "--archive", archive)
    assert "--password-file" in refused(capsys, "archive", "info", "--archive", archive, "--user", "u")


def test_sync_before_joining_is_told(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, "sync", "https://127.0.0.1:1", *options(archive))
    refused(capsys, "sync", "--folder", tmp_path, *options(archive))


def test_papers_that_are_none_are_refused(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text("-----BEGIN XINYI ADMISSION-----\nAAAA\n-----END XINYI ADMISSION-----\n", "utf-8")
    refused(capsys, "enrol", "accept", paper, *options(archive))
    county = tmp_path / "county"
    assert main(["county", "init", str(county)]) == 0
    refused(capsys, "county", "admit", county, paper, "--station", "s", "--out", tmp_path / "out")
    refused(capsys, "county", "init", county)
    refused(capsys, "county", "status", tmp_path / "nothing")


def test_a_report_of_nobody_is_refused(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.pdf"
    refused(capsys, "report", "class-summary", "--group", "没有这个班", "--out", out, *options(archive))
    refused(capsys, "report", "unknown", "--group", "x", "--out", out, *options(archive))
    refused(capsys, "report", "class-summary", "--group", "x", *options(archive))
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments", [["unknown"], ["archive"], ["sync"], ["import", "answers", "x.csv"], ["person", "find"]]
)
def test_wrong_usage_leaves_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: xinyi" in capsys.readouterr().err


def test_a_bug_leaves_with_3_and_a_report_without_personal_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    def broken(*_: object) -> None:
        raise RuntimeError("张三 990000201303040017")

    monkeypatch.setattr("ui.cli.instrument._check", broken)
    assert main(["instrument", "check", "x.json"]) == 3
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    (report,) = tmp_path.rglob("fault-*.txt")
    assert str(report) in captured.err
    text = report.read_text("utf-8")
    assert "RuntimeError" in text
    assert "张三" not in text
    assert "990000" not in text
