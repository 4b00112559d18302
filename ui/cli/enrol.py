"""xinyi enrol request | accept: a device asks to join a county, and takes the answer in."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.texts import Texts
from storage.errors import Problem
from sync.papers import Admission, Request, UnreadablePaper, armour, unarmour
from ui.cli.command import Answer, Declaration, opened, read_text, write_file


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    request = commands.add("request", _request, "cli.help_enrol_request", archive=True)
    request.add_argument("--out", type=Path, required=True, metavar="FILE", help=texts("cli.help_option_out"))
    accept = commands.add("accept", _accept, "cli.help_enrol_accept", archive=True)
    accept.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_admission"))


def _request(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        paper = archive.device.request()
        device = archive.device.id.hex()
    write_file(arguments.out, armour(paper, Request).encode())
    return Answer({"device": device, "file": str(arguments.out)}, texts("cli.request_written", file=arguments.out))


def _accept(arguments: argparse.Namespace, texts: Texts) -> Answer:
    try:
        paper = unarmour(read_text(arguments.file), Admission)
    except UnreadablePaper as error:
        raise Problem("enrol.not_an_admission") from error
    with opened(arguments) as archive:
        certificate = archive.accept(paper)
        county = archive.info().county
    data = {"station": certificate.station_name, "county": county, "expires": certificate.expires}
    return Answer(data, texts("cli.admitted", station=certificate.station_name, county=county))
