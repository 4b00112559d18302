"""量表: every scale and record form on the left, found while one types; what there is to know about one on the right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QFrame, QHeaderView, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from app.access import may
from app.errors import Problem
from app.instruments.about import About, Chapter, Line
from app.instruments.definition import Definition, read_definition_file
from app.instruments.shelf import take_in
from app.risk.guidance import Guidance
from ui.desktop.context import Context
from ui.desktop.models.instruments import COLUMNS, InstrumentLine, InstrumentsModel, read_instruments
from ui.desktop.page import Page
from ui.desktop.screens.paper_dialog import show_empty_form
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, card, chip, clear, label, row, scrolled
from ui.desktop.widgets.halves import Halves
from ui.desktop.widgets.tables import table

LIST_WIDTH, BESIDE_WIDTH = 640, 820
LIST_HEIGHT, ABOUT_HEIGHT = 280, 340
_WIDEST = {"short": 110, "whom": 110, "licence": 90}
_CELL_PADDING = 28
TITLE = COLUMNS.index("title")
LEAST_TITLE = 170


class InstrumentsPage(Page):
    """The list of instruments, and one of them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_instruments")
        self._task: Task | None = None
        self._model = InstrumentsModel(self.texts)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self.texts("desktop_instruments.filter_hint"))
        self._filter.setAccessibleName(self.texts("desktop_instruments.filter"))
        self._filter.setClearButtonEnabled(True)
        self._filter.addAction(context.theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._filter.textChanged.connect(self._search)
        self._filter.installEventFilter(self)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self._filter.setFocus)
        self._table = table(self._model, context.theme, self.texts("desktop.page_instruments"), stretch=1)
        self._table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self._table.viewport().installEventFilter(self)
        self._table.selectionModel().currentRowChanged.connect(self._chosen)
        self._count = label(role="small", wrap=True)
        self._view = InstrumentView(context, self.banner)
        self._bring = button(self.texts("desktop_instruments.bring_in"), self._choose_file)
        self._bring.hide()
        self.tools.addWidget(self._bring)
        self.body.addWidget(self._halves(), 1)
        self.setFocusProxy(self._filter)

    def refresh(self) -> None:
        """Read the list anew; what is read stays where it is."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.context.tasks.on_archive(self, lambda desk: read_instruments(desk, self.texts), self._show)
        self.context.tasks.on_archive(self, lambda desk: may(desk.archive, "accounts"), self._bring.setVisible)

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.texts("desktop_instruments.choose_file"), "", "*.json")
        if chosen:
            self.bring_in(Path(chosen))

    def bring_in(self, file: Path) -> None:
        """Take in a definition of the station's own, such as one with the wording that it has a licence for."""

        def brought(definition: Definition) -> None:
            self.context.signals.changed.emit()
            self._view.show_instrument(definition)
            title = definition.title[self.texts.language]
            self.banner.say(
                self.texts("desktop_instruments.brought_in", title=title, version=definition.version), "done"
            )

        def take(raw: bytes) -> None:
            tasks.on_archive(self, lambda desk: take_in(desk.archive, desk.library, raw), brought, self._refused)

        tasks = self.context.tasks
        tasks.aside(self, lambda _task: read_definition_file(file), take, self._refused)

    def _refused(self, problem: Problem) -> None:
        self.banner.say(self.texts.problem(problem))

    def _halves(self) -> Halves:
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._filter)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._count)
        return Halves(left, self._view, share=(LIST_WIDTH, BESIDE_WIDTH), heights=(LIST_HEIGHT, ABOUT_HEIGHT))

    def _show(self, lines: list[InstrumentLine]) -> None:
        if self._model.show(lines):
            self._fit_columns()
            self._mark()
        self._say_count()

    def _fit_columns(self) -> None:
        """As wide as what stands in them, within bounds."""
        metrics = self._table.fontMetrics()
        for column, name in enumerate(COLUMNS):
            texts = [str(self._model.index(line, column).data()) for line in range(self._model.rowCount())]
            texts.append(str(self._model.headerData(column, Qt.Orientation.Horizontal)))
            width = max(map(metrics.horizontalAdvance, texts)) + _CELL_PADDING
            self._table.setColumnWidth(column, min(width, _WIDEST.get(name, width)))
        self._give_title_the_rest()

    def _give_title_the_rest(self) -> None:
        """The title takes what room is left, never less than it needs to be known by: then the table scrolls."""
        others = sum(self._table.columnWidth(column) for column in range(len(COLUMNS)) if column != TITLE)
        self._table.setColumnWidth(TITLE, max(LEAST_TITLE, self._table.viewport().width() - others))

    def _say_count(self) -> None:
        count = self._model.rowCount()
        key = "count" if count or not self._filter.text().strip() else "nothing_found"
        self._count.setText(self.texts(f"desktop_instruments.{key}", count=count))

    def _search(self, text: str) -> None:
        self._model.search(text)
        self._mark()
        self._say_count()

    def _mark(self) -> None:
        """Have the list point at what is shown, where it is in it."""
        found = self._model.row_of(self._view.instrument)
        if found >= 0:
            self._table.selectRow(found)

    def _chosen(self, current: QModelIndex) -> None:
        instrument = self._model.instrument(current.row())
        if instrument is not None and instrument != self._view.instrument:
            self._view.show_instrument(self.context.library.get(instrument))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """From the filter field, Enter and the arrow lead into the list; Escape empties the field."""
        if watched is self._table.viewport() and event.type() == QEvent.Type.Resize:
            self._give_title_the_rest()
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


