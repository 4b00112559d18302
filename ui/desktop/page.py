"""What every page of the window is."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.desktop.context import Context
from ui.desktop.widgets.basics import Banner, label, row


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
