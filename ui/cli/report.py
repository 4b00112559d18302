"""xinyi report NAME: a print as PDF, and the same numbers as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import msgspec

from app.audit import Audit
from app.errors import Problem
from app.instruments.shelf import library_of
from app.reports.service import REPORTS, Reports
from app.risk.rules import AlertRules
from app.texts import Texts
from app.words import Words
from ui.cli.command import Answer, opened, prepare, table, write_file


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the options."""
    prepare(parser, _report, texts, archive=True, json_option=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", help=texts("cli.help_option_report"))
    what.add_argument("--list", action="store_true", help=texts("cli.help_option_report_list"))
    parser.add_argument("--group", metavar="G", help=texts("cli.help_option_group"))
    parser.add_argument("--period", metavar="P", help=texts("cli.help_option_period"))
    parser.add_argument("--out", type=Path, metavar="FILE.pdf", help=texts("cli.help_option_pdf"))
    parser.add_argument(
        "--json", type=Path, metavar="FILE.json", dest="json_file", help=texts("cli.help_option_report_json")
    )


def _report(arguments: argparse.Namespace, texts: Texts) -> Answer:
    if arguments.list:
        rows = [(name, texts(f"report.{name.replace('-', '_')}")) for name in REPORTS]
        return Answer([name for name, _ in rows], table(rows, [texts("cli.column_id"), texts("cli.column_title")]))
    if arguments.out is None:
        raise Problem("cli.no_out_file")
    with opened(arguments) as archive:
        library = library_of(archive)
        report = Reports(archive, library, texts).make(
            arguments.name, arguments.group, arguments.period, dt.datetime.now().astimezone()
        )
        Audit(archive).note("printed", detail=arguments.name)
    write_file(arguments.out, report.pdf)
    if arguments.json_file:
        write_file(arguments.json_file, msgspec.json.format(msgspec.json.encode(report.data)))
    sentences = [texts("cli.report_written", file=arguments.out)]
    if report.left_out:
        words = Words(texts, library, AlertRules.load())
        titles = texts("words.separator").join(map(words.instrument, report.left_out))
        sentences.append(texts("printing.left_out", instruments=titles))
    return Answer(report.data, "\n".join(sentences))
