"""What exchanges with other formats: ``xinyi instrument import | export``, ``xinyi campaign export``, responses."""

from __future__ import annotations

import argparse
import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.errors import Problem
from app.exchange.about import Given
from app.exchange.files import definition_bytes
from app.exchange.report import Imported, Note, said
from app.instruments.definition import Definition
from app.instruments.library import Library
from app.instruments.shelf import library_of
from app.people.roster import KnownPeople
from app.risk.rules import AlertRules
from app.screening.answers import AnswerPlan, Day
from app.screening.service import Screenings
from app.texts import LANGUAGES, Texts
from storage.archive import Archive
from ui.cli.command import Answer, Declaration, opened, write_file

_ZIP = b"PK\x03\x04"
_FILES = (".csv", ".xlsx", ".json")


def declare_instrument(commands: Declaration, texts: Texts) -> None:
    """Declare what is done with definitions."""
    imports = commands.add("import", _import, "exchange.help_import")
    imports.add_argument("file", type=Path, metavar="FILE", help=texts("exchange.help_file"))
    imports.add_argument("--from", dest="format", choices=("auto", "fhir", "xlsform"), default="auto")
    imports.add_argument("--out", type=Path, required=True, metavar="FILE.json", help=texts("exchange.help_out"))
    imports.add_argument("--id", dest="name", metavar="ID", help=texts("exchange.help_id"))
    imports.add_argument("--owner", metavar="TEXT", help=texts("exchange.help_owner"))
    imports.add_argument("--licence", metavar="TEXT", help=texts("exchange.help_licence"))
    imports.add_argument("--leave-out", action="store_true", help=texts("exchange.help_leave_out"))
    exports = commands.add("export", _export, "exchange.help_export", archive=True)
    exports.add_argument("instrument", metavar="ID", help=texts("cli.help_option_instrument"))
    exports.add_argument("--to", dest="format", choices=("fhir", "definition"), default="fhir")
    exports.add_argument("--out", type=Path, required=True, metavar="FILE.json", help=texts("exchange.help_out"))
    exports.add_argument("--base", choices=LANGUAGES, default=LANGUAGES[0], help=texts("exchange.help_base"))
    for command in (imports, exports):
        command.add_argument("--report", action="store_true", help=texts("exchange.help_report"))


def declare_campaign(commands: Declaration, texts: Texts) -> None:
    """Declare what is done with answers."""
    export = commands.add("export", _answers, "exchange.help_answers", archive=True)
    export.add_argument("name", nargs="?", metavar="NAME", help=texts("exchange.help_campaign"))
    export.add_argument("--instrument", required=True, metavar="ID", help=texts("cli.help_option_instrument"))
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help=texts("exchange.help_answers_out"))
    export.add_argument("--identified", action="store_true", help=texts("exchange.help_identified"))


# ---- definitions ----


def _import(arguments: argparse.Namespace, texts: Texts) -> Answer:
    raw = _read(arguments.file)
    given = Given(
        file=arguments.file.name,
        today=dt.datetime.now().astimezone().date(),
        owner=arguments.owner,
        licence=arguments.licence,
        id=arguments.name,
        leave_out=arguments.leave_out,
    )
    result = _imported(arguments.format, raw, texts, given)
    definition, notes = result.definition, _told(result.notes, texts, everything=arguments.report)
    data = {"id": definition.id if definition else None, "file": None, "notes": _data(result.notes, texts)}
    refused = sum(note.severity == "refused" for note in result.notes)
    if definition is None:
        return Answer(data, notes, texts("exchange.refused", count=refused))
    write_file(arguments.out, definition_bytes(definition))
    data["file"] = str(arguments.out)
    counts = {"id": definition.id, "items": len(definition.items), "scores": len(definition.scores)}
    text = "\n".join(filter(None, (notes, texts("exchange.written", file=arguments.out, **counts))))
    lost = any(note.severity == "lost" for note in result.notes)
    return Answer(data, text, texts("exchange.lost", file=arguments.out) if lost else "")


def _imported(form: str, raw: bytes, texts: Texts, given: Given) -> Imported:
    """Read a file by its format, or by what it looks like."""
    # Both bring libraries that take a while to load.
    if form == "xlsform" or (form == "auto" and raw.startswith(_ZIP)):
        from app.exchange.xlsform_in import import_xlsform  # noqa: PLC0415

        return import_xlsform(raw, texts, given)
    if form == "fhir" or raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from app.exchange.fhir_in import import_fhir  # noqa: PLC0415

        return import_fhir(raw, texts, given)
    raise Problem("exchange.unknown_format", file=given.file)


