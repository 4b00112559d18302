"""Backups that are made without being asked for: where to, when one is due, and when it is time to worry.

How often, and how many are kept, is data in `resources/rules/backup.json`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from app import resources
from app.audit import Audit
from app.errors import Problem
from app.texts import Texts
from storage.archive import Archive
from storage.backup import Source, source
from storage.errors import EnvironmentProblem
from storage.rotation import Keep
from storage.salvage import Salvaged

_PLAN = "backup"
_HOUR_MS = 60 * 60 * 1000
_DAY_MS = 24 * _HOUR_MS


class BackupRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `resources/rules/backup.json`.

    Attributes:
        every_hours: after so long one is due. A little less than a day, for those who come earlier than yesterday.
        quiet_minutes: after so long with the archive open one may be made.
        again_minutes: after so long it is seen again whether one is due.
        closing_seconds: so long the program may take to make one while it ends.
        late_days: after so long without a good one people are told on the first page.
        keep: how many stay.
    """

    version: str
    source: str
    every_hours: int
    quiet_minutes: int
    again_minutes: int
    closing_seconds: int
    late_days: int
    keep: Keep

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("rules", "backup.json").read_bytes(), type=cls)


class Plan(msgspec.Struct, frozen=True):
    """What the archive remembers on this device. Times in milliseconds since 1970, 0 for never.

    Attributes:
        folder: where to; empty as long as nobody has chosen one.
        name: what people call that place: the name of the stick, or of the folder.
        since: since when the program has looked after it.
        last: when the last good backup was made.
        problem: the key of what went wrong since, if something did.
    """

    folder: str = ""
    name: str = ""
    since: int = 0
    last: int = 0
    problem: str = ""

    def is_due(self, now: int, rules: BackupRules) -> bool:
        """Whether a backup should be made, now that it can be."""
        # Where the clock was put back, nobody knows how long it has been.
        return bool(self.folder) and not 0 <= now - self.last < rules.every_hours * _HOUR_MS

    def is_late(self, now: int, rules: BackupRules) -> bool:
        """Whether it is so long ago that people must know."""
        return self.days_without(now) >= rules.late_days

    def days_without(self, now: int) -> int:
        """For how many days there has been no good one; where there was never one, since the program looks after it."""
        return (now - (self.last if 0 < self.last <= now else self.since)) // _DAY_MS


def read_plan(archive: Archive) -> Plan:
    """What is remembered; from the first look on, since when."""
    said = archive.local(_PLAN)
    if said:
        return msgspec.json.decode(said, type=Plan)
    plan = Plan(since=archive.now())
    # The date can wait where nothing can be written.
    with suppress(EnvironmentProblem):
        _remember(archive, plan)
    return plan


def choose_folder(archive: Archive, folder: Path | None, name: str = "") -> Plan:
    """Make backups into this folder from now on, or into none."""
    plan = msgspec.structs.replace(
        read_plan(archive), folder=str(folder.absolute()) if folder else "", name=name, problem=""
    )
    _remember(archive, plan)
    return plan


def planned_folder(plan: Plan) -> Path:
    """Where to. Raises Problem where no folder was chosen, or it is not there."""
    if not plan.folder:
        raise Problem("backup.no_plan")
    folder = Path(plan.folder)
    if not folder.is_dir():
        raise Problem("backup.folder_gone", folder=plan.folder)
    return folder


def begin_backup(archive: Archive, name: str) -> Source:
    """Write down that a backup is being made, and give what `storage.backup.make` needs. `name` is that of the place."""
    # Where the archive's own disk is full a backup is needed all the more.
    with suppress(EnvironmentProblem):
        Audit(archive).note("backup", detail=name)
    return source(archive)


def note_made(archive: Archive, made: int) -> Plan:
    """Remember that a good backup was made at a moment."""
    plan = msgspec.structs.replace(read_plan(archive), last=made, problem="")
    _remember(archive, plan)
    return plan


def note_found(archive: Archive, made: int) -> Plan:
    """Remember the newest backup that was seen in the folder, where it is newer than what is remembered.

    One that was made while the archive was being locked or closed is found like this.
    """
    plan = read_plan(archive)
    return note_made(archive, made) if plan.last < made <= archive.now() else plan


def note_problem(archive: Archive, problem: str) -> Plan:
    """Remember why one could not be made."""
    plan = msgspec.structs.replace(read_plan(archive), problem=problem)
    _remember(archive, plan)
    return plan


def _remember(archive: Archive, plan: Plan) -> None:
    archive.remember(_PLAN, msgspec.json.encode(plan).decode())


def salvage_words(saved: Salvaged, file: Path, texts: Texts) -> tuple[list[str], bool]:
    """What came of a salvage into `file`, line by line, and whether nothing is missing."""
    missing = [texts("backup.salvage_changes", **msgspec.structs.asdict(gap)) for gap in saved.missing_changes]
    missing += [texts("backup.salvage_segments", **msgspec.structs.asdict(gap)) for gap in saved.missing_segments]
    if saved.people_without_key:
        missing.append(texts("backup.salvage_people", count=len(saved.people_without_key)))
    if saved.unknown_devices:
        missing.append(texts("backup.salvage_certificates", count=len(saved.unknown_devices)))
    if not saved.same_device:
        missing.append(texts("backup.salvage_device"))
    lines = [
        texts("backup.salvaged", count=saved.changes, file=file),
        texts("backup.salvage_pages", count=saved.damaged_pages),
        *(missing or [texts("backup.salvage_complete")]),
    ]
    return lines, not missing
