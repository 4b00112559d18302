"""xinyi person find | show, and what `ui.cli.rights` and `ui.cli.person_form` add."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from app.audit import Audit
from app.instruments.library import Library
from app.people.identity import mask
from app.people.service import People, TimelineEntry
from app.records import Alert, AlertStep, Kept, Person, Screening, Session, typed
from app.referrals.service import Referrals, Slip
from app.referrals.words import SlipWords
from app.risk.rules import AlertRules
from app.sessions.form import SessionForm
from app.texts import Texts
from app.words import Words
from ui.cli import person_form, rights
from ui.cli.asked import named_person
from ui.cli.command import Answer, Declaration, opened, table


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    find = commands.add("find", _find, "cli.help_person_find", archive=True)
    find.add_argument("text", metavar="TEXT", help=texts("cli.help_option_search"))
    find.add_argument("--limit", type=int, default=50, metavar="N", help=texts("cli.help_option_limit"))
    show = commands.add("show", _show, "cli.help_person_show", archive=True)
    show.add_argument("person", metavar="ID", help=texts("cli.help_option_person"))
    person_form.declare(commands, texts)
    rights.declare(commands, texts)


def _find(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        people = People(archive)
        found = people.find(arguments.text, arguments.limit)
        groups = {group.id: group.fields.name for group in people.groups()}
    rows = [_person_data(person, groups) for person in found]
    if not rows:
        return Answer([], texts("cli.nobody_found"))
    words = _words(texts)
    shown = [
        (row["id"], row["name"], words.sex(person.fields.sex), row["group"] or "", mask(row["id_number"] or ""))
        for row, person in zip(rows, found, strict=True)
    ]
    header = [texts(f"cli.column_{name}") for name in ("id", "name", "sex", "group", "id_number")]
    return Answer(rows, table(shown, header))


def _show(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        people = People(archive)
        person = named_person(archive, arguments.person)
        Audit(archive).read(person.id)
        timeline = people.timeline(person.id)
        slips = Referrals(archive).of_person(person.id) if archive.may_read("referral") else {}
        groups = {group.id: group.fields.name for group in people.groups()}
    words = _words(texts)
    entries = [
        _referral(slips.get(entry.record.id), entry, texts) if entry.kind == "referral" else _entry(entry, words, texts)
        for entry in timeline
    ]
    data = {**_person_data(person, groups), "timeline": entries}
    head = " · ".join(
        part
        for part in (
            person.fields.name,
            words.sex(person.fields.sex),
            person.fields.birth_date or "",
            data["group"] or "",
        )
        if part
    )
    lines = [head, *(f"{entry['date']}  {entry['text']}" for entry in entries)]
    return Answer(data, "\n".join(lines))


def _words(texts: Texts) -> Words:
    return Words(texts, Library.load(), AlertRules.load())


def _person_data(person: Kept[Person], groups: dict[bytes, str]) -> dict[str, Any]:
    fields = person.fields
    return {
        "id": person.id.hex(),
        "name": fields.name,
        "sex": fields.sex,
        "birth_date": fields.birth_date,
        "id_number": fields.id_number,
        "student_number": fields.student_number,
        "group": groups.get(fields.group) if fields.group else None,
    }


def _referral(slip: Slip | None, entry: TimelineEntry, texts: Texts) -> dict[str, Any]:
    """A referral in a timeline; no slip where only a newer version can read it."""
    data = {"date": _date(entry), "kind": entry.kind, "id": entry.record.id.hex()}
    if slip is None:
        return {**data, "text": texts("referral.newer")}
    words = SlipWords(texts)
    text = texts("referral.line_and_state", text=words.in_a_line(slip), state=words.state(slip))
    return {**data, "status": slip.referral.fields.status, "text": text}


def _date(entry: TimelineEntry) -> str:
    return dt.datetime.fromtimestamp(entry.at / 1000).astimezone().date().isoformat()


def _entry(entry: TimelineEntry, words: Words, texts: Texts) -> dict[str, Any]:
    """One entry of a timeline, as data and as a line of text."""
    data: dict[str, Any] = {"date": _date(entry), "kind": entry.kind}
    if entry.kind == "screening":
        screening = typed(entry.record, Screening).fields
        data |= {
            "id": entry.record.id.hex(),
            "instrument": screening.instrument,
            "status": screening.status,
            "scores": {name: {"value": one.value, "band": one.band} for name, one in screening.scores.items()},
            "critical": list(screening.critical),
            "text": words.screening(screening),
        }
    elif entry.kind == "session":
        session = typed(entry.record, Session).fields
        data |= {"id": entry.record.id.hex(), "text": SessionForm.load().words(session, texts)}
    elif entry.kind == "alert":
        alert = typed(entry.record, Alert).fields
        data |= {"level": alert.level, "status": alert.status, "text": words.alert(alert)}
    else:
        step = typed(entry.record, AlertStep).fields
        data |= {"step": step.step, "text": words.step(step)}
    return data
