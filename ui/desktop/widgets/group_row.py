"""An item that is answered as often as needed, such as one drug after another: rows to add and to remove."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout, QWidget

from app.instruments.filling import BLANK, Unread
from app.instruments.flow import Flow
from app.instruments.items import Group
from ui.desktop.widgets.answer_field import AnswerField, Materials
from ui.desktop.widgets.basics import button, clear, label, row
from ui.desktop.widgets.item_row import ItemRow

_UNREAD = "unread"
NAME_WIDTH = 110
NAME_DROP = 8


class GroupRow(ItemRow):
    """A group of items, row by row. A row in which nothing stands does not count."""

    def __init__(self, item: Group, materials: Materials) -> None:
        super().__init__(item, materials)
        self._group = item
        self._flow = Flow(materials.definition, item.items)
        self._removed: Any = None
        self._lines: list[GroupLine] = []
        texts = materials.texts
        self._content = QVBoxLayout()
        self._content.setSpacing(6)
        self._add = button(texts("form.add_row"), self._add_line)
        self._again = button(texts("form.restore_row"), self._restore, "link")
        self._none = self._toggle(texts("form.no_rows"))
        self._skip = self._toggle(texts("form.skip"))
        self._foot = (self._add, self._none, self._skip, self._again)
        for one in self._foot:
            one.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        below = QVBoxLayout()
        below.setSpacing(6)
        below.addLayout(self._content)
        below.addLayout(row(*self._foot, None))
        self.grid.addLayout(below, 1, 1, 1, 2)
        self._editable = True

    def _toggle(self, text: str) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("role", "answer")
        made.setCheckable(True)
        made.setAutoDefault(True)
        made.clicked.connect(lambda on: self._say_none(made, on=on))
        return made

    # ---- what stands in it ----

    @property
    def entry(self) -> Any:
        """What stands there."""
        if self._skip.isChecked():
            return None
        rows = [content for content in (line.content() for line in self._lines) if content]
        if any(isinstance(cell, dict) for content in rows for cell in content.values()):
            return Unread(rows)
        return rows if rows or self._none.isChecked() else BLANK

    def show_entry(self, entry: Any, *, editable: bool) -> None:
        """Show rows; an empty one to begin with."""
        self._editable, self._removed = editable, None
        rows = entry.typed if isinstance(entry, Unread) else entry
        rows = list(rows) if isinstance(rows, list | tuple) else []
        self._none.setChecked(isinstance(entry, list | tuple) and not rows)
        self._skip.setChecked(entry is None)
        wanted = max(len(rows), self._group.least or int(entry is BLANK and editable))
        clear(self._content)
        self._lines = []
        for at in range(min(wanted, self._group.most)):
            self._new_line(rows[at] if at < len(rows) else {})
        self._show_foot()

    def parts(self) -> list[QWidget]:
        """All fields, row by row, then the buttons."""
        foot = [one for one in self._foot if not one.isHidden() and one.isEnabled()]
        return [part for line in self._lines for part in line.parts()] + (foot if self._editable else [])

    def said(self, entry: Any) -> str:
        """How many rows there are."""
        return self.materials.texts("form.rows", count=len(self._lines)) if entry is not BLANK else ""

    # ---- rows ----

    def _new_line(self, content: dict[str, Any]) -> GroupLine:
        line = GroupLine(len(self._lines) + 1, self._group, self._flow, self.materials)
        line.show_content(content, editable=self._editable)
        line.edited.connect(self._edited)
        line.entered.connect(self.pressed)
        line.remove_wanted.connect(lambda: self._remove(line))
        self._lines.append(line)
        self._content.addWidget(line)
        return line

    def _add_line(self) -> None:
        if len(self._lines) >= self._group.most:
            return
        self._none.setChecked(False)
        self._skip.setChecked(False)
        line = self._new_line({})
        self._show_foot()
        self.edited.emit()
        parts = line.parts()
        if parts:
            parts[0].setFocus()

    def _remove(self, line: GroupLine) -> None:
        self._removed = line.content() or None
        self._lines.remove(line)
        self._content.removeWidget(line)
        line.hide()
        line.deleteLater()
        for number, one in enumerate(self._lines, 1):
            one.show_number(number)
        self._show_foot()
        self._add.setFocus()
        self.edited.emit()

    def _restore(self) -> None:
        content, self._removed = self._removed, None
        if content and len(self._lines) < self._group.most:
            self._new_line(content)
            self._show_foot()
            self.edited.emit()

    def _say_none(self, made: QPushButton, *, on: bool) -> None:
        if on:
            for other in (self._none, self._skip):
                other.setChecked(other is made)
            clear(self._content)
            self._lines = []
        self._show_foot()
        self.edited.emit()

    def _edited(self) -> None:
        self._none.setChecked(False)
        self._skip.setChecked(False)
        self._show_foot()
        self.edited.emit()

    def _show_foot(self) -> None:
        group, filled = self._group, any(line.content() for line in self._lines)
        self._add.setVisible(self._editable)
        self._add.setEnabled(len(self._lines) < group.most)
        self._none.setVisible(group.least == 0 and (self._editable or self._none.isChecked()))
        self._skip.setVisible(group.not_applicable and (self._editable or self._skip.isChecked()))
        # What is filled in is not thrown away by a single key.
        for one in (self._none, self._skip):
            one.setEnabled(self._editable and not filled)
        self._again.setVisible(self._removed is not None and self._editable)


class GroupLine(QFrame):
    """One row of a group.

    Signals:
        edited: somebody typed or chose.
        entered: the keyboard came into it.
        remove_wanted: the row shall go.
    """

    edited = Signal()
    entered = Signal()
    remove_wanted = Signal()

    def __init__(self, number: int, group: Group, flow: Flow, materials: Materials) -> None:
        super().__init__()
        self._flow = flow
        self._texts = materials.texts
        self.setProperty("role", "card")
        self._number = label("", "muted")
        self._remove = button(materials.texts("form.remove_row"), self.remove_wanted.emit, "link")
        self._remove.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(4)
        layout.addLayout(row(self._number, None, self._remove))
        cells = QGridLayout()
        cells.setHorizontalSpacing(8)
        cells.setVerticalSpacing(6)
        cells.setColumnStretch(1, 1)
        layout.addLayout(cells)
        self._fields: dict[str, AnswerField] = {}
        self._names: dict[str, QWidget] = {}
        for place, cell in enumerate(group.items):
            name = label(materials.wording.item(cell), wrap=True)
            name.setFixedWidth(NAME_WIDTH)
            # On the line of what stands in the field, which has a frame.
            name.setContentsMargins(0, NAME_DROP, 0, 0)
            field = AnswerField(cell, materials)
            field.edited.connect(self._edited)
            field.entered.connect(self.entered)
            cells.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
            cells.addWidget(field, place, 1)
            self._fields[cell.id], self._names[cell.id] = field, name
        self.show_number(number)

    def show_number(self, number: int) -> None:
        """Which row it is, from 1."""
        self._number.setText(self._texts("form.row", number=number))

    def parts(self) -> list[QWidget]:
        """The fields that are asked, then the button."""
        shown = [part for field in self._fields.values() if not field.isHidden() for part in field.parts()]
        return shown + ([self._remove] if not self._remove.isHidden() else [])

    def content(self) -> dict[str, Any]:
        """Cell → answer; what cannot be one is an object with what was typed."""
        found = {}
        for name, field in self._fields.items():
            entry = field.reading.entry
            if isinstance(entry, Unread):
                found[name] = {_UNREAD: entry.typed}
            elif entry is not BLANK:
                found[name] = entry
        return found

    def show_content(self, content: dict[str, Any], *, editable: bool) -> None:
        """Show what `content` gave before."""
        for name, field in self._fields.items():
            cell = content.get(name, BLANK)
            field.show_entry(Unread(cell[_UNREAD]) if isinstance(cell, dict) else cell, editable=editable)
        self._remove.setVisible(editable)
        self._show_asked()

    def _edited(self) -> None:
        self._show_asked()
        self.edited.emit()

    def _show_asked(self) -> None:
        """Show the cells that are asked with what stands in the others."""
        answers = {name: cell for name, cell in self.content().items() if not isinstance(cell, dict)}
        asked = self._flow.walk(answers).asked
        for name, field in self._fields.items():
            field.setVisible(name in asked)
            self._names[name].setVisible(name in asked)
