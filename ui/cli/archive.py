"""xinyi archive create | info | verify | rebuild; and those of `ui.cli.backup`."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

from app.records import CATALOGUE
from app.texts import Texts
from app.users import register_user
from storage.archive import Archive, Info, Owner
from storage.device import Names
from ui.cli import audit, escrow, user
from ui.cli.backup import declare_backups
from ui.cli.command import Answer, Declaration, add_user_options, opened, password, user_name


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the sub-commands."""
    commands = Declaration(parser, texts)
    create = commands.add("create", _create, "cli.help_archive_create")
    create.add_argument("path", type=Path, metavar="PATH", help=texts("cli.help_option_archive"))
    create.add_argument("--station", required=True, metavar="NAME", help=texts("cli.help_option_station"))
    create.add_argument("--device", metavar="NAME", help=texts("cli.help_option_device"))
    create.add_argument("--recovery-out", type=Path, metavar="F.pdf", help=texts("cli.help_option_recovery_out"))
    add_user_options(create, texts)
    commands.add("info", _info, "cli.help_archive_info", archive=True)
    commands.add("verify", _verify, "cli.help_archive_verify", archive=True)
    commands.add("rebuild", _rebuild, "cli.help_archive_rebuild", archive=True)
    user.declare(commands, texts)
    escrow.declare_archive(commands, texts)
    audit.declare(commands, texts)
    declare_backups(commands, texts)


def _create(arguments: argparse.Namespace, texts: Texts) -> Answer:
    names = Names(arguments.device or platform.node() or "xinyi", arguments.station)
    owner = Owner(user_name(arguments), password(arguments), names)
    with Archive.create(arguments.path, owner, CATALOGUE) as archive:
        register_user(archive, owner.user_name)
        if arguments.recovery_out:
            user.write_recovery(archive, arguments.recovery_out, texts)
        info = archive.info()
    lines = [texts("cli.archive_created", file=arguments.path, station=arguments.station)]
    if arguments.recovery_out:
        lines.append(texts("cli.recovery_written", file=arguments.recovery_out))
    return Answer(_data(info), "\n".join(lines))


def _info(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        info = archive.info()
    lines = [
        texts("cli.info_station", station=info.names.station, device=info.names.device),
        texts("cli.info_county", county=info.county) if info.county else texts("cli.info_no_county"),
        *(texts(f"cli.info_{name}", count=info.records[name]) for name in ("person", "screening", "alert")),
        texts("cli.info_waiting", count=info.backlog.waiting),
        texts("cli.info_state", state=info.state.hex()),
    ]
    if info.backlog.locked:
        lines.append(texts("cli.info_locked", count=info.backlog.locked))
    if info.backlog.unreadable:
        lines.append(texts("cli.info_unreadable", count=info.backlog.unreadable))
    return Answer(_data(info), "\n".join(lines))


def _data(info: Info) -> dict[str, object]:
    return {
        "archive": info.archive.hex(),
        "device": info.device.hex(),
        "device_name": info.names.device,
        "station": info.names.station,
        "county": info.county or None,
        "scope": info.scope.hex(),
        "state_hash": info.state.hex(),
        "changes": info.changes,
        "records": info.records,
        "waiting": info.backlog.waiting,
        "locked": info.backlog.locked,
        "unreadable": info.backlog.unreadable,
    }


def _verify(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        findings = archive.verify()
        state = archive.state_hash().hex()
    data = {"sound": not findings, "findings": [finding._asdict() for finding in findings], "state_hash": state}
    if not findings:
        return Answer(data, texts("cli.verify_sound"))
    lines = [texts(f"cli.verify_{finding.kind}", place=finding.place) for finding in findings]
    return Answer(data, "\n".join(lines), texts("cli.verify_damaged", count=len(findings)))


def _rebuild(arguments: argparse.Namespace, texts: Texts) -> Answer:
    with opened(arguments) as archive:
        before = archive.state_hash()
        archive.rebuild()
        after = archive.state_hash()
    data = {"state_hash_before": before.hex(), "state_hash": after.hex(), "same": before == after}
    return Answer(data, texts("cli.rebuild_same" if before == after else "cli.rebuild_different"))
