"""xinyi person erase | restrict | hold | release | consent | withdraw | export | due."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import get_args

import msgspec

from app.audit import Audit
from app.errors import Problem
from app.instruments.shelf import library_of
from app.records import Consent, Decision, ErasureReason, Giver, Ground, Kept, Manner, Person
from app.rights import retention
from app.rights.export import Gathering, record_handout, to_data
from app.rights.service import Rights
from app.risk.rules import AlertRules
from app.texts import Texts
from app.words import Words
from storage.archive import Archive
from ui.cli.asked import day, named_person, today
from ui.cli.command import Answer, Declaration, opened, prepare, table, write_file

SAID: tuple[Decision, ...] = ("given", "refused")


def declare(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands of ``xinyi person`` that are about rights."""
    who = texts("cli.help_option_person")
    reason = texts("rights.help_reason")
    erase = commands.add("erase", _erase, "rights.help_erase", archive=True)
    erase.add_argument("person", metavar="ID", help=who)
    reasons = get_args(ErasureReason)
    erase.add_argument("--reason", choices=reasons, default="request", help=texts("rights.help_erase_reason"))

    restrict = commands.add("restrict", _restrict, "rights.help_restrict", archive=True)
    restrict.add_argument("person", metavar="ID", help=who)
    how = restrict.add_mutually_exclusive_group(required=True)
    how.add_argument("--reason", metavar="TEXT", help=reason)
    how.add_argument("--lift", action="store_true", help=texts("rights.help_lift"))

    hold = commands.add("hold", _hold, "rights.help_hold", archive=True)
    hold.add_argument("person", metavar="ID", help=who)
    hold.add_argument("--reason", metavar="TEXT", required=True, help=reason)
    hold.add_argument("--by", metavar="TEXT", required=True, help=texts("rights.help_by"))
    hold.add_argument("--until", metavar="YYYY-MM-DD", help=texts("rights.help_until"))

    release = commands.add("release", _release, "rights.help_release", archive=True)
    release.add_argument("person", metavar="ID", help=who)
    release.add_argument("--reason", metavar="TEXT", required=True, help=reason)

    consent = commands.add("consent", _consent, "rights.help_consent", archive=True)
    consent.add_argument("--said", choices=SAID, help=texts("rights.help_said"))
    consent.add_argument("--ground", choices=get_args(Ground), help=texts("rights.help_ground"))
    consent.add_argument("--reason", metavar="TEXT", help=reason)
    withdraw = commands.add("withdraw", _withdraw, "rights.help_withdraw", archive=True)
    for command in (consent, withdraw):
        command.add_argument("person", metavar="ID", help=who)
        command.add_argument("--purpose", metavar="P", default="screening", help=texts("rights.help_purpose"))
        command.add_argument("--by", choices=get_args(Giver), default="self", help=texts("rights.help_giver"))
        command.add_argument("--date", metavar="YYYY-MM-DD", help=texts("rights.help_date"))
        command.add_argument("--how", choices=get_args(Manner), default="paper", help=texts("rights.help_how"))
        command.add_argument("--name", metavar="TEXT", help=texts("rights.help_name"))

    export = commands.group("export", "rights.help_export")
    prepare(export, _export, texts, archive=True, json_option=False)
    export.add_argument("person", metavar="ID", help=who)
    export.add_argument("--out", type=Path, metavar="FILE.pdf", help=texts("cli.help_option_pdf"))
    export.add_argument("--json", type=Path, metavar="FILE.json", dest="json_file", help=texts("rights.help_json"))

    due = commands.add("due", _due, "rights.help_due", archive=True)
    due.add_argument("--rule", metavar="R", help=texts("rights.help_rule"))
    due.add_argument("--years", type=int, metavar="N", help=texts("rights.help_years"))


