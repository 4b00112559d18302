"""xinyi archive audit | checkpoint: who looked, and whether the past is still what it was."""

from pathlib import Path
from typing import Any

import pytest

from storage.database import connect
from storage.keys import open_slots, slots_path
from tests.printed import bare, text_of
from tests.processes import CHEAP


@pytest.fixture
def school(class_archive: Path) -> Path:
    return class_archive


def kinds(cli: Any, path: Path, *options: object) -> list[str]:
    return [one["kind"] for one in cli.run("archive", "audit", "--json", *options, archive=path).data]


def test_reading_printing_and_wrong_passwords_are_written_down(cli: Any, school: Path) -> None:
    person = cli.run("person", "find", cli.pupil(3)[0], "--json", archive=school).data[0]["id"]
    assert kinds(cli, school) == []
    cli.run("person", "show", person, archive=school)
    wrong = school.with_name("wrong.txt")
    wrong.write_text("no", "utf-8")
    for _ in range(2):
        cli.run("archive", "info", "--archive", school, "--user", "王老师", "--password-file", wrong, expect=1)
    log = cli.run("archive", "audit", "--json", archive=school).data
    assert [(one["kind"], one["user"], one["detail"]) for one in log] == [
        ("failed", "王老师", "2"),
        ("read", "王老师", ""),
    ]
    assert log[1]["person"] == cli.pupil(3)[0]


def test_a_look_without_personal_data_changes_nothing(cli: Any, school: Path) -> None:
    before = cli.run("archive", "info", "--json", archive=school).data["state_hash"]
    cli.run("archive", "verify", archive=school)
    cli.run("alert", "list", archive=school)
    assert cli.run("archive", "info", "--json", archive=school).data["state_hash"] == before


def test_the_log_can_be_asked_for_some_days(cli: Any, school: Path) -> None:
    person = cli.run("person", "find", cli.pupil(3)[0], "--json", archive=school).data[0]["id"]
    cli.run("person", "show", person, archive=school)
    assert kinds(cli, school, "--from", "2020-01-01") == ["read"]
    assert kinds(cli, school, "--from", "2999-01-01") == []
    assert kinds(cli, school, "--to", "2020-01-01") == []
    assert "不是日期" in cli.run("archive", "audit", "--from", "昨天", archive=school, expect=1).err


def test_a_checkpoint_holds_as_long_as_nothing_was_changed(cli: Any, school: Path) -> None:
    file = school.with_name("checkpoint.txt")
    cli.run("archive", "checkpoint", "--out", file, archive=school)
    person = cli.run("person", "find", cli.pupil(3)[0], "--json", archive=school).data[0]["id"]
    cli.run("person", "show", person, archive=school)
    assert cli.run("archive", "checkpoint", "--check", file, "--json", archive=school).data["same"]


def test_a_changed_past_is_found_and_shown_where(cli: Any, school: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.keys.COST", CHEAP)
    file = school.with_name("checkpoint.txt")
    cli.run("archive", "checkpoint", "--out", file, archive=school)
    password = school.with_suffix(".password").read_text("utf-8").strip()
    key = open_slots(slots_path(school), "王老师", password).key
    connection = connect(school, key)
    connection.execute("UPDATE segment SET data = CAST(data || x'00' AS BLOB) WHERE seq = 1")
    connection.close()
    refused = cli.run("archive", "checkpoint", "--check", file, archive=school, expect=1)
    assert "被换掉" in refused.out
    assert ":1" in refused.out
    connection = connect(school, key)
    connection.execute("DELETE FROM segment")
    connection.close()
    assert "缺少" in cli.run("archive", "checkpoint", "--check", file, archive=school, expect=1).out


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-5], lambda text: text.replace("XYC1", "XYC2"), lambda _: "hello"]
)
def test_a_spoiled_checkpoint_is_refused(cli: Any, school: Path, spoil: Any) -> None:
    file = school.with_name("checkpoint.txt")
    cli.run("archive", "checkpoint", "--out", file, archive=school)
    file.write_text(spoil(file.read_text("utf-8").strip()), "utf-8")
    assert "没有比对" in cli.run("archive", "checkpoint", "--check", file, archive=school, expect=1).err


def test_the_checkpoint_of_another_archive_is_refused(cli: Any, school: Path, tmp_path: Path) -> None:
    other = cli.make_archive(tmp_path, "b.xinyi", "别的中学")
    file = school.with_name("checkpoint.txt")
    cli.run("archive", "checkpoint", "--out", file, archive=other)
    assert "另一个档案" in cli.run("archive", "checkpoint", "--check", file, archive=school, expect=1).err


def test_the_log_goes_to_paper_with_a_checkpoint_and_that_is_written_down(cli: Any, school: Path) -> None:
    person = cli.run("person", "find", cli.pupil(3)[0], "--json", archive=school).data[0]["id"]
    cli.run("person", "show", person, archive=school)
    file = school.with_name("log.pdf")
    said = cli.run("--language", "en", "archive", "audit", "--pdf", file, archive=school)
    assert "delete the file" in said.out
    text = text_of(file)
    assert cli.pupil(3)[0] in text
    assert "XYC1:" in text
    log = cli.run("archive", "audit", "--json", archive=school).data
    assert [(one["kind"], one["detail"]) for one in log] == [("printed", "audit-log"), ("checkpoint", ""), ("read", "")]


def test_a_checkpoint_on_paper_is_the_one_in_the_file(cli: Any, school: Path) -> None:
    page, line = school.with_name("checkpoint.pdf"), school.with_name("checkpoint.txt")
    made = cli.run("archive", "checkpoint", "--pdf", page, "--out", line, "--json", archive=school).data
    text = text_of(page)
    assert line.read_text("utf-8").strip() == made["checkpoint"]
    assert bare(made["checkpoint"]) in bare(text)
    assert made["short"] in text
