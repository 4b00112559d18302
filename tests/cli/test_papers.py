"""Forms on paper and what there is to know about instruments, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.printed import bare, text_of
from tests.unit.app.instruments.example import raw

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

STUDENT = 3


@pytest.fixture
def archive(answered_archive: Path) -> Path:
    """A class that has answered; one of them gave a critical answer."""
    return answered_archive


def test_the_list_says_of_each_whether_its_wording_is_here_and_where_its_bands_come_from(cli: Cli) -> None:
    listed = {one["id"]: one for one in cli.run("instrument", "list", "--json").data}
    assert listed["phq-9"]["wording"] == "full"
    assert listed["scl-90"]["wording"] == "structure"
    assert any("Kroenke" in source for source in listed["phq-9"]["sources"])
    head, *rows = cli.run("instrument", "list").out.splitlines()
    assert [word in head for word in ("编号", "版本", "名称", "题数", "原文", "许可", "界值出处")] == [True] * 7
    assert len(rows) == len(listed)


def test_an_instrument_is_shown_as_on_its_page(cli: Cli) -> None:
    shown = cli.run("instrument", "show", "mht").out
    for words in ("测什么", "给谁用", "不能漏看的回答", "怎样谈：", "分数怎么看", "版权和许可", "100. "):
        assert words in shown
    assert "What it measures" in cli.run("instrument", "show", "mht", "--language", "en").out
    assert cli.run("instrument", "show", "mht", "--json").data["id"] == "mht"


def test_an_empty_form_needs_no_archive(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "phq-9.pdf"
    assert str(out) in cli.run("instrument", "print", "phq-9", "--out", out).out
    assert "做事时提不起劲或没有兴趣" in bare(text_of(out))
    cli.run("instrument", "print", "phq-9", "--out", out, "--language", "en")
    assert "Littleinterestorpleasure" in bare(text_of(out))
    assert "没有量表" in cli.run("instrument", "print", "none", "--out", tmp_path / "none.pdf", expect=1).err
    assert not (tmp_path / "none.pdf").exists()


def test_an_empty_form_of_a_station_carries_its_name(cli: Cli, archive: Path, tmp_path: Path) -> None:
    cli.run("instrument", "print", "gad-7", "--out", tmp_path / "gad-7.pdf", archive=archive)
    assert "示范中学" in text_of(tmp_path / "gad-7.pdf")


def test_a_filled_form_goes_on_paper_and_into_the_access_log(cli: Cli, archive: Path, tmp_path: Path) -> None:
    name, _, _, _, student = cli.pupil(STUDENT)
    timeline = cli.run("person", "show", student, "--json", archive=archive).data["timeline"]
    (screening,) = [entry["id"] for entry in timeline if entry["kind"] == "screening"]
    for named in (screening, "phq-9"):
        out = tmp_path / f"{named}.pdf"
        cli.run("person", "form", student, named, "--out", out, archive=archive)
        said = bare(text_of(out))
        assert name in said
        assert "需要当面了解" in said
    log = json.loads(cli.run("archive", "audit", "--json", archive=archive).out)
    printed = [entry for entry in log if entry["kind"] == "printed"]
    assert [(entry["person"], entry["detail"]) for entry in printed] == [(name, "filled-form")] * 2


def test_a_form_of_somebody_else_is_not_printed(cli: Cli, archive: Path, tmp_path: Path) -> None:
    _, _, _, _, student = cli.pupil(STUDENT)
    _, _, _, _, other = cli.pupil(STUDENT + 1)
    timeline = cli.run("person", "show", other, "--json", archive=archive).data["timeline"]
    theirs = next(entry["id"] for entry in timeline if entry["kind"] == "screening")
    refused = cli.run("person", "form", student, theirs, "--out", tmp_path / "no.pdf", archive=archive, expect=1)
    assert "没有这份答卷" in refused.err
    assert not (tmp_path / "no.pdf").exists()


def test_a_station_brings_in_a_definition_of_its_own_and_prints_it(cli: Cli, archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_bytes(raw())
    assert cli.run("instrument", "add", file, "--json", archive=archive).data == {"id": "example", "version": "1.0.0"}
    assert "没有导入" in cli.run("instrument", "add", file, archive=archive, expect=1).err
    assert "example" in {one["id"] for one in cli.run("instrument", "list", "--json", archive=archive).data}
    assert cli.run("instrument", "show", "example", "--json", archive=archive).data["version"] == "1.0.0"
    (tmp_path / "broken.json").write_text("{}")
    assert "没有导入" in cli.run("instrument", "add", tmp_path / "broken.json", archive=archive, expect=1).err
    cli.run("instrument", "print", "example", "--out", tmp_path / "own.pdf", archive=archive)
    assert (tmp_path / "own.pdf").exists()
