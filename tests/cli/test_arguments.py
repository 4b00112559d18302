"""What may stand on a command line, which everybody on the computer can read in the list of processes."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from app.texts import Texts
from ui.cli.main import COMMANDS, _parser

SECRETS = ("password", "code", "secret", "pin", "share", "phrase")


def options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options(command)
        else:
            yield action


def takes_a_secret(action: argparse.Action) -> bool:
    words = " ".join([action.dest, *action.option_strings]).replace("_", "-").replace(" ", "-").split("-")
    return any(word.rstrip("s") in SECRETS for word in words)


def test_passwords_and_recovery_codes_are_taken_from_files_alone() -> None:
    taking = [action for action in options(_parser(Texts.load(), list(COMMANDS))) if takes_a_secret(action)]
    assert {"password_file", "new_password_file", "code_file"} <= {action.dest for action in taking}
    assert {action.dest for action in taking if action.type is not Path} == set()
