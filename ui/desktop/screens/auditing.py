"""访问记录: who opened, read, printed and exported; and the checkpoint that is printed every month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.checkpoints import Compared, Pinned, compare, is_missing, note_printed, pin
from app.errors import Problem
from app.reports.audit_page import audit_pdf, checkpoint_pdf
from app.words import moment
from ui.desktop.context import Context
from ui.desktop.models.auditing import KINDS, PERIODS, AuditData, AuditModel, Days, read_audit
from ui.desktop.page import Page
from ui.desktop.papers import choose_printer, print_paper, write_paper
from ui.desktop.screens.account_forms import AccountForm
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, card, label, row, scrolled
from ui.desktop.widgets.day_field import DayField
from ui.desktop.widgets.tables import table

Out = Callable[[bytes], None]
"""Puts a PDF into a file, or onto paper."""

_DETAIL = 4
_LINES = 6
"""Height of the field that a code is scanned into."""

LEAST_ROWS = 4
"""On a small screen the page scrolls before the table shows fewer."""


class AuditPage(Page):
    """The page; only for those with the right to it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_audit")
        self._reading: Task | None = None
        self._model = AuditModel(self.texts)
        for name, do in (("save", self._choose_file), ("print", self._choose_printer)):
            self.tools.addWidget(button(self.texts(f"desktop_audit.{name}"), do))
        self._period, self._kind, self._user = QComboBox(), QComboBox(), QComboBox()
        for period in PERIODS:
            self._period.addItem(self.texts(f"desktop_audit.{period}"), period)
        self._period.setCurrentIndex(PERIODS.index("week"))
        self._kind.addItem(self.texts("desktop_audit.every_kind"), "")
        for kind in KINDS:
            self._kind.addItem(self.texts(f"audit.{kind}"), kind)
        self._user.addItem(self.texts("desktop_audit.everybody"), "")
        today = _today()
        self._first = DayField(context, today, self.texts("desktop_audit.from"))
        self._last = DayField(context, today, self.texts("desktop_audit.to"))
        self._count = label(role="muted")
        self._table = table(self._model, context.theme, self.texts("desktop.page_audit"), stretch=_DETAIL)
        self._table.horizontalHeader().setDefaultAlignment(label().alignment())
        self._none = label(self.texts("desktop_audit.none"), "muted", wrap=True)
        self._table.setMinimumHeight((LEAST_ROWS + 1) * context.theme.size("row") + 4)
        content = QVBoxLayout()
        content.setContentsMargins(0, 0, 4, 0)
        content.setSpacing(context.theme.size("gap"))
        content.addLayout(self._filters())
        content.addWidget(self._none)
        content.addWidget(self._table, 1)
        content.addWidget(self._checkpoint_card())
        self.body.addWidget(scrolled(content))
        self._show_days()

    def refresh(self) -> None:
        """Read anew what was done in the chosen time."""
        if self._reading is not None:
            self._reading.cancel()
        days = self.days
        self._reading = self.context.tasks.on_archive(self, lambda desk: read_audit(desk, days), self._show)

    @property
    def days(self) -> Days:
        """The chosen time."""
        period = self._period.currentData()
        if period == "custom":
            first, last = sorted((self._first.day, self._last.day))
            return Days(first, last)
        return Days.of(period, _today())

    # ---- parts ----

    def _filters(self) -> QHBoxLayout:
        for name, box, changed in (
            ("period", self._period, self._choose_period),
            ("kind", self._kind, self._ask),
            ("user", self._user, self._ask),
        ):
            box.setAccessibleName(self.texts(f"desktop_audit.{name}"))
            box.activated.connect(lambda _index, changed=changed: changed())
        for field in (self._first, self._last):
            field.picked.connect(self.refresh)
            field.entered.connect(self.refresh)
        return row(self._period, self._first, self._last, self._kind, self._user, None, self._count)

    def _checkpoint_card(self) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("audit.checkpoint_title"), "heading"))
        self._pinned = Banner()
        layout.addWidget(self._pinned)
        layout.addLayout(
            row(
                button(self.texts("desktop_audit.print_checkpoint"), self._choose_checkpoint_printer),
                button(self.texts("desktop_audit.save_checkpoint"), self._choose_checkpoint_file),
                button(self.texts("desktop_audit.compare"), self._compare),
                None,
            )
        )
        return frame

    # ---- what is shown ----

    def _show_days(self) -> None:
        for field in (self._first, self._last):
            field.setVisible(self._period.currentData() == "custom")

    def _choose_period(self) -> None:
        self._show_days()
        self.refresh()

    def _show(self, data: AuditData) -> None:
        self._model.show(data.entries)
        chosen = self._user.currentData()
        users = self._model.users
        if users != [self._user.itemData(number) for number in range(1, self._user.count())]:
            while self._user.count() > 1:
                self._user.removeItem(1)
            for user in users:
                self._user.addItem(user, user)
            self._user.setCurrentIndex(max(0, self._user.findData(chosen)))
        self._ask()
        missing = is_missing(data.printed, data.now)
        state = "missing" if missing else "printed"
        said = self.texts(f"desktop_audit.checkpoint_{state}", at=moment(data.printed))
        self._pinned.say(said, "warning" if missing else "notice")

    def _ask(self) -> None:
        self._model.ask(self._kind.currentData(), self._user.currentData())
        count = len(self._model.entries)
        self._count.setText(self.texts("desktop_audit.count", count=count))
        self._none.setVisible(not count)
        self._table.setVisible(bool(count))

    # ---- the log on paper ----

    def _choose_file(self) -> None:
        self._ask_file(self.texts("audit.title"), self.save)

    def _choose_printer(self) -> None:
        self._ask_printer(self.print_to)

    def save(self, file: Path) -> None:
        """Write what is shown into a file."""
        self._put_out(self._log(), lambda pdf: write_paper(file, pdf), self.texts("desktop_audit.saved", file=file))

    def print_to(self, printer: QPrinter) -> None:
        """Print what is shown."""
        self._put_out(self._log(), lambda pdf: print_paper(printer, pdf), self.texts("printing.printed"))

    def _log(self) -> Callable[[Pinned], bytes]:
        days, entries, texts, made = self.days, list(self._model.entries), self.texts, _now()
        asked = [texts("desktop_audit.asked_days", first=days.first, last=days.last)]
        asked += [box.currentText() for box in (self._kind, self._user) if box.currentData()]
        words = texts("words.separator").join(asked)
        return lambda pinned: audit_pdf(entries, pinned, asked=words, made=made, texts=texts)

    # ---- the checkpoint on paper ----

    def _choose_checkpoint_file(self) -> None:
        self._ask_file(self.texts("audit.checkpoint_title"), self.save_checkpoint)

    def _choose_checkpoint_printer(self) -> None:
        self._ask_printer(self.print_checkpoint)

    def save_checkpoint(self, file: Path) -> None:
        """Write the page with this month's checkpoint into a file."""
        said = self.texts("desktop_audit.checkpoint_saved", file=file)
        self._put_out(self._page(), lambda pdf: write_paper(file, pdf), said, is_checkpoint=True)

    def print_checkpoint(self, printer: QPrinter) -> None:
        """Print the page with this month's checkpoint."""
        said = self.texts("desktop_audit.checkpoint_out")
        self._put_out(self._page(), lambda pdf: print_paper(printer, pdf), said, is_checkpoint=True)

    def _page(self) -> Callable[[Pinned], bytes]:
        texts, made = self.texts, _now()
        return lambda pinned: checkpoint_pdf(pinned, made=made, texts=texts)

    def _compare(self) -> None:
        self.banner.clear()
        CompareDialog(self.context, self).open()

    # ---- out ----

    def _ask_file(self, title: str, save: Callable[[Path], None]) -> None:
        name = f"{title}-{_today().isoformat()}.pdf"
        chosen, _ = QFileDialog.getSaveFileName(self, self.texts("desktop_audit.save"), name, "*.pdf")
        if chosen:
            save(Path(chosen))

    def _ask_printer(self, print_to: Callable[[QPrinter], None]) -> None:
        printer = choose_printer(self)
        if printer is not None:
            print_to(printer)

    def _put_out(self, make: Callable[[Pinned], bytes], out: Out, said: str, *, is_checkpoint: bool = False) -> None:
        """Make a PDF with a fresh checkpoint, put it out, and only then write down that it left the program."""
        tasks = self.context.tasks
        self.banner.clear()

        def work(_task: object) -> None:
            pinned = tasks.ask_archive(lambda desk: pin(desk.archive))
            out(make(pinned))
            if is_checkpoint:
                tasks.ask_archive(lambda desk: note_printed(desk.archive, pinned.at))
            else:
                tasks.ask_archive(lambda desk: desk.audit.note("printed", detail="audit-log"))

        def done(_result: object) -> None:
            self.banner.say(said, "done")
            self.context.signals.changed.emit()

        tasks.aside(self, work, done)


