"""The dialog for meeting the computer next to this one: who is there, the digits, how far it is, what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.errors import Problem
from sync.transports.nearby import split_address
from ui.desktop.context import Context
from ui.desktop.meetings import Outcome
from ui.desktop.models.meetings import transfer_words
from ui.desktop.nearby import Nearby
from ui.desktop.widgets.basics import Banner, button, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

WIDTH, HEIGHT = 560, 460
LIST_ROWS = 3


class NeighbourDialog(QDialog):
    """One try; closing it ends it. Nothing is exchanged before people on both sides have said that the digits agree.

    Args:
        context: what pages are given.
        parent: what it belongs to.
        listen: the one address of this computer to use, empty for all.
    """

    def __init__(self, context: Context, parent: QWidget, listen: str = "") -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.texts = context.texts
        self.setWindowTitle(self.texts("syncing.neighbour_dialog"))
        self._context = context
        self._device = ""
        self._nearby = Nearby(context.meetings, context.tasks, listen)
        self.banner = Banner()
        self._stack = QStackedWidget()
        self._searching, self._comparing, self._working = self._search_page(), self._code_page(), self._work_page()
        for page in (self._searching, self._comparing, self._working):
            self._stack.addWidget(page)
        self.close_button = button(self.texts("syncing.cancel"), self.reject)
        self.close_button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(context.theme.size("gap"))
        layout.addWidget(label(self.texts("syncing.neighbour_dialog"), "heading"))
        layout.addWidget(self.banner)
        layout.addWidget(self._stack, 1)
        layout.addLayout(row(None, self.close_button))
        give_size(self, WIDTH, HEIGHT)
        self.finished.connect(lambda _result: self._nearby.close())
        self._nearby.changed.connect(self._show_others)
        self._nearby.blind.connect(lambda: self._state.setText(self.texts("syncing.neighbour_nobody")))
        self._nearby.acquainted.connect(self._show_code)
        self._nearby.ended.connect(self._ended)
        context.meetings.progressed.connect(self._show_progress)
        self._here()

    def open(self) -> None:
        """Show it, and begin."""
        super().open()
        self._nearby.open()

    # ---- parts ----

    def _search_page(self) -> QWidget:
        layout = _column()
        layout.addWidget(label(self.texts("syncing.neighbour_steps"), wrap=True))
        self._own = label(role="small", wrap=True)
        layout.addWidget(self._own)
        self._list = QListWidget()
        self._list.setAccessibleName(self.texts("syncing.neighbour_found"))
        self._list.setFixedHeight(LIST_ROWS * self._context.theme.size("row") + 6)
        self._list.itemActivated.connect(lambda _item: self._go())
        self._list.currentItemChanged.connect(lambda *_: self._let())
        layout.addWidget(self._list)
        self._state = label(self.texts("syncing.neighbour_looking"), "muted", wrap=True)
        layout.addWidget(self._state)
        layout.addWidget(label(self.texts("syncing.neighbour_type"), "small", wrap=True))
        self.address = QLineEdit()
        self.address.setPlaceholderText(self.texts("syncing.neighbour_address"))
        self.address.setAccessibleName(self.texts("syncing.neighbour_type"))
        self.address.textChanged.connect(lambda _text: self._let())
        self.go = button(self.texts("syncing.neighbour_go"), self._go, "primary")
        self.go.setDefault(True)
        self.go.setEnabled(False)
        line = row()
        line.addWidget(self.address, 1)
        line.addWidget(self.go)
        layout.addLayout(line)
        layout.addStretch(1)
        return scrolled(layout)

    def _code_page(self) -> QWidget:
        layout = _column()
        self._who = label(wrap=True)
        self.code = label(role="code")
        self.code.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._question = label(self.texts("syncing.neighbour_ask"), "heading", wrap=True)
        self._question.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.same = button(self.texts("syncing.neighbour_same"), lambda: self._answer(same=True), "primary")
        self.different = button(self.texts("syncing.neighbour_different"), lambda: self._answer(same=False))
        layout.addWidget(self._who)
        layout.addStretch(1)
        layout.addWidget(self.code)
        layout.addWidget(self._question)
        layout.addLayout(row(None, self.different, self.same, None))
        layout.addStretch(1)
        return scrolled(layout)

    def _work_page(self) -> QWidget:
        layout = _column()
        self._doing = label(role="strong", wrap=True)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 0)
        layout.addWidget(self._doing)
        layout.addWidget(self._progress)
        layout.addStretch(1)
        return scrolled(layout)

    # ---- searching ----

    def _here(self) -> None:
        tasks = self._context.tasks
        tasks.on_archive(self, lambda desk: desk.archive.device.names.device, self._show_own)

    def _show_own(self, device: str) -> None:
        self._device = device
        self._show_others()

    def _show_others(self) -> None:
        addresses = self._nearby.addresses
        key = "syncing.neighbour_here_at" if addresses else "syncing.neighbour_here"
        self._own.setText(
            self.texts(key, device=self._device, addresses=self.texts("words.separator").join(addresses))
            if addresses
            else self.texts(key, device=self._device)
        )
        chosen = self._list.currentItem()
        name = chosen.text() if chosen else ""
        self._list.clear()
        for one in self._nearby.others:
            item = QListWidgetItem(self._context.theme.icon("sync"), one.name)
            item.setData(Qt.ItemDataRole.UserRole, one.addresses)
            self._list.addItem(item)
            if one.name == name or not name:
                self._list.setCurrentItem(item)
                name = one.name
        self._let()

    def _let(self) -> None:
        self.go.setEnabled(bool(self.address.text().strip()) or self._list.currentItem() is not None)

    def _go(self) -> None:
        typed, chosen = self.address.text().strip(), self._list.currentItem()
        if typed:
            try:
                split_address(typed)
            except Problem as problem:
                self.banner.say(self.texts.problem(problem))
                self.address.setFocus()
                return
            self._visit(typed, [typed])
        elif chosen is not None:
            self._visit(chosen.text(), chosen.data(Qt.ItemDataRole.UserRole))

    def _visit(self, name: str, addresses: list[str]) -> None:
        self.banner.clear()
        self._show_doing("reaching", name)
        self._nearby.visit(name, addresses)

    # ---- the digits ----

    def _show_code(self, code: str, device: str) -> None:
        self.banner.clear()
        self._device = device
        self._who.setText(self.texts("syncing.neighbour_who", device=device))
        self.code.setText(f"{code[:3]} {code[3:]}")
        # Digit by digit, as they are compared.
        self.code.setAccessibleName(" ".join(code))
        self._stack.setCurrentWidget(self._comparing)
        # Enter must not say yes for somebody who has not looked.
        self.same.setAutoDefault(False)
        self.different.setFocus()

    def _answer(self, *, same: bool) -> None:
        self._nearby.answer(same=same)
        if same:
            self._show_doing("waiting", self._device)

    def _show_doing(self, what: str, device: str) -> None:
        self._doing.setText(self.texts(f"syncing.neighbour_{what}", device=device))
        self._progress.setRange(0, 0)
        self._progress.show()
        self._stack.setCurrentWidget(self._working)
        self.close_button.setFocus()

    def _show_progress(self, done: int, total: int) -> None:
        if self._stack.currentWidget() is self._working:
            self._doing.setText(self.texts("syncing.neighbour_working", device=self._device))
            self._progress.setRange(0, total)
            self._progress.setValue(done)

    # ---- the end ----

    def _ended(self, outcome: Outcome) -> None:
        if outcome.was_stopped:
            return
        self._progress.hide()
        self._doing.setText("")
        self._stack.setCurrentWidget(self._working)
        if outcome.problem is not None:
            self.banner.say(self.texts.problem(outcome.problem))
        elif outcome.transfer is not None:
            done = self.texts("syncing.neighbour_done", device=outcome.place.name)
            words = transfer_words(self.texts, outcome.transfer)
            self.banner.say(f"{done}\n{words}", "warning" if outcome.transfer.refused else "done")
        self.close_button.setText(self.texts("syncing.close"))
        self.close_button.setFocus()


def _column() -> QVBoxLayout:
    layout = QVBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    return layout
