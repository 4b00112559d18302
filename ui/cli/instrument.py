"""xinyi instrument check | add, and what `ui.cli.instrument_page` and `ui.cli.exchange` add."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.instruments.definition import parse_definition, read_definition_file
from app.instruments.shelf import library_of, take_in
from app.texts import Texts
from ui.cli import exchange, instrument_page
from ui.cli.command import Answer, Declaration, opened, read_text


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    instrument_page.declare(commands, texts)
    exchange.declare_instrument(commands, texts)
    check = commands.add("check", _check, "cli.help_instrument_check")
    check.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_definition"))
    add = commands.add("add", _add, "cli.help_instrument_add", archive=True)
    add.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_definition"))


def _check(arguments: argparse.Namespace, texts: Texts) -> Answer:
    definition = parse_definition(read_text(arguments.file).encode())
    data = {"id": definition.id, "version": definition.version, "sound": True}
    return Answer(data, texts("cli.definition_sound", id=definition.id, version=definition.version))


def _add(arguments: argparse.Namespace, texts: Texts) -> Answer:
    raw = read_definition_file(arguments.file)
    with opened(arguments) as archive:
        definition = take_in(archive, library_of(archive), raw)
    title = definition.title[texts.language]
    data = {"id": definition.id, "version": definition.version}
    return Answer(data, texts("desktop_instruments.brought_in", title=title, version=definition.version))
