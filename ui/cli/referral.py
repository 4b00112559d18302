"""xinyi referral stations | send | list | show | answer."""

from __future__ import annotations

import argparse
from typing import Any, cast, get_args

import msgspec

from app.audit import Audit
from app.errors import Problem
from app.records import Ground
from app.referrals.rules import ReferralRules
from app.referrals.service import Referrals, Slip
from app.referrals.slip import Referral, ReferralAnswer, ReferralGround, ReferralKind
from app.referrals.stations import Station, remember_stations
from app.referrals.words import SlipWords
from app.referrals.writing import CONTACTS, Extract, Order
from app.texts import Texts
from app.words import moment
from ui.cli.asked import named_person, today
from ui.cli.command import Answer, Declaration, opened, table
from ui.meetings import fetch_stations, pass_of

NONE = "none"
"""Said in place of a screening: none goes along."""


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    stations = commands.add("stations", _stations, "referral.help_stations", archive=True)
    stations.add_argument("url", nargs="?", metavar="URL", help=texts("referral.help_url"))
    _declare_send(commands, texts)
    commands.add("list", _list, "referral.help_list", archive=True)
    show = commands.add("show", _show, "referral.help_show", archive=True)
    answer = commands.add("answer", _answer, "referral.help_answer", archive=True)
    for command in (show, answer):
        command.add_argument("referral", metavar="ID", help=texts("referral.help_id"))
    decision = answer.add_mutually_exclusive_group(required=True)
    for name, value in (("accept", "accepted"), ("refuse", "refused")):
        shown = texts(f"referral.help_{name}")
        decision.add_argument(f"--{name}", action="store_const", const=value, dest="decision", help=shown)
    answer.add_argument("--text", default="", metavar="TEXT", help=texts("referral.help_answer_text"))


def _declare_send(commands: Declaration, texts: Texts) -> None:
    send = commands.add("send", _send, "referral.help_send", archive=True)
    send.add_argument("person", metavar="PERSON", help=texts("referral.help_person"))
    send.add_argument("--to", required=True, metavar="NAME", help=texts("referral.help_to"))
    urgencies = ReferralRules.load().ids()
    send.add_argument("--urgency", required=True, choices=urgencies, help=texts("referral.help_urgency"))
    send.add_argument("--reason", required=True, metavar="TEXT", help=texts("referral.help_reason"))
    send.add_argument("--done", default="", metavar="TEXT", help=texts("referral.help_done"))
    send.add_argument("--transfer", action="store_true", help=texts("referral.help_transfer"))
    screening = texts("referral.help_screening")
    send.add_argument("--screening", action="append", metavar="ID", dest="screenings", help=screening)
    left_out = texts("referral.help_leave_out")
    send.add_argument("--leave-out", action="append", choices=CONTACTS, default=[], help=left_out)
    ground = send.add_mutually_exclusive_group(required=True)
    agreed = texts("referral.help_consent")
    ground.add_argument("--consent", action="store_const", const="consent", dest="ground", help=agreed)
    ground.add_argument("--ground", choices=get_args(Ground), help=texts("referral.help_ground"))
    send.add_argument("--ground-reason", default="", metavar="TEXT", help=texts("referral.help_ground_reason"))


