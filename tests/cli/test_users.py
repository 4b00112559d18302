"""xinyi archive user, recover, rekey; and what a class teacher gets by any command."""

from pathlib import Path
from typing import Any

import pytest

PASSWORD = "another good password"


@pytest.fixture
def school(cli: Any, answered_archive: Path) -> Path:
    """An archive with pupils, answers and alerts, and a class teacher."""
    add(cli, answered_archive, "赵老师", "class_teacher")
    return answered_archive


def new_password(path: Path, password: str = PASSWORD) -> Path:
    file = path.with_name("new.txt")
    file.write_text(password + "\n", "utf-8")
    return file


def add(cli: Any, path: Path, name: str, role: str) -> None:
    groups = ["--group", "七年级1班"] if role == "class_teacher" else []
    new = new_password(path)
    cli.run("archive", "user", "add", name, "--role", role, *groups, "--new-password-file", new, archive=path)


def as_user(path: Path, name: str) -> list[object]:
    return ["--archive", path, "--user", name, "--password-file", new_password(path)]


def test_a_class_teacher_gets_names_and_nothing_about_anybody_s_mind(cli: Any, school: Path) -> None:
    me = as_user(school, "赵老师")
    found = cli.run("person", "find", cli.pupil(3)[0], "--json", *me)
    assert cli.pupil(3)[0] in found.out
    assert cli.pupil(3)[2] not in found.out  # the identity number
    person = found.data[0]["id"]
    shown = cli.run("person", "show", person, *me).out
    assert "PHQ-9" not in shown
    for command in (
        ["alert", "list"],
        ["campaign", "list"],
        ["report", "class-summary", "--group", "七年级1班", "--out", school.with_name("x.pdf")],
        ["import", "roster", school.with_name("roster.xlsx")],
        ["import", "answers", "--instrument", "phq-9", school.with_name("answers.xlsx")],
        ["archive", "user", "list"],
        ["archive", "rekey"],
        ["session", "list", person],
        ["session", "readers"],
        ["session", "notices"],
        ["person", "export", person, "--out", school.with_name("x.pdf")],
        ["person", "erase", person],
        ["person", "restrict", person, "--reason", "x"],
        ["person", "consent", person],
        ["person", "due"],
        ["archive", "audit"],
        ["archive", "checkpoint"],
        ["archive", "recovery", "--out", school.with_name("x.pdf")],
        ["archive", "escrow"],
    ):
        refused = cli.run(*command, *me, expect=1)
        assert "角色" in refused.err or "管理员" in refused.err, command
        assert "PHQ" not in refused.out
    assert not school.with_name("x.pdf").exists()


def test_an_administrator_without_another_role_sees_no_records_but_prints_statistics(cli: Any, school: Path) -> None:
    add(cli, school, "主任", "administrator")
    me = as_user(school, "主任")
    assert "角色" in cli.run("person", "find", "张", *me, expect=1).err
    assert "角色" in cli.run("alert", "list", *me, expect=1).err
    out = school.with_name("x.pdf")
    cli.run("report", "class-summary", "--group", "七年级1班", "--out", out, *me)
    assert out.read_bytes().startswith(b"%PDF")
    assert {one["name"] for one in cli.run("archive", "user", "list", "--json", *me).data} == {
        "王老师",
        "赵老师",
        "主任",
    }


def test_roles_change_what_is_seen_at_once(cli: Any, school: Path) -> None:
    cli.run("archive", "user", "role", "赵老师", "--role", "counsellor", archive=school)
    assert cli.run("alert", "list", "--json", *as_user(school, "赵老师")).data


def test_the_last_administrator_stays(cli: Any, school: Path) -> None:
    assert "最后一位管理员" in cli.run("archive", "user", "remove", "王老师", archive=school, expect=1).err
    refused = cli.run("archive", "user", "role", "王老师", "--role", "counsellor", archive=school, expect=1)
    assert "最后一位管理员" in refused.err
    add(cli, school, "主任", "administrator")
    cli.run("archive", "user", "remove", "王老师", archive=school)
    assert "用户名或密码不对" in cli.run("archive", "info", archive=school, expect=1).err