class CompareDialog(AccountForm):
    """Compares with a checkpoint from paper and says in words whether the past is as it was."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(context.texts, context.theme, context.texts("desktop_audit.compare_title"), parent)
        self._context = context
        self.add_text(self.texts("desktop_audit.compare_about"))
        self.code = QPlainTextEdit()
        self.code.setTabChangesFocus(True)
        self.code.setAccessibleName(self.texts("audit.checkpoint_title"))
        self.code.setFixedHeight(_LINES * context.theme.size("row") // 2 + 16)
        self.outcome = Banner()
        self.content.addWidget(self.code)
        self.content.addWidget(self.outcome)
        self.go.setText(self.texts("desktop_audit.compare_go"))
        self.cancel.setText(self.texts("desktop_backup.close"))
        self.fit()
        self.resize(self.width(), self.height() + 4 * context.theme.size("row"))
        self.code.setFocus()

    def submit(self) -> None:
        """Compare."""
        text = self.code.toPlainText()
        if not text.strip():
            self.code.setFocus()
            raise Problem("desktop_audit.no_code")
        self.outcome.clear()
        self.set_busy(busy=True)
        self._context.tasks.on_archive(self, lambda desk: compare(desk.archive, text), self._show, self.fail)

    def _show(self, said: Compared) -> None:
        self.set_busy(busy=False)
        at = moment(said.at)
        if not said.differences:
            self.outcome.say(self.texts("desktop_audit.same", at=at, short=said.short), "done")
            return
        lines = [self.texts("desktop_audit.differs", at=at, short=said.short, count=len(said.differences))]
        lines += [self.texts(f"desktop_audit.place_{one.kind}", place=one.place) for one in said.differences]
        self.outcome.say("\n".join(lines))


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()


def _today() -> dt.date:
    return _now().date()
