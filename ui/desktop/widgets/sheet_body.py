"""The rows of a form under the headings of its sections. Those in sight are made at once, the others right after."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.instruments.items import Choice, Computed, Group, Item, Multiple
from app.instruments.parts import Section
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

AT_ONCE = 12
"""Rows that are made before anything is shown: about a screen."""

IN_BETWEEN = 6
"""Rows that are made between two looks at the keyboard."""


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
    """

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
        self.arrange(self._room, anew=True)

    def make_first(self) -> None:
        """Make the rows that are seen at once; the others follow."""
        self.make(AT_ONCE)
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
        self._beside = self._beside_text()
        for at, row in enumerate(self.rows):
            self._arrange(at, row)
        self._show_headings()

    def settle(self) -> None:
        """Put everything in its place now, and not with the next round of events."""
        self._list.activate()

    # ---- making ----

    def _make_some(self) -> None:
        self.make(len(self.rows) + IN_BETWEEN)

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
        if not self._is_shown(item):
            row.hide()

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

    def _beside_text(self) -> int:
        """How wide options beside their text are: as wide as the widest that leave it enough room."""
        if self._materials is None:
            return 0
        lines = set()
        for item in self._items:
            if isinstance(item, Choice | Multiple) and not _in_grid(item, self._materials):
                texts = option_texts(item, self._materials)
                lines.add(line_width(option_widths(texts.values(), self._materials)))
        return max((line for line in lines if self._room - line >= LEAST_TEXT), default=0)


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
