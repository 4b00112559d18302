"""xinyi instrument check, and what `ui.cli.instrument_page` and `ui.cli.exchange` add."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.instruments.definition import parse_definition
from app.texts import Texts
from ui.cli import exchange, instrument_page
from ui.cli.command import Answer, Declaration, read_text


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    instrument_page.declare(commands, texts)
    exchange.declare_instrument(commands, texts)
    check = commands.add("check", _check, "cli.help_instrument_check")
    check.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_definition"))


def _check(arguments: argparse.Namespace, texts: Texts) -> Answer:
    definition = parse_definition(read_text(arguments.file).encode())
    data = {"id": definition.id, "version": definition.version, "sound": True}
    return Answer(data, texts("cli.definition_sound", id=definition.id, version=definition.version))
