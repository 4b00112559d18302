"""xinyi archive audit | checkpoint."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import msgspec

from app.audit import Audit, entry_words
from app.checkpoints import compare, note_printed, pin
from app.errors import Problem
from app.texts import Texts
from ui.cli.command import Answer, Declaration, opened, read_text, table, write_file


def declare(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands beside those of `xinyi archive`."""
    audit = commands.add("audit", _audit, "cli.help_audit", archive=True)
    audit.add_argument("--from", dest="start", metavar="DATE", help=texts("cli.help_option_audit_from"))
    audit.add_argument("--to", dest="end", metavar="DATE", help=texts("cli.help_option_audit_to"))
    audit.add_argument("--pdf", type=Path, metavar="F.pdf", help=texts("cli.help_option_audit_pdf"))
    made = commands.add("checkpoint", _checkpoint, "cli.help_checkpoint", archive=True)
    made.add_argument("--out", type=Path, metavar="F", help=texts("cli.help_option_checkpoint_out"))
    made.add_argument("--pdf", type=Path, metavar="F.pdf", help=texts("cli.help_option_checkpoint_pdf"))
    made.add_argument("--check", type=Path, metavar="F", help=texts("cli.help_option_checkpoint_check"))


def _audit(arguments: argparse.Namespace, texts: Texts) -> Answer:
    start, end = _moment(arguments.start), _moment(arguments.end, days=1)
    with opened(arguments) as archive:
        entries = Audit(archive).listed(start, end)
        if arguments.pdf:
            # The PDF library takes a while to load; nothing else here needs it. (So below.)
            from app.reports.audit_page import audit_pdf  # noqa: PLC0415

            asked = texts("cli.audit_from_to", start=arguments.start or "…", end=arguments.end or "…")
            page = audit_pdf(entries, pin(archive), asked=asked, made=dt.datetime.now().astimezone(), texts=texts)
            write_file(arguments.pdf, page)
            Audit(archive).note("printed", detail="audit-log")
    header = [texts(f"audit.column_{name}") for name in ("time", "user", "done", "about", "detail")]
    text = table([entry_words(entry, texts) for entry in entries], header)
    return Answer(
        [msgspec.structs.asdict(entry) for entry in entries],
        texts("cli.audit_written", file=arguments.pdf) if arguments.pdf else text,
    )


def _moment(date: str | None, *, days: int = 0) -> int | None:
    if not date:
        return None
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise Problem("cli.bad_date", date=date) from error
    return int(dt.datetime.combine(day + dt.timedelta(days), dt.time()).astimezone().timestamp() * 1000)


def _checkpoint(arguments: argparse.Namespace, texts: Texts) -> Answer:
    if arguments.check:
        return _compare(arguments, texts)
    with opened(arguments) as archive:
        pinned = pin(archive)
        if arguments.out:
            write_file(arguments.out, f"{pinned.line}\n".encode())
        if arguments.pdf:
            from app.reports.audit_page import checkpoint_pdf  # noqa: PLC0415

            write_file(arguments.pdf, checkpoint_pdf(pinned, made=dt.datetime.now().astimezone(), texts=texts))
            note_printed(archive, pinned.at)
    written = [texts("cli.checkpoint_written", file=file) for file in (arguments.out, arguments.pdf) if file]
    return Answer({"checkpoint": pinned.line, "short": pinned.short}, "\n".join(written) or pinned.line)


def _compare(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        said = compare(archive, read_text(arguments.check))
    data = {"same": not said.differences, "at": said.at, "differences": [one._asdict() for one in said.differences]}
    if not said.differences:
        return Answer(data, texts("cli.checkpoint_same"))
    lines = [texts(f"cli.checkpoint_{one.kind}", place=one.place) for one in said.differences]
    return Answer(data, "\n".join(lines), texts("cli.checkpoint_differs", count=len(said.differences)))
