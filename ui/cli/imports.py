"""xinyi import roster | answers."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.instruments.shelf import library_of
from app.people.roster_rows import Reason
from app.people.service import People
from app.risk.rules import AlertRules
from app.screening.answers import Day
from app.screening.service import Screenings
from app.texts import Texts
from ui.cli.command import Answer, Declaration, opened, table
from ui.cli.exchange import planned_responses

FATES = ("taken", "doubtful", "refused")


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    roster = commands.add("roster", _roster, "cli.help_import_roster", archive=True)
    roster.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_roster"))
    roster.add_argument("--group", metavar="NAME", help=texts("cli.help_option_default_group"))
    answers = commands.add("answers", _answers, "cli.help_import_answers", archive=True)
    answers.add_argument("file", type=Path, metavar="FILE", help=texts("cli.help_option_answers"))
    answers.add_argument("--instrument", required=True, metavar="ID", help=texts("cli.help_option_instrument"))
    answers.add_argument("--date", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help=texts("cli.help_option_date"))
    for command in (roster, answers):
        command.add_argument("--dry-run", action="store_true", help=texts("cli.help_option_dry_run"))


def today() -> dt.date:
    """The day on this computer's calendar."""
    return dt.datetime.now().astimezone().date()


def _roster(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        people = People(archive)
        plan = people.plan(arguments.file, group=arguments.group, today=today())
        applied = None if arguments.dry_run else people.apply(plan)
    data: dict[str, Any] = {
        "dry_run": arguments.dry_run,
        "counts": {fate: sum(row.fate == fate for row in plan.rows) for fate in FATES},
        "rows": [
            {
                "line": row.line,
                "sheet": row.sheet,
                "fate": row.fate,
                "action": row.action,
                "name": row.person.name if row.person else None,
                "reasons": _reasons(row.reasons, texts),
            }
            for row in plan.rows
        ],
    }
    summary = texts("cli.roster_planned", **data["counts"])
    if applied:
        data["added"], data["updated"], data["unchanged"] = applied.added, applied.updated, applied.unchanged
        summary = texts(
            "cli.roster_applied",
            added=applied.added,
            updated=applied.updated,
            unchanged=applied.unchanged,
            left=applied.left_out,
        )
    return Answer(data, _rows_text(data["rows"], texts) + summary)


def _answers(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        library = library_of(archive)
        screenings = Screenings(archive, library, AlertRules.load())
        known, day = People(archive).known(), Day(arguments.date or today(), today())
        if arguments.file.suffix.lower() == ".json":
            definition = library.get(arguments.instrument)
            plan = screenings.checked(planned_responses(arguments.file, definition, known, day))
        else:
            plan = screenings.plan(
                arguments.file, instrument=arguments.instrument, people=known, date=day.default, today=day.today
            )
        recorded = [] if arguments.dry_run else screenings.apply(plan)
    alerts = sum(one.alert is not None for one in recorded)
    data: dict[str, Any] = {
        "dry_run": arguments.dry_run,
        "instrument": arguments.instrument,
        "counts": {fate: sum(row.fate == fate for row in plan.rows) for fate in FATES},
        "recorded": len(recorded),
        "alerts": alerts,
        "rows": [
            {
                "line": row.line,
                "sheet": row.sheet,
                "fate": row.fate,
                "name": row.name,
                "reasons": _reasons(row.reasons, texts),
            }
            for row in plan.rows
        ],
    }
    if arguments.dry_run:
        summary = texts("cli.answers_planned", **data["counts"])
    else:
        summary = texts(
            "cli.answers_recorded", recorded=len(recorded), alerts=alerts, left=len(plan.rows) - len(recorded)
        )
    return Answer(data, _rows_text(data["rows"], texts) + summary)


def _reasons(reasons: Sequence[Reason], texts: Texts) -> list[str]:
    return [texts(reason.key, **reason.values) for reason in reasons]


def _rows_text(rows: Sequence[dict[str, Any]], texts: Texts) -> str:
    """The rows that a person has to look at, one line each."""
    shown = [
        (row["line"], texts(f"cli.fate_{row['fate']}"), row["name"] or "", "；".join(row["reasons"]))
        for row in rows
        if row["reasons"]
    ]
    header = [texts(f"cli.column_{name}") for name in ("line", "fate", "name", "reason")]
    return table(shown, header) + "\n\n" if shown else ""
