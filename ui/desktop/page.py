"""What every page of the window is."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from ui.desktop.context import Context
from ui.desktop.widgets.basics import Banner, label, row


class Form(QDialog):
    """A dialog of a page in which somebody writes something that must not get lost. `Page.open_form` opens it."""

    def unfinished(self) -> Any:
        """What was written and not saved, as JSON-like data; None for nothing. Never a password."""
        raise NotImplementedError


class Page(QWidget):
    """A page: a title, a place for its buttons, a banner, and below them what the page is about.

    Args:
        context: what pages are given.
        title_key: names the page's title.
    """

    def __init__(self, context: Context, title_key: str) -> None:
        super().__init__()
        self.context = context
        self.texts = context.texts
        self._dialog: Form | None = None
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.banner = Banner()
        self.tools = row()
        self.body = QVBoxLayout()
        self.body.setSpacing(context.theme.size("gap"))
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin - 4, margin, margin)
        layout.setSpacing(context.theme.size("gap"))
        layout.addLayout(row(label(self.texts(title_key), "title"), None, self.tools))
        layout.addWidget(self.banner)
        layout.addLayout(self.body, 1)

    def refresh(self) -> None:
        """Read anew what the page shows; called when it comes up and when something was saved."""
        raise NotImplementedError

    def unfinished(self) -> Any:
        """What somebody is in the middle of, as JSON-like data that survives locking and a power cut; None for nothing."""
        return None

    def take_back(self, unfinished: Any) -> None:
        """Go on with what `unfinished` gave before."""

    def open_form(self, form: Form) -> None:
        """Open a dialog; while it is open, what is unfinished in it is the page's."""
        self._dialog = form
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form.finished.connect(lambda _result: self._form_closed(form))
        form.open()

    def unfinished_form(self) -> Any:
        """What is unfinished in the dialog that is open; None where there is none."""
        return self._dialog.unfinished() if self._dialog is not None else None

    def _form_closed(self, form: Form) -> None:
        if self._dialog is form:
            self._dialog = None
