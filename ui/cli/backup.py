"""xinyi archive backup | restore | salvage."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from app.errors import Problem
from app.records import CATALOGUE
from app.texts import Texts
from storage import device_secret
from storage.archive import system_clock
from storage.backup import KEEP, backup, restore
from storage.salvage import salvage, unlock
from ui.cli.command import Answer, Declaration, archive_path, opened, password, user_name


def declare_backups(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands."""
    made = commands.add("backup", _backup, "backup.help_backup", archive=True)
    made.add_argument("--out", type=Path, required=True, metavar="FOLDER", help=texts("backup.help_out"))
    made.add_argument("--keep", type=int, default=KEEP, metavar="COUNT", help=texts("backup.help_keep", count=KEEP))
    restored = commands.add("restore", _restore, "backup.help_restore")
    restored.add_argument("file", type=Path, metavar="FILE", help=texts("backup.help_file"))
    restored.add_argument("path", type=Path, metavar="PATH", help=texts("backup.help_new_path"))
    saved = commands.add("salvage", _salvage, "backup.help_salvage", archive=True)
    saved.add_argument("path", type=Path, metavar="PATH", help=texts("backup.help_new_path"))


def _backup(arguments: argparse.Namespace, texts: Texts) -> Answer:
    if arguments.keep < 1:
        raise Problem("backup.keep_at_least_one")
    with opened(arguments) as archive:
        made = backup(archive, arguments.out, arguments.keep)
    data = {
        "file": str(made.path),
        "removed": [str(path) for path in made.removed],
        "broken": [str(path) for path in made.broken],
    }
    lines = [texts("backup.made", file=made.path), *(texts("backup.removed", file=path) for path in made.removed)]
    problem = "\n".join(texts("backup.broken_left", file=path) for path in made.broken)
    return Answer(data, "\n".join(lines), problem)


def _restore(arguments: argparse.Namespace, texts: Texts) -> Answer:
    restore(arguments.file, arguments.path)
    return Answer({"archive": str(arguments.path)}, texts("backup.restored", file=arguments.path))


def _salvage(arguments: argparse.Namespace, texts: Texts) -> Answer:
    damaged = archive_path(arguments)
    unlocked = unlock(damaged, user_name(arguments), password(arguments), system_clock(), device_secret.read)
    saved = salvage(damaged, unlocked, arguments.path, CATALOGUE)
    missing = [texts("backup.salvage_changes", **msgspec.structs.asdict(gap)) for gap in saved.missing_changes]
    missing += [texts("backup.salvage_segments", **msgspec.structs.asdict(gap)) for gap in saved.missing_segments]
    if saved.people_without_key:
        missing.append(texts("backup.salvage_people", count=len(saved.people_without_key)))
    if saved.unknown_devices:
        missing.append(texts("backup.salvage_certificates", count=len(saved.unknown_devices)))
    if not saved.same_device:
        missing.append(texts("backup.salvage_device"))
    lines = [
        texts("backup.salvaged", count=saved.changes, file=arguments.path),
        texts("backup.salvage_pages", count=saved.damaged_pages),
        *(missing or [texts("backup.salvage_complete")]),
    ]
    return Answer(msgspec.to_builtins(saved), "\n".join(lines), texts("backup.salvage_incomplete") if missing else "")
