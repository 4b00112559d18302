"""Referring somebody to another station: to whom, why, on what ground, what goes along; and just that before it goes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast, get_args

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.errors import Problem
from app.records import Ground
from app.referrals.rules import ReferralRules
from app.referrals.slip import ReferralGround, ReferralKind
from app.referrals.stations import Station
from app.referrals.words import SlipWords
from app.referrals.writing import CONTACTS, Contact, Extract, Order, lacks, write
from ui.desktop.context import Context
from ui.desktop.models.referrals import ReferralStart, ask_for_stations
from ui.desktop.page import Form
from ui.desktop.screens.slip import SlipCard
from ui.desktop.widgets.basics import Banner, button, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size
from ui.desktop.widgets.halves import Halves

FIRST_SIZE = (1000, 680)
SHARE = (520, 860)
HEIGHTS = (330, 260)
FIELD_LINES = 3
TYPING_PAUSE_MS = 120
"""After so much rest the slip is shown anew."""

KINDS: tuple[ReferralKind, ...] = get_args(ReferralKind)


class ReferralForm(Form):
    """Writes a slip. Closing it with something unsaved takes a second Escape.

    Args:
        context: what pages are given.
        start: what it starts from.
        parent: what it belongs to.
        written: what `unfinished` gave before.
    """

    def __init__(
        self, context: Context, start: ReferralStart, parent: QWidget, written: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._texts = context.texts
        self._start = start
        self._stations: list[Station] = []
        self._ready = False
        self._words = SlipWords(context.texts)
        # The title says nothing about whom it is: it appears in task bars.
        self.setWindowTitle(self._texts("desktop_referrals.form"))
        self._kind, self._to, self._urgency, self._ground = (self._choice(name) for name in _CHOICES)
        self._fill_choices()
        self._reason, self._done, self._why = (self._field(name) for name in ("reason", "done", "ground_reason"))
        self._why_title = label(self._texts("desktop_referrals.ground_reason"), "strong")
        self._consent = label(role="small", wrap=True)
        self._about_kind = label(role="small", wrap=True)
        self._contacts = self._contact_boxes()
        self._screenings: dict[bytes, QCheckBox] = {}
        self._offered = QVBoxLayout()
        self._offered.setSpacing(6)
        self._no_stations = label(role="warning", wrap=True)
        self._ask = button(self._texts("desktop_referrals.ask_stations"), self._ask_stations, "link")
        self._banner = Banner()
        self._preview = SlipCard(context)
        self._missing = label(role="doubt", wrap=True)
        self._send_button = button(self._texts("desktop_referrals.send"), self._send, "primary")
        self._send_button.setAutoDefault(False)  # Enter begins a new line
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._show_preview)
        self._sending = False
        self._lay_out()
        self._show_kind()
        self._show_stations(start.stations)
        self._ready = True
        self._at_first = self._left_over = self._written()
        if written:
            self._fill(written)
        self._update()
        self._show_preview()
        self._to.setFocus()

    # ---- parts ----

    def _choice(self, name: str) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(self._texts(f"desktop_referrals.{name}"))
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        made.setMinimumContentsLength(12)
        return made

    def _fill_choices(self) -> None:
        texts, choose = self._texts, self._texts("desktop_referrals.choose_one")
        for kind in KINDS:
            self._kind.addItem(texts(f"referral.kind_{kind}"), kind)
        self._urgency.addItem(choose, None)
        for urgency in ReferralRules.load().ids():
            self._urgency.addItem(self._words.urgency_in_full(urgency), urgency)
        self._ground.addItem(choose, None)
        if not self._extract.lacking:
            self._ground.addItem(texts("referral.ground_consent"), "consent")
            self._ground.setCurrentIndex(1)
        for ground in get_args(Ground):
            self._ground.addItem(texts(f"referral.ground_{ground}"), ground)
        self._kind.currentIndexChanged.connect(lambda _index: self._show_kind())
        for one in (self._kind, self._to, self._urgency, self._ground):
            one.currentIndexChanged.connect(lambda _index: self._changed())

    def _field(self, name: str) -> QPlainTextEdit:
        made = QPlainTextEdit()
        made.setPlaceholderText(self._texts(f"desktop_referrals.{name}_hint"))
        made.setAccessibleName(self._texts(f"desktop_referrals.{name}"))
        made.setTabChangesFocus(True)
        made.setFixedHeight(made.fontMetrics().lineSpacing() * FIELD_LINES + 24)
        made.textChanged.connect(self._changed)
        return made

    def _contact_boxes(self) -> dict[Contact, QCheckBox]:
        person = self._extract.person.fields
        guardian = "　".join(one for one in (person.guardian_name, person.guardian_phone) if one)
        known: dict[Contact, str] = {"phone": person.phone or "", "guardian": guardian}
        boxes = {}
        for contact in CONTACTS:
            if known[contact]:
                boxes[contact] = self._box(self._texts(f"desktop_referrals.{contact}", value=known[contact]), on=True)
        return boxes

    def _box(self, text: str, *, on: bool) -> QCheckBox:
        box = QCheckBox(text.replace("&", "&&"))
        box.setChecked(on)
        box.toggled.connect(lambda _on: self._changed())
        return box

    def _lay_out(self) -> None:
        texts = self._texts
        fields = QVBoxLayout()
        fields.setContentsMargins(0, 0, 6, 0)
        fields.setSpacing(6)
        fields.addWidget(self._banner)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, (name, editor) in enumerate(zip(_CHOICES, self._choices(), strict=True)):
            grid.addWidget(label(texts(f"desktop_referrals.{name}"), "muted"), 2 * line, 0)
            grid.addWidget(editor, 2 * line, 1)
        for line, below in ((1, self._about_kind), (3, self._no_stations), (7, self._consent)):
            grid.addWidget(below, line, 1)
        asking = row(None, self._ask)
        grid.addLayout(asking, 2, 2)
        fields.addLayout(grid)
        titles = (label(texts(f"desktop_referrals.{name}"), "strong") for name in ("reason", "done"))
        for title, field in zip((self._why_title, *titles), (self._why, self._reason, self._done), strict=True):
            fields.addWidget(title)
            fields.addWidget(field)
        fields.addWidget(label(texts("desktop_referrals.along"), "strong"))
        for box in self._contacts.values():
            fields.addWidget(box)
        fields.addLayout(self._offered)
        fields.addWidget(label(texts("desktop_referrals.never"), "small", wrap=True))
        fields.addStretch(1)
        shown = QVBoxLayout()
        shown.setContentsMargins(0, 0, 4, 0)
        shown.setSpacing(8)
        shown.addWidget(label(texts("desktop_referrals.preview"), "heading"))
        shown.addWidget(self._preview)
        shown.addStretch(1)
        left, right = scrolled(fields), scrolled(shown)
        for one in (left, right):
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        cancel = button(texts("desktop_referrals.cancel"), self.reject)
        cancel.setAutoDefault(False)
        layout = QVBoxLayout(self)
        margin = self._context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(self._context.theme.size("gap"))
        layout.addWidget(label(texts("desktop_referrals.form_title", name=self._start.name), "title", wrap=True))
        layout.addWidget(Halves(left, right, share=SHARE, heights=HEIGHTS), 1)
        foot = row(self._missing, cancel, self._send_button)
        foot.setStretch(0, 1)
        layout.addLayout(foot)
        give_size(self, *FIRST_SIZE)

    def _choices(self) -> tuple[QComboBox, ...]:
        return self._kind, self._to, self._urgency, self._ground

    # ---- what is offered ----

    @property
    def _chosen_kind(self) -> ReferralKind:
        return cast("ReferralKind", self._kind.currentData())

    @property
    def _extract(self) -> Extract:
        return self._start.extracts[self._chosen_kind]

    @property
    def _station(self) -> Station | None:
        """The one that is chosen; above the first of them nothing is."""
        place = self._to.currentIndex() - 1
        return self._stations[place] if place >= 0 else None

    def _show_kind(self) -> None:
        """Offer the screenings that go along with this kind; a transfer takes all of them."""
        kind, before = self._chosen_kind, {one for one, box in self._screenings.items() if not box.isChecked()}
        self._about_kind.setText(self._texts(f"desktop_referrals.about_{kind}"))
        for box in self._screenings.values():
            box.hide()
            box.deleteLater()
        self._screenings = {}
        for one in self._extract.screenings:
            box = self._box(self._words.screening_title(one.given), on=one.proposed and one.id not in before)
            if kind == "transfer":
                box.setChecked(True)
                box.setEnabled(False)
            self._screenings[one.id] = box
            self._offered.addWidget(box)

    def _show_stations(self, stations: list[Station]) -> None:
        """Offer these stations; the one that was chosen stays."""
        chosen = self._station
        with QSignalBlocker(self._to):
            self._to.clear()
            self._to.addItem(self._texts("desktop_referrals.choose_one"), None)
            self._to.addItems([one.name for one in stations])
            self._to.setCurrentIndex(stations.index(chosen) + 1 if chosen in stations else 0)
        self._stations = stations
        can_ask = bool(self._start.address)
        key = "no_stations" if can_ask else "no_stations_no_address"
        self._no_stations.setText(self._texts(f"desktop_referrals.{key}"))
        self._no_stations.setVisible(not stations)
        self._ask.setVisible(can_ask)
        self._changed()

    def _ask_stations(self) -> None:
        self._ask.setEnabled(False)
        self._banner.clear()
        tasks, address = self._context.tasks, self._start.address
        tasks.aside(self, lambda _task: ask_for_stations(tasks, address), self._asked, self._not_asked)

    def _asked(self, stations: list[Station]) -> None:
        self._ask.setEnabled(True)
        self._show_stations(stations)

    def _not_asked(self, problem: Problem) -> None:
        self._ask.setEnabled(True)
        self._banner.say(self._texts.problem(problem))

    # ---- what stands in it ----

    def order(self) -> Order:
        """What somebody wants to send, as it stands."""
        ground = cast("ReferralGround | None", self._ground.currentData())
        return Order(
            kind=self._chosen_kind,
            to=self._station,
            urgency=self._urgency.currentData(),
            reason=self._reason.toPlainText(),
            done=self._done.toPlainText(),
            screenings=frozenset(one for one, box in self._screenings.items() if box.isChecked()),
            contacts=frozenset(one for one, box in self._contacts.items() if box.isChecked()),
            ground=ground,
            ground_reason=self._why.toPlainText() if ground != "consent" else "",
        )

    def _changed(self) -> None:
        if self._ready:
            self._update()
            self._pause.start()

    def _update(self) -> None:
        """Say what is missing, and let it go when nothing is."""
        order, texts = self.order(), self._texts
        asks_why = order.ground not in {None, "consent"}
        self._why.setVisible(asks_why)
        self._why_title.setVisible(asks_why)
        givers = texts("desktop_referrals.and").join(
            texts(f"rights.value_giver_{one.giver}") for one in self._extract.lacking
        )
        self._consent.setText(
            texts("desktop_referrals.not_agreed", givers=givers) if givers else texts("desktop_referrals.agreed")
        )
        missing = lacks(order, self._extract)
        names = texts("desktop_referrals.comma").join(texts(f"desktop_referrals.{one}") for one in missing)
        self._missing.setText(texts("referral.lacking", lacks=names) if missing else "")
        self._send_button.setEnabled(not missing and not self._sending)

    def _show_preview(self) -> None:
        self._preview.show_slip(write(self.order(), self._extract, self._start.sender, self._start.now))

    def unfinished(self) -> Any:
        """Whom it is about, and what was written and chosen."""
        written = self._written()
        if self._sending or written == self._at_first:
            return None
        return {"form": "referral", "person": self._start.person.hex(), "written": written}

    def _written(self) -> dict[str, Any]:
        order = self.order()
        return {
            "kind": order.kind,
            "to": order.to.id.hex() if order.to else "",
            "urgency": order.urgency or "",
            "ground": order.ground or "",
            "reason": order.reason,
            "done": order.done,
            "ground_reason": self._why.toPlainText(),
            "left_out": sorted(one for one, box in self._contacts.items() if not box.isChecked()),
            "screenings": sorted(one.hex() for one in order.screenings or ()),
        }

    def _fill(self, written: Mapping[str, Any]) -> None:
        """Stand as `_written` said; what has gone meanwhile is not chosen."""
        stations = ["", *(one.id.hex() for one in self._stations)]
        self._kind.setCurrentIndex(max(0, self._kind.findData(written["kind"])))
        self._to.setCurrentIndex(stations.index(written["to"]) if written["to"] in stations else 0)
        self._urgency.setCurrentIndex(max(0, self._urgency.findData(written["urgency"])))
        self._ground.setCurrentIndex(max(0, self._ground.findData(written["ground"])))
        self._reason.setPlainText(written["reason"])
        self._done.setPlainText(written["done"])
        self._why.setPlainText(written["ground_reason"])
        for contact, box in self._contacts.items():
            box.setChecked(contact not in written["left_out"])
        for screening, box in self._screenings.items():
            if box.isEnabled():
                box.setChecked(screening.hex() in written["screenings"])

    # ---- sending and leaving ----

    def _send(self) -> None:
        if not self._send_button.isEnabled():
            return
        order, start = self.order(), self._start
        self._sending = True
        self._banner.clear()
        self._update()
        self._context.tasks.on_archive(
            self,
            lambda desk: desk.referrals.send(start.person, order, start.today),
            partial(self._sent, order),
            self._not_sent,
        )

    def _sent(self, order: Order, _referral: bytes) -> None:
        to = order.to.name if order.to else ""
        self._context.signals.told.emit(self._texts("desktop_referrals.sent", to=to))
        self._context.signals.changed.emit()
        self.accept()

    def _not_sent(self, problem: Problem) -> None:
        self._sending = False
        self._update()
        self._banner.say(self._texts.problem(problem))

    def reject(self) -> None:
        """Leave; where something is not sent, only when asked a second time."""
        written = self._written()
        if written not in (self._at_first, self._left_over):
            self._left_over = written
            self._banner.say(self._texts("desktop_referrals.not_sent_yet"), "warning")
            return
        super().reject()


_CHOICES = ("kind", "to", "urgency", "ground")