def _stations(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        if arguments.url:
            remember_stations(archive, fetch_stations(arguments.url, pass_of(archive)))
        stations = Referrals(archive).stations()
    data = [{"id": one.id.hex(), "name": one.name} for one in stations]
    return Answer(data, "\n".join(one.name for one in stations) or texts("referral.no_stations"))


def _send(arguments: argparse.Namespace, texts: Texts) -> Answer:
    kind: ReferralKind = "transfer" if arguments.transfer else "referral"
    contacts = frozenset(one for one in CONTACTS if one not in arguments.leave_out)
    with opened(arguments) as archive:
        referrals = Referrals(archive)
        person = named_person(archive, arguments.person)
        order = Order(
            kind=kind,
            to=_station(referrals.stations(), arguments.to, texts),
            urgency=arguments.urgency,
            reason=arguments.reason,
            done=arguments.done,
            screenings=_screenings(arguments.screenings, referrals.extract(person.id, kind)),
            contacts=contacts,
            ground=cast("ReferralGround", arguments.ground),
            ground_reason=arguments.ground_reason,
        )
        referral = referrals.send(person.id, order, today())
    return Answer({"id": referral.hex()}, texts("referral.sent_now", to=arguments.to, id=referral.hex()))


def _station(stations: list[Station], name: str, texts: Texts) -> Station:
    if not stations:
        raise Problem("referral.no_stations")
    named = [one for one in stations if one.name == name.strip()]
    if len(named) != 1:
        names = texts("words.separator").join(one.name for one in stations)
        raise Problem("referral.no_station_named", name=name, stations=names)
    return named[0]


def _screenings(said: list[str] | None, extract: Extract) -> frozenset[bytes] | None:
    """The screenings that somebody named; None where nobody did."""
    if said is None:
        return None
    known = {one.id.hex(): one.id for one in extract.screenings}
    for one in said:
        if one not in known and one != NONE:
            raise Problem("referral.no_screening", id=one)
    return frozenset(known[one] for one in said if one != NONE)


def _list(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        listing = Referrals(archive).listing()
    words = SlipWords(texts)
    rows = [
        (
            slip.id.hex(),
            texts(f"referral.direction_{slip.direction}"),
            slip.referral.fields.name,
            slip.other,
            words.urgency(slip.referral.fields.urgency),
            words.state(slip),
            moment(slip.referral.fields.sent),
        )
        for slip in listing.slips
    ]
    columns = ("id", "direction", "name", "other", "urgency", "state", "when")
    header = [texts(f"referral.column_{name}") for name in columns]
    lines = [table(rows, header) if rows else texts("referral.none")]
    if listing.newer:
        lines.append(texts("referral.newer_too", count=listing.newer))
    return Answer([_data(slip) for slip in listing.slips], "\n".join(lines))


def _data(slip: Slip) -> dict[str, Any]:
    fields = slip.referral.fields
    return {
        "id": slip.id.hex(),
        "direction": slip.direction,
        "other": slip.other,
        "kind": fields.kind,
        "status": fields.status,
        "urgency": fields.urgency,
        "name": fields.name,
        "sent": moment(fields.sent),
    }


def _show(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        referrals = Referrals(archive)
        slip = referrals.get(_id(arguments.referral))
        if slip.referral.record.person:
            Audit(archive).read(slip.referral.record.person, "referral")
        if archive.guard.may_write("referral") and referrals.seen(slip.id):
            slip = referrals.get(slip.id)
    words = SlipWords(texts)
    referral = slip.referral.fields
    lines = [f"{words.kind(referral)}　{words.state(slip)}"]
    if slip.forged:
        lines.append(texts("referral.forged", said=referral.from_station, real=slip.other))
    lines += [texts("referral.line", title=title, text=text) for title, text in words.lines(referral)]
    lines += [words.screening(one) for one in referral.screenings]
    lines += [words.reply(one) for one in (slip.reply, *slip.also) if one]
    return Answer({**_data(slip), **_content(referral), "forged": slip.forged}, "\n".join(lines))


def _content(referral: Referral) -> dict[str, Any]:
    """What stands on the slip, as it is kept."""
    content: dict[str, Any] = msgspec.to_builtins(referral)
    return {name: value for name, value in content.items() if name not in {"sent", "seen"}}


def _answer(arguments: argparse.Namespace, texts: Texts) -> Answer:
    decision: ReferralAnswer = arguments.decision
    with opened(arguments) as archive:
        referrals = Referrals(archive)
        referral = _id(arguments.referral)
        referrals.answer(referral, decision, arguments.text)
        other = referrals.get(referral).other
    return Answer({"id": referral.hex(), "status": decision}, texts("referral.answered_now", other=other))


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Problem("referral.unknown") from error
