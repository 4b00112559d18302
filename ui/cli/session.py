"""xinyi session list | write | show | emergency | readers | allow | withdraw | notices."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from app.audit import Audit
from app.errors import Problem
from app.sessions.form import SessionForm, SessionNote
from app.sessions.notebooks import Reader
from app.sessions.service import Notice, SessionLine, Sessions, notice_words
from app.texts import Texts
from storage import recovery_code
from ui.cli.asked import day, named_person, today
from ui.cli.command import Answer, Declaration, opened, read_text, table


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    listed = commands.add("list", _list, "session.help_list", archive=True)
    write = commands.add("write", _write, "session.help_write", archive=True)
    for command in (listed, write):
        command.add_argument("person", metavar="ID", help=texts("cli.help_option_person"))
    form = SessionForm.load()
    # From a file or standard input: what stands on a command line can be read by everybody on the computer.
    write.add_argument("--note", type=Path, required=True, metavar="F.json", help=texts("session.help_note"))
    write.add_argument("--date", metavar="YYYY-MM-DD", help=texts("session.help_date"))
    manners = [one.id for one in form.manners]
    write.add_argument("--manner", choices=manners, default=manners[0], help=texts("session.help_manner"))
    write.add_argument("--minutes", type=int, metavar="N", help=texts("session.help_minutes"))
    write.add_argument("--amends", metavar="SESSION", help=texts("session.help_amends"))
    show = commands.add("show", _show, "session.help_show", archive=True)
    emergency = commands.add("emergency", _emergency, "session.help_emergency", archive=True)
    for command in (show, emergency):
        command.add_argument("session", metavar="SESSION", help=texts("session.help_session"))
    emergency.add_argument("--code-file", type=Path, required=True, metavar="F", help=texts("cli.help_option_code"))
    emergency.add_argument("--reason", required=True, metavar="TEXT", help=texts("session.help_reason"))
    commands.add("readers", _readers, "session.help_readers", archive=True)
    for name, run in (("allow", _allow), ("withdraw", _withdraw)):
        command = commands.add(name, run, f"session.help_{name}", archive=True)
        command.add_argument("name", metavar="NAME", help=texts("cli.help_option_user_name"))
    notices = commands.add("notices", _notices, "session.help_notices", archive=True)
    notices.add_argument("--noted", action="store_true", help=texts("session.help_noted"))


def _list(arguments: argparse.Namespace, texts: Texts) -> Answer:
    form = SessionForm.load()
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        Audit(archive).read(person.id)
        lines = Sessions(archive, form).of(person.id)
    rows = [
        (
            line.session.id.hex(),
            line.session.fields.date,
            form.manner(line.session.fields.manner, texts.language),
            line.author,
            texts("session.readable" if line.readable else "session.not_readable"),
        )
        for line in lines
    ]
    header = [texts(f"session.column_{name}") for name in ("session", "date", "manner", "author", "note")]
    return Answer([_line_data(line) for line in lines], table(rows, header) if rows else texts("session.none"))


def _line_data(line: SessionLine) -> dict[str, Any]:
    fields = line.session.fields
    return {
        "id": line.session.id.hex(),
        "date": fields.date,
        "manner": fields.manner,
        "minutes": fields.minutes,
        "author": line.author,
        "readable": line.readable,
        "amended": line.amended,
        "amends": fields.amends.hex() if fields.amends else None,
    }


def _write(arguments: argparse.Namespace, texts: Texts) -> Answer:
    text = sys.stdin.read() if str(arguments.note) == "-" else read_text(arguments.note)
    try:
        sections = msgspec.json.decode(text.encode(errors="surrogatepass"), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = "、".join(one.id for one in SessionForm.load().sections)
        raise Problem("session.not_a_note", sections=known) from error
    now = today()
    note = SessionNote(day(arguments.date) or now, arguments.manner, sections, arguments.minutes)
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        amends = _id(arguments.amends) if arguments.amends else None
        session = Sessions(archive).write(person.id, note, now, amends=amends)
    return Answer({"id": session.hex()}, texts("session.written", session=session.hex()))


def _show(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        note = Sessions(archive).read(_id(arguments.session))
    return _note(note, texts)


def _emergency(arguments: argparse.Namespace, texts: Texts) -> Answer:
    code = recovery_code.read(read_text(arguments.code_file))
    with opened(arguments) as archive:
        note = Sessions(archive).read_in_emergency(_id(arguments.session), code, arguments.reason)
    return _note(note, texts)


def _note(note: SessionNote, texts: Texts) -> Answer:
    form = SessionForm.load()
    data = {**msgspec.to_builtins(note)}
    head = f"{note.date}  {form.manner(note.manner, texts.language)}"
    parts = [f"{form.section(name, texts.language)}\n{text}" for name, text in note.sections.items()]
    return Answer(data, "\n\n".join([head, *parts]))


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Problem("session.unknown") from error


# ---- who reads ----


def _readers(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        sessions = Sessions(archive)
        readers, own = sessions.notebooks.readers(), sessions.notebooks.own_fingerprint
    rows = [
        (
            reader.name or texts("session.recovery_code"),
            texts("session.allowed" if reader.allowed else "session.not_allowed"),
            reader.fingerprint,
        )
        for reader in readers
    ]
    header = [texts(f"session.column_{name}") for name in ("reader", "note", "fingerprint")]
    data = {"own": own, "readers": [_reader_data(reader) for reader in readers]}
    return Answer(data, f"{texts('session.own_fingerprint', digits=own)}\n{table(rows, header)}")


def _reader_data(reader: Reader) -> dict[str, Any]:
    return {**msgspec.structs.asdict(reader), "user": reader.user.hex() if reader.user else None}


def _allow(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        sessions = Sessions(archive)
        reader = _reader(sessions, arguments.name)
        sessions.notebooks.allow(reader.user or b"")
    digits = reader.fingerprint
    return Answer(
        {"name": reader.name, "fingerprint": digits}, texts("session.allowed_now", name=reader.name, digits=digits)
    )


def _withdraw(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        sessions = Sessions(archive)
        reader = _reader(sessions, arguments.name)
        sessions.notebooks.withdraw(reader.user or b"")
    return Answer({"name": reader.name}, texts("session.withdrawn_now", name=reader.name))


def _reader(sessions: Sessions, name: str) -> Reader:
    named = [reader for reader in sessions.notebooks.readers() if reader.user and reader.name == name]
    if len(named) != 1:  # of two of one name nobody can tell here who is meant
        raise Problem("session.no_reader")
    return named[0]


def _notices(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        sessions = Sessions(archive)
        notices = sessions.notices()
        for notice in notices if arguments.noted else ():
            sessions.notice(notice.reading.id)
    lines = [notice_words(notice, texts) for notice in notices]
    return Answer([_notice_data(notice) for notice in notices], "\n".join(lines) or texts("session.no_notices"))


def _notice_data(notice: Notice) -> dict[str, Any]:
    fields = notice.reading.fields
    return {
        "id": notice.reading.id.hex(),
        "session": fields.session.hex(),
        "at": fields.at,
        "reader": notice.reader,
        "person": notice.person,
        "reason": fields.reason,
    }
