"""Choosing what to fill in about somebody: record forms first, then instruments; found while one types."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.instruments.library import Head
from ui.desktop.context import Context
from ui.desktop.models.fill import choices
from ui.desktop.widgets.basics import button, label, row
from ui.desktop.widgets.dialogs import give_size

SIZE = (620, 560)
ID = Qt.ItemDataRole.UserRole
SAID = ID + 1


class FormChoice(QDialog):
    """Lists everything that can be filled in.

    Args:
        context: what pages are given.
        name: whom it will be about.
        parent: what it belongs to.

    Signals:
        chosen: the id of a definition.
    """

    chosen = Signal(str)

    def __init__(self, context: Context, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._texts = context.texts
        # The title says nothing about whom it is about: it appears in task bars.
        self.setWindowTitle(self._texts("desktop_forms.fill"))
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self._texts("desktop_forms.filter_hint"))
        self._filter.setAccessibleName(self._texts("desktop_forms.filter_hint"))
        self._filter.setClearButtonEnabled(True)
        self._filter.addAction(context.theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._filter.installEventFilter(self)
        self._filter.textChanged.connect(lambda _text: self._sift())
        self._list = QListWidget()
        self._list.setAccessibleName(self._texts("desktop_forms.fill"))
        self._list.setUniformItemSizes(True)
        self._list.itemActivated.connect(lambda _item: self._go())
        self._about = label("", "muted", wrap=True)
        self._about.setMinimumHeight(3 * self._about.fontMetrics().lineSpacing())
        self._about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._list.currentItemChanged.connect(lambda _now, _before: self._tell())
        self._fill = button(self._texts("desktop_forms.begin"), self._go, "primary")
        self._fill.setDefault(True)
        cancel = button(self._texts("desktop_forms.cancel"), self.reject)
        cancel.setAutoDefault(False)
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(context.theme.size("gap"))
        layout.addWidget(label(self._texts("desktop_forms.fill_about", name=name), "title", wrap=True))
        layout.addWidget(self._filter)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._about)
        layout.addLayout(row(None, cancel, self._fill))
        give_size(self, *SIZE)
        self._filter.setFocus()
        self._row_height = context.theme.size("row")
        self._known: dict[str, Head] = {}
        self._library = library = context.library
        context.tasks.aside(self, lambda _task: choices(library, self._texts.language), self._show)

    def _show(self, found: list[Head]) -> None:
        language = self._texts.language
        self._known = {one.id: one for one in found}
        for one in found:
            title = one.title[language]
            words = title if one.type == "form" or one.short_title == title else f"{one.short_title}　{title}"
            item = QListWidgetItem(words)
            item.setData(ID, one.id)
            item.setData(SAID, f"{one.id} {one.short_title} {' '.join(one.title.values())}".casefold())
            item.setSizeHint(QSize(0, self._row_height))
            self._list.addItem(item)
        self._sift()

    def _sift(self) -> None:
        """Show what holds every word that was typed."""
        words = self._filter.text().casefold().split()
        first = None
        for at in range(self._list.count()):
            item = self._list.item(at)
            fits = all(word in item.data(SAID) for word in words)
            item.setHidden(not fits)
            first = first or (item if fits else None)
        now = self._list.currentItem()
        if now is None or now.isHidden():
            self._list.setCurrentItem(first)  # type: ignore[arg-type] # nothing is chosen where nothing fits
        self._tell()

    def _tell(self) -> None:
        """Say for whom the chosen one is."""
        chosen = self._chosen()
        self._fill.setEnabled(chosen is not None)
        texts = self._texts
        if chosen is None:
            self._about.setText(texts("desktop_forms.nothing_found") if self._known else "")
            return
        kind = texts("desktop_forms.form" if chosen.type == "form" else "desktop_forms.instrument")
        items = texts("desktop_forms.items", count=len(self._library.get(chosen.id).items))
        wording = "" if chosen.copyright.wording == "full" else texts("desktop_forms.structure")
        self._about.setText(
            "　".join(part for part in (kind, items, wording, chosen.population[texts.language]) if part)
        )

    def _chosen(self) -> Head | None:
        item = self._list.currentItem()
        return self._known.get(item.data(ID)) if item is not None and not item.isHidden() else None

    def _go(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.accept()
            self.chosen.emit(chosen.id)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """From the field, the arrows move in the list."""
        keys = {Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}
        if (
            watched is self._filter
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in keys
        ):
            self._list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)
