"""Referrals of one archive: what was sent, what came, and what was answered. Each is in a scope of its own."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from app.audit import Audit
from app.errors import Problem
from app.instruments.library import Library
from app.instruments.shelf import library_of
from app.people.service import People
from app.records import Consent, Ground, Kept, Screening, plain, readable
from app.referrals.slip import Referral, ReferralAnswer, ReferralKind, Reply
from app.referrals.stations import Station, others
from app.referrals.writing import Extract, Order, Sender, choices, lacking, lacks, write
from app.rights.consent import ConsentRules
from app.rights.service import Rights, refuse_restricted
from storage.archive import Archive
from storage.records import Draft, Record

Direction = Literal["sent", "received"]

OPEN = ("sent", "seen")
"""Nobody has answered yet."""


class Slip(msgspec.Struct, frozen=True):
    """A referral, and between whom it is: by the county's certificates, whatever stands on the slip.

    Attributes:
        direction: whether our station sent it.
        other: name of the other station.
        reply: the answer that goes with the status; `also` are others, given without knowledge of it.
        forged: the slip names another sender than the station whose device wrote it.
    """

    referral: Kept[Referral]
    direction: Direction
    other: str
    reply: Reply | None
    also: tuple[Reply, ...]
    forged: bool

    @property
    def id(self) -> bytes:
        """The id of the record."""
        return self.referral.id

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.referral.fields.status in OPEN


class Listing(msgspec.Struct, frozen=True):
    """Slips, the newest first; and how many more there are that only a newer version can read."""

    slips: list[Slip]
    newer: int


class Referrals:
    """The referrals of one archive, as its user may see them.

    Args:
        archive: where they are.
        library: knows what scores are called.
        consents: whose consent is asked for.
    """

    def __init__(self, archive: Archive, library: Library | None = None, consents: ConsentRules | None = None) -> None:
        self._archive = archive
        self._library = library or library_of(archive)
        self._consents = consents or ConsentRules.load()

    # ---- sending ----

    def stations(self) -> list[Station]:
        """The other stations of the county, as they are known here; none before its server was met."""
        return others(self._archive)

    def sender(self) -> Sender:
        """Who writes. Raises Problem where this device has not joined a county: nobody could be sent anything."""
        own = self._archive.device.certificate
        if own is None:
            raise Problem("referral.not_joined")
        user = self._archive.whole.get("user", self._archive.user)
        return Sender(own.station_name, str(user.fields["name"]) if user else "")

    def extract(self, person: bytes, kind: ReferralKind) -> Extract:
        """What there is to send about a person, and whose consent is missing. Raises Problem."""
        kept = People(self._archive).get(person)
        found = (readable(one, Screening) for one in self._archive.find("screening", {"person": person}))
        screenings = choices([one for one in found if one], kind, self._library)
        said = Rights(self._archive).consents(person)
        today = dt.datetime.fromtimestamp(self._archive.now() / 1000).astimezone().date()
        return Extract(kept, screenings, lacking(kept.fields.birth_date, said, today, self._consents))

    def send(self, person: bytes, order: Order, today: dt.date) -> bytes:
        """Write a slip, in a scope of its own; it leaves at the next meeting. Returns its id.

        The ground on which the station went ahead without asking, and why, is written down at home and stays there.

        Raises:
            Problem: no right to it, something is missing, nobody of this id, the records may only be read, or this
                device has not joined a county.
        """
        archive = self._archive
        # Sharing itself asks nobody: whoever may write no referral must not begin a scope either.
        if not archive.guard.may_write("referral"):
            raise Problem("access.write")
        refuse_restricted(archive, [person])
        sender, extract = self.sender(), self.extract(person, order.kind)
        for lack in lacks(order, extract):
            raise Problem(f"referral.no_{lack}")
        to = order.to or Station(b"", "")
        if to.name == sender.station:
            raise Problem("referral.to_ourselves")
        slip = write(order, extract, sender, archive.now())
        with archive.transaction():
            record = archive.new_id(archive.share(order.kind, [to]))
            archive.save([Draft.new("referral", record, plain(slip), person=person)])
            if order.ground and order.ground != "consent":
                Rights(archive).say(person, _decided(order.ground, order.ground_reason, today), today)
            Audit(archive).note("exported", about=person, detail=order.kind)
        return record

    # ---- reading ----

    def listing(self) -> Listing:
        """All of them, sent and received."""
        records = self._archive.find("referral", order="created", descending=True)
        slips = [self._slip(one) for one in records]
        return Listing([one for one in slips if one], slips.count(None))

    def all(self) -> list[Slip]:
        """All that this version can read, the newest first."""
        return self.listing().slips

    def of_person(self, person: bytes) -> dict[bytes, Slip]:
        """The slips about somebody, by id."""
        slips = (self._slip(one) for one in self._archive.find("referral", {"person": person}))
        return {one.id: one for one in slips if one}

    def unanswered(self) -> int:
        """How many that came here wait for an answer."""
        slips = (self._slip(one) for one in self._archive.find("referral", {"status": OPEN}))
        return sum(one.direction == "received" for one in slips if one)

    def get(self, referral: bytes) -> Slip:
        """One of them. Raises Problem."""
        record = self._archive.get("referral", referral)
        if record is None:
            raise Problem("referral.unknown")
        slip = self._slip(record)
        if slip is None:
            raise Problem("referral.newer")
        return slip

    # ---- answering ----

    def seen(self, referral: bytes) -> bool:
        """Tell the sender that somebody has it before them; whether that was news. Only for what came here."""
        slip = self.get(referral)
        if slip.direction != "received" or slip.referral.fields.status != "sent":
            return False
        self._archive.save([Draft.edit(slip.referral.record, {"status": "seen", "seen": self._archive.now()})])
        return True

    def answer(self, referral: bytes, decision: ReferralAnswer, text: str) -> None:
        """Accept what came, or give it back with a reason.

        Raises:
            Problem: our own, answered already, refused without a reason, or no right to it.
        """
        slip = self.get(referral)
        if slip.direction != "received":
            raise Problem("referral.our_own")
        if not slip.is_open:
            raise Problem("referral.answered_already")
        if decision == "refused" and not text.strip():
            raise Problem("referral.no_answer_reason")
        now = self._archive.now()
        fields: dict[str, object] = {
            "status": decision,
            "reply": msgspec.to_builtins(Reply(decision, text.strip(), now, self.sender().user)),
        }
        if slip.referral.fields.seen is None:
            fields["seen"] = now
        self._archive.save([Draft.edit(slip.referral.record, fields)])

    # ---- helpers ----

    def _slip(self, record: Record) -> Slip | None:
        kept, sharing = readable(record, Referral), self._archive.sharing(record.id)
        if kept is None or sharing is None:
            return None
        replies = [kept.fields.reply, *_replies(record)]
        # Two who answered at once: the status is that of the one that counts, and so are the words.
        matching = [one for one in replies if one and one.decision == kept.fields.status]
        reply = matching[0] if matching else None
        other = "、".join(sharing.others) if sharing.by_us else sharing.founder
        return Slip(
            referral=kept,
            direction="sent" if sharing.by_us else "received",
            other=other,
            reply=reply,
            also=tuple(one for one in replies if one and one is not reply),
            forged=kept.fields.from_station != sharing.founder,
        )


def _replies(record: Record) -> list[Reply]:
    """Answers that were given without knowledge of the one that is shown, as far as they can be read."""
    found = []
    for one in record.conflicts.get("reply", []):
        try:
            found.append(msgspec.convert(one, Reply, strict=False))
        except msgspec.ValidationError:
            continue
    return found


def _decided(ground: Ground, reason: str, today: dt.date) -> Consent:
    """That the station hands records on without asking."""
    return Consent("transfer", "station", "given", today.isoformat(), ground=ground, reason=reason.strip())
