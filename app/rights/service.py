"""People's rights in one archive: consent, holds, restriction, and erasing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from app.errors import Problem
from app.records import (
    Consent,
    Erasure,
    ErasureReason,
    Hold,
    Kept,
    Person,
    Restriction,
    plain,
    typed,
)
from app.rights import retention
from app.rights.consent import ConsentRules, Missing, missing
from storage.archive import Archive
from storage.records import Draft


class Rights:
    """What people may ask for.

    Args:
        archive: where they are.
        rules: about consent.
    """

    def __init__(self, archive: Archive, rules: ConsentRules | None = None) -> None:
        self._archive = archive
        self._rules = rules or ConsentRules.load()

    # ---- consent ----

    def consents(self, person: bytes) -> list[Kept[Consent]]:
        """All that was said, as it came."""
        return [typed(record, Consent) for record in self._archive.find("consent", {"person": person}, order="created")]

    def say(self, person: bytes, said: Consent, today: dt.date) -> None:
        """Write down what somebody said; taking consent back needs no more than giving it (个人信息保护法 art. 15).

        Raises:
            Problem: no such person or purpose, a day in the future, a station without a ground and a reason, or nothing
                there to be taken back.
        """
        self._present(person)
        purpose = self._rules.purpose(said.purpose)
        if said.date > today.isoformat():
            raise Problem("rights.future_day")
        if said.giver == "station" and said.decision == "given" and not (said.ground and (said.reason or "").strip()):
            raise Problem("rights.no_ground")
        if said.decision == "withdrawn" and not any(
            (one.fields.purpose, one.fields.giver, one.fields.decision) == (said.purpose, said.giver, "given")
            for one in self.consents(person)
        ):
            raise Problem("rights.nothing_to_withdraw")
        fields = plain(said)
        if said.giver != "station":
            fields.setdefault("version", purpose.version)
        self._archive.save([Draft.new("consent", self._archive.new_id(), fields, person=person)])

    def missing(self, person: bytes, purpose: str, day: dt.date) -> tuple[Missing, ...]:
        """Whose consent is missing on a day. Raises Problem where there is no such person or purpose."""
        self._rules.purpose(purpose)
        birth_date = typed(self._present(person).record, Person).fields.birth_date
        return missing(birth_date, self.consents(person), purpose, day, self._rules)

    # ---- holds ----

    def holds(self, person: bytes, today: dt.date) -> list[Kept[Hold]]:
        """The holds that stand."""
        held = [typed(record, Hold) for record in self._archive.whole.find("hold", {"person": person})]
        return [one for one in held if stands(one.fields, today)]

    def hold(self, person: bytes, reason: str, by: str, until: dt.date | None, today: dt.date) -> bytes:
        """Keep a person's records from being erased; returns the id of the hold. Raises Problem."""
        self._present(person)
        if not reason.strip() or not by.strip():
            raise Problem("rights.no_reason")
        if until and until < today:
            raise Problem("rights.hold_over")
        fields = Hold(reason.strip(), by.strip(), today.isoformat(), until.isoformat() if until else None)
        record = self._archive.new_id()
        self._archive.save([Draft.new("hold", record, plain(fields), person=person)])
        return record

    def release(self, person: bytes, reason: str, today: dt.date) -> int:
        """End all holds of a person; returns how many. Raises Problem where none stands or no reason is given."""
        if not reason.strip():
            raise Problem("rights.no_reason")
        held = self.holds(person, today)
        if not held:
            raise Problem("rights.not_held")
        ended = {"released": today.isoformat(), "release_reason": reason.strip()}
        self._archive.save([Draft.edit(one.record, ended) for one in held])
        return len(held)

    # ---- restriction ----

    def restrict(self, person: bytes, reason: str, today: dt.date) -> None:
        """Let a person's records be read and nothing else. Raises Problem."""
        self._present(person)
        if not reason.strip():
            raise Problem("rights.no_reason")
        if restricted(self._archive, [person]):
            raise Problem("rights.restricted_already")
        fields = Restriction(reason.strip(), today.isoformat())
        self._archive.save([Draft.new("restriction", self._archive.new_id(), plain(fields), person=person)])

    def unrestrict(self, person: bytes, today: dt.date) -> None:
        """Let a person's records be used again. Raises Problem where they can be."""
        records = self._archive.find("restriction", {"person": person})
        standing = [record for record in records if not record.fields.get("lifted")]
        if not standing:
            raise Problem("rights.not_restricted")
        self._archive.save([Draft.edit(record, {"lifted": today.isoformat()}) for record in standing])

    # ---- keeping and erasing ----

    def due(self, today: dt.date) -> list[Kept[Person]]:
        """People whose records may be erased now. Nobody is erased by that.

        Raises:
            Problem: as `retention.due`, or whoever asks may erase nobody.
        """
        if not self._archive.guard.may_write("erasure"):
            raise Problem("access.write")
        held = {
            record.person for record in self._archive.whole.find("hold") if stands(typed(record, Hold).fields, today)
        }
        return [person for person in retention.due(self._archive, today) if person.id not in held]

    def erase(self, person: bytes, reason: ErasureReason, today: dt.date) -> None:
        """Destroy all that is known of a person, here and on every other device when it hears of it.

        Raises:
            Problem: no such person; a hold stands; or the law has the station keep the records for longer, and they can
                only be restricted (个人信息保护法 art. 47).
        """
        self._present(person)
        for hold in self.holds(person, today):
            raise Problem("rights.held", by=hold.fields.by, reason=hold.fields.reason)
        until = retention.kept_until(self._archive, person)
        if until and until > today:
            raise Problem("rights.kept_by_law", until=until.isoformat())
        self._archive.erase(person, plain(Erasure(person, reason, today.isoformat())))

    def _present(self, person: bytes) -> Kept[Person]:
        record = self._archive.get("person", person)
        if record is None:
            raise Problem("archive.no_such_person")
        return typed(record, Person)


def stands(hold: Hold, today: dt.date) -> bool:
    """Whether a hold stands on a day, the last one included."""
    return hold.released is None and (hold.until is None or hold.until >= today.isoformat())


def restricted(archive: Archive, people: Iterable[bytes]) -> set[bytes]:
    """Those of the people whose records may only be read."""
    asked = tuple(people)
    where = {"person": asked} if len(asked) < SEVERAL else {}
    found = archive.whole.find("restriction", where)
    return {record.person for record in found if record.person and not record.fields.get("lifted")} & {*asked}


SEVERAL = 500
"""More people than this are not asked for one by one: few are ever restricted, so all of those are read."""


def refuse_restricted(archive: Archive, people: Iterable[bytes]) -> None:
    """Raise Problem where one of the people may not be written about or used."""
    for person in restricted(archive, people):
        record = archive.whole.get("person", person)
        raise Problem("rights.restricted", name=record.fields["name"] if record else "—")
