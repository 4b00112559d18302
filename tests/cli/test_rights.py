"""What people may ask for, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

STUDENT = 3


@pytest.fixture
def archive(answered_archive: Path) -> Path:
    """A class that has answered; one of them raised an alert."""
    return answered_archive


def test_a_copy_is_handed_out_and_the_person_is_erased_when_no_hold_stands(
    cli: Cli, archive: Path, tmp_path: Path
) -> None:
    name, _, number, _, student = cli.pupil(STUDENT)
    cli.run("person", "export", student, "--out", tmp_path / "o.pdf", "--json", tmp_path / "o.json", archive=archive)
    document = json.loads((tmp_path / "o.json").read_text("utf-8"))
    assert document["name"] == name
    assert {entry["kind"] for entry in document["entries"]} == {"screening", "alert"}
    assert number in (tmp_path / "o.json").read_text("utf-8")
    assert (tmp_path / "o.pdf").read_bytes().startswith(b"%PDF")

    cli.run("person", "hold", student, "--reason", "诉讼", "--by", "县人民法院", archive=archive)
    refused = cli.run("person", "erase", student, archive=archive, expect=1)
    assert "县人民法院" in refused.err
    assert cli.run("person", "show", student, "--json", archive=archive).data["name"] == name
    cli.run("person", "release", student, "--reason", "结案", archive=archive)
    erased = cli.run("person", "erase", student, archive=archive)
    assert name not in erased.out
    cli.run("person", "show", student, archive=archive, expect=1)
    assert cli.run("person", "find", name, "--json", archive=archive).data == []
    cli.run("archive", "verify", archive=archive)


def test_consent_is_missing_until_everybody_has_said_yes_and_again_once_one_takes_it_back(
    cli: Cli, archive: Path
) -> None:
    student = cli.pupil(STUDENT)[4]

    def missing(*arguments: str) -> set[tuple[str, str]]:
        said = cli.run("person", *arguments, "--json", archive=archive).data["missing"]
        return {(one["giver"], one["why"]) for one in said}

    # Born in 2013; whether that is under 14 depends on today, so both are asked about.
    assert ("self", "never") in missing("consent", student)
    missing("consent", student, "--said", "given", "--by", "guardian", "--name", "家长")
    assert missing("consent", student, "--said", "given", "--by", "self") == set()
    assert missing("withdraw", student, "--by", "self") == {("self", "withdrawn")}


def test_a_restricted_person_is_read_and_not_screened(cli: Cli, archive: Path, tmp_path: Path) -> None:
    student = cli.pupil(STUDENT)[4]
    cli.run("person", "restrict", student, "--reason", "本人要求", archive=archive)
    again = ("import", "answers", "--instrument", "phq-9", tmp_path / "answers.xlsx", "--date", "2026-01-05", "--json")
    rows = cli.run(*again, archive=archive).data["rows"]
    assert [row["fate"] for row in rows].count("refused") == 1
    cli.run("person", "show", student, archive=archive)
    cli.run("person", "restrict", student, "--lift", archive=archive)


def test_nobody_is_due_before_the_station_decides_and_nobody_new_after(cli: Cli, archive: Path) -> None:
    cli.run("person", "due", archive=archive, expect=1)
    cli.run("person", "due", "--rule", "medical", "--years", "29", archive=archive, expect=1)
    said = cli.run("person", "due", "--rule", "school", "--years", "6", "--json", archive=archive).data
    assert said == {"rule": "school", "years": 6, "people": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ["erase", "没有这个人"],
        ["hold", "{}", "--reason", " ", "--by", "法院"],
        ["hold", "{}", "--reason", "诉讼", "--by", "法院", "--until", "明天"],
        ["release", "{}", "--reason", "结案"],
        ["restrict", "{}", "--lift"],
        ["withdraw", "{}"],
        ["consent", "{}", "--said", "given", "--purpose", "广告"],
        ["export", "{}"],
        ["due", "--rule", "school"],
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(cli: Cli, archive: Path, arguments: list[str]) -> None:
    student = cli.pupil(STUDENT)[4]
    said = cli.run("person", *(one.format(student) for one in arguments), archive=archive, expect=1)
    assert said.err.strip().endswith(("。", "ID --lift。"))
    assert "什么都没有" in said.err or "没有找到" in said.err or "找不到" in said.err
