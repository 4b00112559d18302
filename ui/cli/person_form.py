"""xinyi person form: a form that somebody filled in, on paper, for the file."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from app.audit import Audit
from app.errors import Problem
from app.instruments.shelf import library_of
from app.reports.service import FILLED_FORM, Reports
from app.texts import Texts
from storage.archive import Archive
from ui.cli.asked import named_person
from ui.cli.command import Answer, Declaration, opened, write_file


def declare(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-command."""
    form = commands.add("form", _form, "cli.help_person_form", archive=True)
    form.add_argument("person", metavar="ID", help=texts("cli.help_option_person"))
    form.add_argument("form", metavar="FORM", help=texts("cli.help_option_form"))
    form.add_argument("--out", type=Path, metavar="FILE.pdf", required=True, help=texts("cli.help_option_pdf"))


def _form(arguments: argparse.Namespace, texts: Texts) -> Answer:
    now = dt.datetime.now().astimezone()
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        screening = _screening(archive, person.id, arguments.form)
        paper = Reports(archive, library_of(archive), texts).filled_form(screening, now)
        # Written down first: a copy that nobody knows of is worse than a note about one that was not made.
        Audit(archive).note("printed", about=person.id, detail=FILLED_FORM)
    write_file(arguments.out, paper.pdf)
    data = {"person": person.id.hex(), "screening": screening.hex(), "file": str(arguments.out)}
    return Answer(data, texts("paper.written_named", file=arguments.out))


def _screening(archive: Archive, person: bytes, text: str) -> bytes:
    """What is meant: the id of answers, or an instrument for the newest answers to it. Raises Problem."""
    records = archive.find("screening", {"person": person}, order="date", descending=True)
    for record in records:
        if text in {record.id.hex(), record.fields.get("instrument")}:
            return record.id
    raise Problem("paper.no_answers")
