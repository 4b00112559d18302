"""xinyi county publish: definitions that every station shall have; without a file, the list of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from app.instruments.definition import parse_definition
from app.instruments.shelf import published_name
from app.texts import Texts
from sync.county.office import County
from ui.cli.command import Answer, Declaration, read_text, table

Opened = Callable[[argparse.Namespace], AbstractContextManager[County]]


def declare(commands: Declaration, opened: Opened) -> argparse.ArgumentParser:
    """Declare the sub-command; `opened` opens the county that the arguments name."""

    def publish(arguments: argparse.Namespace, texts: Texts) -> Answer:
        # All of them are looked at before the first one is signed.
        files = [read_text(file).encode() for file in arguments.files]
        definitions = [parse_definition(file) for file in files]
        with opened(arguments) as county:
            for definition, file in zip(definitions, files, strict=True):
                county.publish(published_name(definition), file)
            return _listed(county, texts)

    return commands.add("publish", publish, "cli.help_county_publish")


def declare_files(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the files, which stand behind the folder."""
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help=texts("cli.help_option_publish"))


def _listed(county: County, texts: Texts) -> Answer:
    names = [one.name.removeprefix("definition/") for one in county.published()]
    rows = [name.rpartition("/")[::2] for name in names]
    data = [{"id": name, "version": version} for name, version in rows]
    header = [texts(f"cli.column_{name}") for name in ("id", "version")]
    return Answer(data, table(rows, header) if rows else texts("cli.nothing_published"))
