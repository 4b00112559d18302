"""A person's rights in one place: consent, a copy of what is known, restriction, holding, erasing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QFrame, QVBoxLayout, QWidget

from app.errors import Problem
from app.records import Consent, Kept
from app.rights.consent import ConsentRules
from app.rights.export import Gathering, OwnData, record_handout, to_data
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.rights import RightsData, read_rights
from ui.desktop.papers import choose_printer, print_paper, write_paper
from ui.desktop.screens.rights_forms import ConsentForm, EraseForm, HoldForm, ReasonForm
from ui.desktop.widgets.basics import Banner, button, card, chip, clear, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (720, 660)


class RightsDialog(QDialog):
    """Shows what stands about one person; every change is a form of its own.

    Args:
        context: what pages are given.
        person: their id.
        parent: the window that it belongs to.

    Signals:
        erased: the person is no longer in the archive.
    """

    erased = Signal()

    def __init__(self, context: Context, person: bytes, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context, self._texts, self._person = context, context.texts, person
        # The title says nothing about whom it is: it appears in task bars.
        self.setWindowTitle(self._texts("desktop_rights.title"))
        self.banner = Banner()
        self._name = label("", "title", wrap=True)
        self._content = QVBoxLayout()
        self._content.setContentsMargins(0, 0, 4, 0)
        self._content.setSpacing(context.theme.size("gap"))
        scroll = scrolled(self._content)
        close = button(self._texts("desktop_rights.close"), self.accept, "primary")
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.addWidget(self._name)
        layout.addWidget(self.banner)
        layout.addWidget(scroll, 1)
        layout.addLayout(row(None, close))
        give_size(self, *FIRST_SIZE)
        context.signals.changed.connect(self._read)
        self._gone = False
        self._read()

    # ---- what is shown ----

    def _read(self) -> None:
        if not self._gone:
            person = self._person
            self._context.tasks.on_archive(self, lambda desk: read_rights(desk, person), self._show, self._fail)

    def _fail(self, problem: Problem) -> None:
        self.banner.say(self._texts.problem(problem))

    def _show(self, data: RightsData) -> None:
        clear(self._content)
        self._name.setText(self._texts("desktop_rights.title_of", name=data.person.fields.name))
        for part in (
            self._consent(data),
            self._copy(),
            self._restriction(data),
            self._holds(data),
            self._erasing(data),
        ):
            self._content.addWidget(part)
        self._content.addStretch(1)

    def _part(self, name: str) -> tuple[QFrame, QVBoxLayout]:
        frame, layout = card()
        layout.addWidget(label(self._texts(f"desktop_rights.{name}"), "heading"))
        return frame, layout

    def _act(self, name: str, make: Callable[[], QDialog], role: str = "") -> QWidget:
        return button(self._texts(f"desktop_rights.{name}_open"), lambda: make().open(), role)

    def _consent(self, data: RightsData) -> QFrame:
        frame, layout = self._part("consent")
        titles = {one.id: one.title[self._texts.language] for one in ConsentRules.load().purposes}
        for purpose, lacks in data.lacking.items():
            missing = [
                self._texts(
                    "rights.lack",
                    giver=self._texts(f"rights.value_giver_{one.giver}"),
                    why=self._texts(f"rights.lack_{one.why}"),
                )
                for one in lacks
            ]
            said = self._texts("words.separator").join(missing) or self._texts("desktop_rights.agreed")
            mark = chip(
                self._texts("desktop_rights.missing" if lacks else "desktop_rights.complete"),
                "orange" if lacks else "green",
            )
            line = row(label(titles[purpose], "strong"), mark, None)
            layout.addLayout(line)
            layout.addWidget(label(said, "small", wrap=True))
        for one in data.said:
            layout.addWidget(label(self._said(one, titles), "muted", wrap=True))
        layout.addLayout(row(self._act("consent", lambda: ConsentForm(self._context, data, self)), None))
        return frame

    def _said(self, one: Kept[Consent], titles: dict[str, str]) -> str:
        fields, texts = one.fields, self._texts
        giver = texts(f"rights.value_giver_{fields.giver}") + self._aside(fields.name or "")
        decision = texts(f"rights.value_decision_{fields.decision}")
        how = texts(f"rights.value_manner_{fields.manner}") if fields.manner else ""
        ground = texts(f"rights.value_ground_{fields.ground}") if fields.ground else ""
        about = [part for part in (how, ground, fields.reason or "") if part]
        tail = self._aside(texts("words.separator").join(about))
        purpose = titles.get(fields.purpose, fields.purpose)
        return f"{fields.date}　{giver}　{decision}　{purpose}{tail}"

    def _aside(self, text: str) -> str:
        return self._texts("desktop_rights.aside", text=text) if text else ""

    def _copy(self) -> QFrame:
        frame, layout = self._part("copy")
        layout.addWidget(label(self._texts("desktop_rights.copy_about"), "muted", wrap=True))
        # Not all in one row: at 200 % a small screen has no room for it.
        layout.addLayout(row(button(self._texts("desktop_rights.copy_print"), self._print), None))
        buttons = row(
            button(self._texts("desktop_rights.copy_pdf"), lambda: self._choose("pdf")),
            button(self._texts("desktop_rights.copy_json"), lambda: self._choose("json")),
            None,
        )
        layout.addLayout(buttons)
        return frame

    def _restriction(self, data: RightsData) -> QFrame:
        frame, layout = self._part("restriction")
        act = "unrestrict" if data.is_restricted else "restrict"
        state = "is_restricted" if data.is_restricted else "not_restricted"
        layout.addWidget(
            label(self._texts(f"desktop_rights.{state}"), "warning" if data.is_restricted else "muted", wrap=True)
        )
        layout.addLayout(row(self._act(act, lambda: ReasonForm(self._context, data, act, self)), None))
        return frame

    def _holds(self, data: RightsData) -> QFrame:
        frame, layout = self._part("holding")
        for one in data.holds:
            fields = one.fields
            until = fields.until or self._texts("desktop_rights.no_end")
            said = self._texts(
                "desktop_rights.held", since=fields.since, by=fields.by, reason=fields.reason, until=until
            )
            layout.addWidget(label(said, "warning", wrap=True))
        if not data.holds:
            layout.addWidget(label(self._texts("desktop_rights.not_held"), "muted", wrap=True))
        buttons = row(self._act("hold", lambda: HoldForm(self._context, data, self)))
        if data.holds:
            buttons.addWidget(self._act("release", lambda: ReasonForm(self._context, data, "release", self)))
        buttons.addStretch(1)
        layout.addLayout(buttons)
        return frame

    def _erasing(self, data: RightsData) -> QFrame:
        frame, layout = self._part("erasing")
        if data.kept_until and data.kept_until > data.today:
            text = self._texts("desktop_rights.kept_until", until=data.kept_until.isoformat())
        else:
            text = self._texts("desktop_rights.held_first" if data.holds else "desktop_rights.can_erase")
        layout.addWidget(label(text, "muted", wrap=True))
        erase = self._act("erase", lambda: self._erase_form(data), "danger")
        erase.setEnabled(not data.holds and not (data.kept_until and data.kept_until > data.today))
        layout.addLayout(row(erase, None))
        return frame

    def _erase_form(self, data: RightsData) -> EraseForm:
        form = EraseForm(self._context, data, self)
        form.erased.connect(self._erased)
        return form

    def _erased(self) -> None:
        self._gone = True
        self.erased.emit()
        self.accept()

    # ---- the copy ----

    def _print(self) -> None:
        printer = choose_printer(self)
        if printer is not None:
            self._hand_out(lambda own: print_paper(printer, self._pdf(own)), self._texts("desktop_rights.copy_printed"))

    def _choose(self, ending: str) -> None:
        name = f"{self._texts('desktop_rights.copy_file')}.{ending}"
        chosen, _ = QFileDialog.getSaveFileName(self, self._texts("desktop_rights.copy"), name, f"*.{ending}")
        if chosen:
            self.save_copy(Path(chosen))

    def save_copy(self, file: Path) -> None:
        """Write the copy, as JSON where the name of the file ends like that, else as PDF."""
        make = self._json if file.suffix == ".json" else self._pdf
        self._hand_out(lambda own: write_paper(file, make(own)), self._texts("desktop_rights.copy_saved", file=file))

    def _pdf(self, own: OwnData) -> bytes:
        # The PDF library takes a while to load; nothing else here needs it.
        from app.reports.own_data import own_data_pdf  # noqa: PLC0415

        return own_data_pdf(own, self._texts)

    def _json(self, own: OwnData) -> bytes:
        return msgspec.json.format(msgspec.json.encode(to_data(own, self._texts.language)))

    def _hand_out(self, out: Callable[[OwnData], None], said: str) -> None:
        context, person = self._context, self._person
        now = dt.datetime.now().astimezone()
        self.banner.clear()

        def gather(desk: Desk) -> OwnData:
            own = Gathering(desk.archive, context.library, context.words, context.texts).own_data(person, now)
            # Written down first: a copy that nobody knows of is worse than a note about one that was not made.
            record_handout(desk.archive, person, now.date())
            desk.audit.note("exported", about=person)
            return own

        context.tasks.aside(
            self,
            lambda _task: out(context.tasks.ask_archive(gather)),
            lambda _: self.banner.say(said, "done"),
            self._fail,
        )
