"""人员: everybody in the archive on the left, found while one types; the chosen person on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.instruments.definition import Definition
from ui.desktop.context import Context
from ui.desktop.models.fill import FillStart, read_fill_start
from ui.desktop.models.people import COLUMNS, PeopleData, PeopleModel, read_people
from ui.desktop.models.referrals import read_start as read_referral_start
from ui.desktop.models.session import read_start
from ui.desktop.page import Page
from ui.desktop.screens.fill_form import FillForm
from ui.desktop.screens.form_choice import FormChoice
from ui.desktop.screens.importing import open_roster_import
from ui.desktop.screens.person import PersonView
from ui.desktop.screens.person_form import FormData, PersonForm, read_form
from ui.desktop.screens.referral_form import ReferralForm
from ui.desktop.screens.session_form import SessionForm
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import button, card, label, row
from ui.desktop.widgets.halves import Halves
from ui.desktop.widgets.tables import table

TYPING_PAUSE_MS = 60
LIST_WIDTH, BESIDE_WIDTH = 580, 760
LIST_HEIGHT, PERSON_HEIGHT = 260, 320
_WIDEST = {"name": 170, "group_name": 130, "student_number": 140}
_CELL_PADDING = 28
_CHIP_PADDING = 20
"""A level is a bold word in a frame."""


class PeoplePage(Page):
    """The list of people, and one of them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_people")
        self._task: Task | None = None
        self._group_ids: list[bytes | None] = []
        self._sizes: tuple[object, ...] = ()
        self._name_width = 0
        self._model = PeopleModel(context)
        self._pause = QTimer(self)
        self._filter = self._filter_field()
        self._groups = QComboBox()
        self._groups.setAccessibleName(self.texts("desktop_people.group_filter"))
        self._groups.setMinimumContentsLength(11)
        self._groups.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._groups.activated.connect(lambda _index: self._read())
        self._table = self._people_table()
        self._count = label(role="small", wrap=True)
        self._person = PersonView(context)
        self._person.edit_wanted.connect(self._edit)
        self._person.note_wanted.connect(self.write_note)
        self._person.refer_wanted.connect(self.refer)
        self._person.fill_wanted.connect(self.choose_form)
        self.tools.addWidget(button(self.texts("desktop_people.add"), self._add))
        self.tools.addWidget(button(self.texts("desktop_people.import_roster"), self._import, "primary"))
        self._stack = QStackedWidget()
        self._stack.addWidget(self._halves())
        self._stack.addWidget(self._empty())
        self.body.addWidget(self._stack)
        self.setFocusProxy(self._filter)
        context.signals.person_wanted.connect(self._show_wanted)

    def refresh(self) -> None:
        """Read the list and the person anew."""
        self._read()
        self._person.refresh()

    def unfinished(self) -> Any:
        """What was typed about a person and not saved."""
        return self.unfinished_form()

    def take_back(self, unfinished: Any) -> None:
        """Open the form again, where the person is still in the archive."""
        if unfinished.get("form") == "session":
            self.write_note(
                bytes.fromhex(unfinished["person"]), bytes.fromhex(unfinished["amends"]), unfinished["written"]
            )
            return
        if unfinished.get("form") == "sheet":
            self.fill(bytes.fromhex(unfinished["person"]), unfinished["instrument"], unfinished)
            return
        if unfinished.get("form") == "referral":
            self.refer(bytes.fromhex(unfinished["person"]), unfinished["written"])
            return
        person, typed = bytes.fromhex(unfinished["person"]) or None, unfinished["typed"]

        def show(data: FormData) -> None:
            if person is None or data.person is not None:
                self._open_form(data, typed)

        self.context.tasks.on_archive(self, lambda desk: read_form(desk, person), show)

    # ---- parts ----

    def _filter_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.texts("desktop_people.filter_hint"))
        field.setAccessibleName(self.texts("desktop_people.filter"))
        field.setClearButtonEnabled(True)
        field.addAction(self.context.theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        field.installEventFilter(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._read)
        field.textChanged.connect(lambda _text: self._pause.start())
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(field.setFocus)
        return field

    def _people_table(self) -> QTableView:
        made = table(self._model, self.context.theme, self.texts("desktop.page_people"), stretch=0)
        # Of a long number the end matters as much as the beginning.
        made.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        # Widths are measured once for each list, and bounded: names of villages can be long.
        made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        made.viewport().installEventFilter(self)
        made.selectionModel().currentRowChanged.connect(self._chosen)
        return made

    def _halves(self) -> Halves:
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        filters = row(self._groups, self._filter)
        filters.setStretch(1, 1)
        layout.addLayout(filters)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._count)
        return Halves(left, self._person, share=(LIST_WIDTH, BESIDE_WIDTH), heights=(LIST_HEIGHT, PERSON_HEIGHT))

    def _empty(self) -> QWidget:
        """What to do where there is nobody yet."""
        frame, layout = card(margin=32)
        layout.addWidget(label(self.texts("desktop_people.nobody_yet"), "title"))
        layout.addWidget(label(self.texts("desktop_people.nobody_yet_about"), "muted", wrap=True))
        layout.addSpacing(8)
        layout.addWidget(button(self.texts("desktop_people.import_roster"), self._import, "primary"))
        one_by_one = button(self.texts("desktop_people.add_one_by_one"), self._add, "link")
        layout.addLayout(row(None, one_by_one, None))
        frame.setMaximumWidth(460)
        widget = QWidget()
        outer = QVBoxLayout(widget)
        outer.addStretch(2)
        outer.addLayout(row(None, frame, None))
        outer.addStretch(3)
        return widget

    # ---- the list ----

    def _read(self) -> None:
        if self._task is not None:
            self._task.cancel()
        text, group = self._filter.text(), self._group()
        self._task = self.context.tasks.on_archive(self, lambda desk: read_people(desk, text, group), self._show)

    def _group(self) -> bytes | None:
        index = self._groups.currentIndex()
        return self._group_ids[index] if 0 <= index < len(self._group_ids) else None

    def _show(self, data: PeopleData) -> None:
        self._stack.setCurrentIndex(0 if data.people else 1)
        self._fill_groups(data)
        if self._model.show(data):
            self._fit_columns()
        self._mark(self._person.person)
        self._count.setText(self._count_words(data))

    def _fill_groups(self, data: PeopleData) -> None:
        sizes = (data.people, data.groups, data.sizes)
        if sizes == self._sizes:
            return
        chosen, self._sizes = self._group(), sizes
        self._group_ids = [None, *data.groups]
        with QSignalBlocker(self._groups):
            self._groups.clear()
            self._groups.addItem(self.texts("desktop_people.everybody", count=data.people))
            for group, name in data.groups.items():
                size = data.sizes.get(group, 0)
                self._groups.addItem(self.texts("desktop_people.group_size", name=name, count=size))
            self._groups.setCurrentIndex(self._group_ids.index(chosen) if chosen in self._group_ids else 0)
        view = self._groups.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * _CELL_PADDING)

    def _fit_columns(self) -> None:
        """As wide as what stands in them, within bounds."""
        metrics = self._table.fontMetrics()
        for column, name in enumerate(COLUMNS):
            texts = {self._model.text(line, column) for line in range(self._model.rowCount())}
            texts.add(self._model.headerData(column, Qt.Orientation.Horizontal))
            width = max(map(metrics.horizontalAdvance, texts)) + _CELL_PADDING
            width += _CHIP_PADDING if name == "alert" else 0
            width = min(width, _WIDEST.get(name, width))
            self._table.setColumnWidth(column, width)
            if name == "name":
                self._name_width = width
        self._give_name_the_rest()

    def _give_name_the_rest(self) -> None:
        """The name takes what room is left, never less than it needs: then the table scrolls."""
        others = sum(self._table.columnWidth(column) for column in range(1, len(COLUMNS)))
        self._table.setColumnWidth(0, max(self._name_width, self._table.viewport().width() - others))

    def _count_words(self, data: PeopleData) -> str:
        shown, total = len(data.listing.lines), data.listing.total
        if total is None:
            return self.texts("desktop_people.too_many_found", shown=shown)
        if shown < total:
            return self.texts("desktop_people.first_shown", shown=shown, total=total)
        if self._filter.text().strip():
            return self.texts("desktop_people.found" if total else "desktop_people.nobody_found", count=total)
        return self.texts("desktop_people.count", count=total)

    # ---- choosing ----

    def _chosen(self, current: QModelIndex) -> None:
        person = self._model.person(current.row())
        if person is not None and person != self._person.person:
            self._person.show_person(person)

    def _show_wanted(self, person: bytes) -> None:
        """Somebody asked for a person elsewhere."""
        self._person.show_person(person)
        self._mark(person)

    def _mark(self, person: bytes | None) -> None:
        """Have the list point at who is shown, where they are in it."""
        found = self._model.row_of(person)
        if found < 0:
            self._table.clearSelection()
            self._table.setCurrentIndex(QModelIndex())
        elif found != self._table.currentIndex().row():
            self._table.selectRow(found)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """From the filter field, Enter and the arrow lead into the list; Escape empties the field."""
        if watched is self._table.viewport() and event.type() == QEvent.Type.Resize:
            self._give_name_the_rest()
        if watched is not self._filter or not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Down:
                if self._model.rowCount():
                    self._table.setFocus()
                    self._table.selectRow(max(self._table.currentIndex().row(), 0))
                return True
            case Qt.Key.Key_Escape:
                self._filter.clear()
                return True
        return super().eventFilter(watched, event)

    # ---- doing ----

    def _import(self) -> None:
        open_roster_import(self.context, self)

    def _add(self) -> None:
        self.context.tasks.on_archive(self, lambda desk: read_form(desk, None), self._open_form)

    def _edit(self, person: bytes) -> None:
        self.context.tasks.on_archive(self, lambda desk: read_form(desk, person), self._open_form)

    def _open_form(self, data: FormData, typed: Mapping[str, str | None] | None = None) -> None:
        self.open_form(PersonForm(self.context, data, self, typed))

    def choose_form(self, person: bytes) -> None:
        """Let somebody choose what to fill in about a person."""

        def choose(start: FillStart) -> None:
            dialog = FormChoice(self.context, start.person.fields.name, self)
            dialog.chosen.connect(lambda instrument: self.fill(person, instrument))
            dialog.open()

        self.context.tasks.on_archive(self, lambda desk: read_fill_start(desk, person), choose)

    def fill(self, person: bytes, instrument: str, written: Mapping[str, Any] | None = None) -> None:
        """Fill in a form about a person; `written` is what `FillForm.unfinished` gave before."""

        def show(found: tuple[FillStart, Definition]) -> None:
            self.open_form(FillForm(self.context, *found, self, written))

        self.context.tasks.on_archive(
            self, lambda desk: (read_fill_start(desk, person), desk.library.get(instrument)), show
        )

    def refer(self, person: bytes, written: Mapping[str, Any] | None = None) -> None:
        """Send somebody to another station; `written` is what `ReferralForm.unfinished` gave before."""
        self.context.tasks.on_archive(
            self,
            lambda desk: read_referral_start(desk, person),
            lambda start: self.open_form(ReferralForm(self.context, start, self, written)),
        )

    def write_note(self, person: bytes, amends: bytes = b"", written: Mapping[str, Any] | None = None) -> None:
        """Write a session note about somebody.

        Args:
            person: id of whom it is about.
            amends: the session that it corrects; empty for none.
            written: what `SessionForm.unfinished` gave before.
        """
        self.context.tasks.on_archive(
            self,
            lambda desk: read_start(desk, person, amends or None),
            lambda start: self.open_form(SessionForm(self.context, start, self, written)),
        )
