"""What all commands share: how they are declared, how they open an archive, what they answer."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from app.access import enter
from app.audit import Audit
from app.errors import Problem
from app.records import CATALOGUE
from app.texts import LANGUAGES, Texts
from storage import device_secret
from storage.archive import Archive
from storage.errors import EnvironmentProblem
from sync.files import replace_file


class Answer(msgspec.Struct, frozen=True):
    """What a command has to say.

    Attributes:
        data: one JSON document, printed with ``--json``.
        text: the same for people.
        problem: a sentence on standard error where something still needs a person; the exit code is 1 then.
    """

    data: Any
    text: str = ""
    problem: str = ""


Run = Callable[[argparse.Namespace, Texts], Answer]


class Declaration:
    """Declares the sub-commands of one command."""

    def __init__(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        self._commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        self._texts = texts

    def add(self, name: str, run: Run, help_key: str, *, archive: bool = False) -> argparse.ArgumentParser:
        """Declare one; with `archive` it opens an archive."""
        parser = self._commands.add_parser(name, help=self._texts(help_key), description=self._texts(help_key))
        prepare(parser, run, self._texts, archive=archive)
        return parser

    def group(self, name: str, help_key: str) -> argparse.ArgumentParser:
        """Declare one that has sub-commands of its own."""
        return self._commands.add_parser(name, help=self._texts(help_key), description=self._texts(help_key))


def prepare(
    parser: argparse.ArgumentParser, run: Run, texts: Texts, *, archive: bool = False, json_option: bool = True
) -> None:
    """Give a command its function and the options that all commands have."""
    parser.set_defaults(run=run)
    parser.add_argument("--language", choices=LANGUAGES, default=argparse.SUPPRESS, help=texts("cli.help_language"))
    if json_option:
        parser.add_argument("--json", action="store_true", dest="as_json", help=texts("cli.help_json"))
    if archive:
        parser.add_argument("--archive", type=Path, help=texts("cli.help_option_archive"))
        add_user_options(parser, texts)


def add_user_options(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Who opens the archive, and with which password."""
    parser.add_argument("--user", help=texts("cli.help_option_user"))
    parser.add_argument("--password-file", type=Path, help=texts("cli.help_option_password"))


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Archive]:
    """The archive that the options or the environment name, as its user may see it."""
    path, name, secret = archive_path(arguments), user_name(arguments), password(arguments)
    with Archive.open(path, name, secret, CATALOGUE, device_secret=device_secret.read) as archive:
        Audit(archive).failed()
        yield enter(archive)


def archive_path(arguments: argparse.Namespace) -> Path:
    """The archive, from the option or the environment."""
    path = arguments.archive or _from_environment("XINYI_ARCHIVE")
    if path is None:
        raise Problem("cli.no_archive")
    return Path(path)


def user_name(arguments: argparse.Namespace) -> str:
    """The user, from the option or the environment."""
    name = arguments.user or _from_environment("XINYI_USER")
    if not name:
        raise Problem("cli.no_user")
    return str(name)


def password(arguments: argparse.Namespace) -> str:
    """The password: first line of a file, or typed where somebody sits at the keyboard."""
    file = arguments.password_file or _from_environment("XINYI_PASSWORD_FILE")
    if file:
        lines = read_text(Path(file)).splitlines()
        secret = lines[0] if lines else ""
    else:
        secret = getpass.getpass("") if sys.stdin.isatty() else ""
    if not secret:
        raise Problem("cli.no_password")
    return secret


def _from_environment(name: str) -> str | None:
    return os.environ.get(name) or None


def read_text(path: Path) -> str:
    """A small text file. Raises Problem."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem("cli.not_text", file=path.name) from error
    except OSError as error:
        raise Problem("cli.cannot_read", file=path) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file that a person asked for, whole or not at all. Raises EnvironmentProblem."""
    try:
        replace_file(path, data)
    except OSError as error:
        raise EnvironmentProblem("cli.cannot_write", file=path) from error


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """Rows as aligned columns; wide characters count as two."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
