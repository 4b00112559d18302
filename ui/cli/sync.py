"""xinyi sync URL | --folder DIR."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from app.texts import Texts
from storage.archive import Archive
from sync.engine import Transfer
from ui.cli.command import Answer, opened, prepare
from ui.meetings import Place, meet_folder, meet_server, note_met, pass_of


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the options."""
    prepare(parser, _sync, texts, archive=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("url", nargs="?", metavar="URL", help=texts("cli.help_option_url"))
    where.add_argument("--folder", type=Path, metavar="DIR", help=texts("cli.help_option_folder"))


def _sync(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        return met(archive, _meet(archive, arguments), texts)


def met(archive: Archive, transfer: Transfer, texts: Texts) -> Answer:
    """What to say of a meeting, whoever it was with."""
    backlog = archive.meeting.backlog()
    state = archive.state_hash().hex()
    refused = [
        {"device": one.stream[:16].hex(), "segment": one.seq, "reason": texts(one.reason)} for one in transfer.refused
    ]
    data: dict[str, Any] = {
        "sent": transfer.sent,
        "received": transfer.received,
        "pending": backlog.waiting,
        "refused": refused,
        "locked": backlog.locked,
        "clock": archive.clock_doubt() or None,
        "state_hash": state,
    }
    lines = [
        texts(
            "cli.synced", sent=transfer.sent, received=transfer.received, pending=backlog.waiting, refused=len(refused)
        )
    ]
    lines += [texts("cli.refused_line", **one) for one in refused]
    if backlog.locked:
        lines.append(texts("cli.info_locked", count=backlog.locked))
    if transfer.server:
        lines.append(texts(f"sync.server_{transfer.server}"))
    doubt = archive.clock_doubt()
    if doubt:
        lines.append(texts(f"words.clock_{doubt}"))
    problem = texts("cli.sync_refused", count=len(refused)) if refused else ""
    return Answer(data, "\n".join(lines), problem)


def _meet(archive: Archive, arguments: argparse.Namespace) -> Transfer:
    own = pass_of(archive)
    progress = _progress if sys.stderr.isatty() else None
    if arguments.folder:
        place = Place("stick", str(arguments.folder))
        transfer = meet_folder(archive.meeting, arguments.folder, progress)
    else:
        place = Place("server", arguments.url)
        transfer = meet_server(archive.meeting, arguments.url, own, progress)
    note_met(archive, place, transfer)
    return transfer


def _progress(done: int, total: int) -> None:
    print(f"\r{done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)
