"""Forms about a person's rights: consent, holding, restricting, erasing."""

from __future__ import annotations

from typing import get_args

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from app.errors import Problem
from app.people.names import normalise_name
from app.records import Consent, Decision, ErasureReason, Giver, Ground, Manner
from app.rights.consent import ConsentRules
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.rights import RightsData
from ui.desktop.screens.account_forms import OpenForm
from ui.desktop.widgets.basics import label
from ui.desktop.widgets.day_field import DayField


class RightsForm(OpenForm):
    """A form about one person; `who` is said on top."""

    def __init__(self, context: Context, data: RightsData, title: str, parent: QWidget) -> None:
        super().__init__(context, context.texts(f"desktop_rights.{title}"), parent)
        self.data = data
        self.person = data.person.id
        self.add_text(data.person.fields.name, "strong")

    def add_choice(self, key: str, choices: list[tuple[str, str]]) -> QComboBox:
        """A list to choose from, its title above it; `choices` are values and what they are called."""
        made = QComboBox()
        title = self.texts(f"desktop_rights.{key}")
        made.setAccessibleName(title)
        for value, text in choices:
            made.addItem(text, value)
        self.content.addWidget(label(title, "muted"))
        self.content.addWidget(made)
        return made

    def add_day(self, key: str) -> DayField:
        """A day, its title above it."""
        title = self.texts(f"desktop_rights.{key}")
        made = DayField(self.context, self.data.today, title)
        self.content.addWidget(label(title, "muted"))
        self.content.addWidget(made)
        return made

    def named(self, what: str, values: tuple[str, ...]) -> list[tuple[str, str]]:
        """Values of a field with their names."""
        return [(value, self.texts(f"rights.value_{what}_{value}")) for value in values]


class ConsentForm(RightsForm):
    """Writes down what somebody said: yes, no, or no longer."""

    def __init__(self, context: Context, data: RightsData, parent: QWidget) -> None:
        super().__init__(context, data, "consent_title", parent)
        language = self.texts.language
        purposes = [(one.id, one.title[language]) for one in ConsentRules.load().purposes]
        self.purpose = self.add_choice("purpose", purposes)
        lacking = next((purpose for purpose, _ in purposes if data.lacking.get(purpose)), "")
        self.purpose.setCurrentIndex(max(0, self.purpose.findData(lacking)))
        self.giver = self.add_choice("giver", self.named("giver", get_args(Giver)))
        self.decision = self.add_choice("decision", self.named("decision", get_args(Decision)))
        self.day = self.add_day("date")
        self.manner = self.add_choice("manner", self.named("manner", get_args(Manner)))
        self.who = self.add_field("desktop_rights.who")
        self.ground = self.add_choice("ground", self.named("ground", get_args(Ground)))
        self.reason = self.add_field("desktop_rights.reason")
        self.go.setText(self.texts("desktop_rights.save"))
        self.giver.currentIndexChanged.connect(lambda _index: self._show_asked())
        self.decision.currentIndexChanged.connect(lambda _index: self._show_asked())
        if lacking:
            self.giver.setCurrentIndex(max(0, self.giver.findData(data.lacking[lacking][0].giver)))
        self._show_asked()
        self.fit()
        self.giver.setFocus()

    def _show_asked(self) -> None:
        """A station says on which ground it goes ahead; everybody else says how they said it."""
        station = self.giver.currentData() == "station"
        for field, is_asked in (
            (self.manner, not station),
            (self.who, self.giver.currentData() == "guardian"),
            (self.ground, station and self.decision.currentData() == "given"),
            (self.reason, station),
        ):
            field.setEnabled(is_asked)

    def submit(self) -> None:
        """Write it down."""
        giver, today, person = self.giver.currentData(), self.data.today, self.person
        station = giver == "station"
        said = Consent(
            purpose=self.purpose.currentData(),
            giver=giver,
            decision=self.decision.currentData(),
            date=self.day.day.isoformat(),
            manner=None if station else self.manner.currentData(),
            name=(self.who.line.text().strip() or None) if giver == "guardian" else None,
            ground=self.ground.currentData() if self.ground.isEnabled() else None,
            reason=(self.reason.line.text().strip() or None) if station else None,
        )
        self.run(lambda desk: desk.rights.say(person, said, today), self.texts("desktop_rights.saved"))


