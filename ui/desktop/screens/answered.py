"""An answer sheet that was saved, to read: questions, chosen options, scores, and answers that must not be overlooked."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.instruments.items import Choice, Item
from app.instruments.quick import is_critical
from app.instruments.scales import Score
from app.instruments.wording import Wording
from app.records import Kept, Screening
from app.words import find_band
from ui.desktop.context import Context
from ui.desktop.widgets.basics import button, card, chip, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (760, 620)


class AnsweredSheet(QDialog):
    """Shows one screening. Nothing can be changed here.

    Args:
        context: what pages are given.
        screening: its instrument is in the library.
        name: whose answers these are.
        parent: the window that it belongs to.
    """

    def __init__(self, context: Context, screening: Kept[Screening], name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context = context
        self._screening = screening.fields
        self._name = name
        self._definition = context.library.get(screening.fields.instrument)
        self._language = context.texts.language
        self._wording = Wording(self._definition, context.texts)
        # The title says nothing about whom the sheet is: it appears in task bars.
        self.setWindowTitle(context.texts("desktop_people.sheet_title"))
        content = QVBoxLayout()
        content.setSpacing(context.theme.size("gap"))
        content.setContentsMargins(0, 0, 4, 0)
        content.addLayout(self._head())
        for score in self._definition.scores:
            content.addWidget(self._score(score))
        content.addWidget(self._answers())
        content.addStretch(1)
        scroll = scrolled(content)
        close = button(context.texts("desktop_people.close"), self.accept, "primary")
        close.setDefault(True)
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.addWidget(scroll, 1)
        layout.addLayout(row(None, close))
        give_size(self, *FIRST_SIZE)

    def _head(self) -> QVBoxLayout:
        texts, definition, screening = self._context.texts, self._definition, self._screening
        head = QVBoxLayout()
        head.setSpacing(4)
        title = f"{definition.short_title}  {definition.title[self._language]}"
        head.addWidget(label(title, "title", wrap=True))
        mode = texts(f"desktop_people.mode_{screening.mode}")
        about = texts("desktop_people.sheet_about", name=self._name, date=screening.date, mode=mode)
        head.addWidget(label(about, "muted", wrap=True))
        if screening.content != self._context.library.content_hash(screening.instrument):
            notice = texts("desktop_people.other_wording", answered=screening.version, present=definition.version)
            head.addWidget(label(notice, "notice", wrap=True))
        return head

    def _score(self, score: Score) -> QFrame:
        """A score, and what its band says to the person."""
        frame, layout = card()
        layout.setSpacing(6)
        said = self._context.words.score(self._screening, self._definition, score)
        line = self._context.texts("desktop_people.sheet_score", score=score.title[self._language], said=said)
        layout.addWidget(label(line, "heading", wrap=True))
        result = self._screening.scores.get(score.id)
        band = find_band(self._definition, score.id, result.band) if result and result.band else None
        if band:
            layout.addWidget(label(band.action[self._language], wrap=True))
        elif self._screening.status == "unfinished":
            layout.addWidget(label(self._context.texts("desktop_people.sheet_unfinished"), "muted", wrap=True))
        return frame

    def _answers(self) -> QFrame:
        frame, layout = card()
        layout.setSpacing(0)
        touched = [rule for rule in self._definition.critical if rule.id in self._screening.critical]
        for rule in touched:
            layout.addWidget(label(rule.title[self._language], "problem", wrap=True))
            layout.addSpacing(8)
        layout.addWidget(label(self._wording.said(self._definition.instruction), "muted", wrap=True))
        layout.addSpacing(6)
        critical = {
            item
            for rule in touched
            for item in rule.items
            if is_critical(rule, {item: self._screening.answers.get(item)})
        }
        for number, item in enumerate(self._definition.items, 1):
            layout.addWidget(self._answer(number, item, is_critical=item.id in critical))
        return frame

    def _answer(self, number: int, item: Item, *, is_critical: bool) -> QFrame:
        """One question with the answer that was given."""
        frame = QFrame()
        frame.setProperty("role", "critical" if is_critical else "entry")
        line = QHBoxLayout(frame)
        line.setContentsMargins(8, 8, 8, 8)
        line.setSpacing(12)
        place = label(f"{number}", "muted")
        place.setFixedWidth(place.fontMetrics().horizontalAdvance("000"))
        line.addWidget(place, alignment=Qt.AlignmentFlag.AlignTop)
        question = QVBoxLayout()
        question.setSpacing(4)
        question.addWidget(label(self._wording.item(item), wrap=True))
        if is_critical:
            question.addLayout(row(chip(self._context.texts("desktop_people.needs_talk"), "red"), None))
        line.addLayout(question, 3)
        line.addWidget(self._chosen(item), 2, Qt.AlignmentFlag.AlignTop)
        return frame

    def _chosen(self, item: Item) -> QLabel:
        if item.id not in self._screening.answers:
            return label(self._context.texts("desktop_people.not_answered"), "muted", wrap=True)
        answer = self._screening.answers[item.id]
        said = self._wording.answer(item, answer)
        # The value stands before the words, as it does on the sheet.
        counted = isinstance(item, Choice) and answer is not None and said != str(answer)
        return label(f"{answer}　{said}" if counted else said, "strong", wrap=True)
