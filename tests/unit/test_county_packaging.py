"""What lies in packaging/county fits the program: every option exists, nothing is named that is not there."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import msgspec
import pytest

from app.texts import Texts
from sync.county.office import County
from ui.cli.main import _parser

ROOT = Path(__file__).resolve().parents[2]
COUNTY = ROOT / "packaging" / "county"
PROGRAM = Path(sys.executable).parent / "xinyi"
UNITS = ("xinyi-county.service", "xinyi-county-backup.service")


def unit(name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(COUNTY / name, "utf-8")
    return parser


def settings() -> dict[str, str]:
    lines = (COUNTY / "xinyi-county.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def services() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = msgspec.yaml.decode((COUNTY / "compose.yaml").read_bytes())["services"]
    return found


def parse(arguments: list[str]) -> object:
    """What the command line makes of some arguments; leaves with 2 where it does not know them."""
    return _parser(Texts.load(), arguments).parse_args(arguments)


def test_the_service_starts_the_server_with_options_that_exist() -> None:
    words = shlex.split(unit("xinyi-county.service")["Service"]["ExecStart"])
    filled = [settings().get(word[2:-1], word) if word.startswith("${") else word for word in words]
    parsed = parse(filled[1:])
    assert vars(parsed)["folder"] == Path(settings()["XINYI_COUNTY"])
    assert vars(parsed)["port"] == 8443
    assert not [word for word in filled if "$" in word], "every setting has a value in the example"


def test_the_containers_start_the_server_with_options_that_exist() -> None:
    command = services()["county"]["command"]
    assert isinstance(command, list)
    assert vars(parse(command))["host"] == "0.0.0.0"  # noqa: S104 -- inside of a container
    last = re.findall(r"CMD (\[.*\])", (COUNTY / "Containerfile").read_text("utf-8"))[-1]
    assert vars(parse(msgspec.json.decode(last)))["folder"] == Path("/county/county")


def test_the_first_start_in_the_comment_is_one_that_the_program_knows() -> None:
    text = (COUNTY / "compose.yaml").read_text("utf-8").replace("\\\n#", " ")
    (command,) = re.findall(r"run --rm county (county init .*)", text)
    parsed = vars(parse(shlex.split(command)))
    assert parsed["database_url"].startswith("postgresql://")


@pytest.mark.parametrize("name", UNITS)
def test_services_have_a_user_of_their_own_and_no_rights_to_spare(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == "xinyi-county"
    assert service["CapabilityBoundingSet"] == ""
    for wanted in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[wanted] == "yes"
    assert (service["ProtectSystem"], service["UMask"]) == ("strict", "0077")


def test_containers_have_no_rights_to_spare_and_the_database_no_network() -> None:
    found = services()
    for name in ("county", "backup"):
        assert (found[name]["read_only"], found[name]["cap_drop"]) == (True, ["ALL"])
    assert {name for name, one in found.items() if "ports" in one} == {"county"}
    assert (found["database"]["network_mode"], found["backup"]["network_mode"]) == ("none", "none")


def test_the_bundle_takes_along_every_file_that_installing_needs() -> None:
    script = (COUNTY / "install.sh").read_text("utf-8")
    bundle = (COUNTY / "bundle.py").read_text("utf-8")
    needed = {
        *re.findall(r"\$here/([a-z][a-z.-]+)", script),
        *re.findall(r"xinyi-county[a-z-]*\.(?:service|timer)", script),
    }
    needed -= {"wheels", "requirements.txt"}
    assert len(needed) >= 5
    assert not [name for name in needed if f'"{name}"' not in bundle or not (COUNTY / name).is_file()]


def test_the_bundle_builds_from_every_package_of_ours() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    bundle, ignored = ((COUNTY / name).read_text("utf-8") for name in ("bundle.py", "Containerfile.dockerignore"))
    for name in {package.split(".")[0] for package in listed}:
        assert f'"{name}"' in bundle
        assert f"!{name}\n" in ignored


@pytest.mark.parametrize("name", ["county-guide.md", "county-guide.zh-CN.md"])
def test_every_command_of_the_guide_is_one_that_the_program_knows(name: str) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"^ +(?:sudo -u xinyi-county )?xinyi (county .*)", text, re.MULTILINE)
    assert len(commands) >= 9
    for command in commands:
        parse(shlex.split(command))


def test_the_guides_show_pictures_and_name_files_that_are_there() -> None:
    for name in ("county-guide.md", "county-guide.zh-CN.md"):
        text = (ROOT / "docs" / name).read_text("utf-8")
        linked = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
        assert any(link.endswith(".png") for link in linked)
        assert not [link for link in linked if not (ROOT / "docs" / link).is_file()]
        assert not [path for path in re.findall(r"packaging/county/[a-z.]+", text) if not (ROOT / path).is_file()]


# ---- the nightly backup ----


def back_up(county: Path, folder: Path, **values: str) -> int:
    environment = os.environ | {
        "XINYI_COUNTY": str(county),
        "XINYI_BACKUPS": str(folder),
        "XINYI_PROGRAM": str(PROGRAM),
    }
    return subprocess.run(
        ["sh", COUNTY / "backup.sh"], env=environment | values, capture_output=True, check=False
    ).returncode


def test_the_newest_backups_and_one_of_each_month_stay(tmp_path: Path) -> None:
    County.init(tmp_path / "county", "青禾县").close()
    folder = tmp_path / "backups"
    folder.mkdir()
    days = [f"{year}{month:02}{day:02}" for year in (2020, 2021) for month in range(1, 13) for day in (5, 15, 25)]
    for day in days:
        (folder / f"county-{day}T023000Z.xinyi-county").touch()
    (folder / "notes.txt").touch()
    (folder / "county-before-the-move.xinyi-county").touch()
    assert back_up(tmp_path / "county", folder, XINYI_BACKUPS_NEWEST="3", XINYI_BACKUPS_MONTHS="4") == 0
    left = sorted(path.name for path in folder.iterdir())
    assert "notes.txt" in left
    assert "county-before-the-move.xinyi-county" in left
    new = [name for name in left if re.match(r"county-\d{8}T", name) and name[7:15] not in days]
    assert len(new) == 1
    assert [name[7:15] for name in left if name[7:15] in days] == [
        "20210925", "20211025", "20211125", "20211205", "20211215", "20211225",
    ]  # fmt: skip


def test_a_backup_that_fails_removes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [folder / f"county-202001{day:02}T023000Z.xinyi-county" for day in range(1, 29)]
    for one in old:
        one.touch()
    assert back_up(tmp_path / "no such county", folder, XINYI_BACKUPS_NEWEST="1", XINYI_BACKUPS_MONTHS="0") != 0
    assert sorted(folder.iterdir()) == old
