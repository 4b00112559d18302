"""Referrals from the command line: three stations, a real county server, and a stick."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import serve_county

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SCHOOL, HOSPITAL, OTHER = "示范中学", "县人民医院", "白石乡卫生院"
STUDENT = 3
Sync = Callable[..., None]


class County:
    """Three archives of three stations, and the address of the server."""

    def __init__(self, cli: type[Cli], folder: Path, url: str) -> None:
        self.cli, self.folder, self.url = cli, folder, url
        self.school, self.hospital, self.other = (folder / f"station-{number}.xinyi" for number in range(3))

    @classmethod
    def make(cls, cli: type[Cli], folder: Path) -> None:
        """Write the files of such a county: a class has answered, everybody has met the server."""
        office = folder / "county"
        cli.run("county", "init", office, "--name", "示范县")
        for number, station in enumerate((SCHOOL, HOSPITAL, OTHER)):
            archive: Path = cli.make_archive(folder, f"station-{number}", station)
            request, admission = archive.with_suffix(".request"), archive.with_suffix(".admission")
            cli.run("enrol", "request", "--out", request, archive=archive)
            cli.run("county", "admit", office, request, "--station", station, "--out", admission)
            cli.run("enrol", "accept", admission, archive=archive)
        cli.write_roster(folder / "roster.xlsx")
        cli.write_answers(folder / "answers.xlsx", positive=STUDENT)
        with serve_county(office) as server:
            county = cls(cli, folder, server.url)
            county.run("import", "roster", folder / "roster.xlsx", at=county.school)
            county.run("import", "answers", "--instrument", "phq-9", folder / "answers.xlsx", at=county.school)
            county.sync(county.school, county.hospital, county.other)
            # The school came first, and has heard of nobody.
            county.run("referral", "stations", server.url, at=county.school)

    def run(self, *arguments: object, at: Path, expect: int = 0) -> Any:
        return self.cli.run(*arguments, archive=at, expect=expect)

    def data(self, *arguments: object, at: Path) -> Any:
        return self.run(*arguments, "--json", at=at).data

    def sync(self, *archives: Path) -> None:
        for archive in archives:
            self.run("sync", self.url, at=archive)

    def stick(self, *archives: Path) -> None:
        folder = self.folder / "stick"
        folder.mkdir(exist_ok=True)
        for archive in archives:
            self.run("sync", "--folder", folder, at=archive)

    def agree(self) -> None:
        """Somebody under 14 and a guardian, or somebody over it, agree to a referral."""
        for giver in ("self", "guardian"):
            said = ("person", "consent", self.student, "--purpose", "transfer", "--said", "given", "--by", giver)
            self.run(*said, at=self.school)

    def send(self, *more: object, expect: int = 0) -> Any:
        ground = more if "--ground" in more else (*more, "--consent")
        command = ("referral", "send", self.student, "--to", HOSPITAL, "--urgency", "today", "--reason", "第9题阳性")
        return self.run(*command, *ground, "--json", at=self.school, expect=expect)

    @property
    def student(self) -> str:
        return str(self.cli.pupil(STUDENT)[4])

    @property
    def name(self) -> str:
        return str(self.cli.pupil(STUDENT)[0])


@pytest.fixture(scope="module")
def county_folder(cli: type[Cli], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a county; tests work on a copy."""
    folder = tmp_path_factory.mktemp("referrals")
    County.make(cli, folder)
    return folder


@pytest.fixture
def county(cli: type[Cli], county_folder: Path, tmp_path: Path) -> Iterator[County]:
    shutil.copytree(county_folder, tmp_path, dirs_exist_ok=True)
    with serve_county(tmp_path / "county") as server:
        yield County(cli, tmp_path, server.url)


