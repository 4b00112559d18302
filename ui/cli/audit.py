"""xinyi archive audit | checkpoint."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import msgspec

from app.access import require
from app.audit import Audit, Entry
from app.errors import Problem
from app.texts import Texts
from storage import checkpoint
from ui.cli.command import Answer, Declaration, opened, read_text, table, write_file


def declare(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands beside those of `xinyi archive`."""
    audit = commands.add("audit", _audit, "cli.help_audit", archive=True)
    audit.add_argument("--from", dest="start", metavar="DATE", help=texts("cli.help_option_audit_from"))
    audit.add_argument("--to", dest="end", metavar="DATE", help=texts("cli.help_option_audit_to"))
    made = commands.add("checkpoint", _checkpoint, "cli.help_checkpoint", archive=True)
    made.add_argument("--out", type=Path, metavar="F", help=texts("cli.help_option_checkpoint_out"))
    made.add_argument("--check", type=Path, metavar="F", help=texts("cli.help_option_checkpoint_check"))


def _audit(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        entries = Audit(archive).listed(_moment(arguments.start), _moment(arguments.end, days=1))
    rows = [(_time(entry), entry.user, texts(f"audit.{entry.kind}"), entry.person, entry.detail) for entry in entries]
    header = [texts(f"cli.column_{name}") for name in ("time", "user", "done", "about", "detail")]
    return Answer([msgspec.structs.asdict(entry) for entry in entries], table(rows, header))


def _time(entry: Entry) -> str:
    return f"{dt.datetime.fromtimestamp(entry.at / 1000).astimezone():%Y-%m-%d %H:%M}"


def _moment(date: str | None, *, days: int = 0) -> int | None:
    if not date:
        return None
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise Problem("cli.bad_date", date=date) from error
    return int(dt.datetime.combine(day + dt.timedelta(days), dt.time()).astimezone().timestamp() * 1000)


def _checkpoint(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        if arguments.check is None:
            require(archive, "audit")
            Audit(archive).note("checkpoint")
            line = checkpoint.make(archive)
        else:
            said = checkpoint.read(archive, read_text(arguments.check))
            differences = checkpoint.compare(archive, said)
    if arguments.check is None:
        if arguments.out:
            write_file(arguments.out, f"{line}\n".encode())
        return Answer(
            {"checkpoint": line}, texts("cli.checkpoint_written", file=arguments.out) if arguments.out else line
        )
    data = {"same": not differences, "at": said.at, "differences": [one._asdict() for one in differences]}
    if not differences:
        return Answer(data, texts("cli.checkpoint_same"))
    lines = [texts(f"cli.checkpoint_{one.kind}", place=one.place) for one in differences]
    return Answer(data, "\n".join(lines), texts("cli.checkpoint_differs", count=len(differences)))