def _export(arguments: argparse.Namespace, texts: Texts) -> Answer:
    library = _library(arguments)
    definition = library.get(arguments.instrument)
    if arguments.format == "definition":
        write_file(arguments.out, library.raw(arguments.instrument))
        return Answer({"id": definition.id, "file": str(arguments.out), "notes": []}, _written(arguments.out, texts))
    from app.exchange.fhir_out import export_fhir  # noqa: PLC0415 -- see above

    result = export_fhir(definition, arguments.base)
    notes = _told(result.notes, texts, everything=arguments.report)
    data = {"id": definition.id, "file": None, "notes": _data(result.notes, texts)}
    if result.resource is None:
        refused = sum(note.severity == "refused" for note in result.notes)
        return Answer(data, notes, texts("exchange.not_exported", count=refused))
    write_file(arguments.out, msgspec.json.format(msgspec.json.encode(result.resource)))
    data["file"] = str(arguments.out)
    return Answer(data, "\n".join(filter(None, (notes, _written(arguments.out, texts)))))


def _written(file: Path, texts: Texts) -> str:
    return texts("exchange.exported", file=file)


def _library(arguments: argparse.Namespace) -> Library:
    """The instruments of the program, with those of an archive where one is named."""
    if arguments.archive or os.environ.get("XINYI_ARCHIVE"):
        with opened(arguments) as archive:
            return library_of(archive)
    return Library.load()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Problem("cli.cannot_read", file=file) from error


def _data(notes: Sequence[Note], texts: Texts) -> list[dict[str, object]]:
    return [{"severity": note.severity, "places": list(note.places), "text": said(note, texts)} for note in notes]


def _told(notes: Sequence[Note], texts: Texts, *, everything: bool) -> str:
    """Notes as lines. What was merely put in other words is told where it is asked for."""
    shown = [note for note in notes if everything or note.severity != "changed"]
    lines = [f"[{texts(f'exchange.severity_{note.severity}')}] {said(note, texts)}" for note in shown]
    if len(shown) < len(notes):
        lines.append(texts("exchange.more_notes", count=len(notes) - len(shown)))
    return "\n".join(lines)


# ---- answers ----


def _answers(arguments: argparse.Namespace, texts: Texts) -> Answer:
    kind = arguments.out.suffix.lower()
    if kind not in _FILES:
        raise Problem("exchange.out_kind", file=arguments.out.name)
    # Brings the library that makes workbooks.
    from app.exchange.responses_out import Answers, delimited  # noqa: PLC0415
    from app.spreadsheets.writing import workbook_of  # noqa: PLC0415

    files: dict[Path, bytes] = {}
    with opened(arguments) as archive:
        answers = Answers(archive, library_of(archive), texts)
        campaign = _campaign(archive, arguments.name) if arguments.name else None
        gathered = answers.gather(arguments.instrument, campaign, identified=arguments.identified)
        forms = len(gathered.rows)
        if kind == ".json":
            bundle = answers.resources(gathered, identified=arguments.identified)
            files[arguments.out] = msgspec.json.format(msgspec.json.encode(bundle))
            forms = sum(one.definition == gathered.definitions[0] for one in gathered.rows)
        else:
            tables = answers.tables(gathered, identified=arguments.identified)
            files[arguments.out] = workbook_of(tables) if kind == ".xlsx" else delimited(tables[0])
            if kind == ".csv":
                files[arguments.out.with_suffix(".codebook.csv")] = delimited(tables[1])
    for file, content in files.items():
        write_file(file, content)
    names = texts("words.separator").join(map(str, files))
    sentences = [texts("exchange.answers_written", files=names, forms=forms, people=gathered.people)]
    if gathered.left_out:
        sentences.append(texts("exchange.answers_left_out", count=gathered.left_out))
    if forms < len(gathered.rows):
        sentences.append(texts("exchange.answers_other_versions", count=len(gathered.rows) - forms))
    if arguments.identified:
        sentences.append(texts("exchange.answers_named"))
    data = {
        "files": [str(file) for file in files],
        "forms": forms,
        "people": gathered.people,
        "left_out": gathered.left_out,
        "identified": arguments.identified,
    }
    return Answer(data, "\n".join(sentences))


def planned_responses(file: Path, definition: Definition, known: KnownPeople, day: Day) -> AnswerPlan:
    """What importing a file of FHIR responses would do. Raises Problem."""
    from app.exchange.fhir_answers import plan_responses, read_responses  # noqa: PLC0415 -- see above

    return plan_responses(read_responses(_read(file), definition), definition, known=known, day=day)


def _campaign(archive: Archive, name: str) -> bytes:
    campaigns = Screenings(archive, library_of(archive), AlertRules.load()).campaigns()
    for campaign in campaigns:
        if name in {campaign.fields.name, campaign.id.hex()}:
            return campaign.id
    raise Problem("exchange.no_such_campaign", name=name)
