"""The monthly checkpoint: what is on the paper, and what a comparison says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.access import enter
from app.audit import Audit, Entry, detail_words
from app.checkpoints import compare, is_missing, last_printed, note_printed, pin, short_code
from app.errors import Problem
from app.records import CATALOGUE, Group, plain
from app.reports.audit_page import MAX_SCANNED, audit_pdf, audit_print, checkpoint_pdf, checkpoint_print
from app.reports.blocks import Code
from app.texts import LANGUAGES, Texts
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from tests.printed import bare, pages_of, text_of

USER = "王老师"
MADE = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TEXTS = Texts.load()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    owner = Owner(USER, "correct horse", Names("办公室笔记本", "示范中学"))
    with Archive.create(tmp_path / "a.xinyi", owner, CATALOGUE) as made:
        register_user(made, USER)
        yield made


def moment(year: int, month: int, day: int) -> int:
    return int(dt.datetime(year, month, day, 12).astimezone().timestamp() * 1000)


@pytest.mark.parametrize(
    ("last", "missing"),
    [(0, True), (moment(2026, 10, 31), True), (moment(2025, 11, 22), True), (moment(2026, 11, 1), False)],
)
def test_one_is_missing_until_one_of_this_month_was_printed(last: int, missing: bool) -> None:
    assert is_missing(last, moment(2026, 11, 22)) is missing


def test_a_checkpoint_compares_with_what_was_there_and_is_written_down(archive: Archive) -> None:
    pinned = pin(archive)
    archive.save([Draft.new("group", archive.new_id(), plain(Group("七年级1班")))])
    spaced = "\n".join(pinned.line[first : first + 9] for first in range(0, len(pinned.line), 9))
    said = compare(archive, spaced)
    assert (said.differences, said.short) == ([], pinned.short)
    assert [entry.kind for entry in Audit(archive).listed()] == ["checkpoint"]


def test_the_short_code_differs_from_checkpoint_to_checkpoint_and_has_no_letters_to_mistake(archive: Archive) -> None:
    codes = [pin(archive).short for _ in range(20)]
    assert len(set(codes)) == 20
    assert all(len(code) == 9 and code[4] == "-" and not set("ILOU") & set(code) for code in codes)
    assert short_code("XYC1: a b\n") == short_code("XYC1:ab")


def test_who_may_not_see_the_log_makes_no_checkpoint(archive: Archive) -> None:
    record = archive.get("user", archive.user)
    assert record is not None
    archive.save([Draft.edit(record, {"roles": ["counsellor"]})])
    seen = enter(archive)
    with pytest.raises(Problem) as caught:
        pin(seen)
    assert caught.value.key == "access.audit"


def test_when_it_went_to_paper_is_remembered(archive: Archive) -> None:
    assert last_printed(archive) == 0
    note_printed(archive, 5)
    assert last_printed(archive) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_the_safe_names_nobody_and_has_the_whole_code(archive: Archive, language: str) -> None:
    pinned = pin(archive)
    text = text_of(checkpoint_pdf(pinned, made=MADE, texts=Texts.load(language)))
    assert pinned.short in text
    assert "示范中学" in text
    assert USER not in text
    assert bare(pinned.line) in bare(text)


def test_the_log_on_paper_has_every_entry_and_says_on_every_page_what_it_is(archive: Archive) -> None:
    entries = [Entry(moment(2026, 11, 20) + number, "read", USER, f"学生{number}", "") for number in range(120)]
    pinned = pin(archive)
    pdf = audit_pdf(entries, pinned, asked="2026-11-16 至 2026-11-22", made=MADE, texts=TEXTS)
    pages = pages_of(pdf)
    assert len(pages) > 2
    assert all("含个人信息" in page for page in pages)
    whole = bare("".join(pages))
    assert all(f"学生{number}" in whole for number in range(120))
    assert bare(pinned.line) in whole


def test_without_entries_there_is_still_a_page_with_the_checkpoint(archive: Archive) -> None:
    text = text_of(audit_pdf([], pin(archive), asked="今天", made=MADE, texts=TEXTS))
    assert "共 0 条" in text


def test_what_is_scanned_is_the_checkpoint_and_a_code_too_long_to_scan_is_letters_only(archive: Archive) -> None:
    pinned = pin(archive)
    codes = [block for block in checkpoint_print(pinned, made=MADE, texts=TEXTS).blocks if isinstance(block, Code)]
    assert [code.scanned for code in codes] == [pinned.line]
    long = type(pinned)("X" * (MAX_SCANNED + 1), 1, "示范中学", "a.xinyi", "laptop")
    blocks = audit_print([], long, asked="", made=MADE, texts=TEXTS).blocks
    assert not [block for block in blocks if isinstance(block, Code)]
    assert checkpoint_pdf(long, made=MADE, texts=TEXTS).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("failed", "3", "3 次"),
        ("printed", "class-summary", "班级心理筛查情况"),
        ("printed", "audit-log", "访问记录"),
        ("erased", "retention", "保存期满"),
        ("read", "session", "咨询记录"),
        ("backup", "小王的U盘", "小王的U盘"),
        ("printed", "something newer", "something newer"),
        ("opened", "", ""),
    ],
)
def test_details_are_said_in_words(kind: str, detail: str, words: str) -> None:
    assert detail_words(Entry(0, kind, "", "", detail), TEXTS) == words
