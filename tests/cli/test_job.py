"""The whole job by command line: real files, real processes, a real server."""

import json
from pathlib import Path
from typing import Any

from tests.printed import text_of


def joined(cli: Any, folder: Path, county: Path, name: str, user: str) -> Path:
    """A new archive that the county has admitted to the one station."""
    archive: Path = cli.make_archive(folder, name, "示范中学", user)
    request, admission = folder / f"{name}.request", folder / f"{name}.admission"
    cli.run("enrol", "request", "--out", request, archive=archive, user=user)
    cli.run("county", "admit", county, request, "--station", "示范中学", "--role", "station", "--out", admission)
    cli.run("enrol", "accept", admission, archive=archive, user=user)
    return archive


def test_a_teacher_does_a_round_of_screening(cli: Any, tmp_path: Path) -> None:
    archive = cli.make_archive(tmp_path, "a", "示范中学")
    roster, answers = tmp_path / "名单.xlsx", tmp_path / "答卷.xlsx"
    cli.write_roster(roster)
    cli.write_answers(answers)

    trial = cli.run("import", "roster", roster, "--dry-run", "--json", archive=archive).data
    assert trial["counts"] == {"taken": cli.pupils, "doubtful": 0, "refused": 0}
    assert cli.run("archive", "info", "--json", archive=archive).data["records"]["person"] == 0
    assert cli.run("import", "roster", roster, "--json", archive=archive).data["added"] == cli.pupils
    again = cli.run("import", "roster", roster, "--json", archive=archive).data
    assert (again["added"], again["unchanged"]) == (0, cli.pupils)

    recorded = cli.run("import", "answers", "--instrument", "phq-9", answers, "--json", archive=archive).data
    assert (recorded["recorded"], recorded["alerts"]) == (cli.pupils, 1)
    twice = cli.run("import", "answers", "--instrument", "phq-9", answers, "--json", archive=archive).data
    assert (twice["recorded"], twice["counts"]["refused"]) == (0, cli.pupils)

    (alert,) = cli.run("alert", "list", "--json", archive=archive).data
    assert (alert["level"], alert["name"]) == ("red", cli.pupil(3)[0])
    (found,) = cli.run("person", "find", cli.pupil(3)[2][-6:], "--json", archive=archive).data
    shown = cli.run("person", "show", found["id"], "--json", archive=archive).data
    assert [entry["kind"] for entry in shown["timeline"]].count("screening") == 1

    pdf, data = tmp_path / "summary.pdf", tmp_path / "summary.json"
    cli.run("report", "class-summary", "--group", "七年级1班", "--out", pdf, "--json", data, archive=archive)
    text = text_of(pdf)
    assert "七年级1班" in text
    printed = data.read_text("utf-8") + text
    assert not [name for number in range(cli.pupils) for name in cli.pupil(number)[:1] if name in printed]
    assert cli.run("archive", "verify", "--json", archive=archive).data["sound"]
    assert cli.run("archive", "rebuild", "--json", archive=archive).data["same"]


def test_two_devices_of_a_school_end_with_the_same_state(cli: Any, tmp_path: Path, server: tuple[Path, str]) -> None:
    county, url = server
    first = joined(cli, tmp_path, county, "a", "王老师")
    second = joined(cli, tmp_path, county, "b", "李老师")
    roster, answers = tmp_path / "名单.xlsx", tmp_path / "答卷.xlsx"
    cli.write_roster(roster)
    cli.write_answers(answers)
    cli.run("import", "roster", roster, archive=first)
    sent = cli.run("sync", url, "--json", archive=first).data
    assert sent["sent"] > cli.pupils
    assert (sent["pending"], sent["refused"]) == (0, [])
    got = cli.run("sync", url, "--json", archive=second, user="李老师").data
    assert got["received"] == sent["sent"]
    cli.run("import", "answers", "--instrument", "phq-9", answers, archive=second, user="李老师")
    cli.run("sync", url, archive=second, user="李老师")
    states = [
        cli.run("sync", url, "--json", archive=first).data["state_hash"],
        cli.run("sync", url, "--json", archive=second, user="李老师").data["state_hash"],
    ]
    assert states[0] == states[1]
    repeated = cli.run("sync", url, "--json", archive=first).data
    assert (repeated["sent"], repeated["received"], repeated["state_hash"]) == (0, 0, states[0])

    stored = b"".join(file.read_bytes() for file in county.glob("county.db*"))
    for number in range(cli.pupils):
        for text in (cli.pupil(number)[0], cli.pupil(number)[2], cli.pupil(number)[4]):
            assert not [code for code in ("utf-8", "utf-16-le", "gb18030") if text.encode(code) in stored]
    status = cli.run("county", "status", county, "--json").data
    assert (status["stations"], status["devices"]) == (1, 2)
    assert all(device["seen"] for device in cli.run("county", "devices", county, "--json").data)


def test_two_devices_meet_by_stick_alone(cli: Any, tmp_path: Path, server: tuple[Path, str]) -> None:
    county, _ = server
    first = joined(cli, tmp_path, county, "a", "王老师")
    second = joined(cli, tmp_path, county, "b", "李老师")
    stick = tmp_path / "stick"
    stick.mkdir()
    roster = tmp_path / "名单.xlsx"
    cli.write_roster(roster)
    cli.run("import", "roster", roster, archive=first)
    # The second device brings its certificate, the first one its records and the key, the second one takes them.
    cli.run("sync", "--folder", stick, archive=second, user="李老师")
    cli.run("sync", "--folder", stick, archive=first)
    got = cli.run("sync", "--folder", stick, "--json", archive=second, user="李老师").data
    there = cli.run("sync", "--folder", stick, "--json", archive=first).data
    assert got["state_hash"] == there["state_hash"]
    assert got["pending"] > 0  # no server has it yet, and nothing claims so
    names = [cli.pupil(number)[0].encode() for number in range(cli.pupils)]
    content = b"".join(file.read_bytes() for file in stick.rglob("*") if file.is_file())
    assert not [name for name in names if name in content]


def test_the_list_of_reports_and_instruments_needs_no_archive(cli: Any) -> None:
    assert "class-summary" in cli.run("report", "--list").out
    listed = json.loads(cli.run("instrument", "list", "--json").out)
    assert {"gad-7", "phq-9", "scl-90"} <= {one["id"] for one in listed}
    assert all(one["licence"] and one["evidence"] for one in listed)