class InstrumentView(QWidget):
    """What there is to know about one instrument."""

    def __init__(self, context: Context, banner: Banner) -> None:
        super().__init__()
        self._context = context
        self._texts = context.texts
        self._banner = banner
        self.instrument: str | None = None
        nothing = label(self._texts("desktop_instruments.choose"), "muted", wrap=True)
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._content = QVBoxLayout()
        self._content.setContentsMargins(0, 0, 4, 0)
        self._content.setSpacing(context.theme.size("gap"))
        self._scroll = scrolled(self._content)
        self._stack = QStackedWidget()
        self._stack.addWidget(nothing)
        self._stack.addWidget(self._scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def show_instrument(self, definition: Definition) -> None:
        """Show an instrument from the top."""
        self.instrument = definition.id
        self._banner.clear()
        clear(self._content)
        about = About(definition, self._texts)
        self._content.addWidget(self._head(definition, about))
        for chapter in about.chapters():
            self._content.addWidget(self._chapter(chapter, definition))
        self._content.addWidget(
            Items(self._texts("desktop_instruments.show_items", count=len(definition.items)), about)
        )
        self._content.addStretch(1)
        self._scroll.verticalScrollBar().setValue(0)
        self._stack.setCurrentWidget(self._scroll)

    def _head(self, definition: Definition, about: About) -> QFrame:
        frame, layout = card()
        top = row(label(definition.short_title, "title", wrap=True), spacing=12)
        top.setStretch(0, 1)
        empty_form = partial(show_empty_form, self._context, definition.id, self, self._banner)
        top.addWidget(button(self._texts("desktop_instruments.print_empty"), empty_form, "primary"))
        layout.addLayout(top)
        layout.addWidget(label(definition.title[self._texts.language], "heading", wrap=True))
        kind = "plain" if definition.copyright.wording == "structure" else "green"
        version = label(self._texts("desktop_instruments.version", version=definition.version), "small")
        layout.addLayout(row(chip(about.wording(), kind), version, None))
        return frame

    def _chapter(self, chapter: Chapter, definition: Definition) -> QFrame:
        frame, layout = card()
        layout.setSpacing(6)
        layout.addWidget(label(chapter.title, "heading", wrap=True))
        for line in joined(chapter.lines):
            layout.addWidget(line_label(line))
        if chapter.id == "critical" and any(rule.level == "red" for rule in definition.critical):
            layout.addWidget(label(self._texts("desktop_instruments.guidance"), "heading", wrap=True))
            language = self._texts.language
            for section in Guidance.load().sections:
                layout.addWidget(line_label(Line(section.title[language], "strong")))
                layout.addWidget(line_label(Line("\n".join(sentence[language] for sentence in section.lines))))
        return frame


class Items(QFrame):
    """The items, opened at a click: there may be a hundred of them."""

    def __init__(self, title: str, about: About) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._about = about
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 12, 16, 12)
        self._layout.setSpacing(6)
        self._open = button(title, self.show_items, "link")
        self._layout.addLayout(row(self._open, None))

    def show_items(self) -> None:
        """Show them."""
        self._open.hide()
        chapter = self._about.items()
        self._layout.addWidget(label(chapter.title, "heading"))
        for line in joined(chapter.lines):
            self._layout.addWidget(line_label(line))


def joined(lines: Iterable[Line]) -> Iterator[Line]:
    """Paragraphs of one kind that follow each other as one: each label that can be copied takes its time to make."""
    for kind, same in groupby(lines, key=lambda line: line.kind):
        yield Line("\n".join(line.text for line in same), kind)


def line_label(line: Line) -> QWidget:
    """A paragraph that can be copied."""
    role = {"text": "", "strong": "strong", "note": "small", "help": "notice"}[line.kind]
    made = label(line.text, role, wrap=True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
