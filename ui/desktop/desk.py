"""Everything that works on one open archive, made together and used on the archive's thread only."""

from __future__ import annotations

from app.instruments.library import Library
from app.people.service import People
from app.reports.service import Reports
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings
from app.texts import Texts
from storage.archive import Archive


class Desk:
    """The services of an open archive.

    Args:
        archive: opened on this thread.
        library: the instruments.
        rules: when to raise an alert.
        texts: the language of prints.
    """

    def __init__(self, archive: Archive, library: Library, rules: AlertRules, texts: Texts) -> None:
        self.archive = archive
        self.people = People(archive)
        self.screenings = Screenings(archive, library, rules)
        self.alerts = Alerts(archive)
        self.reports = Reports(archive, library, texts)
