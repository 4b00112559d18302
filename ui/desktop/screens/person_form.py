"""The form for one person: adding somebody, or correcting what is known. What is wrong is said below the field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from app.errors import Problem
from app.people.fields import PersonFields
from app.people.form import (
    ID_TYPES,
    RESIDENT_LENGTH,
    FormReading,
    FormTexts,
    form_texts,
    read_identity,
    read_texts,
)
from app.people.identity import ResidentId
from app.people.names import MAX_LENGTH, name_doubts, normalise_name
from app.records import Kept, Person
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.fields import field_title, field_value
from ui.desktop.page import Form
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (560, 640)
SHOWN_NAMESAKES = 3


class FormData(msgspec.Struct, frozen=True):
    """What the form starts from.

    Attributes:
        person: as they were seen when it was opened; None for a new one.
        fields: the same as a form asks about them.
        groups: names by id.
        day: today.
    """

    person: Kept[Person] | None
    fields: PersonFields | None
    groups: dict[bytes, str]
    day: dt.date


def read_form(desk: Desk, person: bytes | None) -> FormData:
    """Gather what the form starts from."""
    found = desk.people.get(person) if person else None
    return FormData(
        person=found,
        fields=desk.people.described(found) if found else None,
        groups={group.id: group.fields.name for group in desk.people.groups()},
        day=dt.datetime.fromtimestamp(desk.archive.now() / 1000).astimezone().date(),
    )


class PersonForm(Form):
    """Adds or changes a person. Closing it with something unsaved takes a second Escape.

    Args:
        context: what pages are given.
        data: what it starts from.
        parent: what it belongs to.
        typed: what was typed before, by field.
    """

    def __init__(
        self, context: Context, data: FormData, parent: QWidget, typed: Mapping[str, str | None] | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._texts = context.texts
        self._data = data
        self._namesakes: Task | None = None
        title = self._texts("desktop_people.edit_title" if data.person else "desktop_people.add_title")
        self.setWindowTitle(title)
        self._make_editors()
        self._fields = {name: Field(field_title(context, name), editor) for name, editor in self._editors().items()}
        self._banner = Banner()
        self._save_button = button(self._texts("desktop_people.save"), self._save, "primary")
        self._save_button.setDefault(True)
        self._lay_out(title)
        self._fill(form_texts(data.fields) if data.fields else FormTexts())
        self._check_number(is_finished=True)
        self._say_conflicts()
        self._at_first = self._left_over = self._written()
        if typed:
            self._fill(msgspec.convert({**msgspec.structs.asdict(self._at_first), **typed}, FormTexts))
            self._check_number(is_finished=True)
        self._connect()
        self._name.setFocus()

    # ---- parts ----

    def _make_editors(self) -> None:
        self._name = QLineEdit()
        self._name.setMaxLength(2 * MAX_LENGTH)
        self._id_type = QComboBox()
        for kind in ID_TYPES:
            self._id_type.addItem(self._texts(f"desktop_people.id_type_{kind}"), kind)
        self._id_number = QLineEdit()
        self._sex = QComboBox()
        known = self._data.fields.sex if self._data.fields else None
        for sex in ("unknown" if known == "unknown" else None, "male", "female"):
            self._sex.addItem(self._context.words.sex(sex), sex)
        self._birth_date = QLineEdit()
        self._birth_date.setPlaceholderText(self._texts("desktop_people.birth_date_hint"))
        self._group = QComboBox()
        self._group.setEditable(True)
        self._group.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._group.addItems(list(self._data.groups.values()))
        self._student_number, self._guardian, self._guardian_phone, self._phone = (QLineEdit() for _ in range(4))

    def _editors(self) -> dict[str, QWidget]:
        return {
            "name": self._name,
            "id_type": self._id_type,
            "id_number": self._id_number,
            "sex": self._sex,
            "birth_date": self._birth_date,
            "group_name": self._group,
            "student_number": self._student_number,
            "guardian_name": self._guardian,
            "guardian_phone": self._guardian_phone,
            "phone": self._phone,
        }

    def _lay_out(self, title: str) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for line, (name, field) in enumerate(self._fields.items()):
            caption = label(field_title(self._context, name), "muted")
            caption.setFixedHeight(field.editor.sizeHint().height())
            grid.addWidget(caption, line, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(field, line, 1)
        grid.setRowStretch(len(self._fields), 1)
        scroll = scrolled(grid)
        cancel = button(self._texts("desktop_people.cancel"), self.reject)
        cancel.setAutoDefault(False)
        layout = QVBoxLayout(self)
        margin = self._context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(self._context.theme.size("gap"))
        layout.addWidget(label(title, "title"))
        layout.addWidget(self._banner)
        layout.addWidget(scroll, 1)
        layout.addLayout(row(None, cancel, self._save_button))
        give_size(self, *FIRST_SIZE)

    # ---- what stands in it ----

    def _fill(self, texts: FormTexts) -> None:
        self._name.setText(texts.name)
        self._id_type.setCurrentIndex(ID_TYPES.index(texts.id_type))
        self._id_number.setText(texts.id_number)
        self._sex.setCurrentIndex(max(0, self._sex.findData(texts.sex)))
        self._birth_date.setText(texts.birth_date)
        self._group.setEditText(texts.group_name)
        self._student_number.setText(texts.student_number)
        self._guardian.setText(texts.guardian_name)
        self._guardian_phone.setText(texts.guardian_phone)
        self._phone.setText(texts.phone)

    def _connect(self) -> None:
        self._name.editingFinished.connect(self._look_at_name)
        self._id_type.currentIndexChanged.connect(lambda _index: self._check_number(is_finished=True))
        self._id_number.textEdited.connect(lambda _text: self._check_number(is_finished=False))
        self._id_number.editingFinished.connect(lambda: self._check_number(is_finished=True))

    def _written(self) -> FormTexts:
        return FormTexts(
            name=self._name.text(),
            sex=self._sex.currentData(),
            birth_date=self._birth_date.text(),
            id_type=self._id_type.currentData(),
            id_number=self._id_number.text(),
            group_name=self._group.currentText(),
            student_number=self._student_number.text(),
            guardian_name=self._guardian.text(),
            guardian_phone=self._guardian_phone.text(),
            phone=self._phone.text(),
        )

    def _say_conflicts(self) -> None:
        record = self._data.person.record if self._data.person else None
        for name, others in record.conflicts.items() if record else ():
            field = self._fields.get("group_name" if name == "group" else name)
            said = [field_value(self._context, name, one, self._data.groups, masked=False) for one in others]
            if field:
                other = self._texts("words.separator").join(said)
                field.say(self._texts("desktop_people.written_elsewhere", other=other), "doubt")

    # ---- checks while one types ----

    def _check_number(self, *, is_finished: bool) -> None:
        """Say how the number stands; a valid one tells birth and sex, which then need not be typed."""
        written, faults = self._written(), dict[str, Problem]()
        resident = read_identity(written, faults, self._data.day)[2]
        self._take_over(resident)
        self._id_number.setEnabled(written.id_type != "none")
        field, length = self._fields["id_number"], len("".join(written.id_number.split()))
        if resident:
            field.say(self._texts("desktop_people.number_right"), "fine")
        elif faults and not is_finished and length < RESIDENT_LENGTH:
            field.say(self._texts("desktop_people.number_length", count=length, total=RESIDENT_LENGTH), "small")
        elif faults:
            field.say(self._texts.problem(faults["id_number"]), "fault")
        else:
            field.say("")

    def _take_over(self, resident: ResidentId | None) -> None:
        for editor in (self._sex, self._birth_date):
            editor.setEnabled(resident is None)
        if resident:
            self._sex.setCurrentIndex(self._sex.findData(resident.sex))
            self._birth_date.setText(resident.birth_date.isoformat())
            self._fields["birth_date"].say("")

    def _look_at_name(self) -> None:
        """Tell of characters that cannot be found later, and of people of the same name: perhaps it is one of them."""
        if self._namesakes is not None:
            self._namesakes.cancel()
        try:
            name = normalise_name(self._name.text())
        except Problem:
            return
        if self._data.fields and name == self._data.fields.name:
            return
        doubts = name_doubts(name)
        if doubts:
            self._fields["name"].say(self._texts(doubts[0]), "doubt")
            return
        self._namesakes = self._context.tasks.on_archive(
            self, lambda desk: desk.people.namesakes(name), self._tell_namesakes
        )

    def _tell_namesakes(self, found: list[Kept[Person]]) -> None:
        if not found:
            return
        groups = self._data.groups
        people = [
            "　".join(part for part in (groups.get(one.fields.group or b"", ""), one.fields.student_number) if part)
            for one in found[:SHOWN_NAMESAKES]
        ]
        told = self._texts("words.separator").join(part or "—" for part in people)
        self._fields["name"].say(self._texts("desktop_people.namesakes", count=len(found), people=told), "doubt")

    # ---- saving and leaving ----

    def _save(self) -> None:
        reading = read_texts(self._written(), self._data.fields, self._data.day)
        self._say_faults(reading)
        fields, person = reading.fields, self._data.person
        if fields is None:
            return
        self._save_button.setEnabled(False)
        self._banner.clear()

        def save(desk: Desk) -> bytes:
            if person is None:
                return desk.people.add(fields)
            desk.people.change(person, fields)
            return person.id

        self._context.tasks.on_archive(self, save, self._saved, self._not_saved)

    def _say_faults(self, reading: FormReading) -> None:
        for name, fault in reading.faults.items():
            self._fields[name].say(self._texts.problem(fault), "fault")
        for name in reading.faults:
            self._fields[name].editor.setFocus()
            break

    def _saved(self, person: bytes) -> None:
        signals = self._context.signals
        name = self._name.text().strip()
        signals.told.emit(self._texts("desktop_people.saved", name=name))
        signals.changed.emit()
        if self._data.person is None:
            signals.person_wanted.emit(person)
        self.accept()

    def unfinished(self) -> Any:
        """Who it is about, and the fields in which something else stands than at first: the others may change meanwhile."""
        if not self._save_button.isEnabled():  # it is being saved
            return None
        first, written = map(msgspec.structs.asdict, (self._at_first, self._written()))
        typed = {name: text for name, text in written.items() if text != first[name]}
        person = self._data.person.id.hex() if self._data.person else ""
        return {"person": person, "typed": typed} if typed else None

    def _not_saved(self, problem: Problem) -> None:
        self._save_button.setEnabled(True)
        self._banner.say(self._texts.problem(problem))

    def reject(self) -> None:
        """Leave; where something is not saved, only when asked a second time."""
        written = self._written()
        if written not in {self._at_first, self._left_over}:
            self._left_over = written
            self._banner.say(self._texts("desktop_people.not_saved_yet"), "warning")
            return
        super().reject()


class Field(QWidget):
    """An editor, and below it a sentence where there is something to say about what stands in it."""

    def __init__(self, title: str, editor: QWidget) -> None:
        super().__init__()
        self.editor = editor
        editor.setAccessibleName(title)
        self._said = label(wrap=True)
        self._said.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(editor)
        layout.addWidget(self._said)
        self.setFocusProxy(editor)
        if isinstance(editor, QLineEdit):
            # What was said is about what stood there before.
            editor.textEdited.connect(lambda _text: self.say(""))

    def say(self, text: str, role: str = "small") -> None:
        """Say a sentence as ``small``, ``fault``, ``doubt`` or ``fine``; nothing for an empty one."""
        self._said.setProperty("role", role)
        self._said.style().unpolish(self._said)
        self._said.style().polish(self._said)
        self._said.setText(text)
        self._said.setVisible(bool(text))
        self.editor.setAccessibleDescription(text)
