"""The shape of the project that no other tool holds."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import msgspec

from app.texts import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
OURS = ("app", "storage", "sync", "ui")
MAX_LINES = 420


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return found


def sources() -> list[Path]:
    return [file for package in OURS for file in sorted((ROOT / package).rglob("*.py"))]


def test_packaging_and_tests_are_no_packages() -> None:
    assert not [folder for folder in ("packaging", "tests") if list((ROOT / folder).glob("__init__.py"))]


def test_every_package_is_listed_for_the_build() -> None:
    packages = {".".join(file.parent.relative_to(ROOT).parts) for file in sources() if file.name == "__init__.py"}
    listed = project()["tool"]["setuptools"]["packages"]  # type: ignore[index]
    assert sorted(listed) == sorted([*packages, "resources"]), "resources is data, and goes along"
    assert packages == {".".join(file.parent.relative_to(ROOT).parts) for file in sources()}


def test_no_dependency_provides_a_top_level_name_of_ours() -> None:
    taken = {
        (one.metadata["Name"], file.parts[0])
        for one in distributions()
        if one.metadata["Name"] != "xinyi"
        for file in one.files or []
        if file.parts[0] in {*OURS, "resources"}
    }
    assert taken == set()


def test_files_stay_small_enough_to_know() -> None:
    long = {
        file.relative_to(ROOT).as_posix(): count
        for file in sources()
        if (count := len(file.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_the_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    pinned = re.split(r"\n(?=[a-z])", text)
    assert len(pinned) > 40
    assert not [entry.splitlines()[0] for entry in pinned if "--hash=sha256:" not in entry]


def test_all_data_files_are_json_that_can_be_read() -> None:
    files = sorted((ROOT / "resources").rglob("*.json"))
    assert files
    for file in files:
        msgspec.json.decode(file.read_bytes())


def test_every_text_area_exists_in_every_language() -> None:
    areas = [{file.name for file in (ROOT / "resources" / "i18n" / language).iterdir()} for language in LANGUAGES]
    assert all(one == areas[0] for one in areas)
