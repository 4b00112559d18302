"""xinyi alert list."""

from __future__ import annotations

import argparse
from typing import Any

from app.instruments.shelf import library_of
from app.people.service import People
from app.risk.alerts import AlertLine, Alerts
from app.risk.rules import AlertRules
from app.texts import Texts
from app.words import Words
from ui.cli.command import Answer, Declaration, opened, table


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    Declaration(parser, texts).add("list", _list, "cli.help_alert_list", archive=True)


def _list(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        lines = Alerts(archive).standing()
        groups = {group.id: group.fields.name for group in People(archive).groups()}
        now = archive.now()
        words = Words(texts, library_of(archive), AlertRules.load())
    data = [_data(line, groups, now, words) for line in lines]
    if not lines:
        return Answer([], texts("cli.no_alerts"))
    shown = [
        (
            words.level(line.alert.fields.level),
            words.moment(line.alert.fields.due) + (texts("cli.overdue") if line.alert.fields.due < now else ""),
            words.name(line.person.fields.name),
            groups.get(line.person.fields.group or b"", ""),
            words.alert(line.alert.fields),
            words.alert_status(line.alert.fields.status),
        )
        for line in lines
    ]
    header = [texts(f"cli.column_{name}") for name in ("level", "due", "name", "group", "reason", "status")]
    return Answer(data, table(shown, header))


def _data(line: AlertLine, groups: dict[bytes, str], now: int, words: Words) -> dict[str, Any]:
    alert = line.alert.fields
    return {
        "id": line.alert.id.hex(),
        "level": alert.level,
        "status": alert.status,
        "due": words.moment(alert.due),
        "overdue": alert.due < now,
        "instrument": alert.instrument,
        "reasons": list(alert.reasons),
        "person": line.person.id.hex(),
        "name": line.person.fields.name or None,
        "group": groups.get(line.person.fields.group or b""),
    }
