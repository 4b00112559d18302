"""xinyi neighbour wait | meet [HOST:PORT]: two laptops of a station, side by side, without a server."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from app.texts import Texts
from storage.errors import EnvironmentProblem, Problem
from sync.transports.nearby import Browser, Neighbour, own_addresses
from sync.transports.neighbour import Host, Visitor
from ui.cli.command import Answer, Declaration, opened
from ui.cli.sync import met
from ui.meetings import party_of

SEARCH_SECONDS = 10.0
SETTLE_SECONDS = 2.0
"""After the first one was found, others get so long to show themselves."""


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    wait = commands.add("wait", _wait, "neighbour.about_wait", archive=True)
    wait.add_argument("--port", type=int, default=0, metavar="N", help=texts("neighbour.option_port"))
    meet = commands.add("meet", _meet, "neighbour.about_meet", archive=True)
    meet.add_argument("address", nargs="?", metavar="HOST:PORT", help=texts("neighbour.option_address"))
    for command in (wait, meet):
        command.add_argument("--listen", default="", metavar="ADDRESS", help=texts("neighbour.option_listen"))


def _wait(arguments: argparse.Namespace, texts: Texts) -> Answer:
    say = _teller(arguments, texts)
    with opened(arguments) as archive:
        device = archive.device.names.device
        shown: list[Host] = []
        with Host(
            party_of(archive),
            lambda code, peer: _compare(shown[0], say, texts, {"code": code, "device": peer}),
            device,
            address=arguments.listen,
            port=arguments.port,
        ) as host:
            shown.append(host)
            here = [f"{one}:{host.port}" for one in ([arguments.listen] if arguments.listen else own_addresses())]
            say("neighbour.waiting", {"device": device, "addresses": ", ".join(here)})
            return met(archive, host.run(archive.meeting), texts)


def _meet(arguments: argparse.Namespace, texts: Texts) -> Answer:
    say = _teller(arguments, texts)
    with opened(arguments) as archive:
        party = party_of(archive)
        addresses = [arguments.address] if arguments.address else _search(arguments, texts).addresses
        shown: list[Visitor] = []
        visitor = Visitor(
            party, lambda code, peer: _compare(shown[0], say, texts, {"code": code, "device": peer}), addresses
        )
        shown.append(visitor)
        return met(archive, visitor.run(archive.meeting), texts)


Say = Callable[[str, dict[str, Any]], None]


def _teller(arguments: argparse.Namespace, texts: Texts) -> Say:
    """Prints what is needed before the answer: a sentence, or with ``--json`` a line of JSON."""

    def say(key: str, values: dict[str, Any]) -> None:
        print(msgspec.json.encode(values).decode() if arguments.as_json else texts(key, **values), flush=True)

    return say


def _compare(meeting: Host | Visitor, say: Say, texts: Texts, values: dict[str, Any]) -> None:
    """Show the digits and ask whether they are the same on the other screen."""
    say("neighbour.code", values)
    if _asked(texts("neighbour.confirm")).lower() in {"y", "yes", "是"}:
        meeting.confirm()
    else:
        meeting.deny()


def _asked(question: str) -> str:
    """A line that somebody types; empty where nobody does. The question goes to where no answer is read from."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _search(arguments: argparse.Namespace, texts: Texts) -> Neighbour:
    """One of the laptops that wait nearby. Raises Problem where there is none, or none was chosen."""
    found: dict[str, Neighbour] = {}
    first = threading.Event()

    def add(neighbour: Neighbour) -> None:
        found[neighbour.name] = neighbour
        first.set()

    def remove(name: str) -> None:
        found.pop(name, None)

    print(texts("neighbour.searching"), file=sys.stderr, flush=True)
    try:
        with Browser(add, remove, arguments.listen):
            if first.wait(SEARCH_SECONDS):
                time.sleep(SETTLE_SECONDS)
    except OSError as error:
        raise EnvironmentProblem("neighbour.no_network") from error
    choice = sorted(found.values())
    number = "1"
    if len(choice) > 1:
        for place, one in enumerate(choice, 1):
            print(f"{place}  {one.name}  {', '.join(one.addresses)}", file=sys.stderr)
        number = _asked(texts("neighbour.choose"))
    if not number.isdecimal() or int(number) not in range(1, len(choice) + 1):
        raise Problem("neighbour.none_found")
    return choice[int(number) - 1]
