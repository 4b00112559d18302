"""xinyi county escrow-key | escrow-open, xinyi archive escrow: from the county's key to a station that opens again."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.printed import pages_of

PASSWORD = "another good password"


def first_page(pdf: Path) -> str:
    return " ".join(pages_of(pdf)[0].split())


def words_on(page: Path) -> str:
    """What somebody types off a page, with its numbers."""
    return "\n".join(re.findall(r"\b\d+\. [a-z]+", first_page(page))[:33])


def code_on(page: Path) -> str:
    return "-".join(re.findall(r"[1-7]\. ([0-9A-Z]{5})\b", first_page(page)))


@pytest.fixture(scope="module")
def pages(cli: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of a county and its pages; tests work on a copy."""
    folder = tmp_path_factory.mktemp("county") / "pages"
    cli.run("county", "escrow-key", "--county", "青溪县", "--out", folder)
    return folder


@pytest.fixture
def county(pages: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pages, tmp_path / "pages")


@pytest.fixture
def school(cli: Any, tmp_path: Path) -> Path:
    path: Path = cli.make_archive(tmp_path, "a.xinyi", "示范中学")
    return path


def share_files(county: Path, *numbers: int) -> list[object]:
    options: list[object] = []
    for number in numbers:
        file = county.parent / f"share-{number}.txt"
        file.write_text(words_on(county / f"escrow-{number}.pdf"), "utf-8")
        options += ["--share", file]
    return options


def keys_of(path: Path) -> Path:
    return path.with_name(path.name + ".keys")


def test_two_pages_open_a_station_whose_password_and_recovery_page_are_gone(
    cli: Any, county: Path, school: Path, tmp_path: Path
) -> None:
    fingerprint = cli.run("archive", "escrow", "--json", archive=school).data["fingerprint"]
    assert fingerprint is None
    said = cli.run(
        "archive", "escrow", "--county", county / "escrow-key.json", "--out", tmp_path / "code.pdf", archive=school
    )
    told = cli.run("archive", "escrow", "--json", archive=school).data
    assert told["county"] == "青溪县"
    assert told["fingerprint"] in said.out
    assert all(told["fingerprint"] in first_page(county / f"escrow-{number}.pdf") for number in (1, 2, 3))
    # The page says who else can find the code out.
    assert told["fingerprint"] in first_page(tmp_path / "code.pdf")
    opened = cli.run("county", "escrow-open", "--keys", keys_of(school), *share_files(county, 3, 1), "--json").data
    assert opened["code"] == code_on(tmp_path / "code.pdf")
    page = tmp_path / "found.pdf"
    cli.run("county", "escrow-open", "--keys", keys_of(school), *share_files(county, 1, 2), "--out", page)
    assert code_on(page) == opened["code"]
    new, code = tmp_path / "new.txt", tmp_path / "code.txt"
    new.write_text(PASSWORD + "\n", "utf-8")
    code.write_text(code_on(page), "utf-8")
    me = ["--archive", school, "--user", "王老师", "--password-file", new]
    cli.run("archive", "recover", "--code-file", code, *me)
    cli.run("archive", "info", *me)


def test_the_words_can_be_typed_one_page_after_the_other(cli: Any, county: Path, school: Path, tmp_path: Path) -> None:
    out = tmp_path / "code.pdf"
    cli.run("archive", "escrow", "--county", county / "escrow-key.json", "--out", out, archive=school)
    typed = "\n\n".join(words_on(county / f"escrow-{number}.pdf") for number in (2, 3))
    done = subprocess.run(
        [sys.executable, "-m", "ui", "county", "escrow-open", "--keys", keys_of(school)],
        input=typed, capture_output=True, text=True, encoding="utf-8", check=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert code_on(out) in done.stdout


def test_a_later_code_is_kept_for_the_county_until_the_station_ends_it(
    cli: Any, county: Path, school: Path, tmp_path: Path
) -> None:
    page, options = tmp_path / "code.pdf", share_files(county, 1, 2)
    cli.run("archive", "escrow", "--county", county / "escrow-key.json", "--out", page, archive=school)
    cli.run("archive", "recovery", "--out", page, archive=school)
    assert "青溪县" in first_page(page)
    assert cli.run("county", "escrow-open", "--keys", keys_of(school), *options, "--json").data["code"] == code_on(page)
    cli.run("archive", "escrow", "--end", "--out", page, archive=school)
    assert "青溪县" not in first_page(page)
    assert cli.run("archive", "escrow", "--json", archive=school).data == {"county": None, "fingerprint": None}
    assert "没有同意" in cli.run("county", "escrow-open", "--keys", keys_of(school), *options, expect=1).err
    cli.run("archive", "recovery", "--out", page, archive=school)
    assert "没有同意" in cli.run("county", "escrow-open", "--keys", keys_of(school), *options, expect=1).err


def test_without_the_right_or_without_a_place_for_the_page_nothing_changes(
    cli: Any, county: Path, school: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.txt"
    new.write_text(PASSWORD + "\n", "utf-8")
    cli.run("archive", "user", "add", "赵老师", "--role", "counsellor", "--new-password-file", new, archive=school)
    before = keys_of(school).read_bytes()
    key = ["--county", county / "escrow-key.json"]
    me = ["--archive", school, "--user", "赵老师", "--password-file", new]
    assert "管理员" in cli.run("archive", "escrow", *key, "--out", tmp_path / "x.pdf", *me, expect=1).err
    assert "--out" in cli.run("archive", "escrow", *key, archive=school, expect=1).err
    cli.run("archive", "escrow", *key, "--out", tmp_path / "missing" / "x.pdf", archive=school, expect=1)
    for wrong in ("escrow-1.pdf", "nothing.json"):
        options = ["--county", county / wrong, "--out", tmp_path / "x.pdf"]
        cli.run("archive", "escrow", *options, archive=school, expect=1)
    assert not (tmp_path / "x.pdf").exists()
    assert keys_of(school).read_bytes() == before


def test_a_key_that_was_handed_out_is_not_replaced_and_a_half_made_one_is_not_left(
    cli: Any, county: Path, tmp_path: Path
) -> None:
    before = {file.name: file.read_bytes() for file in county.iterdir()}
    assert "escrow-" in cli.run("county", "escrow-key", "--county", "青溪县", "--out", county, expect=1).err
    assert {file.name: file.read_bytes() for file in county.iterdir()} == before
    assert set(before) == {"escrow-key.json", "escrow-1.pdf", "escrow-2.pdf", "escrow-3.pdf"}
    (tmp_path / "file").write_text("", "utf-8")
    cli.run("county", "escrow-key", "--county", "青溪县", "--out", tmp_path / "file", expect=1)
