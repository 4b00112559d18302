"""The search box on top of every page (Ctrl+K): people by name, pinyin, initials or number."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout

from app.people.identity import mask
from app.records import Kept, Person
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.tasks import Task

SHOWN = 12
TYPING_PAUSE_MS = 60


class SearchBox(QLineEdit):
    """Finds while one types; Enter or a click goes to the person."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._task: Task | None = None
        self.setPlaceholderText(context.texts("desktop.search_hint"))
        self.setAccessibleName(context.texts("desktop.search"))
        self.setClearButtonEnabled(True)
        self.addAction(context.theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.setMaximumWidth(560)
        self._found = Found(self)
        self._found.list.itemClicked.connect(self._go)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._search)
        self.textEdited.connect(lambda _text: self._pause.start())
        shortcut = QShortcut(QKeySequence("Ctrl+K"), self)
        shortcut.activated.connect(self._begin)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's name
        """Arrows move in what was found, Enter goes there, Escape gives up."""
        key = event.key()
        if key in {Qt.Key.Key_Down, Qt.Key.Key_Up} and self._found.isVisible():
            self._found.move_by(1 if key == Qt.Key.Key_Down else -1)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            item = self._found.list.currentItem()
            if self._found.isVisible() and item is not None:
                self._go(item)
        elif key == Qt.Key.Key_Escape:
            self._found.hide()
            self.clear()
        else:
            super().keyPressEvent(event)

    def _begin(self) -> None:
        self.setFocus()
        self.selectAll()

    def _search(self) -> None:
        if self._task is not None:
            self._task.cancel()
        text = self.text()
        if not text.strip():
            self._found.hide()
            return
        self._task = self._context.tasks.on_archive(self, lambda desk: find(desk, text), self._show)

    def _show(self, found: list[tuple[Kept[Person], str]]) -> None:
        self._found.list.clear()
        for person, group in found:
            item = QListWidgetItem(self._line(person, group))
            item.setData(Qt.ItemDataRole.UserRole, person.id)
            self._found.list.addItem(item)
        if not found:
            self._found.list.addItem(self._context.texts("desktop.nobody_found"))
        else:
            self._found.list.setCurrentRow(0)
        self._found.show_below(self, max(1, len(found)))

    def _line(self, person: Kept[Person], group: str) -> str:
        fields = person.fields
        parts = (
            fields.name,
            self._context.words.sex(fields.sex),
            group,
            fields.student_number or mask(fields.id_number or ""),
        )
        return "　".join(part for part in parts if part)

    def _go(self, item: QListWidgetItem) -> None:
        person = item.data(Qt.ItemDataRole.UserRole)
        if person is None:
            return
        self._found.hide()
        self.clear()
        self._context.signals.person_wanted.emit(bytes(person))


class Found(QFrame):
    """What was found, below the box; the box keeps the keyboard."""

    def __init__(self, box: QLineEdit) -> None:
        super().__init__(box, Qt.WindowType.ToolTip)
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)

    def show_below(self, box: QLineEdit, lines: int) -> None:
        """Show under the box, high enough for so many lines."""
        height = max(self.list.sizeHintForRow(0), 24) * lines + 8
        self.setGeometry(0, 0, box.width(), height)
        self.move(box.mapToGlobal(QPoint(0, box.height() + 2)))
        self.show()

    def move_by(self, step: int) -> None:
        """Choose the next or the one before."""
        count = self.list.count()
        self.list.setCurrentRow((self.list.currentRow() + step) % count)


def find(desk: Desk, text: str) -> list[tuple[Kept[Person], str]]:
    """People who match, with the names of their groups."""
    groups = {group.id: group.fields.name for group in desk.people.groups()}
    return [(person, groups.get(person.fields.group or b"", "")) for person in desk.people.find(text, SHOWN)]
