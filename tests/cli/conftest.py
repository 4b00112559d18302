"""Runs the program as a process of its own, the way people and scripts do."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import xlsxwriter

from app.people.identity import resident_id_checksum
from tests.printed import pages_of
from tests.processes import run_process, serve_county

PUPILS = 24


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


def run(*arguments: object, archive: Path | None = None, user: str = "王老师", expect: int = 0) -> Ran:
    """Run `xinyi` with these arguments and check its exit code."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("XINYI") and name != "PYTHONWARNINGS"
    }
    if archive:
        environment |= {"XINYI_ARCHIVE": str(archive), "XINYI_USER": user}
        environment["XINYI_PASSWORD_FILE"] = str(archive.with_suffix(".password"))
    done = run_process([*map(str, arguments)], environment)
    assert "Traceback" not in done.stderr
    assert done.returncode == expect, (done.stdout, done.stderr)
    return Ran(done.returncode, done.stdout, done.stderr)


def make_archive(folder: Path, name: str, station: str, user: str = "王老师") -> Path:
    path = folder / f"{name}.xinyi"
    password = path.with_suffix(".password")
    password.write_text(f"password of {name}\n", "utf-8")
    run("archive", "create", path, "--station", station, "--user", user, "--password-file", password)
    return path


def pupil(number: int) -> tuple[str, str, str, str, str]:
    """Name, sex, identity number, class, student number of an invented pupil."""
    sex = "男" if number % 2 else "女"
    first17 = f"9900002013{1 + number % 12:02}15{number:03}"
    name = f"学生{'甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地'[number]}"
    return name, sex, first17 + resident_id_checksum(first17), "七年级1班", f"G9900{number:04}"


def write_roster(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        sheet.merge_range("A1:E1", "示范中学学生名单")
        sheet.write_row(1, 0, ["学生姓名", "性别", "身份证号码", "班级", "学籍号"])
        for number in range(PUPILS):
            sheet.write_row(2 + number, 0, pupil(number))


def write_answers(path: Path, *, positive: int = 3) -> None:
    """Everybody answers 0 but for one, who gives 2 at item 9."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("答卷")
        sheet.write_row(0, 0, ["学籍号", "姓名", *(f"第{item}题" for item in range(1, 10))])
        for number in range(PUPILS):
            name, _, _, _, student = pupil(number)
            last = 2 if number == positive else 0
            sheet.write_row(1 + number, 0, [student, name, *[0] * 8, last])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A county in a folder, served by a process of its own."""
    folder = tmp_path / "county"
    run("county", "init", folder, "--name", "示范县")
    with serve_county(folder) as server:
        yield folder, server.url


def code_on(page: Path) -> str:
    """What somebody reads off a printed recovery code."""
    return "-".join(re.findall(r"[1-7]\. ([0-9A-Z]{5})\b", pages_of(page)[0]))


class Cli:
    """What tests of the command line need."""

    run = staticmethod(run)
    make_archive = staticmethod(make_archive)
    pupil = staticmethod(pupil)
    write_roster = staticmethod(write_roster)
    write_answers = staticmethod(write_answers)
    code_on = staticmethod(code_on)
    pupils = PUPILS


@pytest.fixture(scope="session")
def cli() -> type[Cli]:
    return Cli


@pytest.fixture(scope="module")
def class_folder(cli: type[Cli], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a class with its workbooks; tests work on a copy."""
    folder = tmp_path_factory.mktemp("class")
    archive = cli.make_archive(folder, "站点", "示范中学")
    cli.write_roster(folder / "roster.xlsx")
    cli.write_answers(folder / "answers.xlsx")
    cli.run("import", "roster", folder / "roster.xlsx", archive=archive)
    return folder


@pytest.fixture(scope="module")
def answered_folder(cli: type[Cli], class_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same when all have answered; tests work on a copy."""
    folder = shutil.copytree(class_folder, tmp_path_factory.mktemp("answered"), dirs_exist_ok=True)
    answers = folder / "answers.xlsx"
    cli.run("import", "answers", "--instrument", "phq-9", answers, archive=folder / "站点.xinyi")
    return folder


@pytest.fixture
def class_archive(class_folder: Path, tmp_path: Path) -> Path:
    """The archive of a class; beside it its roster and the answers, which are not in it yet."""
    return shutil.copytree(class_folder, tmp_path, dirs_exist_ok=True) / "站点.xinyi"


@pytest.fixture
def answered_archive(answered_folder: Path, tmp_path: Path) -> Path:
    """The archive of a class that has answered; the fourth gave a critical answer. Its workbooks lie beside it."""
    return shutil.copytree(answered_folder, tmp_path, dirs_exist_ok=True) / "站点.xinyi"
