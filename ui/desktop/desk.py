"""Everything that works on one open archive, made together and used on the archive's thread only."""

from __future__ import annotations

from collections.abc import Callable

from app.access import may
from app.audit import Audit
from app.instruments.library import Library
from app.people.service import People
from app.referrals.service import Referrals
from app.reports.service import Reports
from app.rights.service import Rights
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings
from app.sessions.service import Sessions
from app.texts import Texts
from storage.archive import Archive

PAGES = (
    "today",
    "people",
    "screening",
    "alerts",
    "referrals",
    "prints",
    "instruments",
    "sync",
    "backup",
    "accounts",
    "audit",
)


class Desk:
    """The services of an open archive.

    Args:
        archive: opened on this thread.
        library: the instruments.
        rules: when to raise an alert.
        texts: the language of prints.

    Attributes:
        archive: as its user may see it.
        library: all definitions that there are for it.
        pages: names of the pages that there are for this user.
    """

    def __init__(self, archive: Archive, library: Library, rules: AlertRules, texts: Texts) -> None:
        self.archive = archive
        self.library = library
        self.pages = _pages(archive)
        self.audit = Audit(archive)
        self.people = People(archive)
        self.screenings = Screenings(archive, library, rules)
        self.alerts = Alerts(archive)
        self.referrals = Referrals(archive, library)
        self.sessions = Sessions(archive)
        self.rights = Rights(archive)
        self.reports = Reports(archive, library, texts)


def _pages(archive: Archive) -> tuple[str, ...]:
    """The pages for whose content the user has the right."""
    rights = {
        "today": all(map(archive.may_read, ("person", "screening", "alert", "campaign"))),
        "people": archive.may_read("person"),
        "screening": archive.may_read("screening"),
        "alerts": archive.may_read("alert") and archive.guard.may_write("alert_step"),
        "referrals": archive.may_read("referral"),
        "prints": may(archive, "statistics"),
        "instruments": archive.may_read("screening") or may(archive, "accounts"),
        "sync": True,
        "backup": archive.guard.may_write("screening") or may(archive, "accounts"),
        "accounts": True,
        "audit": may(archive, "audit"),
    }
    return tuple(page for page in PAGES if rights[page])


COUNTS: dict[str, Callable[[Desk], int]] = {
    "alerts": lambda desk: len(desk.alerts.standing()),
    "referrals": lambda desk: desk.referrals.unanswered(),
}
"""What stands behind the names of pages: how much waits there for somebody."""
