"""xinyi archive backup | restore | salvage."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from app.backups import (
    BackupRules,
    Plan,
    begin_backup,
    choose_folder,
    note_made,
    note_problem,
    planned_folder,
    read_plan,
    salvage_words,
)
from app.errors import Problem
from app.records import CATALOGUE
from app.texts import Texts
from storage import device_secret
from storage.archive import Archive, system_clock
from storage.backup import Made, make, restore
from storage.rotation import Keep
from storage.salvage import salvage, unlock
from ui.cli.command import Answer, Declaration, archive_path, opened, password, user_name


def declare_backups(commands: Declaration, texts: Texts) -> None:
    """Declare the sub-commands."""
    made = commands.add("backup", _backup, "backup.help_backup", archive=True)
    made.add_argument("--out", type=Path, metavar="FOLDER", help=texts("backup.help_out"))
    how = made.add_mutually_exclusive_group()
    how.add_argument("--keep", type=int, metavar="COUNT", help=texts("backup.help_keep"))
    how.add_argument("--auto", action="store_true", help=texts("backup.help_auto"))
    restored = commands.add("restore", _restore, "backup.help_restore")
    restored.add_argument("file", type=Path, metavar="FILE", help=texts("backup.help_file"))
    restored.add_argument("path", type=Path, metavar="PATH", help=texts("backup.help_new_path"))
    saved = commands.add("salvage", _salvage, "backup.help_salvage", archive=True)
    saved.add_argument("path", type=Path, metavar="PATH", help=texts("backup.help_new_path"))


def _backup(arguments: argparse.Namespace, texts: Texts) -> Answer:
    rules = BackupRules.load()
    keep = rules.keep if arguments.keep is None else Keep(arguments.keep)
    if keep.last < 1:
        raise Problem("backup.keep_at_least_one")
    if arguments.auto:
        return _back_up_if_due(arguments, rules, texts)
    if arguments.out is None:
        raise Problem("backup.no_out")
    with opened(arguments) as archive:
        made = make(begin_backup(archive, arguments.out.name), arguments.out, keep)
    return _answer(made, texts)


def _back_up_if_due(arguments: argparse.Namespace, rules: BackupRules, texts: Texts) -> Answer:
    """What the window does by itself, for a computer's own scheduler; with a folder, that is the one from now on."""
    with opened(arguments) as archive:
        if arguments.out:
            if not arguments.out.is_dir():
                raise Problem("backup.cannot_write", file=arguments.out.name)
            choose_folder(archive, arguments.out, arguments.out.absolute().name)
        plan = read_plan(archive)
        folder = planned_folder(plan)
        if not plan.is_due(archive.now(), rules):
            return Answer({"file": None, "removed": [], "broken": []}, texts("backup.not_due", folder=plan.folder))
        return _answer(_by_plan(archive, plan, folder, rules), texts)


def _by_plan(archive: Archive, plan: Plan, folder: Path, rules: BackupRules) -> Made:
    source = begin_backup(archive, plan.name)
    try:
        made = make(source, folder, rules.keep)
    except Problem as problem:
        note_problem(archive, problem.key)
        raise
    note_made(archive, source.now)
    return made


def _answer(made: Made, texts: Texts) -> Answer:
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
    lines, complete = salvage_words(saved, arguments.path, texts)
    return Answer(msgspec.to_builtins(saved), "\n".join(lines), "" if complete else texts("backup.salvage_incomplete"))