def test_a_removed_user_is_out_and_can_come_back(cli: Any, school: Path) -> None:
    cli.run("archive", "user", "remove", "赵老师", archive=school)
    assert "用户名或密码不对" in cli.run("archive", "info", *as_user(school, "赵老师"), expect=1).err
    add(cli, school, "赵老师", "class_teacher")
    cli.run("archive", "info", *as_user(school, "赵老师"))


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (("王老师", "counsellor", PASSWORD), "已经有"),
        (("  ", "counsellor", PASSWORD), "没有填写用户名"),
        (("新人", "king", PASSWORD), "没有“king”这个角色"),
        (("新人", "counsellor", "short"), "密码太短"),
        (("新人", "counsellor", ""), "密码太短"),
        (("新人", "class_teacher", PASSWORD), "要选择班级"),
    ],
)
def test_an_account_that_cannot_be_is_refused_whole(
    cli: Any, school: Path, account: tuple[str, str, str], said: str
) -> None:
    name, role, password = account
    before = cli.run("archive", "user", "list", "--json", archive=school).data
    file = new_password(school, password)
    refused = cli.run(
        "archive", "user", "add", name, "--role", role, "--new-password-file", file, archive=school, expect=1
    )
    assert said in refused.err
    assert cli.run("archive", "user", "list", "--json", archive=school).data == before


def test_the_key_is_changed_and_everybody_s_password_stays(cli: Any, school: Path) -> None:
    before = cli.run("archive", "info", "--json", archive=school).data["state_hash"]
    cli.run("archive", "rekey", archive=school)
    assert cli.run("archive", "info", "--json", archive=school).data["state_hash"] == before
    assert cli.run("archive", "verify", "--json", archive=school).data["sound"]
    cli.run("archive", "info", *as_user(school, "赵老师"))


def recover(cli: Any, path: Path, name: str, code: str, **options: Any) -> Any:
    (path.parent / "code.txt").write_text(code, "utf-8")
    return cli.run("archive", "recover", "--code-file", path.parent / "code.txt", *as_user(path, name), **options)


def test_a_forgotten_password_is_replaced_with_the_printed_code(cli: Any, school: Path, tmp_path: Path) -> None:
    cli.run("archive", "recovery", "--out", tmp_path / "code.pdf", archive=school)
    code = cli.code_on(tmp_path / "code.pdf")
    refused = recover(cli, school, "王老师", code[:-1] + ("0" if code[-1] != "0" else "1"), expect=1)
    assert "第 7 组" in refused.err
    people = cli.run("archive", "info", "--json", archive=school).data["records"]["person"]
    recover(cli, school, "王老师", code.lower())
    assert "用户名或密码不对" in cli.run("archive", "info", archive=school, expect=1).err
    assert cli.run("archive", "info", "--json", *as_user(school, "王老师")).data["records"]["person"] == people
    # A new page ends the old one.
    cli.run("archive", "recovery", "--out", tmp_path / "new.pdf", *as_user(school, "王老师"))
    assert "不是这个档案现在的恢复码" in recover(cli, school, "王老师", code, expect=1).err
    recover(cli, school, "王老师", cli.code_on(tmp_path / "new.pdf"))


def test_where_the_page_cannot_be_written_the_old_code_stays(cli: Any, school: Path, tmp_path: Path) -> None:
    cli.run("archive", "recovery", "--out", tmp_path / "code.pdf", archive=school)
    cli.run("archive", "recovery", "--out", tmp_path / "missing" / "code.pdf", archive=school, expect=1)
    recover(cli, school, "王老师", cli.code_on(tmp_path / "code.pdf"))
