"""Definitions and answers in the formats of others, by command line."""

import csv
import json
from pathlib import Path
from typing import Any

from tests.unit.app.exchange.made import YES_NO, calculated, choice, questionnaire, xlsform

GIVEN = ("--owner", "nobody", "--licence", "made up for a test")


def foreign(folder: Path) -> Path:
    """A questionnaire in English of which one part has no counterpart."""
    file = folder / "q.json"
    file.write_text(json.dumps(questionnaire(choice("1"), choice("2"), {"linkId": "3", "type": "attachment"})), "utf-8")
    return file


def test_a_questionnaire_goes_out_and_comes_back(cli: Any, tmp_path: Path) -> None:
    out, back = tmp_path / "phq.json", tmp_path / "back.json"
    told = cli.run("instrument", "export", "phq-9", "--out", out, "--language", "en").out
    assert "[left out] self-harm-thoughts: " in told
    assert json.loads(out.read_text("utf-8"))["resourceType"] == "Questionnaire"
    data = cli.run("instrument", "import", out, "--out", back, "--json").data
    assert (data["id"], data["file"]) == ("phq-9", str(back))
    assert cli.run("instrument", "check", back, "--json").data["sound"]


def test_what_has_no_counterpart_is_named_and_nothing_is_written(cli: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    ran = cli.run("instrument", "import", foreign(tmp_path), "--out", out, *GIVEN, "--language", "en", expect=1)
    assert "[refused] 3: the type “attachment” has no counterpart here." in ran.out
    assert "--leave-out" in ran.err
    assert not out.exists()


def test_without_it_the_rest_is_written_and_the_loss_told(cli: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    ran = cli.run(
        "instrument", "import", foreign(tmp_path), "--out", out, *GIVEN, "--leave-out", "--id", "mine", expect=1
    )
    assert "[遗漏] 3：" in ran.out
    assert str(out) in ran.err
    assert cli.run("instrument", "check", out, "--json").data == {"id": "mine", "version": "1.0.0", "sound": True}


def test_the_licence_has_to_be_stated(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "q.json"
    file.write_text(
        json.dumps(questionnaire(choice("1"), choice("2"), calculated("t", "item.answer.weight().sum()"))), "utf-8"
    )
    ran = cli.run("instrument", "import", file, "--out", tmp_path / "out.json", "--language", "en", expect=1)
    assert "--owner" in ran.out
    assert "--licence" in ran.out
    done = cli.run("instrument", "import", file, "--out", tmp_path / "out.json", *GIVEN, "--language", "en")
    assert "1 scores" in done.out
    assert "[to do]" in done.out


def test_an_xlsform_is_known_by_what_it_is(cli: Any, tmp_path: Path) -> None:
    file, out = tmp_path / "form.bin", tmp_path / "out.json"
    file.write_bytes(xlsform(("select_one yn", "a", "Do you sleep well?"), choices=YES_NO))
    data = cli.run("instrument", "import", file, "--out", out, *GIVEN, "--json").data
    assert [note for note in data["notes"] if "yes = 1" in note["text"]]
    text = tmp_path / "text.txt"
    text.write_text("hello", "utf-8")
    cli.run("instrument", "import", text, "--out", out, expect=1)


def test_answers_leave_without_names_and_come_back_with_numbers(cli: Any, tmp_path: Path) -> None:
    archive, other = cli.make_archive(tmp_path, "a", "示范中学"), cli.make_archive(tmp_path, "b", "另一所")
    roster, answers = tmp_path / "名单.xlsx", tmp_path / "答卷.xlsx"
    cli.write_roster(roster)
    cli.write_answers(answers)
    for one in (archive, other):
        cli.run("import", "roster", roster, archive=one)
    cli.run("import", "answers", "--instrument", "phq-9", answers, archive=archive)

    table = tmp_path / "out.csv"
    data = cli.run("campaign", "export", "--instrument", "phq-9", "--out", table, "--json", archive=archive).data
    assert (data["forms"], data["people"], data["identified"]) == (cli.pupils, cli.pupils, False)
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert len(rows) == cli.pupils
    written = table.read_text("utf-8-sig") + (tmp_path / "out.codebook.csv").read_text("utf-8-sig")
    assert not [
        number for number in range(cli.pupils) if cli.pupil(number)[0] in written or cli.pupil(number)[4] in written
    ]

    bundle = tmp_path / "out.json"
    cli.run("campaign", "export", "--instrument", "phq-9", "--out", bundle, "--identified", archive=archive)
    taken = cli.run("import", "answers", "--instrument", "phq-9", bundle, "--json", archive=other).data
    assert (taken["recorded"], taken["counts"]["refused"]) == (cli.pupils, 0)
    log = cli.run("archive", "audit", "--json", archive=archive).data
    assert [entry["detail"] for entry in log if entry["kind"] == "exported"] == ["answers-identified", "answers"]


def test_an_export_that_cannot_be_is_a_sentence(cli: Any, tmp_path: Path) -> None:
    archive = cli.make_archive(tmp_path, "a", "示范中学")
    for out, round_name in ((tmp_path / "x.pdf", ()), (tmp_path / "x.csv", ()), (tmp_path / "x.csv", ("春季",))):
        ran = cli.run(
            "campaign", "export", *round_name, "--instrument", "phq-9", "--out", out, archive=archive, expect=1
        )
        assert ran.err.strip()
        assert not out.exists()