def test_a_school_refers_and_a_hospital_answers_while_a_third_hears_nothing(county: County) -> None:
    names = [one["name"] for one in county.data("referral", "stations", at=county.school)]
    assert names == sorted([HOSPITAL, OTHER])
    county.agree()
    referral = county.send("--done", "已面谈").data["id"]
    # A key is handed over once the school has seen that the hospital is there.
    county.sync(county.school, county.hospital, county.school, county.hospital, county.other)

    (line,) = county.data("referral", "list", at=county.hospital)
    assert (line["id"], line["name"], line["direction"], line["other"]) == (referral, county.name, "received", SCHOOL)
    assert line["status"] == "sent"
    slip = county.run("referral", "show", referral, at=county.hospital).out
    assert all(part in slip for part in (SCHOOL, county.name, "第9题阳性", "已面谈", "PHQ-9", "24 小时内"))
    county.sync(county.hospital, county.school)
    assert county.data("referral", "list", at=county.school)[0]["status"] == "seen"

    county.run("referral", "answer", referral, "--accept", "--text", "周三上午来", at=county.hospital)
    county.sync(county.hospital, county.school)
    shown = county.data("referral", "show", referral, at=county.school)
    assert (shown["status"], shown["reply"]["text"]) == ("accepted", "周三上午来")
    timeline = county.data("person", "show", county.student, at=county.school)["timeline"]
    (entry,) = [one for one in timeline if one["kind"] == "referral"]
    assert entry["status"] == "accepted"
    assert HOSPITAL in entry["text"]

    assert county.data("referral", "list", at=county.other) == []
    assert county.run("referral", "show", referral, at=county.other, expect=1).err
    for archive in (county.school, county.hospital, county.other):
        assert county.data("archive", "verify", at=archive)["sound"]
    assert county.data("person", "find", county.name, at=county.hospital) == []


def test_a_referral_goes_by_stick_and_so_does_its_answer(county: County) -> None:
    county.agree()
    referral = county.send().data["id"]
    # The school has to hear from the county who is at the hospital; after that one way of the stick is enough.
    county.sync(county.school)
    county.stick(county.school, county.hospital)
    (line,) = county.data("referral", "list", at=county.hospital)
    assert line["name"] == county.name
    refused = county.run("referral", "answer", referral, "--refuse", at=county.hospital, expect=1)
    assert "原因" in refused.err
    county.run("referral", "answer", referral, "--refuse", "--text", "没有儿童精神科", at=county.hospital)
    county.stick(county.hospital, county.school)
    assert "没有儿童精神科" in county.run("referral", "show", referral, at=county.school).out
    county.stick(county.other)
    assert county.data("referral", "list", at=county.other) == []


def test_what_is_missing_is_told_in_a_sentence(county: County) -> None:
    assert "同意" in county.send(expect=1).err
    assert "具体原因" in county.send("--ground", "danger_to_life", expect=1).err
    county.agree()
    unknown = county.run(
        *("referral", "send", county.student, "--to", "市医院", "--urgency", "week", "--reason", "…", "--consent"),
        at=county.school,
        expect=1,
    )
    assert HOSPITAL in unknown.err
    assert "00ff" in county.send("--screening", "00ff", expect=1).err
    assert county.data("referral", "list", at=county.school) == []
    assert county.run("referral", "show", "zz", at=county.school, expect=1).err
    assert county.run("referral", "list", at=county.school).out


def test_nothing_goes_along_but_what_was_chosen(county: County) -> None:
    sent = county.send(
        *("--ground", "statutory_duty", "--ground-reason", "公安机关要求"),
        *("--screening", "none", "--leave-out", "guardian", "--leave-out", "phone"),
    )
    shown = county.data("referral", "show", sent.data["id"], at=county.school)
    assert "screenings" not in shown
    assert not {"phone", "guardian_name", "guardian_phone"} & shown.keys()
    assert shown["ground"] == "statutory_duty"
    assert "公安" not in str(shown)


def test_an_archive_that_has_met_nobody_says_what_to_do(cli: type[Cli], tmp_path: Path) -> None:
    archive = cli.make_archive(tmp_path, "alone", SCHOOL)
    assert "县服务器" in cli.run("referral", "stations", archive=archive).out
    assert cli.run("referral", "list", "--json", archive=archive).data == []