def _erase(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        Rights(archive).erase(person.id, arguments.reason, today())
        Audit(archive).note("erased", detail=arguments.reason)
    # The name is gone; whoever asked for it knows whom they meant.
    return Answer({"erased": person.id.hex()}, texts("rights.erased_now"))


def _restrict(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        if arguments.lift:
            Rights(archive).unrestrict(person.id, today())
        else:
            Rights(archive).restrict(person.id, arguments.reason, today())
    key = "rights.lifted_now" if arguments.lift else "rights.restricted_now"
    return Answer({"person": person.id.hex(), "restricted": not arguments.lift}, texts(key, name=person.fields.name))


def _hold(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        until = day(arguments.until)
        hold = Rights(archive).hold(person.id, arguments.reason, arguments.by, until, today())
    return Answer({"person": person.id.hex(), "hold": hold.hex()}, texts("rights.held_now", name=person.fields.name))


def _release(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        released = Rights(archive).release(person.id, arguments.reason, today())
    return Answer({"person": person.id.hex(), "released": released}, texts("rights.released_now", count=released))


def _consent(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        if arguments.said:
            _say(archive, person.id, arguments, arguments.said)
        return _standing(archive, person, arguments.purpose, texts)


def _withdraw(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        _say(archive, person.id, arguments, "withdrawn")
        return _standing(archive, person, arguments.purpose, texts)


def _say(archive: Archive, person: bytes, arguments: argparse.Namespace, decision: Decision) -> None:
    now = today()
    said = Consent(
        purpose=arguments.purpose,
        giver=arguments.by,
        decision=decision,
        date=(day(arguments.date) or now).isoformat(),
        manner=None if arguments.by == "station" else arguments.how,
        name=arguments.name,
        ground=getattr(arguments, "ground", None),
        reason=getattr(arguments, "reason", None),
    )
    Rights(archive).say(person, said, now)


def _standing(archive: Archive, person: Kept[Person], purpose: str, texts: Texts) -> Answer:
    """What is missing now."""
    lacks = Rights(archive).missing(person.id, purpose, today())
    data = {"person": person.id.hex(), "purpose": purpose, "missing": msgspec.to_builtins(lacks)}
    lines = [
        texts("rights.lack", giver=texts(f"rights.value_giver_{one.giver}"), why=texts(f"rights.lack_{one.why}"))
        for one in lacks
    ]
    return Answer(data, "\n".join(lines) or texts("rights.nothing_missing", name=person.fields.name))


def _export(arguments: argparse.Namespace, texts: Texts) -> Answer:
    if arguments.out is None and arguments.json_file is None:
        raise Problem("rights.no_file")
    now = dt.datetime.now().astimezone()
    with opened(arguments) as archive:
        person = named_person(archive, arguments.person)
        library = library_of(archive)
        words = Words(texts, library, AlertRules.load())
        own = Gathering(archive, library, words, texts).own_data(person.id, now)
        # Written down first: a copy that nobody knows of is worse than a note about one that was not made.
        record_handout(archive, person.id, now.date())
        Audit(archive).note("exported", about=person.id)
    data = to_data(own, texts.language)
    written = []
    if arguments.out:
        # The PDF library takes a while to load; nothing else needs it.
        from app.reports.own_data import own_data_pdf  # noqa: PLC0415

        write_file(arguments.out, own_data_pdf(own, texts))
        written.append(arguments.out)
    if arguments.json_file:
        write_file(arguments.json_file, msgspec.json.format(msgspec.json.encode(data)))
        written.append(arguments.json_file)
    return Answer(data, "\n".join(texts("rights.exported", file=file) for file in written))


def _due(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        if arguments.rule:
            retention.decide(archive, arguments.rule, arguments.years, today())
        people = Rights(archive).due(today())
        term = retention.term(archive)
    years = term.years if term else None
    data = {"rule": term.rule.id if term else None, "years": years, "people": [person.id.hex() for person in people]}
    rows = [(person.id.hex(), person.fields.name) for person in people]
    header = [texts("cli.column_id"), texts("cli.column_name")]
    said = texts("rights.due_after", rule=term.rule.title[texts.language] if term else "", years=years)
    return Answer(data, f"{said}\n{table(rows, header) if rows else texts('rights.nobody_due')}")
