"""Nothing of what the program works on gets anywhere but into the archive, and into the files that somebody asked for."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest
import xlsxwriter

from app.access import enter
from app.people.identity import resident_id_checksum
from app.people.service import People
from app.records import CATALOGUE
from app.sessions.form import SessionNote
from app.sessions.service import Sessions
from app.spreadsheets import read_sheets
from storage.archive import Archive
from storage.keys import open_slots, slots_path
from tests.effort import dice, rounds
from tests.leak.watch import Watch, Words, spellings

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD, WRONG = "上官护士", "leak-test passphrase 4711", "a wrong passphrase 0815"
OTHERS = tuple(f"学生{sign}" for sign in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉")
"""With whom the class is large enough for a print."""

NAMES = ("欧阳霁蓝", "司徒砚秋", "慕容听雪", "诸葛问渠")
GUARDIAN, ADDRESS, PHONE = "皇甫望舒", "云外镇不存在路77号", "10000007351"
NOTE, STATEMENT = "她把刀片藏在笔袋的夹层里", "下周一再谈，先不告诉家长"
GROUP = "七年级1班"


def number(place: int) -> str:
    first17 = f"9900002013071{place}07{place}"
    return first17 + resident_id_checksum(first17)


NUMBERS = tuple(number(place) for place in range(len(NAMES)))
STUDENTS = tuple(f"G990077{place:04}" for place in range(len(NAMES)))
PLANTED = (*NAMES, GUARDIAN, ADDRESS, PHONE, NOTE, STATEMENT, *NUMBERS, *STUDENTS, PASSWORD, WRONG)


class Place:
    """A computer of its own: home, folder for temporary files, data, and what was put in and asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = ("home", "temporary", "data", "given", "asked", "here", "runtime")
        self.home, self.temporary, self.data, self.given, self.asked, self.here, runtime = (
            folder / name for name in names
        )
        for one in (self.home, self.temporary, self.data, self.given, self.asked, self.here, runtime):
            one.mkdir(mode=0o700)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = kept | {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_RUNTIME_DIR": str(runtime),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.archive = self.data / "station.xinyi"
        self.password = self.given / "password.txt"
        self.password.write_text(PASSWORD + "\n", "utf-8")
        self.wrong = self.given / "wrong.txt"
        self.wrong.write_text(WRONG + "\n", "utf-8")

    def start(self, *arguments: object, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a program of ours here, as people do; a crash may write a core file."""
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=self.here,
            env=self.environment | dict(environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def xinyi(self, *arguments: object, password: Path | None = None) -> subprocess.Popen[bytes]:
        """Start `xinyi` on the archive."""
        who = {"XINYI_ARCHIVE": str(self.archive), "XINYI_USER": USER} if arguments[0] != "demo" else {}
        who |= {"XINYI_PASSWORD_FILE": str(password or self.password)} if who else {}
        return self.start("-m", "ui", *arguments, environment=who)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Where a crash may write a core file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield Place(tmp_path)
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.fixture
def station(place: Place) -> Place:
    """A place with an archive that holds what was planted."""
    write_roster(place.given / "roster.xlsx")
    write_answers(place.given / "answers.csv")
    done(place.xinyi("archive", "create", place.archive, "--station", "无名中学"))
    done(place.xinyi("import", "roster", place.given / "roster.xlsx", "--json"))
    done(place.xinyi("import", "answers", "--instrument", "phq-9", place.given / "answers.csv"))
    with Archive.open(place.archive, USER, PASSWORD, CATALOGUE) as archive:
        person, today = People(archive).find(NAMES[0])[0], dt.datetime.now().astimezone().date()
        Sessions(enter(archive)).write(person.id, SessionNote(today, "face", {"problem": STATEMENT}, 30), today)
    return place


def done(process: subprocess.Popen[bytes], expect: int = 0, typed: bytes = b"") -> tuple[bytes, bytes]:
    out, err = process.communicate(typed)
    assert process.returncode == expect, (out.decode(), err.decode())
    return out, err


def write_roster(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号", "班级", "学籍号", "监护人姓名", "联系电话", "住址"])
        for line, who in enumerate(zip(NAMES, NUMBERS, STUDENTS, strict=True), 1):
            sheet.write_row(line, 0, [who[0], who[1], GROUP, who[2], GUARDIAN, PHONE, ADDRESS])
        for line, name in enumerate(OTHERS, len(NAMES) + 1):
            sheet.write_row(line, 0, [name, "", GROUP, f"G990088{line:04}"])


def write_answers(path: Path) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["学籍号", "姓名", *(f"第{item}题" for item in range(1, 10))])
        for name, student in zip(NAMES, STUDENTS, strict=True):
            rows.writerow([student, name, *[3] * 9])
        for line, name in enumerate(OTHERS, len(NAMES) + 1):
            rows.writerow([f"G990088{line:04}", name, *[0] * 9])


@pytest.fixture
def watch(place: Place) -> Callable[..., Watch]:
    def make(words: Words | None = None, allowed: tuple[Path, ...] = ()) -> Watch:
        given = [path for path in place.given.rglob("*") if path.is_file()]
        return Watch(words or words_of(place), [place.folder], [place.temporary], [*given, *allowed])

    return make


def words_of(place: Place) -> Words:
    """What was planted, and the keys of the archive."""
    raw: list[bytes] = []
    if place.archive.exists():
        unlocked = open_slots(slots_path(place.archive), USER, PASSWORD)
        raw = [unlocked.key, unlocked.private[:32], unlocked.private[-32:]]
    return Words(PLANTED, raw)


def is_clean(watched: Watch) -> None:
    assert watched.finds == set()
    assert watched.made == set(), "a file for a moment is a file: its blocks stay on the disk"


# ---- the watch itself ----


def test_the_watch_finds_a_word_in_every_spelling_and_place(place: Place, watch: Callable[..., Watch]) -> None:
    word = NAMES[0]
    assert {word.encode(), word.encode("gbk"), word.encode("utf-16-le"), word.encode().hex().encode()} <= spellings(
        word
    )
    assert b"ouyangjilan" in spellings(word)
    script = f"""
import os, sys, tempfile, time
with tempfile.TemporaryFile() as file:
    file.write({word.encode("gbk")!r}); file.flush()
    open("plain.log", "wb").write({word.encode("utf-16-le")!r})
    sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.read()
"""
    with watch() as watched:
        process = subprocess.Popen(
            [sys.executable, "-c", script, word], cwd=place.here, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=place.environment | {"WHO": word},
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        watched.wait_for_looks(2)
        process.communicate()
    assert {find.place for find in watched.finds} >= {"cmdline", "environ", str(place.here / "plain.log")}
    assert any(find.place.endswith("(deleted)") for find in watched.finds)
    assert watched.made


# ---- the demonstration ----


def test_the_demonstration_runs_to_its_end_and_leaves_nobody_outside_its_archives(
    place: Place, watch: Callable[..., Watch]
) -> None:
    folder = place.data / "demo"
    with watch(Words(())) as watched:
        out, err = done(place.xinyi("demo", "--headless", "--json", "--dir", folder))
    assert len(msgspec.json.decode(out)["steps"]) > 15
    prints = sorted((folder / "prints").glob("*.pdf"))
    assert len(prints) >= 10
    assert all(len(pypdfium2.PdfDocument(one)) >= 1 for one in prints)
    assert watched.made == set()
    assert watched.processes
    words = Words(invented(folder))
    rosters = [
        path for path in (folder / "files").iterdir() if "request" not in path.name and "admission" not in path.name
    ]
    again = Watch(words, [place.folder], [place.temporary], rosters)
    with again:
        again.check(err, "standard error")
    assert again.finds == set()


def invented(folder: Path) -> Iterator[str]:
    """Some of the people in the rosters of the demonstration: names that no other text contains by chance."""
    for roster in sorted((folder / "files").glob("*-roster.*")):
        cells = [str(cell) for sheet in read_sheets(roster) for row in sheet.rows for cell in row if cell]
        numbers = [cell for cell in cells if cell.startswith("990000") and len(cell) == 18]
        assert len(numbers) > 100
        yield from numbers[:4]


# ---- the command line ----


def test_a_day_at_the_command_line_leaves_nothing_open(station: Place, watch: Callable[..., Watch]) -> None:
    asked = station.asked
    outputs = ("x.pdf", "x.json", "class.pdf", "class.json", "code.pdf")
    (station.given / "broken.xlsx").write_bytes((station.given / "roster.xlsx").read_bytes()[:-900])
    (station.given / "doubtful.csv").write_text(f"姓名,身份证号,班级\n{NAMES[0]},{NUMBERS[1][:-1]}Q,{GROUP}\n", "utf-8")
    backups = station.data / "backups"
    backups.mkdir()
    with watch(allowed=tuple(asked / name for name in outputs)) as watched:
        found, _ = done(station.xinyi("person", "find", NAMES[0][:2], "--json"))
        person = msgspec.json.decode(found)[0]["id"]
        days: list[tuple[int, list[object], Path | None]] = [
            (0, ["person", "show", person], None),
            (0, ["person", "export", person, "--out", asked / "x.pdf", "--json", asked / "x.json"], None),
            (0, ["report", "class-summary", "--group", GROUP, "--out", asked / "class.pdf", "--json", asked / "class.json"], None),
            (0, ["archive", "recovery", "--out", asked / "code.pdf"], None),
            (0, ["alert", "list"], None),
            (0, ["import", "roster", station.given / "roster.xlsx"], None),
            (0, ["import", "roster", station.given / "doubtful.csv"], None),
            (0, ["archive", "backup", "--out", backups], None),
            (0, ["archive", "rekey"], None),
            (0, ["archive", "rebuild"], None),
            (0, ["archive", "verify"], None),
            (1, ["import", "roster", station.given / "broken.xlsx"], None),
            (1, ["archive", "info"], station.wrong),
            (1, ["person", "export", person, "--out", asked / "missing" / "x.pdf"], None),
            (2, ["person"], None),
        ]  # fmt: skip
        for code, arguments, password in days:
            _, err = done(station.xinyi(*arguments, password=password), code)
            watched.check(err, f"standard error of {arguments[:2]}")
    is_clean(watched)
    assert {path.name for path in asked.iterdir()} == {*outputs}


BUG = """
import sys
from app.people.service import People
def find(*_):
    raise RuntimeError(sys.stdin.read())
People.find = find
from ui.__main__ import main
sys.exit(main(["person", "find", "x"]))
"""


def test_a_bug_is_reported_without_a_word_of_what_was_worked_on(station: Place, watch: Callable[..., Watch]) -> None:
    who = {"XINYI_ARCHIVE": str(station.archive), "XINYI_USER": USER, "XINYI_PASSWORD_FILE": str(station.password)}
    with watch() as watched:
        out, err = done(station.start("-c", BUG, environment=who), 3, "\n".join(PLANTED).encode())
        watched.check(out + err, "what it said")
    is_clean(watched)
    reports = list(station.home.rglob("fault-*.txt"))
    assert len(reports) == 1
    assert "RuntimeError" in reports[0].read_text("utf-8")


# ---- a sudden end ----


@pytest.mark.soak
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV])
def test_a_sudden_end_in_the_middle_of_the_work_leaves_nothing_open(
    station: Place, watch: Callable[..., Watch], how: signal.Signals
) -> None:
    done_first, _ = done(station.xinyi("person", "find", NAMES[0][:2], "--json"))
    person = msgspec.json.decode(done_first)[0]["id"]
    acts: list[list[object]] = [
        ["person", "export", person, "--out", station.asked / "x.pdf"],
        ["report", "class-summary", "--group", GROUP, "--out", station.asked / "class.pdf"],
        ["import", "roster", station.given / "roster.xlsx"],
    ]
    chance = dice(f"sudden end by {how.name}")
    ended = 0
    with watch(allowed=(station.asked / "x.pdf", station.asked / "class.pdf")) as watched:
        for act in acts * rounds(1, soak=10):
            ended += end_suddenly(station, act, how, chance.uniform(0, 0.4))
        cores = list(station.folder.rglob("core*"))
        assert cores == []
    is_clean(watched)
    assert ended


def end_suddenly(station: Place, act: list[object], how: signal.Signals, later: float) -> bool:
    """End a command some time after it has opened the archive; returns whether it had not ended by itself."""
    lock = station.archive.with_name(station.archive.name + ".lock")
    process = station.xinyi(*act)
    mine = re.compile(rf"\b{process.pid}\b".encode())
    while process.poll() is None and not mine.search(lock.read_bytes()):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.002)
    with suppress(subprocess.TimeoutExpired):
        process.wait(later)
    process.send_signal(how)
    process.communicate()
    return process.returncode == -how


def test_a_core_file_would_be_written_here_if_the_program_let_it(place: Place) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    done(place.start("-c", "import os; os.abort()"), -signal.SIGABRT)
    assert pattern.startswith(("|", "/")) or list(place.here.glob("core*"))
    for core in place.here.glob("core*"):
        core.unlink()
    done(
        place.start("-c", "import os; from ui.faults import keep_memory_private as k; k(); os.abort()"), -signal.SIGABRT
    )
    assert not list(place.here.glob("core*"))
    dumpable = "import ctypes; from ui.faults import keep_memory_private as k; k(); print(ctypes.CDLL(None).prctl(3))"
    out, _ = done(place.start("-c", dumpable))
    assert out == b"0\n"


# ---- the window ----


def test_the_window_writes_nothing_outside_the_archive(station: Place, watch: Callable[..., Watch]) -> None:
    shown = {"names": NAMES, "note": NOTE}
    with watch() as watched:
        visit = station.start(Path(__file__).with_name("visit.py"), station.archive)
        out, err = done(visit, typed=msgspec.json.encode({"user": USER, "password": PASSWORD, **shown}))
        said: dict[str, Any] = msgspec.json.decode(out)
        watched.check(err, "standard error")
        watched.check("\n".join(said["titles"]).encode(), "title of a window")
    assert said["seen"] == [True, True], "the names and the note were on the screen"
    assert watched.finds == set()
    assert watched.made == set()
    assert len(list(station.home.rglob("fault-*.txt"))) == 1
