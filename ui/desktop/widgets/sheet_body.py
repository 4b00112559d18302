"""The rows of a form under the headings of its sections. Those in sight are made first, the others once they are seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QVBoxLayout, QWidget

from app.instruments.items import Choice, Computed, Group, Item, Multiple
from app.instruments.parts import Section
from ui.desktop.theme import Theme
from ui.desktop.widgets.answer_field import Materials
from ui.desktop.widgets.basics import clear, label
from ui.desktop.widgets.choice_rows import (
    ChoiceRow,
    GridHeading,
    MultipleRow,
    OptionsRow,
    line_width,
    option_texts,
    option_widths,
)
from ui.desktop.widgets.group_row import GroupRow
from ui.desktop.widgets.item_row import LEAST_TEXT, ComputedRow, FieldRow, ItemRow

TOGETHER = 3
"""Rows that are made before it is measured whether they fill the view."""

IN_BETWEEN = 6
"""Rows that are made between two looks at the keyboard."""

MOST_IN_VIEW = 120
"""Around the current item so much is brought into view as well, in device-independent pixels."""


class SectionHead(QFrame):
    """The heading of a section, and what is said before its items."""

    def __init__(self, section: Section, materials: Materials) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.section = section.id
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, materials.theme.size("gap"), 0, 4)
        layout.setSpacing(2)
        layout.addWidget(label(materials.wording.said(section.title), "heading", wrap=True))
        if section.instruction:
            layout.addWidget(label(materials.wording.said(section.instruction), "muted", wrap=True))


class SheetBody(QWidget):
    """Makes the rows, and decides which of them are shown and how wide their parts are.

    Args:
        made: told of every row as it is made, with its place; it fills the row and listens to it.

    Attributes:
        rows: those that are made, from the first item on.

    Signals:
        grown: rows were made that nobody had asked for yet.
    """

    grown = Signal()

    def __init__(self, made: Callable[[int, ItemRow], None]) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.rows: list[ItemRow] = []
        self._made = made
        self._materials: Materials | None = None
        self._items: tuple[Item, ...] = ()
        self._heads: list[SectionHead] = []
        self._grids: dict[int, GridHeading] = {}
        self._grid_of: dict[int, int] = {}
        self._asked: frozenset[str] = frozenset()
        self._section: str | None = None
        self._room = self._beside = 0
        self._lines: frozenset[int] = frozenset()
        self._list = QVBoxLayout(self)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._rest = QTimer(self)
        self._rest.setInterval(0)
        self._rest.timeout.connect(self._make_some)

    def show_items(self, materials: Materials) -> None:
        """Begin with the items of a definition."""
        clear(self._list)
        self.rows, self._heads, self._grids, self._grid_of = [], [], {}, {}
        self._materials = materials
        self._items = materials.definition.items
        self._asked, self._section = frozenset(item.id for item in self._items), None
        self._lines = frozenset(_lines(materials))
        self.arrange(self._room, anew=True)

    def make_in_sight(self, width: int, height: int, current: ItemRow | None) -> None:
        """Make rows until those from the current one on fill a view of this size, or nothing more is asked."""
        first = self._list.indexOf(current) if current else 0
        while any(map(self._is_shown, self._items[len(self.rows) :])) and self._height(first, width) < height:
            self.make(len(self.rows) + TOGETHER)
        # The view asks at once how high this is now.
        self.updateGeometry()

    def make_rest(self) -> None:
        """Make the other rows little by little, from the next round of events on."""
        if len(self.rows) < len(self._items) and not self._rest.isActive():
            self._rest.start()

    def make(self, count: int) -> None:
        """Make rows until there are so many."""
        wanted = min(count, len(self._items))
        if len(self.rows) < wanted:
            while len(self.rows) < wanted:
                self._make_row(len(self.rows))
            self._show_headings()
        if len(self.rows) == len(self._items):
            self._rest.stop()

    def show_asked(self, asked: Collection[str], section: str | None) -> None:
        """Show these items only, of one section or of all."""
        now = frozenset(asked)
        if (now, section) == (self._asked, self._section):
            return
        self._asked, self._section = now, section
        for row in self.rows:
            row.setVisible(self._is_shown(row.item))
        self._show_headings()

    def arrange(self, room: int, *, anew: bool = False) -> None:
        """Place options for a width that is left in rows."""
        if self._materials is None or (room == self._room and not anew):
            return
        self._room = room
        # Options beside their text are as wide as the widest that leave it enough room.
        self._beside = max((line for line in self._lines if room - line >= LEAST_TEXT), default=0)
        for at, row in enumerate(self.rows):
            self._arrange(at, row)
            row.updateGeometry()
        self._show_headings()

    def settle(self) -> None:
        """Put everything in its place now, and not with the next round of events."""
        self._list.activate()

    # ---- making ----

    def _make_some(self) -> None:
        self.make(len(self.rows) + IN_BETWEEN)
        self.grown.emit()

    def _make_row(self, at: int) -> None:
        materials, item = self._materials, self._items[at]
        if materials is None:
            return
        before = self._items[at - 1] if at else None
        if item.section and (before is None or before.section != item.section):
            self._add_head(item.section, materials)
        self._add_grid(at, item, before, materials)
        row = _row(item, materials)
        self._list.addWidget(row)
        self.rows.append(row)
        self._made(at, row)
        self._arrange(at, row)
        # Now: a layout shows what it was given with the next round of events, and has no room for it until then.
        row.setVisible(self._is_shown(item))

    def _add_head(self, name: str, materials: Materials) -> None:
        section = next(one for one in materials.definition.sections if one.id == name)
        head = SectionHead(section, materials)
        self._heads.append(head)
        self._list.addWidget(head)

    def _add_grid(self, at: int, item: Item, before: Item | None, materials: Materials) -> None:
        """In a grid, the same options under one heading, as long as they stay the same."""
        if not isinstance(item, Choice) or not _in_grid(item, materials):
            return
        same = isinstance(before, Choice) and before.section == item.section and before.options == item.options
        if same and isinstance(before, Choice) and before.not_applicable == item.not_applicable:
            self._grid_of[at] = self._grid_of[at - 1]
            return
        heading = GridHeading(item, materials)
        self._grids[at] = heading
        self._grid_of[at] = at
        self._list.addWidget(heading)

    # ---- what is shown, and how ----

    def _height(self, first: int, width: int) -> int:
        """How high everything is that is made and shown, from a place in the list on."""
        made = (self._list.itemAt(place).widget() for place in range(first, self._list.count()))
        return sum(one.heightForWidth(width) for one in made if not one.isHidden())

    def _is_shown(self, item: Item) -> bool:
        return item.id in self._asked and (self._section is None or item.section == self._section)

    def _show_headings(self) -> None:
        shown = [at for at, row in enumerate(self.rows) if self._is_shown(row.item)]
        sections = {self._items[at].section for at in shown}
        for head in self._heads:
            head.setVisible(head.section in sections)
        grids = {self._grid_of[at] for at in shown if at in self._grid_of}
        for at, grid in self._grids.items():
            grid.setVisible(at in grids and grid.fits(self._room))

    def _arrange(self, at: int, row: ItemRow) -> None:
        grid = self._grids[self._grid_of[at]] if at in self._grid_of else None
        if grid is not None and isinstance(row, OptionsRow) and grid.fits(self._room):
            row.arrange_in_grid(grid.width_of_column)
        else:
            row.arrange(beside=self._beside, room=self._room)


class RowsView(QScrollArea):
    """Shows the rows where they scroll, and keeps the current one in sight.

    Args:
        theme: for sizes.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._gap = theme.size("space")
        inner = QWidget()
        inner.setProperty("role", "plain")
        self._head = QVBoxLayout()
        self._head.setSpacing(0)
        self._body = SheetBody(self.row_made)
        self._body.grown.connect(self._lay_out_now)
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(0, 0, self._gap, 0)
        self._list.setSpacing(0)
        self._list.addLayout(self._head)
        self._list.addWidget(self._body)
        self._list.addStretch(1)
        self._settled = QTimer(self, singleShot=True, interval=0)
        self._settled.timeout.connect(self.show_current_in_view)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def row_made(self, at: int, row: ItemRow) -> None:
        """Told of every row as it is made, with its place."""
        raise NotImplementedError

    def current_row(self) -> ItemRow | None:
        """The one that is to stay in sight; None where none has to."""
        raise NotImplementedError

    def has_keyboard(self) -> bool:
        """Whether keys go to it, or to something in it."""
        focus = QApplication.focusWidget()
        return focus is not None and (focus is self or self.isAncestorOf(focus))

    def make_in_sight(self) -> None:
        """Make the rows that are seen first, as wide as they will be."""
        width = self.viewport().width() - self._gap
        self._body.arrange(ItemRow.room_in(width))
        self._body.make_in_sight(width, self.viewport().height(), self.current_row())

    def show_current_in_view(self) -> None:
        """Bring the current row and its neighbours into view."""
        row = self.current_row()
        if row is not None:
            self.show_in_view(row)

    def show_in_view(self, shown: QWidget) -> None:
        """Bring a row, or what in it has the keyboard, into view."""
        if not self.isVisible():  # nothing has its place yet
            return
        focus = QApplication.focusWidget()
        if focus is not None and shown.isAncestorOf(focus):
            shown = focus
        self._lay_out_now()
        self.ensureWidgetVisible(shown, 0, min(shown.height(), MOST_IN_VIEW) + self._gap)
        # Where the page itself is too small for the sheet, scroll it as well.
        outer = self.parentWidget()
        while outer is not None:
            if isinstance(outer, QScrollArea) and self.has_keyboard():
                outer.ensureWidgetVisible(shown, 0, self._gap)
            outer = outer.parentWidget()

    def _lay_out_now(self) -> None:
        """Put everything in its place now: rows that were made just now would else be squeezed into the room of the others."""
        self._body.settle()
        inner = self.widget()
        height = max(self._list.totalHeightForWidth(inner.width()), self._list.totalMinimumSize().height())
        if inner.height() < height:
            inner.resize(inner.width(), height)
        self._list.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 -- Qt's name
        """Options go beside their item where there is room, below it where there is not."""
        # Before the sheet is laid out: so it is laid out once.
        self.make_in_sight()
        super().resizeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 -- Qt's name
        """What was to be in view before there was one is brought there now."""
        super().showEvent(event)
        self.make_in_sight()
        # Else Qt puts the scroll bar there, and lays everything out once more, after the first painting.
        self.setViewportMargins(0, 0, 0, 0)
        self.show_current_in_view()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 -- Qt's name
        """What is out of sight is made once there is something to look at."""
        super().paintEvent(event)
        self._body.make_rest()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """Rows that came or went above the current item do not push it out of sight."""
        if watched is self.widget() and event.type() == QEvent.Type.Resize:
            self._settled.start()
        return super().eventFilter(watched, event)


