"""What an import would do, to look through before anything is saved: taken, doubtful and refused lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHeaderView, QTableView, QTabWidget, QVBoxLayout, QWidget

from app.people.roster import Fate
from ui.desktop.context import Context
from ui.desktop.models.plan import COLUMNS, FATES, PlanLine, PlanModel, joined
from ui.desktop.widgets.basics import Banner, button, label, row
from ui.desktop.widgets.tables import table

REASON_WIDTH = 480
MOST_LINES = 3
"""Reasons get as many lines as the longest needs at this width, within bounds; the rest is said below the table."""
SHOWN_LINES = 12

TABLE_HEIGHT = 180
"""At least; where there is less room, the whole of it scrolls."""

_WIDEST = {"line": 150, "name": 150, "about": 220, "effect": 130}
_CELL_PADDING = 24
_BOX = 26


class PlanView(QWidget):
    """Three tables behind tabs, and in full what was noticed about the line one looks at.

    Args:
        context: what pages are given.
        kind: of the import, names texts: ``roster`` or ``answers``.

    Signals:
        chosen_changed: other doubtful lines are to be taken than before.
    """

    chosen_changed = Signal()

    def __init__(self, context: Context, kind: str) -> None:
        super().__init__()
        self._context = context
        self._kind = kind
        self._lines: Sequence[PlanLine] = ()
        self._models = {fate: PlanModel(context.texts, kind, fate) for fate in FATES}
        self._models["doubtful"].chosen_changed.connect(self._choice_changed)
        self._warning = Banner()
        self._columns = label(role="small", wrap=True)
        self._tables = {fate: self._table(fate) for fate in FATES}
        self._details = label(wrap=True)
        self._details.setProperty("role", "small")
        self._tabs = QTabWidget()
        self._tabs.tabBar().setDrawBase(False)
        for fate in FATES:
            self._tabs.addTab(self._tab(fate), "")
            self._tables[fate].selectionModel().currentRowChanged.connect(self._look_at)
        self._tabs.currentChanged.connect(lambda _tab: self._look_at(QModelIndex()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._warning)
        layout.addWidget(self._columns)
        layout.addWidget(self._tabs, 1)
        layout.addWidget(self._details)

    @property
    def chosen(self) -> set[int]:
        """Positions of the doubtful lines that are to be taken."""
        return set(self._models["doubtful"].chosen)

    def show_plan(self, lines: Sequence[PlanLine], columns: Sequence[str]) -> None:
        """Show a plan, the lines that need a decision first."""
        self._lines = lines
        self._columns.setText("\n".join(columns))
        counts = {fate: sum(line.fate == fate for line in lines) for fate in FATES}
        for place, fate in enumerate(FATES):
            self._models[fate].show(lines)
            self._fit(fate)
            self._tabs.setTabText(place, self._context.texts(f"desktop_people.tab_{fate}", count=counts[fate]))
            self._tabs.setTabEnabled(place, counts[fate] > 0)
        first = "doubtful" if counts["doubtful"] else "taken" if counts["taken"] else "refused"
        self._tabs.setCurrentIndex(FATES.index(first))
        self._look_at(QModelIndex())

    def _table(self, fate: Fate) -> QTableView:
        model, last = self._models[fate], len(COLUMNS) - 1
        made = table(model, self._context.theme, self._context.texts(f"desktop_people.fate_{fate}"), stretch=last)
        made.setWordWrap(True)
        made.setMinimumHeight(TABLE_HEIGHT)
        made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in range(last):
            # Measured once for each plan: it may have thousands of lines.
            made.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        # Space ticks the line one is in, whatever the column.
        tick = QShortcut(QKeySequence(Qt.Key.Key_Space), made, context=Qt.ShortcutContext.WidgetShortcut)
        tick.activated.connect(lambda: model.toggle(made.currentIndex().row()))
        return made

    def _fit(self, fate: Fate) -> None:
        """Give the columns the width of what stands in them, within bounds, and the rows a second line if need be."""
        model, made, last = self._models[fate], self._tables[fate], len(COLUMNS) - 1
        metrics, rows = made.fontMetrics(), range(model.rowCount())
        for column, name in enumerate(COLUMNS[:last]):
            texts = {model.text(one, column) for one in rows}
            texts.add(model.headerData(column, Qt.Orientation.Horizontal))
            box = _BOX if name == "line" else 0
            made.setColumnWidth(
                column, min(max(map(metrics.horizontalAdvance, texts)) + _CELL_PADDING + box, _WIDEST[name])
            )
        longest = max((metrics.horizontalAdvance(model.text(one, last)) for one in rows), default=0)
        more = min(longest // REASON_WIDTH, MOST_LINES - 1)
        made.verticalHeader().setDefaultSectionSize(self._context.theme.size("row") + more * metrics.height())

    def _tab(self, fate: Fate) -> QWidget:
        widget = QWidget()
        layout = QVBoxLayout(widget)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        about = label(self._context.texts(f"desktop_people.{self._kind}_{fate}"), "muted", wrap=True)
        line = row(about)
        line.setStretch(0, 1)
        if fate == "doubtful":
            model, texts = self._models["doubtful"], self._context.texts
            line.addWidget(button(texts("desktop_people.choose_all"), lambda: model.choose_all(chosen=True), "link"))
            line.addWidget(button(texts("desktop_people.choose_none"), lambda: model.choose_all(chosen=False), "link"))
        layout.addLayout(line)
        layout.addWidget(self._tables[fate], 1)
        return widget

    def _look_at(self, current: QModelIndex) -> None:
        """Say everything about a line, numbers of documents in full: somebody has to compare them."""
        model = current.model()
        line = model.line(current.row()) if isinstance(model, PlanModel) else None
        texts = self._context.texts
        if line is None or not line.details:
            self._details.setText(texts("desktop_people.look_at_line"))
            return
        said = joined(texts, line.details)
        self._details.setText(texts("desktop_people.line_said", line=line.line, name=line.name or "—", said=said))

    def _choice_changed(self) -> None:
        chosen = self._models["doubtful"].chosen
        buried = [
            line for line in self._lines if line.is_critical and line.fate != "taken" and line.position not in chosen
        ]
        if buried:
            self._warning.say(critical_words(self._context, "desktop_people.critical_left_out", buried), "warning")
        else:
            self._warning.clear()
        self.chosen_changed.emit()


def critical_words(context: Context, key: str, lines: Sequence[PlanLine]) -> str:
    """A warning that names lines, the first of them."""
    comma = context.texts("desktop_people.list_comma")
    places = comma.join(str(line.line) for line in lines[:SHOWN_LINES])
    if len(lines) > SHOWN_LINES:
        places += "…"
    return context.texts(key, count=len(lines), lines=places)
