"""A slip in words: the same on screen, in the command line, and in what is shown before it is sent."""

from __future__ import annotations

from typing import NamedTuple

from app.referrals.rules import ReferralRules
from app.referrals.service import Slip
from app.referrals.slip import GivenScore, GivenScreening, Referral, ReferralStatus, Reply, Titles
from app.texts import DEFAULT_LANGUAGE, Texts
from app.words import moment

DAY_HOURS = 24
"""What takes longer is said in days."""


class Line(NamedTuple):
    """What something on the slip is called, and what it says."""

    title: str
    text: str


class SlipWords:
    """Puts slips into the words of one language."""

    def __init__(self, texts: Texts, rules: ReferralRules | None = None) -> None:
        self._texts = texts
        self._rules = rules or ReferralRules.load()

    def kind(self, referral: Referral) -> str:
        """转介, 转出."""
        return self._texts(f"referral.kind_{referral.kind}")

    def urgency(self, urgency: str) -> str:
        """How soon; the id of one that only a newer version knows."""
        known = self._rules.urgency(urgency)
        return known.title[self._texts.language] if known else urgency

    def urgency_in_full(self, urgency: str) -> str:
        """How soon, with the hours or the days."""
        known = self._rules.urgency(urgency)
        if known is None:
            return urgency
        unit, count = ("days", known.hours // 24) if known.hours > DAY_HOURS else ("hours", known.hours)
        return self._texts(f"referral.within_{unit}", title=known.title[self._texts.language], count=count)

    def status(self, status: ReferralStatus) -> str:
        """Where it stands."""
        return self._texts(f"referral.status_{status}")

    def state(self, slip: Slip) -> str:
        """Where it stands, as whoever sent it or received it would say."""
        return self._texts(f"referral.state_{slip.direction}_{slip.referral.fields.status}")

    def in_a_line(self, slip: Slip) -> str:
        """For a timeline: what it is, and with whom."""
        fields = slip.referral.fields
        return self._texts(
            f"referral.line_{slip.direction}", kind=self.kind(fields), other=slip.other, reason=fields.reason
        )

    def lines(self, referral: Referral) -> list[Line]:
        """Everything on the slip but the screenings; what is not said is left out."""
        texts = self._texts
        guardian = "　".join(one for one in (referral.guardian_name, referral.guardian_phone) if one)
        said = {
            "from": f"{referral.from_station}　{referral.from_user}".strip(),
            "to": referral.to_station,
            "urgency": self.urgency_in_full(referral.urgency),
            "name": referral.name,
            "sex": texts(f"words.sex_{referral.sex}") if referral.sex else "",
            "birth_date": referral.birth_date or "",
            "phone": referral.phone or "",
            "guardian": guardian,
            "reason": referral.reason,
            "done": referral.done,
            "ground": texts(f"referral.ground_{referral.ground}") if referral.ground else "",
            "sent": moment(referral.sent),
        }
        return [Line(texts(f"referral.field_{name}"), value) for name, value in said.items() if value]

    def screening_title(self, screening: GivenScreening) -> str:
        """Which one it is, without what came of it."""
        return f"{screening.title}  {screening.date}"

    def screening(self, screening: GivenScreening) -> str:
        """One screening in a line: scores with their bands, and what must not be overlooked."""
        parts = [self._score(one, screening, alone=len(screening.scores) == 1) for one in screening.scores]
        parts += [self.told(one) for one in screening.critical]
        return f"{self.screening_title(screening)}  {self._texts('words.separator').join(parts)}"

    def reply(self, reply: Reply) -> str:
        """What was answered, by whom and when."""
        key = "replied_with" if reply.text else "replied"
        decision = self.status(reply.decision)
        return self._texts(f"referral.{key}", decision=decision, by=reply.by, at=moment(reply.at), text=reply.text)

    def told(self, titles: Titles) -> str:
        """A title in the language of whoever reads, else as it was written."""
        found = titles.get(self._texts.language) or titles.get(DEFAULT_LANGUAGE)
        return found or next(iter(titles.values()), "")

    def _score(self, score: GivenScore, screening: GivenScreening, *, alone: bool) -> str:
        value = "—" if score.value is None else score.value
        if score.band:
            said = self._texts("words.scored", value=value, band=self.told(score.band))
        elif screening.status == "unfinished":
            said = self._texts("words.unfinished", value=value)
        else:
            said = self._texts("referral.void", value=value) if screening.status == "void" else str(value)
        return said if alone else f"{self.told(score.title)} {said}"
