"""A form that was saved, to read: questions and answers, scores, doubts, and answers that must not be overlooked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.errors import Problem
from app.instruments.items import Item
from app.instruments.quick import is_critical
from app.instruments.scales import Score
from app.instruments.wording import Wording
from app.records import Kept, Person, Screening
from app.words import band_of
from ui.desktop.context import Context
from ui.desktop.models.alerts import doubts
from ui.desktop.models.compare import filled
from ui.desktop.screens.paper_dialog import show_filled_form
from ui.desktop.widgets.basics import Banner, button, card, chip, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (760, 620)
FEW_SCORES = 3
MINUTE = 60


class AnsweredSheet(QDialog):
    """Shows one screening. Nothing can be changed here.

    Args:
        context: what pages are given.
        screening: its instrument is in the library.
        person: whose answers these are.
        parent: the window that it belongs to.
    """

    def __init__(self, context: Context, screening: Kept[Screening], person: Person, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context = context
        self._screening = screening.fields
        self._name, self._born = person.name, person.birth_date
        said = filled(context, screening.fields, person)
        if said is None:
            raise Problem("instrument.unknown", id=screening.fields.instrument)
        self._filled, self._definition = said, said.definition
        self._language = context.texts.language
        self._wording = Wording(self._definition, context.texts)
        self._told: set[str] = set()
        # The title says nothing about whom the sheet is: it appears in task bars.
        self.setWindowTitle(context.texts("desktop_people.sheet_title"))
        content = QVBoxLayout()
        content.setSpacing(context.theme.size("gap"))
        content.setContentsMargins(0, 0, 4, 0)
        content.addLayout(self._head())
        for sentence, role in doubts(context, self._definition, self._screening):
            content.addWidget(label(sentence, role, wrap=True))
        if self._screening.critical:
            content.addWidget(label(context.texts("desktop_alerts.whatever_the_score"), "problem", wrap=True))
        if len(self._definition.scores) > FEW_SCORES:
            content.addWidget(self._table(self._definition.scores))
        else:
            for score in self._definition.scores:
                content.addWidget(self._score(score))
        content.addWidget(self._answers())
        content.addStretch(1)
        scroll = scrolled(content)
        close = button(context.texts("desktop_people.close"), self.accept, "primary")
        close.setDefault(True)
        banner = Banner()
        on_paper = partial(show_filled_form, context, screening.id, self, banner)
        printing = button(context.texts("desktop_instruments.print_filled"), on_paper)
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.addWidget(banner)
        layout.addWidget(scroll, 1)
        layout.addLayout(row(printing, None, close))
        give_size(self, *FIRST_SIZE)

    def _head(self) -> QVBoxLayout:
        texts, definition, screening = self._context.texts, self._definition, self._screening
        head = QVBoxLayout()
        head.setSpacing(4)
        title = definition.title[self._language]
        shown = title if definition.type == "form" else f"{definition.short_title}  {title}"
        head.addWidget(label(shown, "title", wrap=True))
        mode = texts(f"desktop_people.mode_{screening.mode}")
        about = texts("desktop_people.sheet_about", name=self._name, date=screening.date, mode=mode)
        if screening.seconds is not None:
            minutes, seconds = divmod(round(screening.seconds), MINUTE)
            about += "　" + texts("desktop_forms.time_taken", minutes=minutes, seconds=seconds)
        head.addWidget(label(about, "muted", wrap=True))
        if not self._filled.is_same:
            notice = texts("desktop_people.other_wording", answered=screening.version, present=definition.version)
            head.addWidget(label(notice, "notice", wrap=True))
        return head

    def _table(self, scores: tuple[Score, ...]) -> QFrame:
        """Many scores, one to a line; what to do stands where a band is not the mildest."""
        frame, layout = card()
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        layout.addLayout(grid)
        for score in scores:
            at = grid.rowCount()
            grid.addWidget(label(score.title[self._language], wrap=True), at, 0)
            said = self._context.words.score(self._screening, self._definition, score)
            grid.addWidget(label("　".join([said, self._norm(score)]).rstrip(), "strong", wrap=True), at, 1)
            band = band_of(self._screening, self._definition, score)
            if band and band.severity:
                for told in self._advice(score):
                    grid.addWidget(label(told, "muted", wrap=True), grid.rowCount(), 1)
        return frame

    def _advice(self, score: Score) -> list[str]:
        return self._context.words.advice(self._screening, self._definition, score, self._born)

    def _norm(self, score: Score) -> str:
        """With whom the value was compared."""
        result = self._screening.scores.get(score.id)
        norm = next((one for one in score.norms if result and one.id == result.norm), None)
        if result is None or norm is None:
            return ""
        said = self._context.texts("desktop_forms.by_norm", norm=norm.title[self._language])
        if result.standard is not None:
            said += "　" + self._context.texts("desktop_forms.standard", value=result.standard)
        return said

    def _score(self, score: Score) -> QFrame:
        """A score, and what its band says to whom."""
        frame, layout = card()
        layout.setSpacing(6)
        said = self._context.words.score(self._screening, self._definition, score)
        line = self._context.texts("desktop_people.sheet_score", score=score.title[self._language], said=said)
        layout.addWidget(label(line, "heading", wrap=True))
        norm = self._norm(score)
        if norm:
            layout.addWidget(label(norm, "small", wrap=True))
        advice = self._advice(score)
        for told in advice:
            layout.addWidget(label(told, wrap=True))
        if not advice and self._screening.status == "unfinished":
            layout.addWidget(label(self._context.texts("desktop_people.sheet_unfinished"), "muted", wrap=True))
        return frame

    def _answers(self) -> QFrame:
        frame, layout = card()
        layout.setSpacing(0)
        touched = [rule for rule in self._definition.critical if rule.id in self._screening.critical]
        for rule in touched:
            layout.addWidget(label(rule.title[self._language], "problem", wrap=True))
            layout.addSpacing(8)
        if self._definition.instruction:
            layout.addWidget(label(self._wording.said(self._definition.instruction), "muted", wrap=True))
            layout.addSpacing(6)
        sections = {one.id: one.title[self._language] for one in self._definition.sections}
        section = ""
        for item in self._definition.items:
            if item.id not in self._filled.answers:
                continue
            if item.section and item.section != section:
                section = item.section
                layout.addSpacing(10)
                layout.addWidget(label(sections[section], "heading", wrap=True))
                layout.addSpacing(4)
            layout.addWidget(self._answer(item))
        return frame

    def _answer(self, item: Item) -> QFrame:
        """One question with the answer that was given."""
        asks = list(self._asks(item))
        frame = QFrame()
        frame.setProperty("role", "critical" if asks else "entry")
        line = QHBoxLayout(frame)
        line.setContentsMargins(8, 8, 8, 8)
        line.setSpacing(12)
        place = label(self._wording.number(item) if item.text else "", "muted")
        place.setFixedWidth(place.fontMetrics().horizontalAdvance("000"))
        line.addWidget(place, alignment=Qt.AlignmentFlag.AlignTop)
        question = QVBoxLayout()
        question.setSpacing(4)
        question.addWidget(label(self._wording.item(item), wrap=True))
        if asks:
            question.addLayout(row(chip(self._context.texts("desktop_people.needs_talk"), "red"), None))
        for ask in asks:
            # Several answers may ask for the same conversation: how to begin it is said once.
            if ask and ask not in self._told:
                self._told.add(ask)
                question.addWidget(label(self._context.texts("desktop_forms.how_to_ask", ask=ask), wrap=True))
        line.addLayout(question, 3)
        said = self._filled.answers[item.id]
        none = self._context.texts("desktop_people.not_answered")
        answer = label(said or none, "strong" if said else "muted", wrap=True)
        line.addWidget(answer, 2, Qt.AlignmentFlag.AlignTop)
        return frame

    def _asks(self, item: Item) -> Iterator[str]:
        """For each alarming thing that the answer says, how to speak about it; nothing where that is not known."""
        given = {item.id: self._screening.answers.get(item.id)}
        for rule in self._definition.critical:
            if rule.id in self._screening.critical and item.id in rule.items and is_critical(rule, given):
                yield self._wording.said(rule.ask)
