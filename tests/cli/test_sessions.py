"""Session notes on the command line: sealed to their author, and opened in an emergency."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTE = {"problem": "说晚上睡不着", "plan": "下周再来"}
REASON = "今晚失联，家长求助"


@pytest.fixture
def school(cli: Any, tmp_path: Path) -> Path:
    """An archive with two counsellors and one pupil."""
    path: Path = cli.make_archive(tmp_path, "school", "某某中学")
    (tmp_path / "roster.csv").write_text("姓名,性别,学号,班级\n张三,男,20130101,七年级1班\n", "utf-8")
    cli.run("import", "roster", tmp_path / "roster.csv", archive=path)
    (tmp_path / "second").write_text("password of school\n", "utf-8")
    cli.run(
        "archive",
        "user",
        "add",
        "李老师",
        "--role",
        "counsellor",
        "--new-password-file",
        tmp_path / "second",
        archive=path,
    )
    (tmp_path / "note.json").write_text(json.dumps(NOTE), "utf-8")
    return path


def test_a_note_is_written_read_and_closed_to_others(cli: Any, school: Path, tmp_path: Path) -> None:
    cli.run("archive", "recovery", "--out", tmp_path / "code.pdf", archive=school)
    wrote = cli.run(
        "session", "write", "20130101", "--note", tmp_path / "note.json", "--minutes", 40, "--json", archive=school
    )
    session = wrote.data["id"]
    assert cli.run("session", "show", session, "--json", archive=school).data["sections"] == NOTE
    assert "睡不着" in cli.run("session", "show", session, archive=school).out
    assert "咨询（面谈，40 分钟）" in cli.run("person", "show", "20130101", archive=school).out

    other = {"archive": school, "user": "李老师"}
    refused = cli.run("session", "show", session, expect=1, **other)
    assert "王老师" in refused.err
    assert "睡不着" not in refused.out + refused.err
    assert cli.run("session", "list", "20130101", "--json", **other).data[0]["readable"] is False

    (tmp_path / "code").write_text(cli.code_on(tmp_path / "code.pdf"), "utf-8")
    emergency = ("session", "emergency", session, "--code-file", tmp_path / "code", "--reason")
    cli.run(*emergency, "急", expect=1, **other)
    assert "睡不着" in cli.run(*emergency, REASON, **other).out
    notice = cli.run("session", "notices", archive=school).out
    assert all(word in notice for word in ("李老师", "张三", REASON))
    cli.run("session", "notices", "--noted", archive=school)
    assert cli.run("session", "notices", "--json", archive=school).data == []


def test_a_supervisor_is_allowed_and_withdrawn(cli: Any, school: Path, tmp_path: Path) -> None:
    session = cli.run("session", "write", "20130101", "--note", tmp_path / "note.json", "--json", archive=school).data[
        "id"
    ]
    allowed = cli.run("session", "allow", "李老师", "--json", archive=school).data
    others = cli.run("session", "readers", "--json", archive=school, user="李老师").data
    assert others["own"] == allowed["fingerprint"]
    assert "睡不着" in cli.run("session", "show", session, archive=school, user="李老师").out
    cli.run("session", "withdraw", "李老师", archive=school)
    later = cli.run("session", "write", "20130101", "--note", tmp_path / "note.json", "--json", archive=school).data[
        "id"
    ]
    cli.run("session", "show", later, archive=school, user="李老师", expect=1)
    assert "没有可以阅读" in cli.run("session", "allow", "没有这个人", archive=school, expect=1).err


@pytest.mark.parametrize("content", ["no json", "[]", '{"diagnosis": "x"}', "{}", '{"problem": 1}'])
def test_what_is_no_note_is_refused_with_what_there_is(cli: Any, school: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "note.json").write_text(content, "utf-8")
    refused = cli.run("session", "write", "20130101", "--note", tmp_path / "note.json", archive=school, expect=1)
    assert "没有保存" in refused.err
    assert cli.run("session", "list", "20130101", "--json", archive=school).data == []


def test_a_new_recovery_code_waits_until_it_is_agreed_to(cli: Any, school: Path, tmp_path: Path) -> None:
    cli.run("archive", "recovery", "--out", tmp_path / "code.pdf", archive=school)
    assert cli.run("archive", "user", "trust", "--json", archive=school, user="李老师").data == {"trusted": True}
    assert cli.run("archive", "user", "trust", "--json", archive=school, user="李老师").data == {"trusted": False}
