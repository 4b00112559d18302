"""What every page is given: the language, the look, a way to the archive, and ways to the other pages."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.instruments.library import Library
from app.risk.rules import AlertRules
from app.texts import Texts
from app.words import Words
from ui.desktop.backing_up import Backups
from ui.desktop.form_layout import FormLayout
from ui.desktop.meetings import Meetings
from ui.desktop.opportunity import SelfSync
from ui.desktop.tasks import Tasks
from ui.desktop.theme import Theme


class Signals(QObject):
    """What happens in one page and matters to others.

    Attributes:
        changed: something was saved or arrived.
        person_wanted: somebody wants to see a person, by id.
        alert_wanted: somebody wants to see an alert, by id.
        referral_wanted: likewise a referral.
        page_wanted: somebody wants to go to a page, by name.
        told: a short sentence for the status bar.
        salvage_wanted: somebody wants to save what can be read in a damaged archive; it has to be closed for that.
    """

    changed = Signal()
    person_wanted = Signal(bytes)
    alert_wanted = Signal(bytes)
    referral_wanted = Signal(bytes)
    page_wanted = Signal(str)
    told = Signal(str)
    salvage_wanted = Signal()


@dataclass(frozen=True)
class Context:
    """Handed to the constructor of every page."""

    texts: Texts
    words: Words
    theme: Theme
    tasks: Tasks
    backups: Backups
    meetings: Meetings
    self_sync: SelfSync
    signals: Signals
    library: Library
    rules: AlertRules
    form_layout: FormLayout
