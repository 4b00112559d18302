"""One slip in full: who, why, what goes along, what was answered; and the place to answer one that came here."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from app.errors import Problem
from app.referrals.service import Slip
from app.referrals.slip import Referral, ReferralAnswer
from app.referrals.words import SlipWords
from ui.desktop.context import Context
from ui.desktop.models.meetings import fate_words
from ui.desktop.models.referrals import SlipDetail, state_chip, urgency_chip
from ui.desktop.widgets.basics import Banner, button, card, chip, clear, label, row

FIELD_LINES = 2


class SlipCard(QFrame):
    """What stands on a slip: the same before it is sent and after it has come."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._texts = context.texts
        self._words = SlipWords(context.texts)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 14, 16, 14)
        self._layout.setSpacing(8)
        self._shown: Referral | None = None

    def show_slip(self, referral: Referral) -> None:
        """Show a slip; one that is shown already stays as it is."""
        if referral == self._shown:
            return
        self._shown = referral
        clear(self._layout)
        self._layout.addWidget(label(self._words.kind(referral), "heading"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, (title, text) in enumerate(self._words.lines(referral)):
            grid.addWidget(label(title, "muted"), line, 0, Qt.AlignmentFlag.AlignTop)
            said = label(text, wrap=True)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(said, line, 1, Qt.AlignmentFlag.AlignTop)
        self._layout.addLayout(grid)
        self._layout.addWidget(label(self._texts("referral.screenings"), "muted"))
        if not referral.screenings:
            self._layout.addWidget(label(self._texts("desktop_referrals.no_screenings")))
        for screening in referral.screenings:
            said = label(self._words.screening(screening), "strong" if screening.critical else "", wrap=True)
            self._layout.addWidget(said)


class SlipPane(QScrollArea):
    """Shows one slip and lets somebody answer it. What was written and not sent stays with its slip."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._texts = context.texts
        self._words = SlipWords(context.texts)
        self._shown: SlipDetail | None = None
        self._written: dict[bytes, str] = {}
        self._busy = False
        self._banner, self._warning = Banner(), Banner()
        self._head, self._head_layout = card()
        self._answers, self._answers_layout = card()
        self._card = SlipCard(context)
        self._acting = self._make_acting()
        inner = QWidget()
        inner.setProperty("role", "page")
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(context.theme.size("gap"))
        for part in (self._head, self._warning, self._answers, self._card, self._acting):
            layout.addWidget(part)
        layout.addStretch(1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _make_acting(self) -> QFrame:
        texts = self._texts
        frame, layout = card()
        layout.addWidget(self._banner)
        layout.addWidget(label(texts("desktop_referrals.answer"), "heading"))
        layout.addWidget(label(texts("desktop_referrals.answer_about"), "muted", wrap=True))
        self._field = QPlainTextEdit()
        self._field.setPlaceholderText(texts("desktop_referrals.answer_hint"))
        self._field.setAccessibleName(texts("desktop_referrals.answer_text"))
        self._field.setTabChangesFocus(True)
        self._field.setFixedHeight(self._field.fontMetrics().lineSpacing() * FIELD_LINES + 24)
        self._field.textChanged.connect(self._update)
        self._accept = button(texts("desktop_referrals.accept"), partial(self._reply, "accepted"), "primary")
        self._refuse = button(texts("desktop_referrals.refuse"), partial(self._reply, "refused"), "danger")
        # Neither is pressed by an Enter in passing.
        for one in (self._accept, self._refuse):
            one.setAutoDefault(False)
        layout.addWidget(self._field)
        layout.addLayout(row(self._accept, None, self._refuse))
        return frame

    # ---- which slip ----

    def show_slip(self, detail: SlipDetail) -> None:
        """Show a slip; parts that did not change stay as they are."""
        before, self._shown = self._shown, detail
        if before is None or before.slip.id != detail.slip.id:
            if before is not None:
                self._written[before.slip.id] = self._field.toPlainText()
            self._field.setPlainText(self._written.get(detail.slip.id, ""))
            self._banner.clear()
            self.verticalScrollBar().setValue(0)
        if before != detail:
            self._show_head(detail)
            self._show_answers(detail.slip)
            self._card.show_slip(detail.slip.referral.fields)
            if detail.slip.forged:
                said = detail.slip.referral.fields.from_station
                self._warning.say(self._texts("referral.forged", said=said, real=detail.slip.other), "problem")
            else:
                self._warning.clear()
        self._acting.setVisible(detail.may_answer)
        self._update()

    def unfinished(self) -> dict[str, str]:
        """What was written and not sent, by slip."""
        if self._shown is not None:
            self._written[self._shown.slip.id] = self._field.toPlainText()
        return {slip.hex(): text for slip, text in sorted(self._written.items()) if text.strip()}

    def take_back(self, unfinished: dict[str, str]) -> None:
        """Go on with what `unfinished` gave before."""
        for slip, text in unfinished.items():
            self._written.setdefault(bytes.fromhex(slip), text)
        if self._shown is not None and not self._field.toPlainText():
            self._field.setPlainText(self._written.get(self._shown.slip.id, ""))

    def _show_head(self, detail: SlipDetail) -> None:
        slip, layout, texts = detail.slip, self._head_layout, self._texts
        clear(layout)
        first = row(spacing=10)
        first.addWidget(label(slip.referral.fields.name, "title", wrap=True), 1)
        first.addWidget(chip(self._words.urgency(slip.referral.fields.urgency), urgency_chip(slip)))
        first.addWidget(chip(self._words.state(slip), state_chip(slip)))
        layout.addLayout(first)
        second = row(spacing=12)
        where = texts(f"desktop_referrals.between_{slip.direction}", other=slip.other)
        second.addWidget(label(where, "muted", wrap=True), 1)
        if detail.person_here and slip.referral.record.person:
            go = partial(self._context.signals.person_wanted.emit, slip.referral.record.person)
            second.addWidget(button(texts("desktop_alerts.person"), go))
        layout.addLayout(second)
        if detail.fate is not None and detail.fate.state != "received":
            layout.addWidget(label(fate_words(texts, detail.fate, detail.devices), "small", wrap=True))

    def _show_answers(self, slip: Slip) -> None:
        layout = self._answers_layout
        clear(layout)
        said = [one for one in (slip.reply, *slip.also) if one]
        self._answers.setVisible(bool(said))
        layout.addWidget(label(self._texts("desktop_referrals.answers"), "heading"))
        if slip.also:
            layout.addWidget(label(self._texts("desktop_referrals.several"), "warning", wrap=True))
        for one in said:
            layout.addWidget(label(self._words.reply(one), wrap=True))

    # ---- answering ----

    def _update(self) -> None:
        self._accept.setEnabled(not self._busy)
        self._refuse.setEnabled(not self._busy and bool(self._field.toPlainText().strip()))

    def _reply(self, decision: ReferralAnswer) -> None:
        detail, text = self._shown, self._field.toPlainText()
        if detail is None or self._busy:
            return
        self._busy = True
        self._banner.clear()
        self._update()
        slip = detail.slip
        self._context.tasks.on_archive(
            self,
            lambda desk: desk.referrals.answer(slip.id, decision, text),
            lambda _nothing: self._replied(slip),
            self._fail,
        )

    def _replied(self, slip: Slip) -> None:
        self._busy = False
        self._written.pop(slip.id, None)
        if self._shown is not None and self._shown.slip.id == slip.id:
            self._field.clear()
        self._update()
        self._context.signals.told.emit(self._texts("referral.answered_now", other=slip.other))
        self._context.signals.changed.emit()

    def _fail(self, problem: Problem) -> None:
        self._busy = False
        self._banner.say(self._texts.problem(problem))
        self._update()
        # Somebody else may have answered meanwhile.
        self._context.signals.changed.emit()
