#!/usr/bin/env python3
"""Packs what a county's server needs into one folder, which goes to a machine without internet on a stick.

Run it where there is internet, with the Python version that the server has (3.11 or newer)::

    python3 packaging/county/bundle.py --out xinyi-county
    python3 packaging/county/bundle.py --out xinyi-county --python 3.11 --machine aarch64 --glibc 2.28

Then, on the server, as root: ``sh xinyi-county/install.sh``.

Everything comes from `requirements.lock` and is checked against its hashes. What only the window needs is left out.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WINDOW = ("pyside6", "shiboken6")
BUILDS = "setuptools"
OLDEST_GLIBC = 17
"""The minor version; wheels that need an older one are all called manylinux2014 too."""

BESIDE = ("install.sh", "backup.sh", "xinyi-county.env", "xinyi-county.sysusers", "xinyi-county.service")
TIMER = ("xinyi-county-backup.service", "xinyi-county-backup.timer")


def name_of(requirement: str) -> str:
    """The name at the beginning of a requirement, as package indexes write it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group() if found else "").lower()


def locked() -> list[str]:
    """The entries of the lock: a pinned version each, with its hashes on the lines after."""
    return re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text("utf-8").strip())


def without_hashes(entries: list[str]) -> str:
    """The same pins for the resolver, which takes hashes only where everything has one."""
    return "\n".join(entry.split("--hash")[0].rstrip(" \\\n") for entry in entries) + "\n"


def platforms(machine: str, glibc: str) -> list[str]:
    """Options that name every kind of wheel which runs on a Linux with this C library."""
    newest = int(glibc.split(".")[1])
    names = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
    return [part for one in [*names, f"manylinux2014_{machine}"] for part in ("--platform", one)]


class Packer:
    """Works with a pip of its own.

    Args:
        folder: for what is thrown away afterwards.
        target: options that say for which machine, empty for one like this.
    """

    def __init__(self, folder: Path, target: list[str]) -> None:
        self._folder = folder
        self._target = target
        self._entries = locked()
        venv.create(folder / "venv", with_pip=True)

    def wheel(self, out: Path) -> None:
        """Build the program itself."""
        needs = self._write("build.txt", [entry for entry in self._entries if name_of(entry) == BUILDS])
        self._pip("install", "--require-hashes", "--only-binary=:all:", "-r", needs)
        # Out of a copy: the builder leaves folders behind, and takes up what it left the last time.
        source = self._folder / "source"
        for part in ("app", "resources", "storage", "sync", "ui"):
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy2(ROOT / part, source / part)
        self._pip("wheel", "--no-deps", "--no-build-isolation", "-w", out, source)

    def libraries(self, out: Path) -> Path:
        """Fetch what it stands on; returns the list of it, with hashes."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [one for one in project["dependencies"] if not name_of(one).startswith(WINDOW)]
        pins = self._folder / "pins.txt"
        pins.write_text(without_hashes(self._entries), "utf-8")
        report = self._folder / "report.json"
        dry = ["--dry-run", "--ignore-installed", "--report", report, "--only-binary=:all:", "-c", pins]
        target = [*self._target, "--target", self._folder / "nowhere"] if self._target else []
        self._pip("install", *dry, *target, *wanted)
        needed = {name_of(one["metadata"]["name"]) for one in json.loads(report.read_text("utf-8"))["install"]}
        listed = self._write("requirements.txt", [entry for entry in self._entries if name_of(entry) in needed])
        exact = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", listed]
        self._pip("download", *exact, *self._target, "-d", out)
        return listed

    def _write(self, name: str, entries: list[str]) -> Path:
        file = self._folder / name
        file.write_text("\n".join(entries) + "\n", "utf-8")
        return file

    def _pip(self, *arguments: object) -> None:
        program = self._folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        command = [program, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
        subprocess.run([str(part) for part in command], check=True)


def main() -> int:
    """Pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--python", metavar="VERSION", help="of the server, where it is another than here: 3.11")
    parser.add_argument("--machine", choices=("x86_64", "aarch64"), help="of the server, where it is another than here")
    parser.add_argument("--glibc", default="2.28", metavar="VERSION", help="of the server, with --machine: 2.28")
    arguments = parser.parse_args()
    if arguments.out.exists():
        parser.error(f"{arguments.out} is there already; name a new folder")
    target = platforms(arguments.machine, arguments.glibc) if arguments.machine else []
    if arguments.python:
        target += ["--python-version", arguments.python]
    with tempfile.TemporaryDirectory() as name:
        packed = Path(name) / "packed"
        packer = Packer(Path(name), target)
        packer.wheel(packed / "wheels")
        shutil.copy2(packer.libraries(packed / "wheels"), packed / "requirements.txt")
        for one in (*BESIDE, *TIMER):
            shutil.copy2(HERE / one, packed / one)
        shutil.copytree(packed, arguments.out)
    print(f"{arguments.out}: take this folder to the server and run, as root: sh {arguments.out.name}/install.sh")
    return 0


if __name__ == "__main__":
    sys.exit(main())
