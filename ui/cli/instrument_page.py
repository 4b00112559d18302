"""xinyi instrument list | show | print: what there is to know about instruments, and their empty forms."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app.instruments.about import About, Chapter
from app.instruments.definition import Definition
from app.instruments.library import Library
from app.instruments.shelf import library_of
from app.texts import Texts
from ui.cli.command import Answer, Declaration, opened, table, write_file

WIDE = 60
"""Columns of the terminal that a licence or a source takes at most; ``--json`` has the whole of it."""

COLUMNS = ("id", "version", "title", "items", "wording", "licence", "source")


def declare(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands.add("list", _list, "cli.help_instrument_list", archive=True)
    show = commands.add("show", _show, "cli.help_instrument_show", archive=True)
    show.add_argument("instrument", metavar="ID", help=texts("cli.help_option_instrument"))
    printed = commands.add("print", _print, "cli.help_instrument_print", archive=True)
    printed.add_argument("instrument", metavar="ID", help=texts("cli.help_option_instrument"))
    printed.add_argument("--out", type=Path, metavar="FILE.pdf", required=True, help=texts("cli.help_option_pdf"))


def _list(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with _shelf(arguments) as (library, _):
        definitions = [library.get(name) for name in library.ids()]
    rows = [
        (
            one.id,
            one.version,
            one.title[texts.language],
            len(one.items),
            texts(f"about.short_{one.copyright.wording}"),
            shortened(one.copyright.statement),
            shortened("；".join(sources(one))),
        )
        for one in definitions
    ]
    return Answer([_data(one) for one in definitions], table(rows, [texts(f"cli.column_{name}") for name in COLUMNS]))


def _data(definition: Definition) -> dict[str, object]:
    return {
        "id": definition.id,
        "version": definition.version,
        "type": definition.type,
        "title": definition.title,
        "items": len(definition.items),
        "wording": definition.copyright.wording,
        "owner": definition.copyright.owner,
        "licence": definition.copyright.statement,
        "evidence": definition.copyright.evidence,
        "sources": sources(definition),
    }


def sources(definition: Definition) -> list[str]:
    """Where bands and cut-offs come from, each publication once."""
    found = [score.source for score in definition.scores]
    found += [norm.source for score in definition.scores for norm in score.norms]
    return list(dict.fromkeys(found))


def _show(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with _shelf(arguments) as (library, _):
        definition = library.get(arguments.instrument)
    about = About(definition, texts)
    head = f"{definition.short_title} {definition.title[texts.language]} ({definition.version})"
    parts = [head, *(_chapter(chapter) for chapter in (*about.chapters(), about.items()))]
    return Answer(msgspec.to_builtins(definition), "\n\n".join(parts))


def _chapter(chapter: Chapter) -> str:
    indents = {"text": "  ", "strong": "  ", "note": "      ", "help": "  "}
    lines = [f"{indents[line.kind]}{line.text}" for line in chapter.lines]
    return "\n".join([chapter.title, *lines])


def _print(arguments: argparse.Namespace, texts: Texts) -> Answer:
    # The PDF library takes a while to load; nothing else needs it.
    from app.reports.empty_form import empty_form  # noqa: PLC0415
    from app.reports.fonts import Fonts  # noqa: PLC0415
    from app.reports.page import PagePrinter  # noqa: PLC0415
    from app.reports.style import Style  # noqa: PLC0415

    with _shelf(arguments) as (library, station):
        definition = library.get(arguments.instrument)
        form = empty_form(definition, texts, station, dt.datetime.now().astimezone())
    style = Style.load()
    write_file(arguments.out, PagePrinter(Fonts.find(style.fonts), style, texts).render(form))
    data = {"id": definition.id, "version": definition.version, "file": str(arguments.out)}
    return Answer(data, texts("paper.written", file=arguments.out))


@contextmanager
def _shelf(arguments: argparse.Namespace) -> Iterator[tuple[Library, str]]:
    """The definitions and the name of the station: of the archive where one is named, else those of the program."""
    if arguments.archive or os.environ.get("XINYI_ARCHIVE"):
        with opened(arguments) as archive:
            yield library_of(archive), archive.device.names.station
    else:
        yield Library.load(), ""


def shortened(text: str) -> str:
    """As much of a text as a column of a terminal has room for."""
    width = 0
    for place, character in enumerate(text):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width >= WIDE:
            return text[:place] + "…"
    return text