class ReasonForm(RightsForm):
    """Asks why, then restricts or releases. `act` is ``restrict``, ``unrestrict`` or ``release``."""

    def __init__(self, context: Context, data: RightsData, act: str, parent: QWidget) -> None:
        super().__init__(context, data, f"{act}_title", parent)
        self._act = act
        self.add_text(self.texts(f"desktop_rights.{act}_about"), "muted")
        self.reason = self.add_field("desktop_rights.reason") if act != "unrestrict" else None
        self.go.setText(self.texts(f"desktop_rights.{act}"))
        self.fit()
        if self.reason:
            self.reason.setFocus()

    def submit(self) -> None:
        """Do it."""
        reason = self.reason.line.text() if self.reason else ""
        act, person, today = self._act, self.person, self.data.today

        def work(desk: Desk) -> None:
            if act == "restrict":
                desk.rights.restrict(person, reason, today)
            elif act == "unrestrict":
                desk.rights.unrestrict(person, today)
            else:
                desk.rights.release(person, reason, today)

        self.run(work, self.texts("desktop_rights.saved"))


class HoldForm(RightsForm):
    """Has a person's records kept, as for a court."""

    def __init__(self, context: Context, data: RightsData, parent: QWidget) -> None:
        super().__init__(context, data, "hold_title", parent)
        self.add_text(self.texts("desktop_rights.hold_about"), "muted")
        self.by = self.add_field("desktop_rights.by")
        self.reason = self.add_field("desktop_rights.reason")
        self.has_end = QCheckBox(self.texts("desktop_rights.has_end"))
        self.content.addWidget(self.has_end)
        self.until = self.add_day("until")
        self.until.setEnabled(False)
        self.has_end.toggled.connect(self.until.setEnabled)
        self.go.setText(self.texts("desktop_rights.hold"))
        self.fit()
        self.by.setFocus()

    def submit(self) -> None:
        """Hold them."""
        reason, by, person, today = self.reason.line.text(), self.by.line.text(), self.person, self.data.today
        until = self.until.day if self.has_end.isChecked() else None
        self.run(lambda desk: desk.rights.hold(person, reason, by, until, today), self.texts("desktop_rights.saved"))


class EraseForm(RightsForm):
    """Erases a person for ever. Their name has to be typed: nobody does this by a slip.

    Signals:
        erased: it is done.
    """

    erased = Signal()

    def __init__(self, context: Context, data: RightsData, parent: QWidget) -> None:
        super().__init__(context, data, "erase_title", parent)
        self.add_text(self.texts("desktop_rights.erase_about"), "warning")
        self.why = self.add_choice("why", self.named("reason", get_args(ErasureReason)))
        self.name = self.add_field("desktop_rights.type_name")
        self.go.setText(self.texts("desktop_rights.erase"))
        self.go.setProperty("role", "danger")
        self.fit()
        # A hasty Enter shall erase nobody.
        self.cancel.setAutoDefault(True)
        self.cancel.setFocus()

    def submit(self) -> None:
        """Erase."""
        if normalise_name(self.name.line.text() or "?") != self.data.person.fields.name:
            self.name.setFocus()
            raise Problem("desktop_rights.not_the_name")
        person, reason, today = self.person, self.why.currentData(), self.data.today

        def work(desk: Desk) -> None:
            desk.rights.erase(person, reason, today)
            desk.audit.note("erased", detail=reason)

        self.set_busy(busy=True)
        self.context.tasks.on_archive(self, work, lambda _: self._done(), self.fail)

    def _done(self) -> None:
        self.erased.emit()
        self.done_with(self.texts("desktop_rights.erased"))
