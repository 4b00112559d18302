"""The dialog that takes a file in: choose it, see what would happen, then do it. Nothing is saved before the button."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QProgressBar,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.errors import EnvironmentProblem, Problem
from app.spreadsheets.writing import workbook
from sync.files import replace_file
from ui.desktop.context import Context
from ui.desktop.models.plan import joined
from ui.desktop.screens.import_kinds import AnswersKind, Done, ImportKind, Prepared, RosterKind
from ui.desktop.screens.plan_view import PlanView, critical_words
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, label, row
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (1000, 640)
OPTION_WIDTH = 340
CHOOSE, WORKING, PLAN, DONE = range(4)


def open_roster_import(context: Context, parent: QWidget) -> None:
    """Let somebody take a list of people in."""
    ImportDialog(context, RosterKind(context), parent).open()


def open_answers_import(context: Context, parent: QWidget) -> None:
    """Let somebody take a file of answers in."""
    ImportDialog(context, AnswersKind(context), parent).open()


class ImportDialog(QDialog):
    """Takes one file in. Until the button of the second step nothing is saved, and closing it loses nothing."""

    def __init__(self, context: Context, kind: ImportKind, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self._context = context
        self._texts = context.texts
        self._kind = kind
        self._task: Task | None = None
        self._file: Path | None = None
        self._prepared: Prepared | None = None
        self._done: Done | None = None
        self._is_saving = False
        self.setWindowTitle(self._texts(f"desktop_people.{kind.name}_title"))
        self._banner = Banner()
        self._plan = PlanView(context, kind.name)
        self._plan.chosen_changed.connect(self._count)
        self._stack = QStackedWidget()
        for page in (self._choose_page(), self._working_page(), self._plan_page(), self._done_page()):
            self._stack.addWidget(page)
        self._back = button(self._texts("desktop_people.other_file"), self._choose_again)
        self._cancel = button(self._texts("desktop_people.cancel"), self.reject)
        self._go = button("", self._go_on, "primary")
        for one in (self._back, self._cancel):
            one.setAutoDefault(False)
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(context.theme.size("gap"))
        layout.addWidget(label(self._texts(f"desktop_people.{kind.name}_title"), "title"))
        layout.addWidget(self._banner)
        layout.addWidget(self._stack, 1)
        layout.addLayout(row(self._back, None, self._cancel, self._go))
        give_size(self, *FIRST_SIZE)
        self._show_page(CHOOSE)

    # ---- pages ----

    def _choose_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._context.theme.size("gap"))
        layout.addWidget(label(self._texts(f"desktop_people.{self._kind.name}_about"), "muted", wrap=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        for line, (title, editor) in enumerate(self._kind.options()):
            editor.setAccessibleName(title)
            editor.setMinimumWidth(OPTION_WIDTH)
            grid.addWidget(label(title, "muted"), line, 0)
            grid.addWidget(editor, line, 1)
        layout.addLayout(grid)
        self._drop = QFrame()
        self._drop.setProperty("role", "drop")
        inside = QVBoxLayout(self._drop)
        inside.addStretch(1)
        for text, role in (("drop_here", "heading"), ("file_formats", "muted")):
            inside.addWidget(
                label(self._texts(f"desktop_people.{text}"), role), alignment=Qt.AlignmentFlag.AlignHCenter
            )
        inside.addStretch(1)
        layout.addWidget(self._drop, 1)
        return page

    def _working_page(self) -> QWidget:
        page = QWidget()
        self._doing = label(role="heading", wrap=True)
        self._doing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(self._doing)
        layout.addWidget(self._bar)
        layout.addStretch(1)
        return page

    def _plan_page(self) -> QWidget:
        page = QWidget()
        self._of_file = label(role="strong")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        nothing_yet = label(self._texts("desktop_people.nothing_saved_yet"), "muted")
        layout.addLayout(row(self._of_file, nothing_yet, None, spacing=12))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        self._plan.setProperty("role", "page")
        scroll.setWidget(self._plan)
        layout.addWidget(scroll, 1)
        return page

    def _done_page(self) -> QWidget:
        page = QWidget()
        self._result = Banner()
        self._left_out = Banner()
        self._talk = Banner()
        self._save_list = button(self._texts("desktop_people.save_left_out"), self._choose_place)
        self._alerts = button(self._texts("desktop_people.look_at_alerts"), self._show_alerts)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._context.theme.size("gap"))
        for one in (self._result, self._talk, self._left_out):
            layout.addWidget(one)
        layout.addLayout(row(self._alerts, self._save_list, None))
        layout.addStretch(1)
        return page

    def _show_page(self, page: int) -> None:
        self._stack.setCurrentIndex(page)
        self._back.setVisible(page == PLAN)
        self._cancel.setVisible(page != DONE)
        self._cancel.setEnabled(not self._is_saving)
        self._go.setVisible(page != WORKING)
        self._go.setEnabled(True)
        self._go.setDefault(True)
        if page == CHOOSE:
            self._go.setText(self._texts("desktop_people.choose_file"))
        elif page == PLAN:
            self._count()
        elif page == DONE:
            self._go.setText(self._texts("desktop_people.finish"))
        if page != WORKING:
            self._go.setFocus()

    def _go_on(self) -> None:
        """The one thing to do next."""
        steps = {CHOOSE: self._choose_file, PLAN: self._apply, DONE: self.accept}
        steps[self._stack.currentIndex()]()

    # ---- reading ----

    def _choose_file(self) -> None:
        start = str(self._file.parent) if self._file else str(Path.home())
        formats = f"{self._texts('desktop_people.spreadsheets')} (*.xlsx *.xlsm *.xls *.csv *.txt)"
        chosen, _ = QFileDialog.getOpenFileName(self, self._texts("desktop_people.choose_file"), start, formats)
        if chosen:
            self.read(Path(chosen))

    def read(self, file: Path) -> None:
        """Read a file and show what taking it in would do."""
        self._file = file
        self._banner.clear()
        self._doing.setText(self._texts("desktop_people.reading", file=file.name))
        self._bar.setRange(0, 0)
        self._show_page(WORKING)
        read = self._kind.reader()
        self._task = self._context.tasks.aside(self, lambda task: read(task, file), self._planned, self._not_read)
        self._task.progressed.connect(self._show_progress)

    def _show_progress(self, step: int, steps: int) -> None:
        self._bar.setRange(0, steps)
        self._bar.setValue(step)
        if step:
            self._doing.setText(self._texts("desktop_people.comparing"))

    def _planned(self, prepared: Prepared | None) -> None:
        self._task = None
        if prepared is None:
            return
        self._prepared = prepared
        self._of_file.setText(self._file.name if self._file else "")
        self._plan.show_plan(prepared.lines, prepared.columns)
        self._show_page(PLAN)

    def _not_read(self, problem: Problem) -> None:
        self._task = None
        self._banner.say(self._texts.problem(problem))
        self._show_page(CHOOSE)

    def _choose_again(self) -> None:
        self._banner.clear()
        self._show_page(CHOOSE)

    def _count(self) -> None:
        """Say on the button how many lines it takes in."""
        if self._prepared is None or self._stack.currentIndex() != PLAN:
            return
        chosen = self._plan.chosen
        lines = [
            line
            for line in self._prepared.lines
            if line.is_change and (line.fate == "taken" or line.position in chosen)
        ]
        self._go.setText(self._texts(f"desktop_people.{self._kind.name}_go", count=len(lines)))
        self._go.setEnabled(bool(lines))

    # ---- saving ----

    def _apply(self) -> None:
        if self._prepared is None:
            return
        apply = self._kind.applier(self._prepared, self._plan.chosen)
        self._is_saving = True
        self._banner.clear()
        self._doing.setText(self._texts("desktop_people.saving"))
        self._bar.setRange(0, 0)
        self._show_page(WORKING)
        self._context.tasks.on_archive(self, apply, self._applied, self._not_applied)

    def _applied(self, done: Done) -> None:
        self._is_saving = False
        self._done = done
        self._result.say("\n".join(done.sentences), "done")
        buried = [line for line in done.left_out if line.is_critical]
        if buried:
            self._talk.say(critical_words(self._context, "desktop_people.critical_not_taken", buried), "problem")
        if done.left_out:
            self._left_out.say(self._texts("desktop_people.left_out", count=len(done.left_out)), "notice")
        self._save_list.setVisible(bool(done.left_out))
        self._alerts.setVisible(bool(done.alerts))
        self._show_page(DONE)
        self._context.signals.told.emit(done.sentences[0])
        self._context.signals.changed.emit()

    def _not_applied(self, problem: Problem) -> None:
        self._is_saving = False
        self._banner.say(self._texts.problem(problem))
        self._show_page(PLAN)

    def _show_alerts(self) -> None:
        self.accept()
        self._context.signals.page_wanted.emit("alerts")

    # ---- what was left out ----

    def _choose_place(self) -> None:
        if self._file is None:
            return
        name = self._texts("desktop_people.left_out_file", file=self._file.stem)
        place = str(self._file.with_name(name))
        chosen, _ = QFileDialog.getSaveFileName(self, self._texts("desktop_people.save_left_out"), place)
        if chosen:
            self.save_left_out(Path(chosen))

    def save_left_out(self, place: Path) -> None:
        """Write the lines that were left out, and why, to a spreadsheet."""
        if self._done is None:
            return
        texts, left_out = self._texts, self._done.left_out
        header = [texts(f"desktop_people.left_out_{name}") for name in ("sheet_column", "line", "fate", "reason")]
        rows = [
            (
                line.sheet,
                line.line,
                texts(f"desktop_people.fate_{line.fate}"),
                joined(texts, line.reasons),
            )
            for line in left_out
        ]

        def write(_task: Task) -> Path:
            content = workbook(texts("desktop_people.left_out_sheet"), header, rows)
            try:
                replace_file(place, content)
            except OSError as error:
                raise EnvironmentProblem("desktop_people.cannot_write", file=place.name) from error
            return place

        self._save_list.setEnabled(False)
        self._context.tasks.aside(self, write, self._list_saved, self._list_not_saved)

    def _list_saved(self, place: Path) -> None:
        self._save_list.setEnabled(True)
        self._banner.say(self._texts("desktop_people.left_out_saved", file=place.name), "done")

    def _list_not_saved(self, problem: Problem) -> None:
        self._save_list.setEnabled(True)
        self._banner.say(self._texts.problem(problem))

    # ---- dropping a file, leaving ----

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 -- Qt's name
        """One file is welcome while nothing is under way."""
        if self._dropped(event) is not None:
            self._mark_drop(over=True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 -- Qt's name
        """It was carried away again."""
        self._mark_drop(over=False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 -- Qt's name
        """Read it."""
        self._mark_drop(over=False)
        file = self._dropped(event)
        if file is not None:
            event.acceptProposedAction()
            self.read(file)

    def _dropped(self, event: QDropEvent) -> Path | None:
        urls = event.mimeData().urls()
        if self._stack.currentIndex() not in {CHOOSE, PLAN} or len(urls) != 1 or not urls[0].isLocalFile():
            return None
        return Path(urls[0].toLocalFile())

    def _mark_drop(self, *, over: bool) -> None:
        self._drop.setProperty("over", "true" if over else "false")
        self._drop.style().unpolish(self._drop)
        self._drop.style().polish(self._drop)

    def reject(self) -> None:
        """Stop reading and go back; or leave. What is being saved is saved to the end."""
        if self._is_saving:
            return
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._show_page(CHOOSE)
            return
        super().reject()
