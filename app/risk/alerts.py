"""The list of alerts, and the steps people take about one."""

from __future__ import annotations

import msgspec

from app.errors import Problem
from app.records import LEVELS, Alert, AlertStatus, AlertStep, Kept, Level, Person, StepKind, plain, typed
from storage.archive import Archive
from storage.records import Draft, Record

STANDING: tuple[AlertStatus, ...] = ("open", "confirmed")


class AlertLine(msgspec.Struct, frozen=True):
    """An alert with the person it is about.

    An urgent one can be here before the person's own record, which came behind it over a slow line: then the person has
    no name (`Words.name`) and nothing else either.
    """

    alert: Kept[Alert]
    person: Kept[Person]


class Alerts:
    """Alerts of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def standing(self) -> list[AlertLine]:
        """Alerts that are not closed, the most urgent first: by due time, then the gravest."""
        records = self._archive.find("alert", {"status": STANDING}, order="due")
        lines = [self._line(typed(record, Alert)) for record in records]
        return sorted(lines, key=lambda line: (line.alert.fields.due, -LEVELS.index(line.alert.fields.level)))

    def closed(self, limit: int = 200) -> list[AlertLine]:
        """Closed alerts, the last one first."""
        records = self._archive.find("alert", {"status": "closed"}, order="changed", descending=True, limit=limit)
        return [self._line(typed(record, Alert)) for record in records]

    def counts(self) -> dict[Level, int]:
        """How many alerts of each level are not closed."""
        tally = self._archive.tally("alert", ("level",), {"status": STANDING})
        return {level: tally.get((level,), 0) for level in reversed(LEVELS)}  # type: ignore[misc] # the literals

    def overdue(self) -> int:
        """How many alerts are past their time and not closed."""
        now = self._archive.now()
        return sum(line.alert.fields.due < now for line in self.standing())

    def get(self, alert: bytes) -> AlertLine:
        """One alert."""
        record = self._archive.get("alert", alert)
        if record is None:
            raise Problem("alert.not_there")
        return self._line(typed(record, Alert))

    def of_person(self, person: bytes) -> list[Kept[Alert]]:
        """All alerts about a person, the newest first."""
        records = self._archive.find("alert", {"person": person}, order="created", descending=True)
        return [typed(record, Alert) for record in records]

    def steps(self, alert: bytes) -> list[Kept[AlertStep]]:
        """What was done about an alert, in order."""
        return [
            typed(record, AlertStep) for record in self._archive.find("alert_step", {"alert": alert}, order="created")
        ]

    # ---- steps ----

    def confirm(self, alert: bytes, text: str = "") -> None:
        """A person has seen it and takes it on."""
        line = self.get(alert)
        if line.alert.fields.status != "open":
            raise Problem("alert.not_open")
        self._step(line, "confirmed", text.strip(), "confirmed")

    def note(self, alert: bytes, text: str) -> None:
        """Write down something about it."""
        if not text.strip():
            raise Problem("alert.empty_note")
        self._step(self.get(alert), "note", text.strip(), None)

    def close(self, alert: bytes, reason: str) -> None:
        """It needs no more attention; `reason` says why."""
        line = self.get(alert)
        if line.alert.fields.status == "closed":
            raise Problem("alert.closed_already")
        if not reason.strip():
            raise Problem("alert.no_reason")
        self._step(line, "closed", reason.strip(), "closed")

    def _step(self, line: AlertLine, kind: StepKind, text: str, status: AlertStatus | None) -> None:
        record = line.alert.record
        step = AlertStep(alert=record.id, step=kind, text=text, at=self._archive.now())
        drafts = [Draft.new("alert_step", self._archive.new_id(), plain(step), person=record.person)]
        if status:
            drafts.append(Draft.edit(record, {"status": status}))
        self._archive.save(drafts)

    def _line(self, alert: Kept[Alert]) -> AlertLine:
        person = alert.record.person or b""
        record = self._archive.get("person", person) or _on_its_way(person)
        return AlertLine(alert, typed(record, Person))


def _on_its_way(person: bytes) -> Record:
    """Stands for somebody whose record has not arrived."""
    return Record(id=person, type="person", person=person, version=0, created=0, changed=0, fields={"name": ""})
