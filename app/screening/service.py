"""Screenings of one archive: rounds, single answer sheets, whole files. A screening and its alert are saved together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from app.errors import Problem
from app.instruments.answers import Answers
from app.instruments.library import Library
from app.instruments.scoring import Facts, Outcome
from app.instruments.shelf import draft_of
from app.people.identity import age
from app.people.roster import KnownPeople
from app.people.roster_rows import Reason
from app.records import (
    Alert,
    Campaign,
    EntryMode,
    Kept,
    Person,
    ScoreResult,
    Screening,
    plain,
    typed,
)
from app.rights.service import refuse_restricted, restricted
from app.risk.rules import AlertRules
from app.screening.answers import AnswerPlan, AnswerRow, Day, plan_answers
from app.spreadsheets import read_sheets
from storage.archive import Archive
from storage.projection import About
from storage.records import Draft


class Sheet(msgspec.Struct, frozen=True):
    """The answers of one person to one instrument on one day, not yet saved. `seconds`: how long they took."""

    person: Kept[Person]
    instrument: str
    date: dt.date
    answers: Answers
    mode: EntryMode
    seconds: float | None = None


class Recorded(msgspec.Struct, frozen=True):
    """What a saved sheet came to. `alert` is the id of the alert that it raised, if any."""

    screening: bytes
    outcome: Outcome
    alert: bytes | None


class Progress(msgspec.Struct, frozen=True):
    """How far a round has come.

    Attributes:
        people: group → how many people it has.
        screened: group, instrument → how many of them have answered it.
        done: group → how many of them have answered every instrument of the round.
    """

    people: dict[bytes, int]
    screened: dict[tuple[bytes, str], int]
    done: dict[bytes, int]


class Screenings:
    """Rounds and screenings of one archive.

    Args:
        archive: where they are kept.
        library: the instruments.
        rules: when to raise an alert.
    """

    def __init__(self, archive: Archive, library: Library, rules: AlertRules) -> None:
        self._archive = archive
        self._library = library
        self._rules = rules

    # ---- rounds ----

    def campaigns(self) -> list[Kept[Campaign]]:
        """All rounds, the newest first."""
        records = self._archive.find("campaign", order="opens", descending=True)
        return [typed(record, Campaign) for record in records]

    def start_campaign(self, campaign: Campaign) -> bytes:
        """Save a new round; returns its id. Raises Problem where something is missing or the days are the wrong way."""
        if not campaign.name.strip() or not campaign.instruments or not campaign.groups:
            raise Problem("screening.campaign_incomplete")
        if campaign.opens > campaign.closes:
            raise Problem("screening.campaign_days")
        for instrument in campaign.instruments:
            self._library.get(instrument)
        record = self._archive.new_id()
        self._archive.save([Draft.new("campaign", record, plain(campaign))])
        return record

    def progress(self, campaign: Kept[Campaign]) -> Progress:
        """How far a round has come, counted from the index alone: no record is read, however many there are."""
        groups, instruments = campaign.fields.groups, campaign.fields.instruments
        answered = [About("screening", {"campaign": campaign.id, "instrument": one}) for one in instruments]
        people, done = dict.fromkeys(groups, 0), dict.fromkeys(groups, 0)
        screened = {(group, instrument): 0 for group in groups for instrument in instruments}
        counted = self._archive.coverage("person", "group", {"group": groups}, answered)
        for (group, *given), count in counted.items():
            people[group] += count
            done[group] += count * all(given)
            for instrument, has_answered in zip(instruments, given, strict=True):
                screened[group, instrument] += count * has_answered
        return Progress(people, screened, done)

    def clash(self, campaign: Campaign) -> Kept[Campaign] | None:
        """A round with which `campaign` shares a group, an instrument and a day: a sheet could belong to either."""
        for other in self.campaigns():
            fields = other.fields
            same_days = fields.opens <= campaign.closes and campaign.opens <= fields.closes
            if same_days and {*fields.groups} & {*campaign.groups} and {*fields.instruments} & {*campaign.instruments}:
                return other
        return None

    # ---- answers ----

    def sheets(self, campaign: bytes, instrument: str, people: Sequence[bytes]) -> dict[bytes, Kept[Screening]]:
        """What these people answered to an instrument in a round: person → the last sheet that came."""
        # Asked by person alone, as in `record`.
        return {
            record.person: typed(record, Screening)
            for record in self._archive.find("screening", {"person": people})
            if record.person
            and (record.fields.get("campaign"), record.fields.get("instrument")) == (campaign, instrument)
        }

    def plan(self, file: Path, *, instrument: str, people: KnownPeople, date: dt.date, today: dt.date) -> AnswerPlan:
        """Read a file of answers and say what importing it would do.

        Args:
            file: the spreadsheet.
            instrument: id of the instrument.
            people: everybody in the archive.
            date: the day of answers whose line does not say it.
            today: no answers are later.
        """
        sheets = read_sheets(file)
        return self.checked(plan_answers(sheets, self._library.get(instrument), known=people, day=Day(date, today)))

    def checked(self, plan: AnswerPlan) -> AnswerPlan:
        """A plan in which rows of people who have answered already, in the round or on the day, are refused."""
        campaigns = self.campaigns()
        answered: dict[tuple[bytes | None, dt.date | None], frozenset[bytes]] = {}
        fixed = restricted(self._archive, {row.person for row in plan.rows if row.person})
        rows = []
        for row, sheet in zip(plan.rows, self._sheets(plan.rows, plan.instrument), strict=True):
            if sheet is None:
                rows.append(row)
                continue
            campaign = campaign_of(campaigns, sheet)
            key = (campaign, None if campaign else row.date)
            if key not in answered:
                answered[key] = self.screened(plan.instrument, campaign=campaign, date=row.date)
            if sheet.person.id in answered[key] or sheet.person.id in fixed:
                why = "rights.row_restricted" if sheet.person.id in fixed else "answers.answered_already"
                reason = Reason(why, "refusal")
                rows.append(msgspec.structs.replace(row, fate="refused", reasons=[*row.reasons, reason]))
            else:
                rows.append(row)
        return AnswerPlan(plan.instrument, rows)

    def apply(self, plan: AnswerPlan, *, doubtful: Iterable[int] = ()) -> list[Recorded]:
        """Save the taken rows of a plan, and the doubtful ones at these positions, in one step."""
        chosen = set(doubtful)
        rows = [
            row
            for position, row in enumerate(plan.rows)
            if row.fate == "taken" or (row.fate == "doubtful" and position in chosen)
        ]
        return self.record_all([sheet for sheet in self._sheets(rows, plan.instrument) if sheet])

    def _sheets(self, rows: Sequence[AnswerRow], instrument: str) -> Iterator[Sheet | None]:
        """Each row as a sheet of answers; None where it is refused."""
        wanted = [row.person if row.fate != "refused" else None for row in rows]
        people = self._archive.get_all("person", filter(None, wanted))
        for row, person in zip(rows, wanted, strict=True):
            if person in people:
                yield Sheet(typed(people[person], Person), instrument, row.date, row.answers, "file")
            else:
                yield None

    def of_person(self, person: bytes) -> list[Kept[Screening]]:
        """All screenings of a person, the newest first."""
        records = self._archive.find("screening", {"person": person}, order="date", descending=True)
        return [typed(record, Screening) for record in records]

    def screened(
        self,
        instrument: str,
        *,
        campaign: bytes | None,
        date: dt.date | None = None,
        people: Sequence[bytes] | None = None,
    ) -> frozenset[bytes]:
        """Who has answered an instrument already: in the round, or where there is none on that day.

        Told to everybody, whoever took the answers: somebody who is not in here is still to be screened.

        Args:
            instrument: its id.
            campaign: id of the round.
            date: the day, without a round.
            people: only those of them.
        """
        where: dict[str, object] = {"instrument": instrument, "campaign": campaign}
        if campaign is None and date:
            where["date"] = date.isoformat()
        if people is not None:
            where["person"] = tuple(people)
        return frozenset(person for (person,) in self._archive.whole.tally("screening", ("person",), where) if person)

    def record(self, sheet: Sheet) -> Recorded:
        """Score and save one sheet, with its alert.

        A record form may be filled in again on the same day: somebody can be visited twice.

        Raises:
            Problem: answers that the instrument does not allow, none at all, or a sheet for this round or day is there.
        """
        campaign = campaign_of(self.campaigns(), sheet)
        if campaign is None and self._library.get(sheet.instrument).type == "form":
            return self.record_all([sheet])[0]
        same: dict[str, object] = {"instrument": sheet.instrument, "campaign": campaign}
        if campaign is None:
            same["date"] = sheet.date.isoformat()
        # Asked by person alone: everybody who has answered in a round can be many.
        for before in self._archive.whole.find("screening", {"person": sheet.person.id}):
            if all(before.fields.get(name) == value for name, value in same.items()):
                raise Problem("screening.answered_already", name=sheet.person.fields.name)
        return self.record_all([sheet])[0]

    def record_all(self, sheets: Sequence[Sheet]) -> list[Recorded]:
        """Score and save sheets together: all of them or, where one is not allowed, none. Doubles are the caller's."""
        refuse_restricted(self._archive, {sheet.person.id for sheet in sheets})
        campaigns = self.campaigns()
        instruments = dict.fromkeys(sheet.instrument for sheet in sheets)
        drafts = [draft for one in instruments if (draft := draft_of(self._archive, self._library, one))]
        recorded = []
        for sheet in sheets:
            if not sheet.answers:
                raise Problem("screening.no_answers")
            outcome = self._library.scorer(sheet.instrument).score(sheet.answers, facts_of(sheet))
            screening = self._archive.new_id()
            drafts.append(
                Draft.new(
                    "screening",
                    screening,
                    plain(self._fields(sheet, outcome, campaign_of(campaigns, sheet))),
                    person=sheet.person.id,
                )
            )
            alert = self._alert(sheet, screening, outcome)
            if alert:
                drafts.append(alert)
            recorded.append(Recorded(screening, outcome, alert.record if alert else None))
        self._archive.save(drafts)
        return recorded

    def _fields(self, sheet: Sheet, outcome: Outcome, campaign: bytes | None) -> Screening:
        return Screening(
            instrument=sheet.instrument,
            version=self._library.get(sheet.instrument).version,
            content=self._library.content_hash(sheet.instrument),
            date=sheet.date.isoformat(),
            answers=dict(sheet.answers),
            status=outcome.status,
            scores={
                name: ScoreResult(score.value, score.band, score.positive, score.norm, score.standard, score.prorated)
                for name, score in outcome.scores.items()
            },
            mode=sheet.mode,
            critical=outcome.critical,
            campaign=campaign,
            quality=outcome.quality,
            void=outcome.void,
            seconds=sheet.seconds,
        )

    def _alert(self, sheet: Sheet, screening: bytes, outcome: Outcome) -> Draft | None:
        now = self._archive.now()
        urgency = self._rules.assess(self._library.get(sheet.instrument), outcome, now)
        if urgency is None:
            return None
        alert = Alert(
            level=urgency.level,
            status="open",
            instrument=sheet.instrument,
            source=screening,
            reasons=urgency.reasons,
            rules_version=self._rules.version,
            raised=now,
            due=urgency.due,
        )
        return Draft.new("alert", self._archive.new_id(), plain(alert), person=sheet.person.id)


def facts_of(sheet: Sheet) -> Facts:
    """What scoring may know besides the answers."""
    person = sheet.person.fields
    return Facts(age(person.birth_date, sheet.date), person.sex, sheet.date, sheet.seconds)


def campaign_of(campaigns: Sequence[Kept[Campaign]], sheet: Sheet) -> bytes | None:
    """The round that a sheet belongs to: the first of `campaigns` that covers group, instrument and day."""
    day = sheet.date.isoformat()
    for campaign in campaigns:
        fields = campaign.fields
        covered = sheet.instrument in fields.instruments and sheet.person.fields.group in fields.groups
        if covered and fields.opens <= day <= fields.closes:
            return campaign.id
    return None
