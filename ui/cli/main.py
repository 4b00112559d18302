"""Reads the command line, runs one command, and says what came of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import msgspec

from app.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts
from storage.database import explained
from ui.cli.command import Answer
from ui.faults import write_report

DONE, MENDABLE, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS = {
    "archive": "ui.cli.archive",
    "import": "ui.cli.imports",
    "person": "ui.cli.person",
    "session": "ui.cli.session",
    "instrument": "ui.cli.instrument",
    "alert": "ui.cli.alert",
    "referral": "ui.cli.referral",
    "campaign": "ui.cli.campaign",
    "sync": "ui.cli.sync",
    "neighbour": "ui.cli.neighbour",
    "enrol": "ui.cli.enrol",
    "county": "ui.cli.county",
    "report": "ui.cli.report",
    "demo": "ui.cli.demo",
}
"""Where each command lives. Only the one that is asked for is loaded."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the usage in one line, after the usage itself, and leaves with 2."""

    def error(self, message: str) -> NoReturn:
        """Leave because of wrong usage."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    texts = Texts.load(_language(arguments))
    parsed = _parser(texts, arguments).parse_args(arguments)
    try:
        answer = parsed.run(parsed, texts)
        _print(answer, as_json=getattr(parsed, "as_json", False))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # noqa: BLE001 -- the edge of the program: no traceback reaches a person
        return _fail(error, texts)
    if answer.problem:
        print(answer.problem, file=sys.stderr)
        return MENDABLE
    return DONE


def _language(arguments: Sequence[str]) -> str:
    """The language, needed before the rest can be read: ``--language`` or ``XINYI_LANGUAGE``."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, attached = option.partition("=")
        if name == "--language" and (attached or value) in LANGUAGES:
            return attached or value
    wanted = os.environ.get("XINYI_LANGUAGE", "")
    return wanted if wanted in LANGUAGES else DEFAULT_LANGUAGE


def _parser(texts: Texts, arguments: Sequence[str]) -> Parser:
    parser = Parser(prog="xinyi", description=texts("cli.about"))
    parser.add_argument("--language", choices=LANGUAGES, help=texts("cli.help_language"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=texts(f"cli.help_{name}"), description=texts(f"cli.help_{name}"))
        if name in arguments:
            import_module(module).declare(command, texts)
    return parser


def _print(answer: Answer, *, as_json: bool) -> None:
    # Names hold ideographs that a console's own code page may lack; none of them may stop the output.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr] # a text stream at the edge of a process
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(answer.data)).decode())
    elif answer.text:
        print(answer.text)
    sys.stdout.flush()


def _fail(error: Exception, texts: Texts) -> int:
    problem = explained(error)
    if problem is not None:
        print(texts.problem(problem), file=sys.stderr)
        return MENDABLE
    print(texts("cli.bug", file=write_report(error)), file=sys.stderr)
    return BUG
