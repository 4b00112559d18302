"""xinyi instrument list | show | check."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from app.instruments.definition import Definition, parse_definition
from app.instruments.library import Library
from app.instruments.wording import Wording
from app.texts import Texts
from ui.cli.command import Answer, Declaration, read_text, table


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    commands.add("list", _list, "cli.help_instrument_list")
    show = commands.add("show", _show, "cli.help_instrument_show")
    show.add_argument("instrument", metavar="ID", help=texts("cli.help_option_instrument"))
    check = commands.add("check", _check, "cli.help_instrument_check")
    check.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_definition"))


def _list(_arguments: argparse.Namespace, texts: Texts) -> Answer:
    library = Library.load()
    definitions = [library.get(name) for name in library.ids()]
    data = [
        {
            "id": one.id,
            "version": one.version,
            "title": one.title,
            "items": len(one.items),
            "licence": one.copyright.statement,
            "evidence": one.copyright.evidence,
        }
        for one in definitions
    ]
    rows = [
        (one.id, one.version, one.title[texts.language], len(one.items), one.copyright.statement) for one in definitions
    ]
    return Answer(
        data, table(rows, [texts(f"cli.column_{name}") for name in ("id", "version", "title", "items", "licence")])
    )


def _show(arguments: argparse.Namespace, texts: Texts) -> Answer:
    definition = Library.load().get(arguments.instrument)
    return Answer(msgspec.to_builtins(definition), _text(definition, texts))


def _text(definition: Definition, texts: Texts) -> str:
    language, wording = texts.language, Wording(definition, texts)
    lines = [
        f"{definition.short_title} {definition.title[language]} ({definition.version})",
        definition.copyright.statement,
        "",
        wording.said(definition.instruction),
    ]
    for number, item in enumerate(definition.items, 1):
        lines.append(f"{number:>2}. {wording.item(item)}")
        # Where the words may not be here, an option is its value alone.
        options = [f"{one.value} {wording.said(one.text)}".rstrip() for one in definition.options(item)]
        lines += [f"      {'  '.join(options)}"] if options else []
    for score in definition.scores:
        lines += ["", f"{score.title[language]}: {score.range[0]}–{score.range[1]}"]
        lines += [f"  {band.low}–{band.high}  {band.title[language]}" for band in score.bands]
        lines.append(f"  {score.source}")
    return "\n".join(lines)


def _check(arguments: argparse.Namespace, texts: Texts) -> Answer:
    definition = parse_definition(read_text(arguments.file).encode())
    data = {"id": definition.id, "version": definition.version, "sound": True}
    return Answer(data, texts("cli.definition_sound", id=definition.id, version=definition.version))
