"""Two fillings of one form side by side. Nothing can be changed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFrame, QGridLayout, QVBoxLayout, QWidget

from app.records import Kept, Person, Screening
from ui.desktop.context import Context
from ui.desktop.models.compare import CompareLine, ScoreLine, answer_lines, filled, score_lines
from ui.desktop.widgets.basics import button, card, chip, clear, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (940, 680)
NUMBER_WIDTH = 34


class CompareDialog(QDialog):
    """Shows two fillings; which ones is chosen in it.

    Args:
        context: what pages are given.
        person: who was asked.
        fillings: of each instrument, the newest first, two or more.
        parent: the window that it belongs to.
    """

    def __init__(
        self, context: Context, person: Person, fillings: Mapping[str, Sequence[Kept[Screening]]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context = context
        self._texts = context.texts
        self._person = person
        self._fillings = dict(fillings)
        # The title says nothing about whom it is: it appears in task bars.
        self.setWindowTitle(self._texts("desktop_forms.compare"))
        self._instrument, self._before, self._after = QComboBox(), QComboBox(), QComboBox()
        self._changed_only = QCheckBox(self._texts("desktop_forms.changed_only"))
        self._content = QVBoxLayout()
        self._content.setSpacing(context.theme.size("gap"))
        self._content.setContentsMargins(0, 0, 4, 0)
        self._lay_out()
        for name in self._fillings:
            self._instrument.addItem(self._title(name))
        self._choose_instrument()
        self._instrument.activated.connect(lambda _at: self._choose_instrument())
        for one in (self._before, self._after):
            one.activated.connect(lambda _at: self._show())
        self._changed_only.toggled.connect(lambda _on: self._show())

    def _title(self, instrument: str) -> str:
        definition = self._context.words.definition(self._fillings[instrument][0].fields)
        if definition is None:
            return instrument
        title = definition.title[self._texts.language]
        return title if definition.type == "form" else f"{definition.short_title}　{title}"

    def _lay_out(self) -> None:
        texts = self._texts
        layout = QVBoxLayout(self)
        margin = self._context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(self._context.theme.size("gap"))
        layout.addWidget(label(texts("desktop_forms.compare_of", name=self._person.name), "title", wrap=True))
        for one, key in (
            (self._instrument, "which"),
            (self._before, "before"),
            (self._after, "after"),
        ):
            one.setAccessibleName(texts(f"desktop_forms.{key}"))
            one.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            one.setMinimumContentsLength(16)
        layout.addWidget(self._instrument)
        choice = row(
            label(texts("desktop_forms.before"), "muted"),
            self._before,
            label(texts("desktop_forms.after"), "muted"),
            self._after,
        )
        choice.setStretch(1, 1)
        choice.setStretch(3, 1)
        layout.addLayout(choice)
        layout.addWidget(self._changed_only)
        layout.addWidget(scrolled(self._content), 1)
        close = button(texts("desktop_forms.close"), self.accept, "primary")
        close.setDefault(True)
        layout.addLayout(row(None, close))
        give_size(self, *FIRST_SIZE)

    def _choose_instrument(self) -> None:
        """Offer its fillings; the last two to begin with."""
        forms = self._forms()
        for one, at in ((self._before, 1), (self._after, 0)):
            one.clear()
            one.addItems([self._when(form.fields, place) for place, form in enumerate(forms)])
            one.setCurrentIndex(at)
        self._show()

    def _forms(self) -> Sequence[Kept[Screening]]:
        return list(self._fillings.values())[self._instrument.currentIndex()]

    def _when(self, form: Screening, place: int) -> str:
        """The day of a filling; of several on one day, which one."""
        same = [one.fields.date for one in self._forms()].count(form.date)
        number = self._texts("desktop_forms.filling", number=len(self._forms()) - place) if same > 1 else ""
        mode = self._texts(f"desktop_people.mode_{form.mode}")
        return "　".join(part for part in (form.date, number, mode) if part)

    # ---- the comparison ----

    def _show(self) -> None:
        clear(self._content)
        forms, texts = self._forms(), self._texts
        before, after = forms[self._before.currentIndex()].fields, forms[self._after.currentIndex()].fields
        was, now = (filled(self._context, one, self._person) for one in (before, after))
        if was is None or now is None:
            self._content.addWidget(label(texts("desktop_forms.unknown"), "notice", wrap=True))
            self._content.addStretch(1)
            return
        if before is after:
            self._content.addWidget(label(texts("desktop_forms.same_filling"), "notice", wrap=True))
        if before.content != after.content or not (was.is_same and now.is_same):
            self._content.addWidget(label(texts("desktop_forms.other_version"), "notice", wrap=True))
        scores = score_lines(self._context, now.definition, before, after)
        if scores:
            self._content.addWidget(self._scores(scores))
        self._content.addWidget(self._answers(answer_lines(self._context, was, now)))
        self._content.addStretch(1)

    def _scores(self, lines: Sequence[ScoreLine]) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self._texts("desktop_forms.scores"), "heading"))
        grid = _grid()
        layout.addLayout(grid)
        for at, line in enumerate(lines):
            grid.addWidget(label(line.title, wrap=True), at, 1)
            grid.addWidget(label(line.before, wrap=True), at, 2)
            after = QVBoxLayout()
            after.setSpacing(4)
            after.addWidget(label(line.after, "strong", wrap=True))
            if line.change:
                after.addWidget(label(self._texts("desktop_forms.change", change=line.change), "small", wrap=True))
            if line.verdict:
                said = self._texts(f"desktop_forms.{line.verdict}", points=line.points)
                made = chip(said, "blue" if line.verdict == "reliable" else "plain")
                made.setToolTip(line.source)
                after.addLayout(row(made, None))
            grid.addLayout(after, at, 3)
        return frame

    def _answers(self, lines: Sequence[CompareLine]) -> QFrame:
        texts, only = self._texts, self._changed_only.isChecked()
        frame, layout = card()
        layout.setSpacing(0)
        different = sum(line.differs for line in lines)
        heading = texts("desktop_forms.differences", count=different, of=len(lines))
        layout.addWidget(label(heading, "heading", wrap=True))
        layout.addSpacing(6)
        for line in lines:
            if line.differs or not only:
                layout.addWidget(self._answer(line))
        return frame

    def _answer(self, line: CompareLine) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "differs" if line.differs else "entry")
        grid = _grid()
        grid.setContentsMargins(8, 7, 8, 7)
        frame.setLayout(grid)
        number = label(line.number, "muted")
        number.setFixedWidth(NUMBER_WIDTH)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(number, 0, 0, top)
        grid.addWidget(label(line.title, wrap=True), 0, 1, top)
        blank = self._texts("desktop_people.not_answered")
        for column, said in ((2, line.before), (3, line.after)):
            role = "muted" if not said else "strong" if line.differs and column == 3 else ""
            grid.addWidget(label(said or blank, role, wrap=True), 0, column, top)
        if line.differs:
            mark = label("≠", "strong")
            mark.setAccessibleName(self._texts("desktop_forms.differs"))
            grid.addWidget(mark, 0, 4, top)
        return frame


def _grid() -> QGridLayout:
    """Columns that stand below each other from card to card: number, what, before, after."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setColumnMinimumWidth(0, NUMBER_WIDTH)
    grid.setColumnMinimumWidth(4, 16)
    for column, stretch in ((1, 4), (2, 3), (3, 3)):
        grid.setColumnStretch(column, stretch)
    return grid
