"""One alert: who, why, what was done, what can be done, and how to talk about it."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.records import Alert, AlertStep, Kept, Screening
from app.reports.helplines import load_helplines
from app.risk.guidance import Guidance
from ui.desktop.context import Context
from ui.desktop.models.alerts import AlertDetail, critical_answers, definition_of, doubts, reasons, time_left
from ui.desktop.screens.alert_actions import AlertActions
from ui.desktop.widgets.basics import Banner, button, card, chip, clear, label, row


class AlertDetailView(QScrollArea):
    """Shows one alert and lets somebody act on it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._texts = context.texts
        self._shown: tuple[object, ...] = ()
        self._conflict = Banner()
        self._head, self._head_layout = card()
        self._why, self._why_layout = card()
        self._steps, self._steps_layout = card()
        self.acting = AlertActions(context)
        self._help = HelpPanel(context)
        inner = QWidget()
        inner.setProperty("role", "page")
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(context.theme.size("gap"))
        for part in (self._head, self._conflict, self._why, self.acting, self._steps, self._help):
            layout.addWidget(part)
        layout.addStretch(1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_alert(self, detail: AlertDetail) -> None:
        """Show an alert; parts that did not change stay as they are."""
        alert = detail.line.alert
        other = not self._shown or self._shown[0] != alert.id
        shown = (alert.id, detail.line.alert.record, detail.line.person.record, detail.steps, detail.screening)
        self._show_head(detail)
        if shown != self._shown:
            self._shown = shown
            self._show_conflicts(alert)
            self._show_why(detail)
            self._show_steps(detail)
        self.acting.show_alert(alert.id, alert.fields.status)
        if other:
            critical = bool(detail.screening and detail.screening.fields.critical)
            self._help.set_open(is_open=critical)
            self.verticalScrollBar().setValue(0)

    # ---- who ----

    def _show_head(self, detail: AlertDetail) -> None:
        words, alert, person = self._context.words, detail.line.alert.fields, detail.line.person.fields
        layout = self._head_layout
        clear(layout)
        name = label(words.name(person.name), "title", wrap=True)
        state = [chip(words.alert_status(alert.status), "plain")]
        if alert.status != "closed":
            late = alert.due < detail.now
            state.append(chip(time_left(self._context, alert.due, detail.now), "red" if late else "plain"))
        first = row(chip(words.level(alert.level), alert.level), spacing=10)
        first.addWidget(name, 1)
        for one in state:
            first.addWidget(one)
        layout.addLayout(first)
        today = dt.datetime.fromtimestamp(detail.now / 1000).astimezone().date()
        sex = words.sex(person.sex) if person.sex else ""
        about = [detail.group, sex, words.age(person.birth_date, today), person.student_number or ""]
        guardian = "　".join(part for part in (person.guardian_name, person.guardian_phone) if part)
        texts = row(spacing=12)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(label("　".join(part for part in about if part), "muted", wrap=True))
        if guardian:
            column.addWidget(label(self._texts("desktop_alerts.guardian", guardian=guardian), "muted", wrap=True))
        texts.addLayout(column, 1)
        record = detail.line.person.id
        look = button(self._texts("desktop_alerts.person"), lambda: self._context.signals.person_wanted.emit(record))
        look.setEnabled(bool(person.name))
        texts.addWidget(look)
        layout.addLayout(texts)

    def _show_conflicts(self, alert: Kept[Alert]) -> None:
        conflicts, words = alert.record.conflicts, self._context.words
        said = []
        if "status" in conflicts:
            others = self._texts("words.separator").join(map(words.alert_status, conflicts["status"]))
            shown = words.alert_status(alert.fields.status)
            said.append(self._texts("desktop_alerts.conflict_status", shown=shown, others=others))
        if "level" in conflicts:
            others = self._texts("words.separator").join(map(words.level, conflicts["level"]))
            shown = words.level(alert.fields.level)
            said.append(self._texts("desktop_alerts.conflict_level", shown=shown, others=others))
        if conflicts.keys() - {"status", "level"}:
            said.append(self._texts("desktop_alerts.conflict_other"))
        if said:
            self._conflict.say("\n".join(said), "warning")
        else:
            self._conflict.clear()

    # ---- why ----

    def _show_why(self, detail: AlertDetail) -> None:
        alert, layout = detail.line.alert.fields, self._why_layout
        clear(layout)
        moment = label(self._texts("desktop_alerts.raised", moment=self._context.words.moment(alert.raised)), "small")
        layout.addLayout(row(label(self._texts("desktop_alerts.why"), "heading"), None, moment))
        for reason in reasons(self._context, alert):
            layout.addWidget(label(reason, "strong", wrap=True))
        if detail.screening is None:
            layout.addWidget(label(self._texts("desktop_alerts.no_answers"), "muted", wrap=True))
        else:
            self._show_answers(detail.screening.fields, detail)

    def _show_answers(self, screening: Screening, detail: AlertDetail) -> None:
        layout, language = self._why_layout, self._texts.language
        definition = definition_of(self._context, screening)
        if definition is None:
            layout.addWidget(label(self._texts("desktop_alerts.other_wording"), "muted", wrap=True))
            return
        told: set[str] = set()
        for critical in critical_answers(definition, screening, self._texts):
            frame = QFrame()
            frame.setProperty("alert", "red")
            inner = QVBoxLayout(frame)
            inner.setContentsMargins(10, 8, 10, 8)
            inner.setSpacing(4)
            inner.addWidget(label(critical.question, wrap=True))
            inner.addWidget(label(self._texts("desktop_alerts.answered", answer=critical.answer), "strong", wrap=True))
            # Several answers may ask for the same conversation: how to begin it is said once.
            if critical.ask and critical.ask not in told:
                told.add(critical.ask)
                inner.addWidget(label(self._texts("desktop_forms.how_to_ask", ask=critical.ask), wrap=True))
            layout.addWidget(frame)
        for sentence, role in doubts(self._context, definition, screening):
            layout.addWidget(label(sentence, role, wrap=True))
        for score in definition.scores:
            words = self._context.words.score(screening, definition, score)
            title = self._texts("desktop_alerts.score", title=score.title[language], words=words)
            layout.addWidget(label(title, wrap=True))
            for said in self._context.words.advice(screening, definition, score, detail.line.person.fields.birth_date):
                layout.addWidget(label(said, "muted", wrap=True))
        if screening.critical:
            # What a low band advises must not be read beside an answer about self-harm.
            layout.addWidget(label(self._texts("desktop_alerts.whatever_the_score"), "muted", wrap=True))
        author = detail.authors.get(detail.line.alert.id)
        key = "answers_by" if author else "answers_of"
        title = definition.title[language]
        about = self._texts(f"desktop_alerts.{key}", instrument=title, date=screening.date, who=author)
        layout.addWidget(label(about, "small", wrap=True))

    # ---- what was done ----

    def _show_steps(self, detail: AlertDetail) -> None:
        layout = self._steps_layout
        clear(layout)
        layout.addWidget(label(self._texts("desktop_alerts.steps"), "heading"))
        if not detail.steps:
            layout.addWidget(label(self._texts("desktop_alerts.no_steps"), "muted", wrap=True))
        for step in detail.steps:
            layout.addLayout(self._step(step, detail.authors.get(step.id)))

    def _step(self, step: Kept[AlertStep], who: str | None) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        done = label(self._texts(f"words.step_{step.fields.step}"), "strong")
        author = label(who or self._texts("desktop_alerts.somebody"))
        moment = label(self._context.words.moment(step.fields.at), "small")
        column.addLayout(row(done, author, None, moment))
        if step.fields.text:
            column.addWidget(label(step.fields.text, wrap=True))
        return column


class HelpPanel(QFrame):
    """How to talk about self-harm, what to do next, whom to call. Open where the answers call for it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        texts, language = context.texts, context.texts.language
        self._texts = texts
        self.setProperty("role", "card")
        self._content = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        self._toggle = button("", lambda: self.set_open(is_open=self._content.isHidden()), "link")
        layout.addLayout(row(self._toggle, None))
        layout.addWidget(self._content)
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        guidance = Guidance.load()
        for line in load_helplines():
            number = label(line.number, "heading")
            number.setMinimumWidth(64)
            about = label(
                texts("desktop_alerts.helpline", title=line.title[language], when=line.when[language]), wrap=True
            )
            helpline = row(number, spacing=10)
            helpline.addWidget(about, 1)
            inner.addLayout(helpline)
        for section in guidance.sections:
            inner.addSpacing(4)
            inner.addWidget(label(section.title[language], "strong"))
            for sentence in section.lines:
                inner.addWidget(label(sentence[language], wrap=True))
        inner.addSpacing(4)
        inner.addWidget(label(guidance.about[language], "small", wrap=True))
        self.set_open(is_open=False)

    def set_open(self, *, is_open: bool) -> None:
        """Show or hide the sentences."""
        self._content.setVisible(is_open)
        self._toggle.setText(self._texts(f"desktop_alerts.help_{'hide' if is_open else 'show'}"))