def fill_head(layout: QVBoxLayout, materials: Materials) -> None:
    """What stands above all items: whether the words are elsewhere, the instruction, the time to look back on."""
    clear(layout)
    definition, said, texts = materials.definition, materials.wording.said, materials.texts
    gap = materials.theme.size("space")
    if definition.copyright.wording == "structure":
        layout.addWidget(label(texts("form.structure_only"), "notice", wrap=True))
        layout.addSpacing(gap)
    if definition.instruction:
        layout.addWidget(label(said(definition.instruction), "strong", wrap=True))
    if definition.recall:
        layout.addWidget(label(texts("desktop_screening.recall", time=said(definition.recall)), "small", wrap=True))
    layout.addSpacing(gap)


def _lines(materials: Materials) -> Iterator[int]:
    """How wide the options of each item are in one line, except in grids."""
    for item in materials.definition.items:
        if isinstance(item, Choice | Multiple) and not _in_grid(item, materials):
            yield line_width(option_widths(option_texts(item, materials).values(), materials))


def _in_grid(item: Item, materials: Materials) -> bool:
    layouts = {section.id: section.layout for section in materials.definition.sections}
    options = materials.definition.options(item)
    return layouts.get(item.section or "") == "grid" and all(option.text for option in options)


def _row(item: Item, materials: Materials) -> ItemRow:
    if isinstance(item, Choice):
        return ChoiceRow(item, materials)
    if isinstance(item, Multiple):
        return MultipleRow(item, materials)
    if isinstance(item, Group):
        return GroupRow(item, materials)
    if isinstance(item, Computed):
        return ComputedRow(item, materials)
    return FieldRow(item, materials)
