"""转介: what was sent to other stations and what came from them, and one slip in full."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QStackedWidget, QVBoxLayout, QWidget

from ui.desktop.context import Context
from ui.desktop.models.referrals import (
    COLUMNS,
    OTHER,
    ReferralsData,
    ReferralsModel,
    SlipDetail,
    open_slip,
    read_referrals,
)
from ui.desktop.page import Page
from ui.desktop.screens.slip import SlipPane
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import card, label
from ui.desktop.widgets.halves import Halves
from ui.desktop.widgets.tables import table

LIST_WIDTH = 640
SIDE_BY_SIDE = 880
HEIGHTS = (220, 420)
NAME = COLUMNS.index("name")
WIDEST_NAME = 120
"""Long names must leave room for the other station; they stand in full beside the list."""


class ReferralsPage(Page):
    """The list, and the slip that is chosen. Choosing one that came here tells the sender that it was seen."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_referrals")
        self._chosen: bytes | None = None
        self._list_task: Task | None = None
        self._slip_task: Task | None = None
        self._model = ReferralsModel(context)
        self._table = table(self._model, context.theme, self.texts("desktop.page_referrals"), stretch=OTHER)
        self._table.horizontalHeader().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Interactive)
        # What is merely current was opened by nobody: a table that gets the keyboard makes its first row so.
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._row_chosen())
        self._newer = label(role="notice", wrap=True)
        self._newer.hide()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._newer)
        column.addWidget(self._table, 1)
        self._empty = label(self.texts("desktop_referrals.none"), "muted", wrap=True)
        self._empty.setContentsMargins(16, 16, 16, 16)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self._empty, 1)
        self._slip = SlipPane(context)
        nothing, inner = card()
        self._hint = label("", "muted", wrap=True)
        inner.addWidget(self._hint)
        inner.addStretch(1)
        self._right = QStackedWidget()
        self._right.addWidget(nothing)
        self._right.addWidget(self._slip)
        self.body.addWidget(Halves(left, self._right, share=(LIST_WIDTH, SIDE_BY_SIDE), heights=HEIGHTS), 1)
        self.setFocusProxy(self._table)
        context.signals.referral_wanted.connect(self._want)

    def refresh(self) -> None:
        """Read the list and the chosen slip anew. What is being written stays."""
        self._read_list()
        self._read_chosen()

    def unfinished(self) -> Any:
        """Answers that were written and not sent."""
        return self._slip.unfinished()

    def take_back(self, unfinished: Any) -> None:
        """Put them back beside their slips."""
        self._slip.take_back(unfinished)

    # ---- the list ----

    def _read_list(self) -> None:
        if self._list_task is not None:
            self._list_task.cancel()
        self._list_task = self.context.tasks.on_archive(self, read_referrals, self._show)

    def _show(self, data: ReferralsData) -> None:
        some = bool(data.listing.slips)
        self._model.show(data)
        self._table.setColumnWidth(NAME, min(self._table.sizeHintForColumn(NAME), WIDEST_NAME))
        self._table.setVisible(some)
        self._empty.setVisible(not some)
        self._hint.setText(self.texts(f"desktop_referrals.{'choose' if some else 'how'}"))
        self._newer.setVisible(bool(data.listing.newer))
        self._newer.setText(self.texts("referral.newer_too", count=data.listing.newer))
        if self._chosen is not None and self._model.row_of(self._chosen) < 0:
            # The person was erased at the other station, and so here.
            self._chosen = None
            self._table.setCurrentIndex(QModelIndex())
            self._right.setCurrentIndex(0)
        self._mark()

    def _mark(self) -> None:
        """Have the list point at the slip that is shown."""
        row = self._model.row_of(self._chosen)
        flag = QItemSelectionModel.SelectionFlag
        if row >= 0:
            selection = self._table.selectionModel()
            selection.setCurrentIndex(self._model.index(row, 0), flag.ClearAndSelect | flag.Rows)

    def _row_chosen(self) -> None:
        rows = self._table.selectionModel().selectedRows()
        if rows and self._model.slip_at(rows[0].row()) != self._chosen:
            self._choose(self._model.slip_at(rows[0].row()))

    # ---- the slip ----

    def _want(self, referral: bytes) -> None:
        """Somebody elsewhere wants to see this slip."""
        self._choose(bytes(referral))

    def _choose(self, referral: bytes) -> None:
        self._chosen = referral
        self._read_chosen()

    def _read_chosen(self) -> None:
        if self._slip_task is not None:
            self._slip_task.cancel()
        referral = self._chosen
        if referral is not None:
            self._slip_task = self.context.tasks.on_archive(
                self, lambda desk: open_slip(desk, referral), self._show_slip
            )

    def _show_slip(self, detail: SlipDetail) -> None:
        self.banner.clear()
        self._slip.show_slip(detail)
        self._right.setCurrentIndex(1)
        self._mark()
        if detail.was_news:
            self.context.signals.changed.emit()
