"""预警: a table in which the gravest stands on top, and the alert that is chosen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from ui.desktop.context import Context
from ui.desktop.models.alerts import (
    COLUMNS,
    LEFT,
    REASON,
    AlertDetail,
    AlertsData,
    AlertsModel,
    read_alert,
    read_alerts,
)
from ui.desktop.page import Page
from ui.desktop.screens.alert_detail import AlertDetailView
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import card, label
from ui.desktop.widgets.halves import Halves
from ui.desktop.widgets.tables import table

STANDING, CLOSED = 0, 1
LIST_WIDTH = 670
SIDE_BY_SIDE = 880
HEIGHTS = (220, 420)

NARROW = (COLUMNS.index("person"), COLUMNS.index("class"))
WIDEST = 120
"""Long names must leave room for the reason; they stand in full beside the list."""


class AlertsPage(Page):
    """Alerts that need somebody, or those that do not any more, and one of them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_alerts")
        self._chosen: bytes | None = None
        self._wanted = False
        self._list_task: Task | None = None
        self._detail_task: Task | None = None
        self._tabs = QTabBar()
        self._tabs.setAccessibleName(self.texts("desktop_alerts.filter"))
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        for name in ("standing", "closed"):
            self._tabs.addTab(self.texts(f"desktop_alerts.{name}", count=0))
        self._tabs.currentChanged.connect(lambda _tab: self._switch())
        self._model = AlertsModel(context)
        self._table = table(self._model, context.theme, self.texts("desktop.page_alerts"), stretch=REASON)
        for narrow in NARROW:
            self._table.horizontalHeader().setSectionResizeMode(narrow, QHeaderView.ResizeMode.Interactive)
        self._table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._empty = label(self.texts("desktop_alerts.none_standing"), "muted", wrap=True)
        self._empty.setContentsMargins(16, 16, 16, 16)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._more = label(role="small")
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tabs)
        column.addWidget(self._table, 1)
        column.addWidget(self._empty, 1)
        column.addWidget(self._more)
        self._detail = AlertDetailView(context)
        nothing, inner = card()
        self._choose_one = label("", "muted", wrap=True)
        inner.addWidget(self._choose_one)
        inner.addStretch(1)
        self._right = QStackedWidget()
        self._right.addWidget(nothing)
        self._right.addWidget(self._detail)
        self.body.addWidget(Halves(left, self._right, share=(LIST_WIDTH, SIDE_BY_SIDE), heights=HEIGHTS), 1)
        self.setFocusProxy(self._table)
        context.signals.alert_wanted.connect(self._want)

    def refresh(self) -> None:
        """Read the list and the chosen alert anew; the clocks run on. What is being written stays."""
        self._read_list()
        self._read_chosen()

    def unfinished(self) -> Any:
        """Notes and reasons that were written and not saved."""
        return self._detail.acting.unfinished()

    def take_back(self, unfinished: Any) -> None:
        """Put them back beside their alerts."""
        self._detail.acting.take_back(unfinished)

    # ---- the list ----

    def _read_list(self) -> None:
        if self._list_task is not None:
            self._list_task.cancel()
        closed = self._tabs.currentIndex() == CLOSED
        self._list_task = self.context.tasks.on_archive(self, lambda desk: read_alerts(desk, closed=closed), self._show)

    def _show(self, data: AlertsData) -> None:
        self._tabs.setTabText(STANDING, self.texts("desktop_alerts.standing", count=data.standing))
        self._tabs.setTabText(CLOSED, self.texts("desktop_alerts.closed", count=data.closed))
        closed = self._tabs.currentIndex() == CLOSED
        self._model.show(data)
        for column in NARROW:
            self._table.setColumnWidth(column, min(self._table.sizeHintForColumn(column), WIDEST))
        self._table.setVisible(bool(data.lines))
        self._empty.setVisible(not data.lines)
        self._empty.setText(self.texts(f"desktop_alerts.none_{'closed' if closed else 'standing'}"))
        self._choose_one.setText(self.texts(f"desktop_alerts.{'choose' if data.lines else 'comes_here'}"))
        self._more.setVisible(closed and data.closed > len(data.lines))
        self._more.setText(self.texts("desktop_alerts.shown_of", shown=len(data.lines), count=data.closed))
        if self._chosen is None and data.lines:
            self._choose(data.lines[0].alert.id)
        row = self._model.row_of(self._chosen) if self._chosen else -1
        # An alert that has just been closed is not in the list any more, and still there to be read.
        self._table.setCurrentIndex(self._model.index(row, 0) if row >= 0 else QModelIndex())
        if self._chosen is None:
            self._right.setCurrentIndex(0)

    def _row_chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and self._model.alert_at(index.row()) != self._chosen:
            self._choose(self._model.alert_at(index.row()))

    def _switch(self) -> None:
        """The other alerts were asked for."""
        self._table.setColumnHidden(LEFT, self._tabs.currentIndex() == CLOSED)
        self._chosen = None
        self._read_list()

    # ---- the chosen one ----

    def _want(self, alert: bytes) -> None:
        """Somebody elsewhere wants to see this alert; it may be a closed one."""
        self._wanted = True
        self._choose(bytes(alert))

    def _choose(self, alert: bytes) -> None:
        self._chosen = alert
        self._read_chosen()

    def _read_chosen(self) -> None:
        if self._detail_task is not None:
            self._detail_task.cancel()
        alert = self._chosen
        if alert is not None:
            self._detail_task = self.context.tasks.on_archive(
                self, lambda desk: read_alert(desk, alert), self._show_detail
            )

    def _show_detail(self, detail: AlertDetail) -> None:
        tab = CLOSED if detail.line.alert.fields.status == "closed" else STANDING
        if self._wanted and tab != self._tabs.currentIndex():
            blocked = self._tabs.blockSignals(True)  # noqa: FBT003 -- Qt's argument
            self._tabs.setCurrentIndex(tab)
            self._tabs.blockSignals(blocked)
            self._table.setColumnHidden(LEFT, tab == CLOSED)
            self._read_list()
        self._wanted = False
        self._detail.show_alert(detail)
        self._right.setCurrentIndex(1)
