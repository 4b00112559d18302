"""录入: a class on the left, one answer sheet on the right, at the speed of the keyboard."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.errors import Problem
from app.records import Campaign, Kept, Person
from app.screening.service import Sheet, facts_of
from ui.desktop.context import Context
from ui.desktop.models.screening import (
    ClassData,
    ClassModel,
    SavedSheet,
    State,
    facts_about,
    read_class,
    save_sheet,
    short_title,
)
from ui.desktop.screens.sheet_pane import SheetPane
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import button, label, row
from ui.desktop.widgets.halves import Halves
from ui.desktop.widgets.tables import table

Key = tuple[bytes, str, bytes]
"""A sheet: round, instrument, person."""

WAITING: frozenset[State] = frozenset({"none", "typed"})
"""Sheets that can be typed into."""

SAVED: frozenset[State] = frozenset({"complete", "unfinished", "closed"})

LIST_WIDTH = 250
SIDE_BY_SIDE = 700
"""Below this width the list stands above the sheet."""

HEIGHTS = (150, 400)
TITLE_WIDTH = 230
CLASS_WIDTH = 190


class Typed(NamedTuple):
    """A draft that is not saved yet, and the class and the instrument it was typed in for, in words."""

    answers: dict[str, Any]
    place: str


class EntryView(QWidget):
    """Answer sheets of a class, one after the other.

    What was typed stays here until it is saved, whatever else is looked at meanwhile. Saving goes on to the next sheet
    at once; a sheet that could not be saved comes back as it was.

    Attributes:
        pane: the sheet and what is around it.
        bar: way back, class and instrument; its place is beside the title of the page.

    Signals:
        back_wanted: back to the rounds.
    """

    back_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._texts = context.texts
        self._round: Kept[Campaign] | None = None
        self._group = b""
        self._instrument = ""
        self._data = ClassData([], {}, dt.date.min)
        self._person: Kept[Person] | None = None
        self._typed: dict[Key, Typed] = {}
        self._saving: dict[Key, Typed] = {}
        self._failed: dict[Key, str] = {}
        self._task: Task | None = None
        self._title = label(role="muted")
        self._groups, self._instruments = QComboBox(), QComboBox()
        self._model = ClassModel(self._texts, context.theme)
        self._list = table(self._model, context.theme, self._texts("desktop_screening.class"), stretch=0)
        self._list.horizontalHeader().hide()
        self._count = label(role="small")
        self.pane = SheetPane(context)
        # Whoever comes back from another page goes on typing where they were.
        self.setFocusProxy(self.pane.sheet)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        texts = self._texts
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._count)
        column.addWidget(self._list, 1)
        self.bar = QWidget()
        back = button(texts("desktop_screening.back"), self.back_wanted.emit)
        back.setIcon(self._context.theme.icon("back"))
        self._groups.setMaximumWidth(CLASS_WIDTH)
        self._groups.setAccessibleName(texts("desktop_screening.class"))
        self._instruments.setAccessibleName(texts("desktop_screening.instrument"))
        bar = row(self._title, self._groups, self._instruments, back)
        bar.setContentsMargins(0, 0, 0, 0)
        self.bar.setLayout(bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Halves(left, self.pane, share=(LIST_WIDTH, SIDE_BY_SIDE), heights=HEIGHTS), 1)

    def _connect(self) -> None:
        self._groups.activated.connect(lambda _at: self._switch())
        self._instruments.activated.connect(lambda _at: self._switch())
        self._list.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._list.clicked.connect(lambda _index: self.pane.sheet.setFocus())
        self._list.activated.connect(lambda _index: self.pane.sheet.setFocus())
        self.pane.changed.connect(self._changed)
        self.pane.save_wanted.connect(self._save)
        self.pane.step_wanted.connect(self._step)

    # ---- opening ----

    def open(self, campaign: Kept[Campaign], names: dict[bytes, str], cell: tuple[bytes, str], today: dt.date) -> None:
        """Begin with a class and an instrument of a round.

        Args:
            campaign: the round.
            names: what its classes are called.
            cell: the class and the instrument.
            today: the day by the clock of the archive.
        """
        if self._round is None or self._round.id != campaign.id:
            self.pane.day_chosen = False
        fields = campaign.fields
        self._round = campaign
        shown = self._title.fontMetrics().elidedText(fields.name, Qt.TextElideMode.ElideRight, TITLE_WIDTH)
        self._title.setText(shown)
        self._title.setToolTip(fields.name)
        self._groups.clear()
        for group in fields.groups:
            self._groups.addItem(names.get(group) or "—")
        self._instruments.clear()
        for instrument in fields.instruments:
            self._instruments.addItem(short_title(self._context.library, instrument))
        self._groups.setCurrentIndex(fields.groups.index(cell[0]))
        self._instruments.setCurrentIndex(fields.instruments.index(cell[1]))
        self._data = ClassData([], {}, today)
        self.pane.last.clear()
        self._switch()

    def unsaved(self) -> list[str]:
        """Where sheets have been typed and not saved: class and instrument of each."""
        return [typed.place for typed in self._typed.values()]

    def unfinished(self) -> list[Any]:
        """What was typed and not saved, as JSON-like data."""
        return [
            [campaign.hex(), instrument, person.hex(), typed.answers, typed.place]
            for (campaign, instrument, person), typed in (self._saving | self._typed).items()
        ]

    def take_back(self, unfinished: list[Any]) -> None:
        """Go on with what `unfinished` gave before."""
        for campaign, instrument, person, answers, place in unfinished:
            key = (bytes.fromhex(campaign), str(instrument), bytes.fromhex(person))
            self._typed.setdefault(key, Typed(dict(answers), str(place)))

    def refresh(self) -> None:
        """Read the class anew; what is being typed stays."""
        if self._round is None or not self._known():
            return
        if self._task is not None:
            self._task.cancel()
        campaign, instrument, group = self._round.id, self._instrument, self._group
        self._task = self._context.tasks.on_archive(
            self, lambda desk: read_class(desk, campaign, instrument, group), self._show_class
        )

    def _switch(self) -> None:
        """Another class or instrument was chosen."""
        if self._round is None:
            return
        fields = self._round.fields
        self._group = fields.groups[self._groups.currentIndex()]
        self._instrument = fields.instruments[self._instruments.currentIndex()]
        self._data = ClassData([], {}, self._data.today)
        self._model.show([], {})
        if self._known():
            self.pane.sheet.show_instrument(self._context.library.get(self._instrument))
        self._show_person(None)
        if not self._known():
            # A round that a newer version of the program began.
            problem = Problem("instrument.unknown", id=self._instrument)
            self.pane.message.say(self._texts.problem(problem))
        self.refresh()

    def _known(self) -> bool:
        return self._instrument in self._context.library.ids()

    def _show_class(self, data: ClassData) -> None:
        if self._round is None:
            return
        self._data = data
        self._forget_saved()
        self.pane.show_day(self._round.fields, data.today)
        self._model.show(data.people, {person.id: self._state(person.id) for person in data.people})
        self._show_count()
        if self._person is None:
            self._begin()
            return
        # The rows may be other ones than before, and the sheet may have come from another laptop meanwhile.
        self._list.setCurrentIndex(self._model.index(self._model.row_of(self._person.id), 0))
        if self.pane.sheet.editable != (self._state(self._person.id) in WAITING):
            self._show_person(self._person)

    def _forget_saved(self) -> None:
        """What was kept before a crash may have been saved after all."""
        for person in self._data.sheets:
            typed = self._typed.get(self._key(person))
            if typed and self._data.is_saved(self._context.library, person, typed.answers):
                del self._typed[self._key(person)]

    def _begin(self) -> None:
        if not self._model.rowCount():
            self.pane.message.say(self._texts("desktop_screening.nobody_in_class"), "notice")
        elif not self._go_to_next(below=-1):
            self._list.setCurrentIndex(self._model.index(0, 0))
            self.pane.message.say(self._texts("desktop_screening.class_done"), "done")

    # ---- whose sheet ----

    def _key(self, person: bytes) -> Key:
        return (self._round.id if self._round else b"", self._instrument, person)

    def _state(self, person: bytes) -> State:
        key, saved = self._key(person), self._data.sheets.get(person)
        if key in self._typed:
            return "typed"
        if key in self._saving:
            return "saving"
        if person in self._data.closed:
            return "closed"
        return saved.fields.status if saved else "none"

    def _row_chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            person = self._model.person_at(index.row())
            if self._person is None or self._person.id != person.id:
                self._show_person(person)

    def _show_person(self, person: Kept[Person] | None) -> None:
        """Show a sheet: what was typed, what was saved, or an empty one."""
        self._person = person
        if person is None:
            self.pane.show_sheet("", "", {}, editable=False)
            return
        key, saved = self._key(person.id), self._data.sheets.get(person.id)
        typed = self._typed.get(key) or self._saving.get(key)
        answers = typed.answers if typed else saved.fields.answers if saved else {}
        editable = self._state(person.id) in WAITING
        name, facts = person.fields.name, partial(facts_about, person.fields)
        self.pane.show_sheet(name, self._about(person), answers, editable=editable, facts=facts)
        if saved and not editable:
            words = self._context.words.screening(saved.fields)
            self.pane.message.say(self._texts("desktop_screening.is_saved", words=words), "notice")
        elif person.id in self._data.closed:
            self.pane.message.say(self._texts("desktop_screening.is_closed"), "notice")

    def _about(self, person: Kept[Person]) -> str:
        fields, words = person.fields, self._context.words
        number = self._texts("desktop_screening.number", number=fields.student_number) if fields.student_number else ""
        parts = (words.sex(fields.sex) if fields.sex else "", words.age(fields.birth_date, self._data.today), number)
        return "　".join(part for part in parts if part)

    def _step(self, by: int) -> None:
        at = self._list.currentIndex().row() + by
        if 0 <= at < self._model.rowCount():
            self._list.setCurrentIndex(self._model.index(at, 0))

    def _go_to_next(self, *, below: int) -> bool:
        """Go to the next person below a row, or from the top again, whose sheet is not saved; False for nobody."""
        states = self._model.states()
        order = [*range(below + 1, len(states)), *range(below + 1)]
        found = next((at for at in order if states[at] in WAITING), None)
        if found is None:
            return False
        self._list.setCurrentIndex(self._model.index(found, 0))
        self.pane.sheet.setFocus()
        return True

    def _changed(self) -> None:
        """Somebody typed: the answers are kept from now on."""
        if self._person is None:
            return
        key, answers = self._key(self._person.id), self.pane.sheet.draft
        if answers:
            self._typed[key] = Typed(answers, f"{self._groups.currentText()} · {self._instruments.currentText()}")
        else:
            self._typed.pop(key, None)
        self._model.set_state(self._person.id, self._state(self._person.id))

    def _show_count(self) -> None:
        states = self._model.states()
        saved = sum(state in SAVED for state in states)
        self._count.setText(self._texts("desktop_screening.class_count", count=saved, of=len(states)))

    # ---- saving ----

    def _save(self) -> None:
        """Save the sheet and go on; where items are missing, ask once before."""
        pane, person = self.pane, self._person
        if person is None:
            return
        missing = pane.sheet.missing()
        if not pane.sheet.editable:
            self._go_to_next(below=self._list.currentIndex().row())
        elif pane.refuse_unread():
            return
        elif not pane.sheet.given:
            pane.message.say(self._texts("desktop_screening.nothing_typed"), "warning")
            pane.sheet.setFocus()
        elif pane.refuse_day():
            return
        elif missing and not pane.asked:
            pane.ask_unfinished(missing)
        else:
            self._commit(Sheet(person, self._instrument, pane.day, pane.sheet.given, "typed"))

    def _commit(self, sheet: Sheet) -> None:
        """Hand a sheet to the archive and go on to the next one without waiting."""
        campaign = self._round
        if campaign is None:
            return
        key = self._key(sheet.person.id)
        self._saving[key] = self._typed.pop(key)
        self._failed.pop(key, None)
        self._show_failed()
        self._model.set_state(sheet.person.id, "saving")
        if not self._go_to_next(below=self._list.currentIndex().row()):
            self._show_person(sheet.person)
            self.pane.message.say(self._texts("desktop_screening.class_done"), "done")
            self.pane.sheet.setFocus()
        self._context.tasks.on_archive(
            self,
            lambda desk: save_sheet(desk, sheet, campaign),
            lambda saved: self._saved(key, sheet, saved),
            lambda problem: self._not_saved(key, sheet, problem),
        )

    def _saved(self, key: Key, sheet: Sheet, saved: SavedSheet) -> None:
        del self._saving[key]
        words = self._context.words.screening(saved.screening.fields)
        self.pane.last.say(self._texts("desktop_screening.saved", name=sheet.person.fields.name, words=words), "done")
        if saved.alert:
            self.pane.notice.add(saved.alert)
        if self._is_here(key):
            self._data.sheets[sheet.person.id] = saved.screening
            self._model.set_state(sheet.person.id, self._state(sheet.person.id))
            self._show_count()
        self._context.signals.changed.emit()

    def _not_saved(self, key: Key, sheet: Sheet, problem: Problem) -> None:
        """The sheet comes back. Whoever is typing the next one already is not taken away from it."""
        self._typed[key] = self._saving.pop(key)
        self._failed[key] = self._words_of_failure(sheet, problem)
        self._show_failed()
        if not self._is_here(key):
            return
        self._model.set_state(sheet.person.id, "typed")
        if self._person is None or self._person.id == sheet.person.id or not self.pane.sheet.draft:
            self._show_person(sheet.person)
            self._list.setCurrentIndex(self._model.index(self._model.row_of(sheet.person.id), 0))

    def _words_of_failure(self, sheet: Sheet, problem: Problem) -> str:
        reason, name = self._texts.problem(problem), sheet.person.fields.name
        definition = self._context.library.get(sheet.instrument)
        touched = self._context.library.scorer(sheet.instrument).score(sheet.answers, facts_of(sheet)).critical
        if not touched:
            return self._texts("desktop_screening.not_saved", name=name, reason=reason)
        # What was not saved has raised no alert.
        titles = [rule.title[self._texts.language] for rule in definition.critical if rule.id in touched]
        critical = self._texts("words.separator").join(titles)
        return self._texts("desktop_screening.not_saved_critical", name=name, critical=critical, reason=reason)

    def _show_failed(self) -> None:
        if self._failed:
            self.pane.failed.say("\n".join(self._failed.values()))
        else:
            self.pane.failed.clear()

    def _is_here(self, key: Key) -> bool:
        """Whether a sheet belongs to the class and the instrument that are shown."""
        return key == self._key(key[2]) and self._model.row_of(key[2]) >= 0
