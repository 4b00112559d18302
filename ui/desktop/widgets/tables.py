"""Tables: how they behave, and cells painted as a chip with a colour or with a bar of how far something has come."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ui.desktop.theme import Theme

CHIP_ROLE = Qt.ItemDataRole.UserRole + 1
"""The kind of chip that a cell is shown as, as in `basics.chip`; nothing for plain text."""

BAR_ROLE = Qt.ItemDataRole.UserRole + 2
"""How many are done and how many there are: a tuple of two numbers; nothing for plain text."""

CELL_MARGIN = 8
CHIP_FRAME = 14
LEAST_BAR = 90

Index = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """Paints cells that have a `CHIP_ROLE` or a `BAR_ROLE`, and all others as usual."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 -- Qt's name
        """Room for the frame of a chip, or for a bar that says something."""
        hint = super().sizeHint(option, index)
        if index.data(CHIP_ROLE):
            font = QFont(option.font)  # type: ignore[attr-defined] # as in `paint`
            font.setBold(True)
            hint.setWidth(QFontMetrics(font).horizontalAdvance(str(index.data())) + CHIP_FRAME + 2 * CELL_MARGIN + 2)
        elif index.data(BAR_ROLE):
            hint.setWidth(hint.width() + LEAST_BAR)
        return hint

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        kind, bar = index.data(CHIP_ROLE), index.data(BAR_ROLE)
        if not kind and not bar:
            super().paint(painter, option, index)
            return
        self.initStyleOption(option, index)
        text = option.text  # type: ignore[attr-defined] # PySide's stubs lack the fields of the option
        option.text = ""  # type: ignore[attr-defined]
        widget: QWidget = option.widget  # type: ignore[attr-defined]
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = option.rect.adjusted(CELL_MARGIN, 0, -CELL_MARGIN, 0)  # type: ignore[attr-defined]
        if kind:
            self._chip(painter, room, text, str(kind))
        else:
            self._bar(painter, room, text, bar)
        painter.restore()

    def _chip(self, painter: QPainter, room: QRect, text: str, kind: str) -> None:
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width() - CHIP_FRAME)
        height = metrics.height() + 2
        width = metrics.horizontalAdvance(shown) + CHIP_FRAME
        frame = QRectF(room.left() + 0.5, room.center().y() - height / 2 + 0.5, width, height)
        plain = kind == "plain"
        painter.setBrush(self._theme.color("hover" if plain else f"{kind}_soft"))
        painter.setPen(QPen(self._theme.color("line" if plain else kind), 1))
        painter.drawRoundedRect(frame, 4, 4)
        painter.setPen(self._theme.color("muted" if plain else kind))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, shown)

    def _bar(self, painter: QPainter, room: QRect, text: str, bar: tuple[int, int]) -> None:
        done, of = bar
        words = QFontMetrics(painter.font()).horizontalAdvance(text)
        track = QRectF(room.left(), room.center().y() - 3, max(0, room.width() - words - 10), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("line"))
        painter.drawRoundedRect(track, 4, 4)
        if of and done:
            filled = QRectF(track)
            filled.setWidth(max(8.0, track.width() * done / of))
            painter.setBrush(self._theme.color("accent"))
            painter.drawRoundedRect(filled, 4, 4)
        painter.setPen(self._theme.color("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def table(model: QAbstractTableModel, theme: Theme, name: str, *, stretch: int, whole_rows: bool = True) -> QTableView:
    """A table to choose one row or one cell of; Tab leaves it.

    Args:
        model: what it shows; it keeps living as long as its owner does.
        theme: for sizes and colours.
        name: for screen readers.
        stretch: the column that takes the room that is left; all others are as wide as what they show.
        whole_rows: whether rows are chosen, or else cells.
    """
    made = QTableView()
    made.setModel(model)
    made.setItemDelegate(CellDelegate(theme, made))
    made.setAccessibleName(name)
    behaviour = QAbstractItemView.SelectionBehavior
    made.setSelectionBehavior(behaviour.SelectRows if whole_rows else behaviour.SelectItems)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setShowGrid(False)
    made.setTabKeyNavigation(False)
    made.setWordWrap(False)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(theme.size("row"))
    header = made.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return made
